# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from datetime import timedelta

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
    * ``plan``: the plan is stopped and ``plan_id`` starts, unless it runs already or
      started today;
    * ``stop``: the plan is stopped;
    * ``lost``: the opportunity is lost, with ``lost_reason_id``.

    What it changes is kept on the action (``outcome_undo``), for
    :meth:`crm.action.action_reopen`.
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

    # ----------------------------------------------------------------- engine

    def _apply(self, actions):
        """What the outcome of actions that were just done brings about."""
        if self and self.next_kind != "next":
            getattr(self, f"_apply_{self.next_kind}")(actions)

    def _apply_repeat(self, actions):
        vals_list = [
            action._place_after(self._prepare_repeat_values(action))
            for action in actions
            if action.repeat_count < self.repeat_max
        ]
        actions._create_by_engine(vals_list)

    def _prepare_repeat_values(self, action):
        return {
            **{name: value or False for name, value in action._step_values().items()},
            "lead_id": action.lead_id.id,
            "run_id": action.run_id.id,
            "plan_template_id": action.plan_template_id.id,
            "user_id": action.user_id.id,
            "repeat_count": action.repeat_count + 1,
            "origin_action_id": action.id,
            "date_deadline": action._today() + timedelta(days=self.repeat_days),
            "date_origin": "planned",
            "date_set_on": action.lead_id.actions_pause_reason
            and fields.Datetime.now(),
        }

    def _apply_stop(self, actions):
        stopped = actions.run_id._stop("outcome")
        actions.filtered(lambda action: action.run_id in stopped)._write_by_engine(
            {"outcome_undo": {"stopped": True}}
        )

    def _apply_plan(self, actions):
        self._apply_stop(actions)
        if not self.plan_id:
            return
        origins = {action.lead_id.id: action for action in actions}
        leads = actions.lead_id
        refused = leads - self.plan_id._start_by_itself(leads, "outcome", origins)
        refused._message_log_batch(
            bodies=dict.fromkeys(
                refused.ids,
                self.env._(
                    "The plan “%(plan)s” was not started: it is archived, of another "
                    "company, still running or was started today already.",
                    plan=self.plan_id.name,
                ),
            )
        )

    def _apply_lost(self, actions):
        for action in actions:
            lead = action.lead_id
            action._write_by_engine(
                {
                    "outcome_undo": {
                        "lost": {
                            "probability": lead.probability,
                            "automated_probability": lead.automated_probability,
                            "lost_reason_id": lead.lost_reason_id.id,
                        }
                    }
                }
            )
        actions.lead_id.action_set_lost(lost_reason_id=self.lost_reason_id.id)
