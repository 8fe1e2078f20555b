# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from collections import defaultdict
from datetime import timedelta
from operator import attrgetter
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL, OrderedSet
from odoo.tools.misc import format_date

from ..tools import DelayCalculator
from .crm_action import OPEN_STATES

# Writing one of these may start, stop or reassign actions. Stage, team and company
# are computed from the others, and need not be among what is written.
WATCHED_FIELDS = frozenset(
    {
        "active",
        "actions_paused",
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
    paused: bool
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
    """

    _inherit = "crm.lead"

    action_ids = fields.One2many("crm.action", "lead_id", string="Actions")
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
        index="btree_not_null",
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
        help="The current action is late, in the user's timezone.",
    )
    no_next_action = fields.Boolean(
        compute="_compute_action_progress",
        search="_search_no_next_action",
        help="An open opportunity that had actions and has nothing left to do.",
    )
    actions_paused = fields.Boolean(
        copy=False, help="Nothing is due while the actions are paused."
    )
    actions_paused_on = fields.Date(string="Paused on", readonly=True, copy=False)
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

    @api.depends("action_ids.state", "active", "won_status")
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
        self.no_next_action = False
        for lead in self.filtered(lambda lead: lead._origin.id in counts):
            states = counts[lead._origin.id]
            lead.action_count = sum(states.values()) - states.get("cancelled", 0)
            lead.action_done_count = states.get("done", 0) + states.get("skipped", 0)
            lead.no_next_action = (
                states.keys().isdisjoint(OPEN_STATES)
                and lead.active
                and lead.won_status == "pending"
            )

    @api.depends("action_ids.state", "action_ids.date_deadline")
    def _compute_next_action(self):
        for lead in self:
            current = lead.action_ids.filtered(lambda action: action.state == "todo")
            lead.next_action_id = current[:1]
            lead.next_action_date = current[:1].date_deadline

    @api.depends("next_action_date")
    @api.depends_context("tz")
    def _compute_action_overdue(self):
        today = fields.Date.context_today(self)
        late = self.filtered(
            lambda lead: lead.next_action_date and lead.next_action_date < today
        )
        late.action_overdue = True
        (self - late).action_overdue = False

    def _search_action_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = fields.Domain("next_action_date", "<", fields.Date.context_today(self))
        if set(value) == {True, False}:
            return fields.Domain.TRUE
        return late if True in value else ~late

    def _search_no_next_action(self, operator, value):
        if operator != "in":
            return NotImplemented
        Domain = fields.Domain
        # any!: what is assigned to others counts.
        wanted = (
            Domain("active", "=", True)
            & Domain("won_status", "=", "pending")
            & Domain("action_ids", "any!", Domain.TRUE)
            & ~Domain("action_ids", "any!", Domain("state", "in", OPEN_STATES))
        )
        if set(value) == {True, False}:
            return fields.Domain.TRUE
        return wanted if True in value else ~wanted

    @api.model_create_multi
    def create(self, vals_list):
        leads = super().create(vals_list)
        leads._actions_start_on_entry()
        return leads

    def write(self, vals):
        if not self or WATCHED_FIELDS.isdisjoint(vals):
            return super().write(vals)
        before = self._actions_snapshots()
        res = super().write(vals)
        self._actions_follow_lead(before)
        return res

    def _handle_won_lost(self, old_status_by_lead, new_status_by_lead):
        res = super()._handle_won_lost(old_status_by_lead, new_status_by_lead)
        won = self.filtered(
            lambda lead: (
                new_status_by_lead.get(lead.id, {}).get("is_won")
                and not old_status_by_lead.get(lead.id, {}).get("is_won")
            )
        )
        if won:
            # sudo: the list ends, whatever of it the user sees.
            won.sudo().action_ids.filtered(
                lambda action: not action.plan_id.keep_on_won
            )._cancel()
            won._actions_reconcile()
        return res

    def _merge_dependences_history(self, opportunities):
        # Before Odoo moves the activities: they follow their actions, and the
        # archived ones, which it leaves behind, are history to keep.
        # sudo: all of the list moves, whatever of it the user sees.
        opportunities.sudo().action_ids._move_to(self.sudo())
        return super()._merge_dependences_history(opportunities)

    # ---------------------------------------------------------------- actions

    def action_pause_actions(self):
        """Pause the lists: nothing is due until they are resumed."""
        self.filtered(lambda lead: not lead.actions_paused).write(
            {"actions_paused": True}
        )
        return True

    def action_resume_actions(self):
        """Resume the lists; open dates move by the days that they were paused."""
        self.filtered("actions_paused").write({"actions_paused": False})
        return True

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
        """Finish the current action: the dialog asks for feedback and outcome."""
        return self.next_action_id.action_open_finish()

    def action_skip_next_action(self):
        """Skip the current action: the dialog asks for the reason."""
        return self.next_action_id.action_open_skip()

    def action_postpone_next_action(self):
        """Put the current action off: the dialog asks for the date."""
        return self.next_action_id.action_open_reschedule()

    # ----------------------------------------------------------------- engine

    def _actions_lock(self):
        """Engine: nobody else changes the lists of these leads now.

        Whoever changes what is current changes the row of the lead as well
        (``next_action_id``), so a transaction that read the list before fails here
        with a serialization failure, and Odoo tries it again.
        """
        if self.ids:
            self.env.cr.execute(
                SQL(
                    "SELECT id FROM crm_lead WHERE id IN %s ORDER BY id"
                    " FOR NO KEY UPDATE",
                    tuple(self.ids),
                )
            )

    def _actions_reconcile(self):
        """Engine: bring states and activities in line with the lists.

        Idempotent, in batch: the one place that decides which action is current.

        :return: the actions that became current
        """
        # sudo: the list is one, whatever of it the user sees; the uid stays.
        leads = self.sudo().filtered("action_ids")
        leads._actions_lock()
        promoted = demoted = self.env["crm.action"].sudo()
        opened = promoted
        previous_by_action = {}
        for lead in leads:
            actions = lead.action_ids._in_order()
            open_actions = actions._open()
            if not open_actions:
                continue
            opened |= open_actions
            first = open_actions[:1]
            if not lead.active or lead.actions_paused:
                first = first.browse()
            demoted |= (open_actions - first).filtered(
                lambda action: action.state == "todo"
            )
            if first and first.state != "todo":
                promoted |= first
                earlier = actions[: actions.ids.index(first.id)]
                previous_by_action[first] = earlier.filtered(
                    lambda action: action.state in ("done", "skipped")
                )[-1:]
        demoted._demote()
        if promoted:
            # One statement may not hold both the old and the new current action:
            # the unique index looks at every row.
            promoted.flush_model(["state"])
            promoted._promote(previous_by_action)
        opened._sync_mirrors()
        return promoted

    def _actions_repair(self):
        """Engine: :meth:`_actions_reconcile`, after things it never sees."""
        # sudo: runs as the scheduler, on all companies.
        leads = self.sudo().exists()
        self.env.add_to_compute(leads._fields["next_action_id"], leads)
        actions = leads.action_ids
        mirrors = actions.activity_ids.filtered("active")
        closed = mirrors.filtered(
            lambda mirror: mirror.crm_action_id.state not in OPEN_STATES
        )
        closed.action_archive()
        actions.filtered(
            lambda action: action.state == "todo" and not action.date_deadline
        )._engine_write({"state": "waiting"})
        for mirror in mirrors - closed:
            action = mirror.crm_action_id
            if mirror.res_model != "crm.lead" or mirror.res_id != action.lead_id.id:
                mirror.write(
                    {
                        "res_model_id": self.env["ir.model"]._get_id("crm.lead"),
                        "res_id": action.lead_id.id,
                    }
                )
        leads._actions_reconcile()

    def _actions_first_sequence(self, action):
        """A position for something that comes right after ``action``."""
        others = (self.action_ids - action)._open()
        first = min(others.mapped("sequence"), default=action.sequence + 1)
        return min(action.sequence, first - 1)

    def _actions_snapshots(self):
        """Engine: what the actions of each lead depend on, by id."""
        return {
            lead.id: LeadSnapshot(
                lead.active,
                lead.actions_paused,
                lead.company_id.id,
                lead.stage_id.id,
                lead.team_id.id,
                lead.type,
                lead.user_id.id,
            )
            for lead in self
        }

    def _actions_follow_lead(self, before):
        """Engine: draw the consequences of a write.

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
        switched, halted = changed("active"), changed("paused")
        restored = switched.filtered("active")
        archived = switched - restored
        paused = halted.filtered("actions_paused")
        resumed = halted - paused
        entered = changed("stage_id", "team_id", "type").filtered("active")
        archived._actions_pause("lost")
        restored.filtered(lambda lead: lead.actions_pause_reason == "lost").write(
            {"actions_paused": False}
        )
        paused._actions_paused()
        resumed._actions_resumed()
        if leads := archived | restored | paused | resumed:
            leads._actions_reconcile()
        if entered:
            entered._actions_start_on_entry(before)

    def _actions_follow_salesperson(self, former_id, user_id):
        """Engine: what the former salesperson had to do, the new one has to."""
        # sudo: all of the list follows; the new salesperson is told about the
        # opportunity already, not once more for its current action.
        actions = self.sudo().action_ids._open()
        actions.filtered(
            lambda action: (
                action.user_id.id == former_id
                if action.user_id
                else action.responsible_type == "salesperson"
            )
        ).with_context(mail_activity_quick_update=True)._assign(user_id)

    def _actions_follow_company(self):
        """Engine: who may not enter the new company has nothing to do there."""
        # sudo: as above.
        for lead in self.sudo():
            if lead.company_id:
                lead.action_ids._open().filtered(
                    lambda action, company=lead.company_id: (
                        action.user_id and company not in action.user_id.company_ids
                    )
                )._hand_over()

    # ------------------------------------------------------------------ pause

    def _actions_pause(self, reason):
        """Engine: pause the lists that are not paused and have something open.

        :param str reason: one of ``actions_pause_reason``
        """
        # sudo: a reply or a meeting pauses the list, whoever brings it in.
        self.sudo().filtered(
            lambda lead: not lead.actions_paused and lead.action_ids._open()
        ).write({"actions_paused": True, "actions_pause_reason": reason})

    def _actions_pause_by_plan(self, event):
        """Engine: pause the lists of which an open action's plan asks for it.

        One search, also for e-mails to leads that are deleted or have no list.

        :param str event: "reply" or "meeting"
        """
        if not self.env["mail.activity.plan"]._is_pausing(event):
            return
        # sudo: the customer or colleague behind the event need not see the actions.
        actions = self.env["crm.action"].sudo().with_context(active_test=False)
        actions.search(
            [
                ("lead_id", "in", self.ids),
                ("state", "in", OPEN_STATES),
                (f"plan_id.pause_on_{event}", "=", True),
            ]
        ).lead_id.with_env(self.env)._actions_pause(event)

    def _actions_paused(self):
        today = fields.Date.context_today(self)
        for reason, leads in self.sudo().grouped("actions_pause_reason").items():
            leads.write(
                {
                    "actions_paused_on": today,
                    "actions_pause_reason": reason or "manual",
                }
            )
            label = dict(
                self._fields["actions_pause_reason"]._description_selection(self.env)
            )[reason or "manual"]
            body = self.env._("Actions paused: %(reason)s", reason=label)
            leads._message_log_batch(bodies=dict.fromkeys(leads.ids, body))

    def _actions_resumed(self):
        calculator = DelayCalculator(self.env)
        today = fields.Date.context_today(self)
        for days, leads in (
            self.sudo()
            .grouped(
                lambda lead: (
                    (today - lead.actions_paused_on).days
                    if lead.actions_paused_on
                    else 0
                )
            )
            .items()
        ):
            for action in leads.action_ids._open() if days > 0 else ():
                if not action.date_deadline:
                    continue
                shifted = action.date_deadline + timedelta(days=days)
                if action.delay_unit == "working_days":
                    shifted = calculator.add(
                        action.company_id, shifted, 0, "working_days"
                    )
                action._engine_write({"date_deadline": shifted})
            body = self.env._(
                "Actions resumed; their dates moved by %(days)s days", days=max(days, 0)
            )
            leads._message_log_batch(bodies=dict.fromkeys(leads.ids, body))
            leads.write({"actions_paused_on": False, "actions_pause_reason": False})

    # ------------------------------------------------------------------ plans

    def _actions_start_on_entry(self, before=None):
        """Engine: start the plans of the stages and teams that leads have entered.

        :param dict before: :meth:`_actions_snapshots` of where the leads came from;
            without, they are new
        """
        by_plan = defaultdict(OrderedSet)
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
                by_plan[stage.action_plan_id].add(lead.id)
            if team.action_plan_id and (new or old.team_id != team.id):
                by_plan[team.action_plan_id].add(lead.id)
        for plan, lead_ids in by_plan.items():
            self.browse(lead_ids)._actions_start_plan(plan, automatic=True)

    def _actions_start_plan(self, plan, plan_date=None, user=None, automatic=False):
        """Put the steps of a sequential plan at the end of the lists.

        A list that has open actions of the plan is left alone.

        :param plan: mail.activity.plan
        :param date plan_date: what "plan date" delays count from; default today
        :param user: who gets the steps that "ask at launch"; default the
            salesperson of each lead
        :param bool automatic: nobody asked for it: not a second time on one day,
            and not of an archived plan or one of another company
        :return: the crm.action that were created
        """
        # sudo: the plan's actions are created whoever they are assigned to.
        leads, plan = self.sudo(), plan.sudo()
        Action = self.env["crm.action"].sudo()
        today = fields.Date.context_today(self)
        plan_date = plan_date or today
        if automatic:
            if not plan.active:
                return Action
            leads = leads.filtered(
                lambda lead: (
                    not plan.company_id
                    or not lead.company_id
                    or plan.company_id == lead.company_id
                )
            )
        busy = leads._actions_busy(plan, today if automatic else None)
        leads -= busy
        calculator = DelayCalculator(self.env)
        vals_list = []
        last = {
            lead.id: sequence
            for lead, sequence in Action._read_group(
                [("lead_id", "in", leads.ids)], ["lead_id"], ["sequence:max"]
            )
        }
        for lead in leads:
            sequence = last.get(lead.id, 0)
            for index, template in enumerate(plan.template_ids):
                sequence += 10
                vals_list.append(
                    {
                        **template._prepare_crm_action_values(
                            lead,
                            plan_date,
                            user,
                            calculator=calculator,
                            first=not index,
                        ),
                        "plan_started_on": today,
                        "sequence": sequence,
                    }
                )
        # Several leads at once: no mail for each of their first actions.
        actions = Action.with_context(
            mail_activity_quick_update=len(leads) > 1
            or self.env.context.get("mail_activity_quick_update")
        ).create(vals_list)
        leads._actions_log_started(plan, actions)
        return actions.with_env(Action.env)

    def _actions_busy(self, plan, today=None):
        """The leads on which ``plan`` cannot start.

        :param date today: also where it started on this day
        """
        domain = fields.Domain("state", "in", OPEN_STATES)
        if today:
            domain |= fields.Domain("plan_started_on", "=", today)
        # sudo: open actions of others count.
        actions = self.env["crm.action"].sudo()
        return self.browse(
            lead.id
            for (lead,) in actions._read_group(
                fields.Domain("lead_id", "in", self.ids)
                & fields.Domain("plan_id", "=", plan.id)
                & domain,
                ["lead_id"],
            )
        ).with_env(self.env)

    def _actions_log_started(self, plan, actions):
        if not actions:
            return
        lines = defaultdict(list)
        for action in actions:
            lines[action.lead_id.id].append(
                self.env._(
                    "%(action)s, due on %(date)s",
                    action=action.display_name,
                    date=format_date(self.env, action.date_deadline),
                )
                if action.date_deadline
                else action.display_name
            )
        title = self.env._('The plan "%(plan)s" has been started', plan=plan.name)
        self._message_log_batch(
            bodies={
                lead_id: plan._render_started(title, descriptions)
                for lead_id, descriptions in lines.items()
            }
        )
