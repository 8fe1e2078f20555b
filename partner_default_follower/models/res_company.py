# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        if "user_ids" not in vals:
            return super().write(vals)
        # this side of the relation does not pass by the users
        people = self.user_ids.partner_id
        result = super().write(vals)
        self.env.registry.clear_cache()  # res.users._get_company_ids
        people._follow_withdraw()
        return result
