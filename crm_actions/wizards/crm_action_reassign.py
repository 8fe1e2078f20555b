# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import fields, models


class CrmActionReassign(models.TransientModel):
    """Give actions to another user. Opened by ``crm.action.action_open_reassign``."""

    _name = "crm.action.reassign"
    _description = "Reassign Actions"

    action_ids = fields.Many2many("crm.action", string="Actions")
    user_id = fields.Many2one(
        "res.users", string="Assign to", domain=[("share", "=", False)]
    )

    def action_reassign(self):
        """Change the assignee of the actions."""
        self.ensure_one()
        self.action_ids.action_reassign(self.user_id.id)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
