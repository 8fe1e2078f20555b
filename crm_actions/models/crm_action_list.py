# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from collections import defaultdict

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import schedule
from ..tools import WorkingDays, as_engine
from .crm_action_engine import FRONT_STATES


class CrmActionList(models.AbstractModel):
    """The list of actions of an opportunity as a whole: which action is its front,
    its pause, its repair. Inherited by ``crm.lead``; ``self`` are leads.
    """

    _name = "crm.action.list"
    _description = "CRM Action List"

    def _actions_lock(self):
        """Nobody else changes the lists of these leads now.

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
        """Bring states, activities and runs in line with the lists.

        Idempotent, in batch: the one place that decides which action is the front.

        :return: the actions that became the fronts of their lists
        """
        # sudo: all the lead's actions, also those the user cannot read.
        leads = self.sudo().filtered(
            lambda lead: lead.action_ids or lead.actions_pause_reason
        )
        if not leads:
            return self.env["crm.action"].sudo()
        leads._actions_lock()
        leads._actions_settle_pauses()
        return leads._actions_choose_fronts()

    def _actions_choose_fronts(self):
        """The second half of :meth:`_actions_reconcile`: the pauses are right."""
        promoted = demoted = opened = self.env["crm.action"].sudo()
        turned = defaultdict(promoted.browse)
        for lead in self:
            open_actions = lead.action_ids._open()._in_order()
            front = open_actions[:1]
            opened |= open_actions
            demoted |= (open_actions - front).filtered(
                lambda action: action.state in FRONT_STATES
            )
            state = "paused" if lead.actions_pause_reason else "todo"
            if front.state == "waiting":
                promoted |= front
            elif front and front.state != state:
                turned[state] |= front
        demoted._wait_again()
        if promoted:
            # One statement may not hold both the old and the new front: the unique
            # index looks at every row.
            promoted.flush_model(["state"])
            promoted._take_turn()
        for state, actions in turned.items():
            actions._write_by_engine({"state": state})
        opened._sync_mirrors()
        self.action_ids.run_id._follow_actions()
        return promoted

    def _actions_estimates(self, works_on):
        """When each open action of the list is due as it looks today.

        :param WorkingDays works_on: that of the batch
        :return: dict id of an action → date
        """
        self.ensure_one()
        actions = self.action_ids._in_order()
        open_actions = actions._open()
        if not open_actions:
            return {}
        last = actions._last_closed_before(open_actions[:1])
        days = schedule.estimates(
            [
                schedule.Step(
                    action.date_deadline or None,
                    action._delay(),
                    action._today(),
                    works_on[action.company_id],
                )
                for action in open_actions
            ],
            last.done_on and last._local_date(last.done_on) or None,
            last.date_deadline or None,
        )
        return dict(zip(open_actions._ids, days, strict=True))

    # ------------------------------------------------------------------ pause

    def _actions_pause(self, reason):
        """Pause the lists that run and have something open.

        :param str reason: one of ``actions_pause_reason``
        """
        # sudo: a reply or a meeting pauses the list, whoever brings it in.
        leads = self.sudo().filtered(
            lambda lead: not lead.actions_pause_reason and lead.action_ids._open()
        )
        leads._actions_hold(reason)
        leads._actions_reconcile()

    def _actions_hold(self, reason):
        """Write down that the lists are paused from now on."""
        if not self:
            return
        as_engine(self).write(
            {
                "actions_pause_reason": reason,
                "actions_paused_at": fields.Datetime.now(),
            }
        )
        label = dict(
            self._fields["actions_pause_reason"]._description_selection(self.env)
        )[reason]
        body = self.env._("Actions paused: %(reason)s", reason=label)
        self._message_log_batch(bodies=dict.fromkeys(self.ids, body))

    def _actions_resume(self, days=None):
        """Resume the lists that are paused; their dates move by the pause.

        A list whose opportunity is archived stays on hold until that is restored.

        :param int days: move them by at most so many days; None: by all of the pause
        """
        # sudo: all the lead's actions, also those the user cannot read.
        leads = self.sudo().filtered("actions_pause_reason")
        archived = leads.filtered(lambda lead: not lead.active)
        as_engine(archived).write({"actions_pause_reason": "lost"})
        (leads - archived)._actions_release(days)
        # Nobody is told of an assignment that is not new.
        leads.with_context(mail_activity_quick_update=True)._actions_reconcile()

    def _actions_release(self, days=None):
        """Move the dates by the pause, and write down that it is over."""
        if not self:
            return
        moved_by = defaultdict(self.browse)
        for lead in self:
            moved_by[
                lead._actions_shift_dates(lead.action_ids._open(), at_most=days)
            ] |= lead
        as_engine(self).write(
            {"actions_pause_reason": False, "actions_paused_at": False}
        )
        for moved, leads in moved_by.items():
            body = (
                self.env._("Actions resumed; their dates moved by %(days)s days")
                if moved > 1
                else self.env._("Actions resumed; their dates moved by one day")
                if moved
                else self.env._("Actions resumed")
            )
            leads._message_log_batch(
                bodies=dict.fromkeys(leads.ids, body % {"days": moved})
            )

    def _actions_shift_dates(self, actions, at_most=None):
        """Move due dates by the part of the pause that passed since they were set.

        A date that somebody chose during the pause stays, and so does the day of a
        booked meeting. Nothing happens where the list is not paused.

        :param actions: open ones of the list of ``self``, one lead
        :param int at_most: days, None for no limit
        :return: by how many days at the most a date moved
        """
        self.ensure_one()
        paused_at, now = self.actions_paused_at, fields.Datetime.now()
        if not paused_at:
            return 0
        works_on = WorkingDays()
        most = 0
        for action in actions.filtered("date_deadline"):
            set_on = action.date_set_on
            fixed = action.calendar_event_id or (
                set_on and action.date_origin == "chosen"
            )
            days = (
                0
                if fixed
                else schedule.pause_days(
                    paused_at, set_on or None, now, action._tz(), at_most
                )
            )
            vals = {"date_set_on": False} if set_on else {}
            if days:
                vals["date_deadline"] = schedule.resumed(
                    action.date_deadline,
                    days,
                    action.delay_unit,
                    works_on[action.company_id],
                )
                most = max(most, days)
            if vals:
                action._write_by_engine(vals)
        self._actions_shift_plan_dates(actions.run_id._active(), at_most)
        return most

    def _actions_shift_plan_dates(self, runs, at_most):
        """Move the dates that steps to come would count from, as their dates move."""
        tz, now = self._actions_tz(), fields.Datetime.now()
        paused = schedule.pause_days(self.actions_paused_at, None, now, tz, at_most)
        for run in runs.filtered("plan_date"):
            days = min(paused, (self._actions_today() - run.started_on).days)
            if days > 0:
                run._write_by_engine(
                    {"plan_date": schedule.resumed(run.plan_date, days, "days", None)}
                )

    def _actions_settle_pauses(self):
        """What is archived is on hold, what is restored is not, nor an empty list."""
        empty = self.filtered(
            lambda lead: lead.actions_pause_reason and not lead.action_ids._open()
        )
        as_engine(empty).write(
            {"actions_pause_reason": False, "actions_paused_at": False}
        )
        full = self - empty
        full.filtered(
            lambda lead: (
                not lead.active
                and not lead.actions_pause_reason
                and lead.action_ids._open()
            )
        )._actions_hold("lost")
        full.filtered(
            lambda lead: lead.active and lead.actions_pause_reason == "lost"
        )._actions_release()

    def _actions_pause_by_plan(self, event):
        """Pause the lists of which an open action's plan asks for it.

        One search, also for e-mails to leads that are deleted or have no list.

        :param str event: "reply" or "meeting"
        """
        if not self.env["mail.activity.plan"]._is_pausing(event):
            return
        # sudo: the customer or colleague behind the event need not see the runs.
        runs = self.env["crm.action.run"].sudo().with_context(active_test=False)
        runs.search(
            [
                ("lead_id", "in", self.ids),
                ("state", "=", "running"),
                (f"plan_id.pause_on_{event}", "=", True),
            ]
        ).lead_id.with_env(self.env)._actions_pause(event)

    def _actions_tz(self):
        """The timezone whose days count for the opportunity."""
        # sudo: the timezone of a colleague.
        return self.user_id.sudo().tz or "UTC"

    def _actions_today(self):
        """The date where the salesperson lives."""
        return schedule.local_date(fields.Datetime.now(), self._actions_tz())

    # ----------------------------------------------------------------- repair

    def _actions_repair(self):
        """:meth:`_actions_reconcile`, after things it never sees."""
        # sudo: runs as the scheduler, on all companies.
        leads = self.sudo().exists()
        self.env.add_to_compute(leads._fields["next_action_id"], leads)
        self.env.add_to_compute(leads._fields["no_next_action"], leads)
        actions = leads.action_ids
        mirrors = actions.activity_ids.filtered("active")
        closed = mirrors - mirrors.filtered(
            lambda mirror: mirror.crm_action_id in actions._open()
        )
        as_engine(closed).action_archive()
        fronts = actions.filtered(lambda action: action.state in FRONT_STATES)
        fronts.filtered(lambda action: not action.date_deadline)._take_turn()
        for mirror in mirrors - closed:
            lead = mirror.crm_action_id.lead_id
            if mirror.res_model != "crm.lead" or mirror.res_id != lead.id:
                as_engine(mirror).write(
                    {
                        "res_model_id": self.env["ir.model"]._get_id("crm.lead"),
                        "res_id": lead.id,
                    }
                )
        leads._actions_reconcile()

    def _actions_check_days(self, days):
        """``days`` if it is a limit for the days of a pause.

        :raise UserError: when it is not
        """
        if days is None or days is False:
            return None
        if not isinstance(days, int) or not 0 <= days <= schedule.MAX_DELAY:
            raise UserError(
                self.env._("Say by how many days the dates move, from 0 upwards.")
            )
        return days
