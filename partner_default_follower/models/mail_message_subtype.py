# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, models
from odoo.exceptions import UserError


class MailMessageSubtype(models.Model):
    _inherit = "mail.message.subtype"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_only_event_of_default_followers(self):
        """Without any event chosen, a rule would give Odoo's default ones."""
        # sudo: rules and their actions are for Settings only
        actions = self.env["ir.actions.server"].sudo()
        for action in actions.search([("follow_subtype_ids", "in", self.ids)]):
            if not action.follow_subtype_ids - self:
                raise UserError(
                    self.env._(
                        "The default followers of “%(rule)s” are told about nothing "
                        "else. Choose other events there first.",
                        rule=action.base_automation_id.name or action.name,
                    )
                )
