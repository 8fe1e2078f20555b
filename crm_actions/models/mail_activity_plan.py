# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from markupsafe import Markup

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..tools import DelayCalculator
from .crm_action import OPEN_STATES


class MailActivityPlan(models.Model):
    """A ``sequential`` plan gives its steps to the list of actions of a lead.

    Launched, by Odoo's own wizard, a stage, a team or an outcome, it appends one
    ``crm.action`` per step instead of creating all activities at once. The actions
    carry copies of what the step said: changing the plan leaves running lists as
    they are, unless :meth:`action_apply_to_waiting` is asked for.
    """

    _inherit = "mail.activity.plan"

    sequential = fields.Boolean(
        string="One at a Time",
        help="The next step appears when the one before it is done.",
    )
    keep_on_won = fields.Boolean(
        string="Keep When Won",
        help="Open actions stay when the opportunity is won; else they are cancelled.",
    )
    pause_on_reply = fields.Boolean(
        string="Pause on Reply",
        help="Actions pause when the customer replies by e-mail.",
    )
    pause_on_meeting = fields.Boolean(
        string="Pause on Meeting",
        help="Actions pause when a meeting is booked on the opportunity.",
    )
    waiting_action_count = fields.Integer(
        compute="_compute_waiting_action_count",
        help="Waiting actions that came from this plan.",
    )

    @api.depends("template_ids")
    @api.depends_context("allowed_company_ids")
    def _compute_waiting_action_count(self):
        # sudo: the manager of a plan sees how many lists run on it.
        counts = {
            plan.id: count
            for plan, count in self.env["crm.action"]
            .sudo()
            ._read_group(
                self._waiting_action_domain(),
                ["plan_id"],
                ["__count"],
            )
        }
        for plan in self:
            plan.waiting_action_count = counts.get(plan._origin.id, 0)

    @api.constrains("sequential", "res_model")
    def _check_sequential(self):
        for plan in self:
            if plan.sequential and plan.res_model != "crm.lead":
                raise ValidationError(
                    self.env._(
                        "Only a plan for leads and opportunities runs one step at a "
                        "time."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        plans = super().create(vals_list)
        if any(plan.pause_on_reply or plan.pause_on_meeting for plan in plans):
            self.env.registry.clear_cache()
        return plans

    def write(self, vals):
        res = super().write(vals)
        if "pause_on_reply" in vals or "pause_on_meeting" in vals:
            self.env.registry.clear_cache()
        return res

    def unlink(self):
        """Delete the steps by themselves, before the database would.

        Actions refer to the plan and to its steps. PostgreSQL goes through foreign
        keys in the order of their names as text, which depends on the counter of the
        server; of actions that are as new as the deletion it checks the step while
        it empties the plan, and refuses if the step is gone by then.
        """
        self.check_access("unlink")
        # sudo: the database would not ask either.
        self.sudo().template_ids.unlink()
        return super().unlink()

    def action_apply_to_waiting(self):
        """Bring the waiting actions of running lists in line with the plan.

        Waiting actions take what their step says now, those whose step is gone are
        cancelled, and steps that are new after the current one are added. Closed
        and current actions stay as they are, and so do the lists of companies that
        the user does not work in now.
        """
        self.check_access("write")
        for plan in self:
            plan._apply_to_waiting()
        return True

    @api.model
    @tools.ormcache("event")
    def _is_pausing(self, event):
        """Whether there is a plan that pauses its lists on an event, archived or not.

        Where there is none, e-mails and meetings cost what they cost without us.

        :param str event: "reply" or "meeting"
        """
        # sudo: nobody behind an event need see the plans.
        plans = self.sudo().with_context(active_test=False)
        return bool(plans.search_count([(f"pause_on_{event}", "=", True)], limit=1))

    def _waiting_action_domain(self):
        """The waiting actions from these plans, in the companies of the user.

        Odoo's plans have no company rule: whoever may edit one may be of another
        company than the lists that run on it.
        """
        return [
            ("plan_id", "in", self.ids),
            ("state", "=", "waiting"),
            ("company_id", "in", [False, *self.env.companies.ids]),
        ]

    def _apply_to_waiting(self):
        # sudo: the manager of a plan changes all lists that run on it.
        Action = self.env["crm.action"].sudo()
        waiting = Action.search(self._waiting_action_domain())
        leads = waiting.lead_id
        waiting.filtered(lambda action: not action.plan_template_id)._cancel()
        calculator = DelayCalculator(self.env)
        vals_list = []
        for lead in leads:
            vals_list += self._apply_to_lead(lead, calculator)
        # All at once: each create reconciles lists and costs the same.
        Action.create(vals_list)
        leads._actions_reconcile()

    def _apply_to_lead(self, lead, calculator):
        """Change the waiting actions of one list.

        :param DelayCalculator calculator: that of the batch
        :return: values of the actions that the list lacks
        """
        actions = lead.action_ids.filtered(
            lambda action: action.plan_id == self and action.plan_started_on
        )
        started_on = max(actions.mapped("plan_started_on"))
        actions = actions.filtered(
            lambda action: action.plan_started_on == started_on
        )._in_order()
        waiting = actions.filtered(lambda action: action.state == "waiting")
        reached = actions.filtered(lambda action: action.state != "waiting")
        templates = self.template_ids
        passed = [
            index
            for index, template in enumerate(templates)
            if template in reached.plan_template_id
        ]
        first_new = max(passed, default=-1) + 1
        positions = waiting.mapped("sequence")
        sequence = min(positions, default=max(actions.mapped("sequence")))
        new_vals = []
        for index, template in enumerate(templates):
            action = waiting.filtered(
                lambda action, step=template: action.plan_template_id == step
            )[:1]
            if not action and (
                index < first_new or template in reached.plan_template_id
            ):
                continue
            vals = template._prepare_crm_action_values(
                lead, started_on, None, calculator=calculator, first=not index
            )
            if action:
                for name in ("lead_id", "plan_id", "plan_template_id"):
                    vals.pop(name)
                if template.responsible_type == "on_demand":
                    vals.pop("user_id")
                action._engine_write({**vals, "sequence": sequence})
            else:
                new_vals.append(
                    {**vals, "sequence": sequence, "plan_started_on": started_on}
                )
            sequence += 1
        self._make_room(lead, actions, sequence)
        return new_vals

    def _make_room(self, lead, actions, sequence):
        """What stands after the plan's steps in the list stays after them."""
        later = lead.action_ids.filtered(
            lambda action: (
                action.state in OPEN_STATES
                and action not in actions
                and action.sequence > actions[-1:].sequence
            )
        )
        for action in later._in_order():
            if action.sequence < sequence:
                action._engine_write({"sequence": sequence})
            sequence = action.sequence + 1

    @api.model
    def _render_started(self, title, descriptions):
        return Markup("%s<ul>%s</ul>") % (
            title,
            Markup().join(Markup("<li>%s</li>") % line for line in descriptions),
        )
