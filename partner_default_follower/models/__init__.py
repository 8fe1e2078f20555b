# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from . import (
    base_automation,
    default_follower_progress,
    ir_actions_server,
    mail_followers,
    res_config_settings,
    res_partner,
)
