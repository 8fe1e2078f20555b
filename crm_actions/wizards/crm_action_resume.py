# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models
from odoo.exceptions import UserError


class CrmActionResume(models.TransientModel):
    """Ask by how many days dates move when lists are resumed.

    Opened by ``crm.lead.action_open_resume``. ``days`` is the length of the longest
    of the pauses, and a limit: a date that was set during the pause moves by less.
    """

    _name = "crm.action.resume"
    _description = "Resume Actions"

    lead_ids = fields.Many2many("crm.lead", string="Opportunities")
    paused_days = fields.Integer(compute="_compute_paused_days")
    days = fields.Integer(
        string="Move the Dates by",
        compute="_compute_days",
        store=True,
        readonly=False,
        help="Days; 0 leaves the dates as they are.",
    )

    @api.depends("lead_ids.actions_paused_on")
    def _compute_paused_days(self):
        for wizard in self:
            wizard.paused_days = max(
                (
                    (lead._actions_today() - lead.actions_paused_on).days
                    for lead in wizard.lead_ids
                    if lead.actions_paused_on
                ),
                default=0,
            )

    @api.depends("paused_days")
    def _compute_days(self):
        for wizard in self:
            wizard.days = wizard.paused_days

    def action_resume(self):
        """Resume the lists.

        :raise UserError: when the number of days is negative
        """
        self.ensure_one()
        if self.days < 0:
            raise UserError(
                self.env._("Dates can only move forward: choose 0 or more.")
            )
        limit = None if self.days == self.paused_days else self.days
        self.lead_ids.action_resume_actions(days=limit)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
