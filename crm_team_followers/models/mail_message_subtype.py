# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, models
from odoo.exceptions import UserError


class MailMessageSubtype(models.Model):
    _inherit = "mail.message.subtype"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_only_event(self):
        """A default follower without events would follow in silence."""
        # sudo: whoever deletes an event need not see the lists of the teams
        followers = (
            self.env["crm.team.follower"]
            .sudo()
            .with_context(active_test=False)
            .search([("subtype_ids", "in", self.ids)])
            .filtered(lambda follower: not follower.subtype_ids - self)
        )
        if followers:
            raise UserError(
                self.env._(
                    "These default followers of sales teams would be notified of "
                    "nothing. Choose other events for them first: %(followers)s.",
                    followers=", ".join(
                        f"{follower.partner_id.name} ({follower.team_id.name})"
                        for follower in followers
                    ),
                )
            )
