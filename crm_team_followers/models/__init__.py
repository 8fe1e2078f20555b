# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from . import crm_lead
from . import crm_team
from . import crm_team_follower
from . import crm_team_member
from . import mail_followers
from . import res_partner
from . import res_users
