# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from . import partner_default_follower_mixin  # isort: skip
from . import (
    base_automation,
    ir_actions_server,
    mail_followers,
    mail_message_subtype,
    partner_default_follower_job,
    res_company,
    res_config_settings,
    res_partner,
    res_users,
)
