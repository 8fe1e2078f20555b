# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import fields, models


class CrmActionSkip(models.TransientModel):
    """Ask why actions are skipped. Opened by ``crm.action.action_open_skip``."""

    _name = "crm.action.skip"
    _description = "Skip Actions"

    action_ids = fields.Many2many("crm.action", string="Actions")
    reason = fields.Char()

    def action_skip(self):
        """Skip the actions; the next ones become current."""
        self.ensure_one()
        self.action_ids.action_skip(reason=self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
