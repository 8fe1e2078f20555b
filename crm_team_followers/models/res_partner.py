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

    def unlink(self):
        self.check_access("unlink")
        # the database would delete them unseen by the teams that count them
        self._get_default_followers().unlink()
        return super().unlink()

    def _get_default_followers(self):
        """
        :return: what makes these people follow teams, also what they ended, ready to be
            deleted
        """
        # sudo: whoever deletes or merges a person need not see what they followed
        TeamFollower = (
            self.env["crm.team.follower"]
            .sudo()
            .with_context(active_test=False, crm_team_followers_automatic=True)
        )
        if not TeamFollower._is_used():
            return TeamFollower
        return TeamFollower.search([("partner_id", "in", self.ids)])

    def _merge_default_followers(self):
        """Of these people, about to be one, leave one default follower to each team:
        that of the first of them."""
        order = {partner_id: rank for rank, partner_id in enumerate(self._ids)}
        for followers in self._get_default_followers().grouped("team_id").values():
            followers.sorted(lambda follower: order[follower.partner_id.id])[
                1:
            ].unlink()

    def _withdraw_team_followers(self):
        """Take back what teams gave to people whom it may not reach any more."""
        TeamFollower = self.env["crm.team.follower"]
        if TeamFollower._is_used():
            # sudo: whoever archives a person need not see what they followed
            TeamFollower.sudo().search([("partner_id", "in", self.ids)])._withdraw()
