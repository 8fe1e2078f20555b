# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from . import (
    base_automation,
    base_automation_process,
    ir_actions_server,
    mail_followers,
    mail_message_subtype,
    partner_default_follower_job,
    res_company,
    res_config_settings,
    res_partner,
    res_users,
)
