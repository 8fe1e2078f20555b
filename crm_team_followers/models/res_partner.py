# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """Where a default follower is chosen, colleagues come before contacts."""
        if not self.env.context.get("crm_team_followers_users_first"):
            return super().name_search(name, domain, operator, limit)
        domain = Domain(domain or Domain.TRUE)
        found = []
        for external in (False, True):
            if limit and len(found) >= limit:
                break
            found += super().name_search(
                name,
                domain & Domain("partner_share", "=", external),
                operator,
                limit and limit - len(found),
            )
        return found

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active") is False or "company_id" in vals:
            self._withdraw_team_followers()
        return result

    def _withdraw_team_followers(self):
        """Take back what teams gave to people whom it may not reach any more."""
        TeamFollower = self.env["crm.team.follower"]
        if TeamFollower._is_used():
            # sudo: whoever archives a person need not see what they followed
            TeamFollower.sudo().search([("partner_id", "in", self.ids)])._withdraw()
