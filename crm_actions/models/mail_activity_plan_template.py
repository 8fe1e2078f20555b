# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import schedule

# Ours; the action finds the person at its turn.
RESPONSIBLE_TYPES = ("salesperson", "team_leader", "previous")


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
            bounded = step.plan_id.sequential or step.delay_unit == "working_days"
            if bounded and not 0 <= step.delay_count <= schedule.MAX_DELAY:
                raise ValidationError(
                    self.env._(
                        "The delay of the step “%(step)s” must be between 0 and "
                        "%(max)s.",
                        step=step.summary or step.activity_type_id.name,
                        max=schedule.MAX_DELAY,
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
        company = self.plan_id.company_id or self.env.company
        count = self.delay_count
        if self.delay_from.startswith("previous"):
            steps = self.plan_id.template_ids
            index = list(steps.ids).index(self.id) if self.id in steps.ids else 0
            if index:
                base_date = steps[index - 1]._get_date_deadline(base_date)
        elif self.delay_from == "before_plan_date":
            count = -count
        return schedule.add(
            base_date, count, self.delay_unit, company._crm_actions_works_on()
        )

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

    def _prepare_crm_action_values(self, run, copied, works_on):
        """Values of the action that this step is on the lead of ``run``.

        :param dict copied: :meth:`_copied_values`
        :param WorkingDays works_on: that of the batch
        """
        vals = {
            **{name: value or False for name, value in copied.items()},
            "lead_id": run.lead_id.id,
            "run_id": run.id,
            "plan_template_id": self.id,
            "state": "waiting",
        }
        del vals["position"], vals["asked"]
        if copied["delay_from"] == "plan_date":
            vals.update(self._planned_date(run, works_on))
        return vals

    def _planned_date(self, run, works_on):
        """Values of the due date of a step that counts from the plan date."""
        lead = run.lead_id
        sign = -1 if self.delay_from == "before_plan_date" else 1
        return {
            "date_deadline": schedule.add(
                run.plan_date,
                sign * self.delay_count,
                self.delay_unit,
                works_on[lead.company_id],
            ),
            "date_origin": "planned",
            "date_set_on": lead.actions_pause_reason and fields.Datetime.now(),
        }

    def _copied_values(self, position, user=None, before=None):
        """What an action copies from the step; JSON, to be compared later.

        :param int position: of the step in the plan; nothing is before the first
        :param user: who gets a step that asks at launch; default the salesperson
        :param dict before: what was copied before, with who was asked for then
        """
        self.ensure_one()
        asked = self.responsible_type == "on_demand"
        kind, user_id = self.responsible_type, False
        if asked and before and before["asked"]:
            kind, user_id = before["responsible_type"], before["user_id"]
        elif asked:
            kind, user_id = ("fixed", user.id) if user else ("salesperson", False)
        elif kind == "other":
            responsible = self.responsible_id.filtered("active")
            kind = "fixed" if responsible else "salesperson"
            user_id = responsible.id
        counts_from_step = position and self.delay_from.startswith("previous")
        return {
            "activity_type_id": self.activity_type_id.id,
            "summary": self.summary or "",
            "note": str(self.note or ""),
            "delay_count": self.delay_count,
            "delay_unit": self.delay_unit or "",
            "delay_from": self.delay_from if counts_from_step else "plan_date",
            "responsible_type": kind,
            "user_id": user_id,
            "position": position,
            "asked": asked,
        }
