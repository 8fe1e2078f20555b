# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL


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

    # ------------------------------------------------------------
    # CUSTOMERS' MESSAGES
    # ------------------------------------------------------------

    @api.model
    def _crm_team_customer_subtype_id(self):
        return self.env["ir.model.data"]._xmlid_to_res_id(
            "crm_team_followers.mt_lead_customer_message"
        )

    @api.model
    @tools.ormcache()
    def _crm_team_customer_wanted(self):
        """Whether anybody asked for customers' messages, so that nobody else pays."""
        self.env.cr.execute(
            SQL(
                """
        SELECT EXISTS (SELECT FROM crm_team_follower WHERE customer_messages_only)
            OR EXISTS (SELECT FROM mail_followers_mail_message_subtype_rel
                        WHERE mail_message_subtype_id = %s)
                """,
                self._crm_team_customer_subtype_id(),
            )
        )
        return self.env.cr.fetchone()[0]
