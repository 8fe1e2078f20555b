# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from . import (
    crm_lead,
    crm_team,
    crm_team_follower,
    crm_team_member,
    mail_followers,
    res_partner,
    res_users,
)
