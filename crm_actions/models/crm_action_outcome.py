# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CrmActionOutcome(models.Model):
    """What finishing a step of a plan can mean.

    A step offers its outcomes when it is finished from our own buttons; from
    every other door the next step simply follows. ``next_kind`` says what the
    outcome does with the list of the opportunity:

    * ``next``: the next step becomes current;
    * ``repeat``: the step comes again ``repeat_days`` days later, at most
      ``repeat_max`` times, and then ``next``;
    * ``plan``: the steps of the plan that are still open are cancelled and
      ``plan_id`` starts, unless it is open already or started today;
    * ``stop``: the steps of the plan that are still open are cancelled;
    * ``lost``: the opportunity is lost, with ``lost_reason_id``.
    """

    _name = "crm.action.outcome"
    _description = "Action Outcome"
    _order = "template_id, sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    template_id = fields.Many2one(
        "mail.activity.plan.template",
        string="Step",
        required=True,
        index=True,
        ondelete="cascade",
    )
    next_kind = fields.Selection(
        [
            ("next", "Next step"),
            ("repeat", "Repeat"),
            ("plan", "Start another plan"),
            ("stop", "Stop the plan"),
            ("lost", "Opportunity lost"),
        ],
        string="Then",
        required=True,
        default="next",
    )
    repeat_days = fields.Integer(
        string="Repeat After", default=1, help="In days, from the day it was done."
    )
    repeat_max = fields.Integer(
        string="At Most",
        default=3,
        help="How often the step may come again; after that, the next step follows.",
    )
    plan_id = fields.Many2one(
        "mail.activity.plan",
        string="Plan to Start",
        ondelete="set null",
        domain=[("res_model", "=", "crm.lead"), ("sequential", "=", True)],
    )
    lost_reason_id = fields.Many2one("crm.lost.reason", ondelete="set null")

    _check_repeat = models.Constraint(
        "CHECK(next_kind != 'repeat' OR (repeat_days BETWEEN 0 AND 3650"
        " AND repeat_max BETWEEN 1 AND 1000))",
        "A step repeats after 0 to 3650 days, 1 to 1000 times.",
    )

    @api.constrains("next_kind", "plan_id")
    def _check_plan(self):
        # Only when the outcome is written: a plan that is deleted later leaves the
        # outcome without one, and it then acts like "stop".
        for outcome in self:
            if outcome.next_kind == "plan" and not outcome.plan_id:
                raise ValidationError(
                    self.env._(
                        "Say which plan the outcome “%(name)s” starts.",
                        name=outcome.name,
                    )
                )
