# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import fields, models


class CrmActionReschedule(models.TransientModel):
    """Give actions another date.

    Either ``date_deadline``, or ``days``: calendar days from each due date, or from
    today where it is late. Opened by ``crm.action.action_open_reschedule``.
    """

    _name = "crm.action.reschedule"
    _description = "Postpone Actions"

    action_ids = fields.Many2many("crm.action", string="Actions")
    mode = fields.Selection(
        [("days", "By a number of days"), ("date", "To a date")],
        required=True,
        default="days",
    )
    days = fields.Integer(default=1)
    date_deadline = fields.Date(string="Due Date")

    def action_reschedule(self):
        """Change the dates of the actions."""
        self.ensure_one()
        if self.mode == "days":
            self.action_ids.action_postpone(self.days)
        else:
            self.action_ids.action_reschedule(self.date_deadline)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
