# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        """Users lose a company from this side, too."""
        users = self.env["res.users"]
        if "user_ids" in vals and self.env["crm.team.follower"]._is_used():
            # sudo: whoever takes people off a company need not see what they follow
            users = self.sudo().user_ids
        result = super().write(vals)
        users.partner_id._withdraw_team_followers()
        return result
