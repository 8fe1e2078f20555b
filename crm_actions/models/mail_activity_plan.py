# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from markupsafe import Markup

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ..tools import WorkingDays
from .crm_action_run import ACTIVE_STATES


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
        help="The plan runs on when the opportunity is won; else it is stopped.",
    )
    pause_on_reply = fields.Boolean(
        string="Pause on Reply",
        help="Actions pause when the customer replies by e-mail.",
    )
    pause_on_meeting = fields.Boolean(
        string="Pause on Meeting",
        help="Actions pause when a meeting is booked on the opportunity.",
    )
    keep_on_stage = fields.Boolean(
        string="Keep When the Stage Changes",
        help="The plan runs on when the opportunity enters a stage with another plan; "
        "else it is stopped.",
    )
    waiting_action_count = fields.Integer(
        compute="_compute_running_count",
        help="Actions that wait where the plan runs.",
    )
    running_count = fields.Integer(
        compute="_compute_running_count",
        help="Opportunities on which the plan runs, those on hold included.",
    )

    @api.depends("template_ids")
    @api.depends_context("allowed_company_ids")
    def _compute_running_count(self):
        # What is lost may be restored, and runs on then: it is not counted as running.
        runs = Domain(self._runs_domain()) & Domain("lead_id.active", "=", True)
        # sudo: the manager of a plan sees how many lists run on it.
        counts = {
            plan.id: count
            for plan, count in self.env["crm.action.run"]
            .sudo()
            ._read_group(runs, ["plan_id"], ["__count"])
        }
        waiting = {
            plan.id: count
            for plan, count in self.env["crm.action"]
            .sudo()
            ._read_group(
                Domain("run_id", "any", runs) & Domain("state", "=", "waiting"),
                ["plan_id"],
                ["__count"],
            )
        }
        for plan in self:
            plan.running_count = counts.get(plan._origin.id, 0)
            plan.waiting_action_count = waiting.get(plan._origin.id, 0)

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
        """Bring the waiting actions where the plan runs in line with it.

        Waiting actions take what has changed in their step since it was copied,
        except where somebody has changed the same in the action; those whose step is
        gone are cancelled, and steps that are new after the current one are added.
        Closed and current actions stay as they are, and so do the lists of companies
        that the user does not work in now.
        """
        self.check_access("write")
        for plan in self:
            plan._apply_to_waiting()
        return True

    def action_view_runs(self):
        """Open the runs of the plan, those that go on first."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_actions.crm_action_run_action"
        )
        return {
            **action,
            "domain": [("plan_id", "=", self.id)],
            "context": {"search_default_active": 1},
        }

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

    def _runs_domain(self):
        """The runs of these plans that go on, in the companies of the user.

        Odoo's plans have no company rule: whoever may edit one may be of another
        company than the lists that run on it.
        """
        return [
            ("plan_id", "in", self.ids),
            ("state", "in", ACTIVE_STATES),
            ("company_id", "in", [False, *self.env.companies.ids]),
        ]

    # ------------------------------------------------------------------ starting

    def _start_by_itself(self, leads, source, origins=None):
        """Start the plan on leads that entered a stage or a team, or as an outcome.

        Not a second time on one day, where it still runs, or of an archived plan or
        one of another company. A plan that was stopped today because the lead had
        left its stage goes on where it was. A plan that is not sequential is launched
        as Odoo does.

        :param str source: one of ``crm.action.run.source``
        :param dict origins: see :meth:`_start`
        :return: the leads on which it started or goes on
        """
        # sudo: the plan of a stage starts whether or not the user may read it.
        plan = self.sudo()
        leads = leads.filtered(
            lambda lead: (
                plan.active
                and (
                    not plan.company_id
                    or not lead.company_id
                    or plan.company_id == lead.company_id
                )
            )
        )
        if not plan.sequential:
            return plan._launch_at_once(leads)
        of_today = plan._runs_of_today(leads)
        resumed = of_today.browse()
        if source == "stage":
            resumed = of_today._restart("stage")
        new = leads.filtered(lambda lead: lead.id not in of_today.lead_id.ids)
        created = plan._start(new, source=source, origins=origins)
        started = created.lead_id | resumed.lead_id
        return leads.filtered(lambda lead: lead.id in started.ids)

    def _runs_of_today(self, leads):
        """The runs of the plan that started on these leads on this day."""
        runs = self.env["crm.action.run"].search(
            [("lead_id", "in", leads.ids), ("plan_id", "=", self.id)]
        )
        return runs.filtered(lambda run: run.started_on == run.lead_id._actions_today())

    def _launch_at_once(self, leads):
        """Launch a plan that is not sequential: all activities, as Odoo does."""
        if leads:
            wizard = self.env["mail.activity.schedule"].create(
                {
                    "res_model": "crm.lead",
                    "res_ids": str(leads.ids),
                    "plan_id": self.id,
                }
            )
            wizard.action_schedule_plan()
        return leads

    def _start(self, leads, plan_date=None, user=None, source="hand", origins=None):
        """See :meth:`crm.lead._actions_start_plan`.

        :param str source: one of ``crm.action.run.source``
        :param dict origins: id of a lead → the action whose outcome starts the plan
        """
        # sudo: the plan's actions are created whoever they are assigned to.
        plan, leads = self.sudo(), leads.sudo()
        leads -= plan._leads_with_run(leads)
        copied = plan._copied_steps(user=user)
        runs = plan._create_runs(leads, copied, plan_date, source, origins or {})
        Action = self.env["crm.action"].sudo()
        last = Action._last_sequences(leads.ids)
        works_on = WorkingDays()
        vals_list = []
        for run in runs:
            sequence = last.get(run.lead_id.id, 0)
            for template in plan.template_ids:
                sequence += 10
                values = template._prepare_crm_action_values(
                    run, copied[str(template.id)], works_on
                )
                vals_list.append({**values, "sequence": sequence})
        actions = Action._create_by_engine(vals_list)
        # Several leads at once: no mail for each of their first actions.
        leads.with_context(
            mail_activity_quick_update=len(leads) > 1
            or self.env.context.get("mail_activity_quick_update")
        )._actions_reconcile()
        plan._log_started(actions)
        return actions

    def _copied_steps(self, user=None, before=None):
        """What each step says now, as ``_copied_values`` of the step gives it.

        :return: dict id of a step, as a string → values
        """
        before = before or {}
        return {
            str(step.id): step._copied_values(
                position, user=user, before=before.get(str(step.id))
            )
            for position, step in enumerate(self.template_ids)
        }

    def _create_runs(self, leads, copied, plan_date, source, origins):
        """A run for each lead; none for a plan without steps."""
        if not copied:
            return self.env["crm.action.run"]
        vals_list = []
        for lead in leads:
            today = lead._actions_today()
            origin = origins.get(lead.id)
            vals_list.append(
                {
                    "lead_id": lead.id,
                    "plan_id": self.id,
                    "plan_date": plan_date or today,
                    "started_on": today,
                    "source": source,
                    "origin_action_id": origin and origin.id,
                    "steps": copied,
                }
            )
        return self.env["crm.action.run"]._create_by_engine(vals_list)

    def _leads_with_run(self, leads):
        """The leads on which the plan runs already."""
        # sudo: runs of leads that the user cannot read count.
        groups = (
            self.env["crm.action.run"]
            .sudo()
            ._read_group(
                [
                    ("lead_id", "in", leads.ids),
                    ("plan_id", "=", self.id),
                    ("state", "in", ACTIVE_STATES),
                ],
                ["lead_id"],
            )
        )
        return leads.browse(lead.id for (lead,) in groups)

    def _log_started(self, actions):
        bodies = {}
        title = self.env._('The plan "%(plan)s" has been started', plan=self.name)
        for lead, of_lead in actions.grouped("lead_id").items():
            lines = [
                self.env._(
                    "%(action)s, due on %(date)s",
                    action=action.display_name,
                    date=format_date(self.env, action.date_deadline),
                )
                if action.date_deadline
                else action.display_name
                for action in of_lead
            ]
            bodies[lead.id] = Markup("%s<ul>%s</ul>") % (
                title,
                Markup().join(Markup("<li>%s</li>") % line for line in lines),
            )
        actions.lead_id._message_log_batch(bodies=bodies)

    # ---------------------------------------------------------- apply to waiting

    def _apply_to_waiting(self):
        # sudo: the manager of a plan changes all lists that run on it.
        runs = self.env["crm.action.run"].sudo().search(self._runs_domain())
        runs.lead_id._actions_lock()
        # At once: one by one, each run would fetch its own.
        runs.lead_id.fetch(["actions_pause_reason", "company_id"])
        works_on = WorkingDays()
        waiting = runs.action_ids.filtered(lambda action: action.state == "waiting")
        gone = waiting.filtered(lambda a: a.plan_template_id not in self.template_ids)
        # They wait: they have no activity, and their lists are locked.
        gone._close("cancelled")
        vals_list = []
        for run in runs:
            copied = self._copied_steps(before=run.steps)
            run._apply_steps(copied, works_on)
            vals_list += run._apply_order(self.template_ids, copied, works_on)
            if run.steps != copied:
                # From now on, what the plan changes is counted from what it says today.
                run._write_by_engine({"steps": copied})
        # All at once: each create costs the same.
        self.env["crm.action"].sudo()._create_by_engine(vals_list)
        runs.lead_id._actions_reconcile()
