# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from collections import defaultdict

from odoo import fields, models

from ..tools import WorkingDays, as_engine

# The first open action of a list is its front: current, or on hold.
FRONT_STATES = ("todo", "paused")
OPEN_STATES = ("waiting", *FRONT_STATES)
CLOSED_STATES = ("done", "skipped", "cancelled")
# What an action and the activity that mirrors it have in common.
MIRROR_FIELDS = (
    "activity_type_id",
    "summary",
    "note",
    "user_id",
    "date_deadline",
    "calendar_event_id",
)


class CrmActionEngine(models.AbstractModel):
    """How an action changes: the half of ``crm.action`` that nobody calls from
    outside. All of it runs in superuser mode, on several lists at once, and leaves
    the choice of the front to :meth:`crm.lead._actions_reconcile`.
    """

    _name = "crm.action.engine"
    _description = "CRM Action: Engine"

    def _write_by_engine(self, vals):
        """Write through the ordinary ``write``, owned fields included."""
        if self:
            as_engine(self).write(vals)

    def _create_by_engine(self, vals_list):
        """Create through the ordinary ``create``, owned fields included."""
        return as_engine(self, len(vals_list)).create(vals_list).with_env(self.env)

    # ------------------------------------------------------------- the front

    def _take_turn(self):
        """These become the fronts of their lists: they get a date and an assignee."""
        works_on = WorkingDays()
        by_vals = defaultdict(list)
        for action in self:
            vals = action._turn_values(works_on)
            by_vals[tuple(vals.items())].append(action.id)
        for vals, action_ids in by_vals.items():
            self.browse(action_ids)._write_by_engine(dict(vals))

    def _turn_values(self, works_on):
        """What changes about an action whose turn it is.

        :param WorkingDays works_on: that of the batch
        """
        lead = self.lead_id
        vals = {"state": "paused" if lead.actions_pause_reason else "todo"}
        if self.date_deadline and (self.user_id or self.responsible_type == "fixed"):
            return vals
        before = self._step_before()
        user = self.user_id
        if not user and (user := self._find_responsible(before)):
            vals["user_id"] = user.id
        if not self.date_deadline:
            vals.update(
                date_origin="counted",
                date_deadline=self._count_date(before, user, works_on),
                date_set_on=lead.actions_pause_reason and fields.Datetime.now(),
            )
        return vals

    def _find_responsible(self, before):
        """Who gets an action that has nobody, now that it is its turn.

        :param before: the step before it, may be empty
        """
        lead = self.lead_id
        candidates = {
            "previous": (before.done_by_id, lead.user_id),
            "team_leader": (lead.team_id.user_id, lead.user_id),
            "salesperson": (lead.user_id,),
        }.get(self.responsible_type, ())
        return next(
            (user for user in candidates if user.active and not user.share),
            self.env["res.users"],
        )

    def _wait_again(self):
        """Fronts wait again: what was found at their turn is forgotten."""
        for counted, with_date in self.grouped(
            lambda action: action.date_origin == "counted"
        ).items():
            for found, actions in with_date.grouped(
                lambda action: action.responsible_type != "fixed"
            ).items():
                vals = {"state": "waiting"}
                if counted:
                    vals.update(
                        date_deadline=False, date_origin=False, date_set_on=False
                    )
                if found:
                    vals["user_id"] = False
                actions._write_by_engine(vals)

    # ------------------------------------------------------ closed and reopened

    def _close(self, state, **vals):
        """Change the state of open actions, nothing else.

        :param vals: feedback, skip_reason, outcome_id, stopped
        """
        self._write_by_engine(
            {
                "state": state,
                "done_on": fields.Datetime.now(),
                "done_by_id": self.env.uid,
                **vals,
            }
        )

    def _cancel(self, **vals):
        """Cancel the open ones of ``self``, which are returned."""
        actions = self._open()
        actions.lead_id._actions_lock()
        actions._close("cancelled", **vals)
        actions._unlink_mirrors()
        return actions

    def _undo(self):
        """See :meth:`crm.action.action_reopen`."""
        if not self:
            return
        leads = self.lead_id
        leads._actions_lock()
        stopping = self.filtered(lambda action: action._outcome_did("stopped"))
        lost = [(action.lead_id, action._outcome_did("lost")) for action in self]
        self._come_first()
        self._reopen()
        self._withdraw_what_followed(stopping)
        for lead, values in lost:
            if values and not lead.active:
                lead.action_restore()
                lead.write(values)
        leads._actions_reconcile()
        leads._message_log_batch(
            bodies={
                lead.id: self.env._(
                    "Reopened: %(actions)s",
                    actions=", ".join(of_lead.mapped("display_name")),
                )
                for lead, of_lead in self.grouped("lead_id").items()
            }
        )

    def _reopen(self):
        """Closed actions wait again, where they are."""
        self._write_by_engine(
            {
                "state": "waiting",
                "done_on": False,
                "done_by_id": False,
                "feedback": False,
                "skip_reason": False,
                "outcome_id": False,
                "outcome_undo": False,
                "stopped": False,
            }
        )
        as_engine(self.activity_ids.filtered("feedback")).write({"feedback": False})
        # Who has left since kept the closed action, and cannot have it open.
        self.filtered(
            lambda action: action.user_id and not action.user_id.active
        )._hand_over()

    def _come_first(self):
        """Closed actions that are to be reopened come before all open ones."""
        for lead, actions in self.grouped("lead_id").items():
            others = (lead.action_ids - actions)._open()
            sequence = min(others.mapped("sequence"), default=None)
            if sequence is not None and actions._in_order()[-1:].sequence >= sequence:
                for action in actions._in_order()[::-1]:
                    sequence -= 1
                    action._write_by_engine({"sequence": sequence})

    def _withdraw_what_followed(self, stopping):
        """Take back what the outcomes of these actions created, and go on with what
        they stopped, unless something of what replaced it is done.

        :param stopping: those of ``self`` whose outcome stopped their plan
        """
        started = self.env["crm.action.run"].search(
            [("origin_action_id", "in", self.ids)]
        )
        kept = started.filtered(lambda run: run._is_begun())
        (stopping - kept.origin_action_id).run_id._restart("outcome")
        (started - kept)._withdraw()
        self.search(
            [("origin_action_id", "in", self.ids), ("state", "in", OPEN_STATES)]
        )._withdraw()

    def _outcome_did(self, effect):
        """What the outcome of the action changed, as it was; None: not that.

        :param str effect: "stopped" (the plan) or "lost" (the opportunity)
        """
        return (self.outcome_undo or {}).get(effect)

    def _withdraw(self):
        """Take back open actions that the engine created: deleted, or cancelled
        when somebody has changed them since."""
        changed = self.filtered(lambda action: action._is_changed_by_person())
        changed._cancel()
        (self - changed).unlink()

    def _is_changed_by_person(self):
        """Whether the action says something else than the engine wrote into it.

        Another assignee does not count where the opportunity or the user changed.
        """
        if self.origin_action_id:
            copied = self.origin_action_id._step_values()
        else:
            copied = (self.run_id.steps or {}).get(str(self.plan_template_id.id))
        if not copied:
            return True
        own = self._step_values()
        user = self.user_id
        if own["responsible_type"] != "fixed" or user in (
            self.lead_id.user_id,
            self.env["res.users"],
        ):
            own["user_id"] = copied["user_id"]
        return self.date_origin == "chosen" or any(
            own[name] != copied[name] for name in own
        )

    def _step_values(self):
        """What an action has from the step of a plan, to be compared."""
        self.ensure_one()
        return {
            "activity_type_id": self.activity_type_id.id,
            "summary": self.summary or "",
            "note": str(self.note or ""),
            "delay_count": self.delay_count,
            "delay_unit": self.delay_unit or "",
            "delay_from": self.delay_from or "",
            "responsible_type": self.responsible_type,
            "user_id": self.user_id.id if self.responsible_type == "fixed" else False,
        }

    def _apply_step(self, before, now, works_on):
        """Take what has changed in the step; what somebody changed here stays.

        :param dict before: what the step said when it was copied
        :param dict now: what it says now
        :param WorkingDays works_on: that of the batch
        """
        own = self._step_values()
        vals = {}
        for names in (
            ("activity_type_id",),
            ("summary",),
            ("note",),
            ("responsible_type", "user_id"),
            ("delay_count", "delay_unit", "delay_from"),
        ):
            changed = any(now[name] != before[name] for name in names)
            if changed and all(own[name] == before[name] for name in names):
                vals.update((name, now[name] or False) for name in names)
        if "delay_from" in vals and self.date_origin != "chosen":
            vals.update(date_deadline=False, date_origin=False, date_set_on=False)
            if now["delay_from"] == "plan_date":
                step = self.plan_template_id
                vals.update(step._planned_date(self.run_id, works_on))
        if vals:
            self._write_by_engine(vals)

    # ------------------------------------------------------------------ people

    def _hand_over(self):
        """To the salesperson of the opportunity, else to nobody."""
        for lead_user, actions in self.grouped(lambda a: a.lead_id.user_id).items():
            for company, of_company in actions.grouped("company_id").items():
                able = lead_user.active and (
                    not company or company in lead_user.company_ids
                )
                for former, of_user in of_company.grouped("user_id").items():
                    heir = (
                        lead_user if able and lead_user != former else former.browse()
                    )
                    of_user._assign(heir.id)

    def _assign(self, user_id):
        """Give open actions to another user, because a user or lead changed."""
        self._write_by_engine({"user_id": user_id})
        self._push()

    # ------------------------------------------------------------------- lists

    def _move_to(self, lead):
        """Put actions at the end of the list of ``lead``, mirrors included.

        What stood together stays together: list by list, each in its order. A front
        waits again: its turn on the other list is counted there. A run goes along with
        all of its actions; one that leaves the others leaves the run.
        """
        if not self:
            return
        leads = self.lead_id
        (leads | lead)._actions_lock()
        self._leave_pause(lead)
        self.filtered(lambda action: action.state in FRONT_STATES)._wait_again()
        sequence = self._last_sequences(lead.ids).get(lead.id, 0)
        runs = self.run_id.filtered(lambda run: run.action_ids <= self)
        for actions in self.grouped("lead_id").values():
            for action in actions._in_order():
                sequence += 10
                vals = {"lead_id": lead.id, "sequence": sequence}
                if action.run_id not in runs:
                    vals["run_id"] = False
                action._write_by_engine(vals)
        as_engine(self.activity_ids).write({"res_id": lead.id})
        runs._write_by_engine({"lead_id": lead.id})
        (leads | lead)._actions_reconcile()

    def _leave_pause(self, lead):
        """Bring the dates of actions that go to the list of ``lead`` to its pause.

        The pause of the list that they leave has been, and counts; that of the list
        to which they come counts from now on.
        """
        for former, actions in self._open().grouped("lead_id").items():
            former._actions_shift_dates(actions)
        if lead.actions_pause_reason:
            self._open().filtered("date_deadline")._write_by_engine(
                {"date_origin": "planned", "date_set_on": fields.Datetime.now()}
            )

    def _place_after(self, vals):
        """Give ``vals`` of a new action its place right after this one."""
        items = list(self.lead_id.action_ids._in_order())
        items.insert(items.index(self) + 1, vals)
        self.env["crm.action.run"]._renumber(items)
        return vals

    def _last_sequences(self, lead_ids):
        """id of a lead → the last sequence of its list, where it has one."""
        # sudo: the end of the list may be an action the user cannot see.
        groups = (
            self.env["crm.action"]
            .sudo()
            ._read_group([("lead_id", "in", lead_ids)], ["lead_id"], ["sequence:max"])
        )
        return {lead.id: sequence for lead, sequence in groups}

    def _log_skipped(self):
        leads = self.filtered("skip_reason").grouped("lead_id")
        self.env["crm.lead"].sudo().browse(
            lead.id for lead in leads
        )._message_log_batch(
            bodies={
                lead.id: self.env._(
                    "Skipped: %(actions)s. Reason: %(reason)s",
                    actions=", ".join(actions.mapped("display_name")),
                    reason=actions[0].skip_reason,
                )
                for lead, actions in leads.items()
            }
        )
