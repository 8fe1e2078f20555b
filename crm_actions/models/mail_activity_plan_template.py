# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import DelayCalculator

# Responsible types of a step, and what the action remembers of them.
RESPONSIBLE_TYPES = {
    "salesperson": "salesperson",
    "team_leader": "team_leader",
    "previous": "previous",
}
MAX_DELAY = 3650


class MailActivityPlanTemplate(models.Model):
    """A step of a plan.

    In a sequential plan ``delay_from`` may also be ``previous_done`` (the delay
    counts from the day on which the step before it was done or skipped) or
    ``previous_deadline`` (from its due date); the first step counts from the plan
    date then. ``delay_unit`` may be ``working_days`` in every plan for leads: days
    of the company's calendar without its leaves. ``responsible_type`` may be
    ``salesperson``, ``team_leader`` or, in a sequential plan, ``previous``:
    whoever did the step before it. ``outcome_ids`` are offered when the step is
    finished from our own buttons.
    """

    _inherit = "mail.activity.plan.template"

    sequential = fields.Boolean(related="plan_id.sequential")
    delay_unit = fields.Selection(
        selection_add=[("working_days", "working days"), ("weeks",)],
        ondelete={"working_days": lambda steps: steps.write({"delay_unit": "days"})},
    )
    delay_from = fields.Selection(
        selection_add=[
            ("previous_done", "After Previous Step Is Done"),
            ("previous_deadline", "After Due Date of Previous Step"),
        ],
        ondelete={
            "previous_done": lambda steps: steps.write(
                {"delay_from": "after_plan_date"}
            ),
            "previous_deadline": lambda steps: steps.write(
                {"delay_from": "after_plan_date"}
            ),
        },
    )
    responsible_type = fields.Selection(
        selection_add=[
            ("salesperson", "Salesperson of the opportunity"),
            ("team_leader", "Team leader"),
            ("previous", "Whoever did the previous step"),
        ],
        ondelete={
            kind: lambda steps: steps.write({"responsible_type": "on_demand"})
            for kind in RESPONSIBLE_TYPES
        },
    )
    outcome_ids = fields.One2many(
        "crm.action.outcome", "template_id", string="Outcomes", copy=True
    )

    @api.constrains("delay_count", "delay_unit", "delay_from", "responsible_type")
    def _check_crm_actions(self):
        for step in self:
            if (
                step.delay_unit == "working_days"
                or step.responsible_type in RESPONSIBLE_TYPES
            ) and step.plan_id.res_model != "crm.lead":
                raise ValidationError(
                    self.env._(
                        "Working days, salesperson and team leader are for plans of "
                        "leads and opportunities."
                    )
                )
            bounded = step.delay_unit == "working_days" or (
                step.delay_from.startswith("previous")
            )
            if bounded and not 0 <= step.delay_count <= MAX_DELAY:
                raise ValidationError(
                    self.env._(
                        "The delay of the step “%(step)s” must be between 0 and "
                        "%(max)s.",
                        step=step.summary or step.activity_type_id.name,
                        max=MAX_DELAY,
                    )
                )

    def unlink(self):
        """Delete the outcomes by themselves, for the reason that plans have."""
        self.check_access("unlink")
        # sudo: the database would not ask either.
        self.sudo().outcome_ids.unlink()
        return super().unlink()

    def action_open_outcomes(self):
        """Open the dialog in which the outcomes of the step are edited."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Outcomes of %(step)s", step=self.display_name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [
                (
                    self.env.ref(
                        "crm_actions.mail_activity_plan_template_view_form_outcomes"
                    ).id,
                    "form",
                )
            ],
            "target": "new",
        }

    def _get_date_deadline(self, base_date=False):
        """For an opportunity step: as if every step before it was done in time."""
        self.ensure_one()
        if self.delay_unit != "working_days" and not self.delay_from.startswith(
            "previous"
        ):
            return super()._get_date_deadline(base_date=base_date)
        base_date = base_date or fields.Date.context_today(self)
        calculator = DelayCalculator(self.env)
        company = self.plan_id.company_id or self.env.company
        count = self.delay_count
        if self.delay_from.startswith("previous"):
            steps = self.plan_id.template_ids
            index = list(steps.ids).index(self.id) if self.id in steps.ids else 0
            if index:
                base_date = steps[index - 1]._get_date_deadline(base_date)
        elif self.delay_from == "before_plan_date":
            count = -count
        return calculator.add(company, base_date, count, self.delay_unit)

    def _determine_responsible(self, on_demand_responsible, applied_on_record):
        """Adds the types that depend on the opportunity; nobody is no error."""
        if self.responsible_type not in RESPONSIBLE_TYPES:
            return super()._determine_responsible(
                on_demand_responsible, applied_on_record
            )
        responsible = self.env["res.users"]
        if self.responsible_type == "salesperson":
            responsible = applied_on_record.user_id
        elif self.responsible_type == "team_leader":
            # sudo: a salesperson need not be allowed to read the team.
            responsible = applied_on_record.sudo().team_id.user_id.with_env(self.env)
        return {"responsible": responsible, "error": False, "warning": False}

    def _prepare_crm_action_values(
        self, lead, plan_date, user, calculator=None, first=False
    ):
        """Values of the action that this step is on ``lead``.

        :param date plan_date: what "plan date" delays count from
        :param user: who gets a step that asks at launch; default the salesperson
        :param bool first: the step opens the plan: there is none before it
        """
        self.ensure_one()
        calculator = calculator or DelayCalculator(self.env)
        previous = self.delay_from.startswith("previous") and not first
        deadline = False
        if not previous:
            sign = -1 if self.delay_from == "before_plan_date" else 1
            deadline = calculator.add(
                lead.company_id, plan_date, sign * self.delay_count, self.delay_unit
            )
        if self.responsible_type == "on_demand":
            responsible = user or lead.user_id
        else:
            responsible = self._determine_responsible(user, lead)["responsible"]
        if responsible and not responsible.active:
            responsible = lead.user_id if lead.user_id.active else responsible.browse()
        return {
            "lead_id": lead.id,
            "plan_id": self.plan_id.id,
            "plan_template_id": self.id,
            "activity_type_id": self.activity_type_id.id,
            "summary": self.summary,
            "note": self.note,
            "user_id": responsible.id,
            "date_deadline": deadline,
            "delay_count": self.delay_count,
            "delay_unit": self.delay_unit,
            "delay_from": self.delay_from if previous else "plan_date",
            "responsible_type": RESPONSIBLE_TYPES.get(self.responsible_type, "fixed"),
        }
