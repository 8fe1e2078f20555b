# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models


class CrmActionFinish(models.TransientModel):
    """Ask for feedback, and offer the outcomes of the step.

    Opened by ``crm.action.action_open_finish``, which creates it. With several
    actions, outcomes are offered when all are the same step of a plan.
    ``line_ids`` has one line per outcome: its button (:meth:`~.action_choose` of
    the line) finishes with that outcome; :meth:`action_done` without one.
    """

    _name = "crm.action.finish"
    _description = "Finish Actions"

    action_ids = fields.Many2many("crm.action", string="Actions")
    feedback = fields.Text()
    line_ids = fields.One2many("crm.action.finish.line", "wizard_id", string="Outcomes")

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        for wizard in wizards:
            step = wizard.action_ids.plan_template_id
            if len(step) == 1 and all(wizard.action_ids.mapped("plan_template_id")):
                wizard.line_ids = [
                    fields.Command.create({"outcome_id": outcome.id})
                    for outcome in step.outcome_ids
                ]
        return wizards

    def action_done(self):
        """Mark the actions done; the next ones become current."""
        self.ensure_one()
        return self._finish(self.env["crm.action.outcome"])

    def _finish(self, outcome):
        self.action_ids.action_done(feedback=self.feedback, outcome_id=outcome.id)
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class CrmActionFinishLine(models.TransientModel):
    """An outcome that the dialog offers."""

    _name = "crm.action.finish.line"
    _description = "Finish Actions: Outcome"

    wizard_id = fields.Many2one("crm.action.finish", required=True, ondelete="cascade")
    outcome_id = fields.Many2one(
        "crm.action.outcome", required=True, ondelete="cascade"
    )
    next_kind = fields.Selection(related="outcome_id.next_kind")

    def action_choose(self):
        """Finish the actions of the dialog with this outcome."""
        self.ensure_one()
        return self.wizard_id._finish(self.outcome_id)
