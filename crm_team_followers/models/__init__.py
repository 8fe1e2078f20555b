# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from . import (
    crm_lead,
    crm_team,
    crm_team_follower,
    crm_team_follower_job,
    crm_team_grant,
    crm_team_member,
    mail_followers,
    mail_message_subtype,
    mail_thread,
    res_company,
    res_partner,
    res_users,
)
