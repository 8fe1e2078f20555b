# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import models


class ResUsers(models.Model):
    """What a user loses, their person loses as a default follower of contacts."""

    _inherit = "res.users"

    def write(self, vals):
        if not (
            {"active", "company_ids", "partner_id"} & vals.keys()
            and self.env["base.automation"]._follow_is_used()
        ):
            return super().write(vals)
        people = self.partner_id
        result = super().write(vals)
        (people | self.partner_id)._follow_withdraw_without_user()
        return result

    def unlink(self):
        if not self.env["base.automation"]._follow_is_used():
            return super().unlink()
        people = self.partner_id
        result = super().unlink()
        people.exists()._follow_withdraw_without_user()
        return result
