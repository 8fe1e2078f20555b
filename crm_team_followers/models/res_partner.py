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
        if {"active", "company_id"} & vals.keys():
            self._withdraw_team_followers()
        return result

    def unlink(self):
        self.check_access("unlink")
        # the database would delete them unseen by the teams that count them
        self._get_default_followers().with_context(
            crm_team_followers_automatic=True
        ).unlink()
        return super().unlink()

    # ------------------------------------------------------------
    # DEFAULT FOLLOWERS
    # ------------------------------------------------------------

    def _team_followers_companies(self):
        """
        :return: companies whose opportunities this person may follow; None for all of
            them, no company for a person who only has archived users
        """
        self.ensure_one()
        users = self.with_context(active_test=False).user_ids
        if users:
            return users.filtered("active").company_ids
        return self.company_id or None

    def _get_default_followers(self):
        """
        :return: what makes these people follow teams, also what they stopped
        """
        # sudo: whoever deletes or merges a person need not see what they followed
        TeamFollower = self.env["crm.team.follower"].sudo()
        if not self or not TeamFollower._is_used():
            return TeamFollower
        return TeamFollower.with_context(active_test=False).search(
            [("partner_id", "in", self.ids)]
        )

    @api.model
    def _get_merged_tables(self):
        """Names of the tables whose rows are brought together, and not lost, when
        people are merged: an addon that guards merges asks for them.

        :rtype: list
        """
        next_in_line = getattr(super(), "_get_merged_tables", list)
        return ["crm_team_follower", *next_in_line()]

    def _merge_default_followers(self):
        """Of these people, about to be one, leave one default follower to each team:
        that of the first of them."""
        order = {partner_id: rank for rank, partner_id in enumerate(self._ids)}
        for followers in self._get_default_followers().grouped("team_id").values():
            ordered = followers.sorted(lambda follower: order[follower.partner_id.id])
            ordered[1:].with_context(crm_team_followers_automatic=True).unlink()

    def _withdraw_team_followers(self):
        """Take back what teams gave to people whom it may not reach any more, and look
        anew at what those miss who came back."""
        followers = self._get_default_followers()
        if followers:
            followers._correct()
            self.env["crm.team.grant"]._invalidate()
            followers.invalidate_recordset(["status"], flush=False)

    def _remove_default_followers(self):
        """Take back what teams gave to these people, and take them off the lists."""
        self._get_default_followers()._remove()

    # ------------------------------------------------------------
    # FOLLOWS BY DEFAULT
    # ------------------------------------------------------------

    # Three methods that another addon may have too, without either knowing the other:
    # each does its part, and then that of the next one in line.

    def action_hand_over_follows(self):
        """
        :return: action, a dialog: what this person follows by default, and to whom to
            hand it over
        """
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Follows by Default"),
            "res_model": "crm.team.follower.handover",
            "view_mode": "form",
            "target": "new",
            "context": {"default_partner_id": self.id},
        }

    def _get_follows_by_default(self):
        """
        :return: one line of text for each thing that this person follows by default
        :rtype: list
        """
        self.ensure_one()
        next_in_line = getattr(super(), "_get_follows_by_default", list)
        # the rules of the list say who sees what
        followers = self.env["crm.team.follower"].search([("partner_id", "=", self.id)])
        return [
            self.env._(
                "Sales team %(team)s: %(events)s",
                team=follower.team_name,
                events=", ".join(follower._granted_subtypes().mapped("name")),
            )
            for follower in followers
        ] + next_in_line()

    def _hand_over_follows(self, new_person):
        """Give all that this person follows by default to somebody else, and on open
        opportunities what they follow because of it; they themselves keep none of it.

        Leaders and members go on following as such: that changes with the team.

        :param new_person: res.partner, none if nobody follows in their place
        :raise AccessError: when the user may not change one of the lists
        """
        self.ensure_one()
        # the rules of the list say who sees what
        listed = self.env["crm.team.follower"].search([("partner_id", "=", self.id)])
        if listed:
            listed.check_access("unlink")
        # sudo: opportunities and teams that the manager need not see
        for follower in listed.sudo():
            team = follower.team_id
            if new_person:
                heir = team.default_follower_ids.filtered(
                    lambda other: other.partner_id == new_person
                ) or follower.copy({"partner_id": new_person.id, "source": "manual"})
                leads = self.env["crm.lead"].sudo()
                leads = leads.search(
                    team._open_opportunity_domain()
                    & Domain(
                        "message_follower_ids.crm_team_follower_id", "=", follower.id
                    )
                )
                leads._sync_team_followers(followers=heir)
            if follower.source not in team._automatic_sources():
                follower._remove()
        next_in_line = getattr(super(), "_hand_over_follows", None)
        return next_in_line and next_in_line(new_person)
