# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from collections import defaultdict
from operator import attrgetter
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain

from .. import schedule
from ..tools import check_owned, takes_pass, without_foreign_defaults

# Writing one of these may start, stop or reassign actions. Stage, team and company
# are computed from the others, and need not be among what is written.
WATCHED_FIELDS = frozenset(
    {
        "active",
        "company_id",
        "partner_id",
        "probability",
        "stage_id",
        "team_id",
        "type",
        "user_id",
    }
)


class LeadSnapshot(NamedTuple):
    """What the actions of a lead depend on; records as ids."""

    active: bool
    company_id: int
    stage_id: int
    team_id: int
    type: str
    user_id: int


class CrmLead(models.Model):
    """A lead carries one ordered list of actions; see ``crm.action``.

    ``next_action_id`` and ``next_action_date`` (stored) are the current action and
    its due date: empty when nothing is open, and while the lead is archived or its
    actions are paused. ``action_count`` leaves cancelled actions out;
    ``action_done_count`` counts the done and the skipped ones, so that a list that
    is through shows "5 / 5".

    The list is paused while it has ``actions_pause_reason``, since
    ``actions_paused_at`` (UTC). A list without open actions is not paused.
    """

    _name = "crm.lead"
    _inherit = ("crm.lead", "crm.action.list")

    action_ids = fields.One2many("crm.action", "lead_id", string="Actions")
    action_run_ids = fields.One2many(
        "crm.action.run", "lead_id", string="Plan Runs", readonly=True
    )
    action_count = fields.Integer(compute="_compute_action_progress")
    action_done_count = fields.Integer(
        string="Actions Done", compute="_compute_action_progress"
    )
    next_action_id = fields.Many2one(
        "crm.action",
        string="Current Action",
        compute="_compute_next_action",
        store=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    next_action_date = fields.Date(
        string="Current Action Due",
        compute="_compute_next_action",
        store=True,
        copy=False,
    )
    next_action_type_id = fields.Many2one(
        related="next_action_id.activity_type_id", string="Current Action Type"
    )
    next_action_icon = fields.Char(
        related="next_action_id.icon", string="Current Action Icon"
    )
    next_action_summary = fields.Char(
        related="next_action_id.summary", string="Current Action Summary"
    )
    next_action_user_id = fields.Many2one(
        related="next_action_id.user_id", string="Current Action Assignee"
    )
    action_overdue = fields.Boolean(
        string="Overdue Action",
        compute="_compute_action_overdue",
        search="_search_action_overdue",
        help="The current action is late where its assignee lives.",
    )
    no_next_action = fields.Boolean(
        compute="_compute_no_next_action",
        store=True,
        copy=False,
        help="An open opportunity that had actions and has nothing left to do.",
    )
    actions_paused = fields.Boolean(
        compute="_compute_actions_paused",
        inverse="_inverse_actions_paused",
        search="_search_actions_paused",
        help="Nothing is due while the actions are paused.",
    )
    actions_paused_at = fields.Datetime(string="Paused at", readonly=True, copy=False)
    actions_paused_on = fields.Date(
        string="Paused on",
        compute="_compute_actions_paused",
        help="Where the salesperson lives.",
    )
    actions_pause_reason = fields.Selection(
        [
            ("manual", "By hand"),
            ("lost", "Lost or archived"),
            ("reply", "The customer replied"),
            ("meeting", "A meeting was booked"),
        ],
        string="Paused Because",
        readonly=True,
        copy=False,
    )

    # The filters and the order of the pipeline.
    _no_next_action_idx = models.Index("(priority, id) WHERE no_next_action")
    _next_action_date_idx = models.Index("(next_action_date, id)")
    _actions_paused_idx = models.Index("(id) WHERE actions_pause_reason IS NOT NULL")

    @api.depends("action_ids.state")
    def _compute_action_progress(self):
        """All that a card of the pipeline tells, in one query."""
        counts = defaultdict(dict)
        # sudo: the progress of the list includes what is assigned to others.
        for lead, state, count in (
            self.env["crm.action"]
            .sudo()
            ._read_group(
                [("lead_id", "in", self.ids)], ["lead_id", "state"], ["__count"]
            )
        ):
            counts[lead.id][state] = count
        # most leads have no actions: all of them at once
        self.action_count = self.action_done_count = 0
        for lead in self.filtered(lambda lead: lead._origin.id in counts):
            states = counts[lead._origin.id]
            lead.action_count = sum(states.values()) - states.get("cancelled", 0)
            lead.action_done_count = states.get("done", 0) + states.get("skipped", 0)

    @api.depends("action_ids.state", "action_ids.date_deadline")
    def _compute_next_action(self):
        for lead in self:
            current = lead.action_ids.filtered(lambda action: action.state == "todo")
            lead.next_action_id = current[:1]
            lead.next_action_date = current[:1].date_deadline

    @api.depends("next_action_id.is_late", "next_action_date")
    def _compute_action_overdue(self):
        # Most dates are over, or not, everywhere: without a look at the assignees.
        everywhere, somewhere = self.env["crm.action"]._first_and_last_today()
        for lead in self:
            due = lead.next_action_date
            lead.action_overdue = bool(
                due
                and due < somewhere
                # sudo: the action of a colleague.
                and (due < everywhere or lead.sudo().next_action_id.is_late)
            )

    @api.depends("action_ids.state", "active", "won_status")
    def _compute_no_next_action(self):
        for lead in self:
            lead.no_next_action = bool(
                lead.action_ids
                and lead.active
                and lead.won_status == "pending"
                and not lead.action_ids._open()
            )

    @api.depends("actions_pause_reason", "actions_paused_at")
    def _compute_actions_paused(self):
        for lead in self:
            lead.actions_paused = bool(lead.actions_pause_reason)
            paused_at = lead.actions_paused_at
            lead.actions_paused_on = paused_at and schedule.local_date(
                paused_at, lead._actions_tz()
            )

    def _inverse_actions_paused(self):
        paused = self.filtered("actions_paused")
        paused._actions_pause("manual")
        (self - paused)._actions_resume()

    def _search_actions_paused(self, operator, value):
        if operator != "in":
            return NotImplemented
        if set(value) == {True, False}:
            return Domain.TRUE
        return Domain("actions_pause_reason", "!=" if True in value else "=", False)

    def _search_action_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        if set(value) == {True, False}:
            return Domain.TRUE
        Action = self.env["crm.action"]
        everywhere, somewhere = Action._first_and_last_today()
        # any!: the actions of colleagues count.
        wanted = Domain("next_action_date", "<", everywhere) | (
            Domain("next_action_date", "<", somewhere)
            & Domain("next_action_id", "any!", Action._late_domain())
        )
        return wanted if True in value else ~wanted

    @api.model
    def default_get(self, fields):
        return without_foreign_defaults(self, super().default_get(fields))

    @api.model_create_multi
    def create(self, vals_list):
        check_owned(self, *vals_list, is_new=True)
        # After the lead: its assignees follow it, and Odoo adds the followers of a
        # new record without looking whether they are there.
        commands = [vals.get("action_ids") for vals in vals_list]
        leads = super().create(
            [
                {key: value for key, value in vals.items() if key != "action_ids"}
                for vals in vals_list
            ]
            if any(commands)
            else vals_list
        )
        for lead, lead_commands in zip(leads, commands, strict=True):
            if lead_commands:
                lead.write({"action_ids": lead_commands})
        leads._actions_start_on_entry()
        return leads

    def write(self, vals):
        if takes_pass(self.env, len(self)):
            return super().write(vals)
        check_owned(self, vals)
        if not self or WATCHED_FIELDS.isdisjoint(vals):
            return super().write(vals)
        before = self._actions_snapshots()
        res = super().write(vals)
        self._actions_follow_lead(before)
        return res

    def _handle_won_lost(self, old_status_by_lead, new_status_by_lead):
        res = super()._handle_won_lost(old_status_by_lead, new_status_by_lead)

        def is_won(lead, status):
            return bool(status.get(lead.id, {}).get("is_won"))

        turned = self.filtered(
            lambda lead: (
                is_won(lead, old_status_by_lead) != is_won(lead, new_status_by_lead)
            )
        )
        if turned:
            # sudo: all runs of the lead, also those the user cannot read.
            runs = turned.sudo().action_run_ids
            won = turned.filtered(lambda lead: is_won(lead, new_status_by_lead))
            runs_of_won = runs.filtered(lambda run: run.lead_id.id in won.ids)
            runs_of_won.filtered(lambda run: not run.plan_id.keep_on_won)._stop("won")
            (runs - runs_of_won)._restart("won")
        return res

    def _merge_dependences_history(self, opportunities):
        # Before Odoo moves the activities: they follow their actions, and the
        # archived ones, which it leaves behind, are history to keep.
        # sudo: all the leads' actions, also those the user cannot read.
        opportunities.sudo().action_ids._move_to(self.sudo())
        opportunities.sudo().action_run_ids._write_by_engine({"lead_id": self.id})
        return super()._merge_dependences_history(opportunities)

    # ---------------------------------------------------------------- actions

    def action_pause_actions(self):
        """Pause the lists: nothing is due until they are resumed."""
        self.check_access("write")
        self._actions_pause("manual")
        return True

    def action_resume_actions(self, days=None):
        """Resume the lists; open dates move by the days that they were paused.

        :param int days: at most by so many; None: by all of the pause
        :raise UserError: when ``days`` is not a number from 0 to 3650
        """
        self.check_access("write")
        self._actions_resume(self._actions_check_days(days))
        return True

    def action_open_resume(self):
        """Open the dialog that asks by how many days the dates move."""
        self.check_access("write")
        wizard = self.env["crm.action.resume"].create(
            {"lead_ids": [fields.Command.set(self.ids)]}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Resume Actions"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "medium"},
        }

    def action_view_actions(self):
        """Open the list of actions of the lead."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_actions.crm_action_action_lead"
        )
        return {
            **action,
            "domain": [("lead_id", "=", self.id)],
            "context": {"default_lead_id": self.id},
        }

    def action_done_next_action(self):
        """Finish the current action: the dialog asks for feedback and outcome.

        :raise UserError: when no action is current
        """
        return self.next_action_id.action_open_finish()

    def action_skip_next_action(self):
        """Skip the current action: the dialog asks for the reason.

        :raise UserError: when no action is current
        """
        return self.next_action_id.action_open_skip()

    def action_postpone_next_action(self):
        """Put the current action off: the dialog asks for the date.

        :raise UserError: when no action is current
        """
        return self.next_action_id.action_open_reschedule()

    # ------------------------------------------------------- events of the lead

    def _actions_snapshots(self):
        """What the actions of each lead depend on, by id."""
        return {
            lead.id: LeadSnapshot(
                lead.active,
                lead.company_id.id,
                lead.stage_id.id,
                lead.team_id.id,
                lead.type,
                lead.user_id.id,
            )
            for lead in self
        }

    def _actions_follow_lead(self, before):
        """Draw the consequences of a write.

        :param dict before: :meth:`_actions_snapshots` from before it
        """
        after = self._actions_snapshots()
        if after == before:
            return

        def changed(*names):
            value = attrgetter(*names)
            return self.filtered(
                lambda lead: value(before[lead.id]) != value(after[lead.id])
            )

        for (former_id, user_id), leads in (
            changed("user_id")
            .grouped(lambda lead: (before[lead.id].user_id, lead.user_id.id))
            .items()
        ):
            leads._actions_follow_salesperson(former_id, user_id)
        changed("company_id")._actions_follow_company()
        # Nobody is told of an assignment that is not new.
        changed("active").with_context(
            mail_activity_quick_update=True
        )._actions_reconcile()
        entered = changed("stage_id", "team_id", "type").filtered("active")
        if entered:
            entered._actions_leave_stage(before)
            entered._actions_start_on_entry(before)

    def _actions_follow_salesperson(self, former_id, user_id):
        """What the former salesperson or nobody had to do, the new one has to.

        A waiting step whose assignee is found at its turn has nobody until then.
        """
        # sudo: all the lead's actions, also those the user cannot read; the new
        # salesperson is told about the opportunity already, not once more for its
        # current action.
        actions = self.sudo().action_ids._open()
        actions.filtered(
            lambda action: (
                action.user_id.id == former_id
                if action.user_id
                else action.state != "waiting" or action.responsible_type == "fixed"
            )
        ).with_context(mail_activity_quick_update=True)._assign(user_id)

    def _actions_follow_company(self):
        """Who may not enter the new company has nothing to do there."""
        # sudo: as above.
        for lead in self.sudo():
            if lead.company_id:
                lead.action_ids._open().filtered(
                    lambda action, company=lead.company_id: (
                        action.user_id and company not in action.user_id.company_ids
                    )
                )._hand_over()

    def _actions_leave_stage(self, before):
        """Stop the plan of the stage that leads left for one with another plan."""
        # sudo: all runs of the lead, also those the user cannot read.
        runs = self.env["crm.action.run"].sudo()
        for lead in self.sudo():
            former = lead.stage_id.browse(before[lead.id].stage_id)
            plan = lead.stage_id.action_plan_id
            if former == lead.stage_id or not plan or plan == former.action_plan_id:
                continue
            if former.action_plan_id and not former.action_plan_id.keep_on_stage:
                runs |= lead.action_run_ids.filtered(
                    lambda run, former=former: run.plan_id == former.action_plan_id
                )
        runs._stop("stage")

    def _actions_start_on_entry(self, before=None):
        """Start the plans of the stages and teams that leads have entered.

        :param dict before: :meth:`_actions_snapshots` of where the leads came from;
            without, they are new
        """
        leads_by_start = defaultdict(self.browse)
        # sudo: the plan of a stage starts whether or not the user may read it.
        for lead in self.sudo():
            stage, team = lead.stage_id, lead.team_id
            if not stage.action_plan_id and not team.action_plan_id:
                continue
            if lead.type != "opportunity" or not lead.active or stage.is_won:
                continue
            old = before and before[lead.id]
            new = not old or old.type != lead.type
            if stage.action_plan_id and (new or old.stage_id != stage.id):
                leads_by_start[stage.action_plan_id, "stage"] |= lead
            if team.action_plan_id and (new or old.team_id != team.id):
                leads_by_start[team.action_plan_id, "team"] |= lead
        for (plan, source), leads in leads_by_start.items():
            plan._start_by_itself(leads.with_env(self.env), source)

    def _actions_start_plan(self, plan, plan_date=None, user=None):
        """Put the steps of a sequential plan at the end of the lists.

        A list on which the plan runs is left alone.

        :param plan: mail.activity.plan
        :param date plan_date: what "plan date" delays count from; default today,
            where the salesperson of each lead lives
        :param user: who gets the steps that "ask at launch"; default the
            salesperson of each lead
        :return: the crm.action that were created
        """
        return plan._start(self, plan_date=plan_date, user=user)
