# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, models

# Headers that only machines set; Auto-Submitted (RFC 3834) and Precedence have
# values that people's mails may have.
AUTOMATIC_HEADERS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Response-Suppress",
)
AUTOMATIC_PRECEDENCES = ("auto_reply", "auto-reply", "bulk", "junk", "list")


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        # The one method of the gateway that sees both the headers and the lead.
        author_id = message_dict.get("author_id")
        thread_id = super()._message_route_process(message, message_dict, routes)
        lead_ids = [
            route_id
            for model, route_id, *_others in routes or ()
            if model == "crm.lead" and route_id
        ]
        if lead_ids and not self._crm_actions_is_automatic(message):
            # sudo: the gateway acts for a customer, who has no right on leads.
            author = self.env["res.partner"].sudo().browse(author_id)
            if not author or author.partner_share:
                self.env["crm.lead"].browse(lead_ids)._actions_pause_by_plan("reply")
        return thread_id

    @api.model
    def _crm_actions_is_automatic(self, message):
        """Whether an e-mail (email.message) was written by a machine."""
        submitted = (message.get("Auto-Submitted") or "no").split(";")[0]
        return bool(
            submitted.strip().lower() != "no"
            or any(message.get(header) for header in AUTOMATIC_HEADERS)
            or (message.get("Precedence") or "").strip().lower()
            in AUTOMATIC_PRECEDENCES
        )
