# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import itertools
import os
from datetime import datetime, timedelta

import hypothesis
from freezegun import freeze_time
from hypothesis import strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from odoo.exceptions import AccessError, MissingError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from . import simulation
from .common import TODAY, CrmActionsCommon, days
from .invariants import violations

STEPS = int(os.environ.get("CRM_ACTIONS_WALK_STEPS", "500"))
SEED = int(os.environ.get("CRM_ACTIONS_WALK_SEED", "19"))
STEPS_OF_A_WALK = 50
HOLIDAYS = {TODAY + timedelta(days=number) for number in (1, 7, 8, 9, 31, 38)}

number = strategies.integers(0, 30)
# What Odoo may answer to somebody; anything else is a bug.
ANSWERS = (AccessError, MissingError, UserError, ValidationError)


def works_on(day):
    return day.weekday() < 5 and day not in HOLIDAYS


class Walk(RuleBasedStateMachine):
    """Every public operation on three opportunities, in any order, by anybody.

    Numbers choose among what is there, so that every step means something. Each step
    is a request of its own: nothing of the one before is in the cache. What Odoo
    accepts happens in a simulation as well, and after each step every action must be
    what the simulation says: its state, place, assignee, date and expected date.
    """

    case = None
    steps = 0

    def __init__(self):
        super().__init__()
        self.env = self.case.env
        self.savepoint = self.env.cr.savepoint()
        self.leads = self.case.walk_leads
        freezer = freeze_time(datetime(TODAY.year, TODAY.month, TODAY.day, 12))
        self.clock = freezer.start()
        self.stop_clock = freezer.stop
        self.users = dict(zip("mabe", self.case.walk_users, strict=True))
        self.names = {user.id: name for name, user in self.users.items()}
        self.world = simulation.World(
            datetime.now(),
            {name: user.tz or "UTC" for name, user in self.users.items()},
            works_on,
        )
        # Whether each opportunity is won.
        self.won_before = {}
        self.compared = {}
        for lead in self.leads:
            self.know_lead(lead)
        for number, action in enumerate(self.case.lead.action_ids, 1):
            self.world.add(
                self.line(self.case.lead),
                simulation.Action(action.id, due=days(number), who="a"),
            )
        # A walk without a plan would be dull.
        self.start_plan(which=1, who=0)

    def teardown(self):
        self.stop_clock()
        self.savepoint.close(rollback=True)
        self.env.invalidate_all()

    # ----------------------------------------------------------------- the proof

    @invariant()
    def lists_are_right(self):
        type(self).steps += 1
        found = violations(self.env)
        assert not found, found
        self.env.invalidate_all()
        leads = self.env["crm.lead"].browse([line.key for line in self.world.lists])
        for lead, line in zip(leads, self.world.lists, strict=True):
            self.compare(lead, line)
        late = leads.action_ids.filtered("is_late")
        assert (
            late.search([("is_late", "=", True), ("id", "in", leads.action_ids.ids)])
            == late
        )
        self.env.invalidate_all()

    def compare(self, lead, line):
        assert (lead.actions_pause_reason or None) == line.pause_reason
        assert (lead.actions_paused_at or None) == line.paused_at
        found = [
            {
                "id": action.id,
                "state": action.state,
                "who": self.names.get(action.user_id.id),
                "due": action.date_deadline or None,
                "by": action.date_origin or None,
                "days_late": action.days_late,
                "run": action.run_id.state or None,
            }
            for action in lead.action_ids
        ]
        simulated = [
            {
                "id": action.key,
                "state": action.state,
                "who": action.who,
                "due": action.due,
                "by": action.due_by,
                "days_late": self.days_late(action),
                "run": action.run and action.run.state,
            }
            for action in line.actions
        ]
        self.check(found, simulated)
        # What is not stored depends on these and on the time.
        if self.compared.get(lead.id) != (self.world.now, simulated):
            self.compared[lead.id] = (self.world.now, simulated)
            self.check(
                [
                    (action.estimated_date, action.is_late)
                    for action in lead.action_ids._open()
                ],
                [
                    (expected, self.is_late(action))
                    for action, expected in zip(
                        line.open, self.world.expected(line), strict=True
                    )
                ],
            )

    def check(self, found, simulated):
        assert found == simulated, "\n".join(
            [f"it is {self.world.now}; found, and simulated:"]
            + [
                f"{one}\n{other}{'' if one == other else ' <<<'}"
                for one, other in itertools.zip_longest(found, simulated)
            ]
        )

    def is_late(self, action):
        return action.state == "todo" and action.due < self.world.today(action)

    def days_late(self, action):
        if action.state != "done" or not action.due:
            return 0
        return max((self.world.day_of_closing(action) - action.due).days, 0)

    # ------------------------------------------------------------ who and what

    def pick(self, records, which):
        return records[which % len(records)] if records else records

    def name(self, who):
        """The manager, who may do everything, more often than the others."""
        return "mabemmm"[who % 7]

    def user(self, who):
        return self.users[self.name(who)]

    def pass_time(self, which):
        """Some hours, or none, before anything happens."""
        self.world.wait(5 * (which % 6))
        self.clock.move_to(self.world.now)

    def attempt(self, records, who, method, *arguments):
        """Let somebody do something.

        :return: whether Odoo has accepted; if not, nothing has changed
        """
        try:
            with self.env.cr.savepoint():
                self.answer = getattr(records.with_user(self.user(who)), method)(
                    *arguments
                )
        except ANSWERS:
            self.env.invalidate_all()
            return False
        self.env.flush_all()
        self.env.invalidate_all()
        return True

    def lead(self, which):
        self.pass_time(which)
        return self.pick(self.leads.exists(), which)

    def line(self, lead):
        return next(line for line in self.world.lists if line.key == lead.id)

    def action(self, which):
        self.pass_time(which)
        actions = self.env["crm.action"].search([("lead_id", "in", self.leads.ids)])
        return self.pick(actions, which)

    def simulated(self, actions):
        return [
            action
            for line in self.world.lists
            for action in line.actions
            if action.key in actions._ids
        ]

    def mirror(self, which):
        self.pass_time(which)
        mirrors = self.env["mail.activity"].search(
            [
                ("res_model", "=", "crm.lead"),
                ("res_id", "in", self.leads.ids),
                ("crm_action_id", "!=", False),
                ("active", "in", [True, False]),
            ],
            order="id",
        )
        return self.pick(mirrors, which)

    # ------------------------------------------- the opportunity, which is Odoo's

    def know_lead(self, lead):
        """A list for an opportunity that is new here."""
        line = simulation.ActionList(lead.id)
        self.world.lists.append(line)
        line.salesperson = self.names.get(lead.user_id.id)
        line.leader = self.names.get(lead.team_id.user_id.id)
        self.won_before[lead.id] = lead.won_status == "won"
        return line

    def follow_leads(self):
        """What has changed about opportunities happens to their lists."""
        for line in self.world.lists:
            lead = self.env["crm.lead"].browse(line.key)
            line.leader = self.names.get(lead.team_id.user_id.id)
            salesperson = self.names.get(lead.user_id.id)
            if salesperson != line.salesperson:
                self.world.change_salesperson(line, salesperson)
            if lead.active and not line.active:
                # Odoo restores a lost opportunity before it is won.
                self.world.set_active(line, True)
            won, was_won = lead.won_status == "won", self.won_before[lead.id]
            if won != was_won:
                self.won_before[lead.id] = won
                runs = {action.run for action in line.actions if action.run}
                (self.world.stop if won else self.world.restart)(runs, "won")
            if lead.active != line.active:
                self.world.set_active(line, lead.active)

    def on_lead(self, which, who, method, *arguments):
        if (lead := self.lead(which)) and self.attempt(lead, who, method, *arguments):
            self.follow_leads()
            return self.line(lead)

    # ----------------------------------------------------------------- the clock

    @rule(hours=strategies.integers(0, 24 * 6), minutes=number)
    def wait(self, hours, minutes):
        self.world.wait(hours, minutes)
        self.clock.move_to(self.world.now)

    # ----------------------------------------------------------------- actions

    @rule(which=number, who=number, day=number, whom=number)
    def add(self, which, who, day, whom):
        lead = self.lead(which)
        if not lead or len(lead.action_ids) > 12:
            return
        due = day and self.day(day)
        user = self.user(whom)
        vals = {
            "lead_id": lead.id,
            "summary": "Étape",
            "activity_type_id": self.case.call.id,
            "date_deadline": due,
            "user_id": user.id,
        }
        known = lead.action_ids
        if self.attempt(self.env["crm.action"], who, "create", vals):
            self.world.add(
                self.line(lead),
                simulation.Action(
                    (lead.action_ids - known).id, due=due or None, who=self.name(whom)
                ),
            )

    def day(self, number):
        return self.world.now.date() + timedelta(days=number - 10)

    def on_action(self, which, who, method, *arguments):
        """:return: the simulated action, in a list, if Odoo has accepted"""
        action = self.action(which)
        if action and self.attempt(action, who, method, *arguments):
            return self.simulated(action)
        return []

    @rule(which=number, who=number)
    def done(self, which, who):
        done = self.on_action(which, who, "action_done", "Fait")
        self.world.close(done, "done", self.name(who))

    @rule(which=number, who=number)
    def all_done(self, which, who):
        actions = self.lead(which).action_ids
        if self.attempt(actions, who, "action_done"):
            self.world.close(self.simulated(actions), "done", self.name(who))

    @rule(which=number, who=number, outcome=number)
    def done_with_outcome(self, which, who, outcome):
        action = self.action(which)
        outcome = self.pick(action.plan_template_id.outcome_ids, outcome)
        if not outcome:
            return
        known = action.lead_id.action_ids
        was_open = action._open()
        if not self.on_action(which, who, "action_done", False, outcome.id):
            return
        if not was_open:
            return
        done = self.simulated(action)[0]
        line = self.world.list_of(done)
        done.outcome = outcome.next_kind
        self.world.close([done], "done", self.name(who), settle=False)
        again = action.lead_id.action_ids - known
        if outcome.next_kind == "repeat" and done.repeated < outcome.repeat_max:
            self.world.repeat(
                done,
                simulation.Action(again.id, repeated=done.repeated + 1),
                outcome.repeat_days,
            )
        elif outcome.next_kind == "stop":
            self.world.stop([done.run], "outcome")
        self.world.settle(line)
        self.follow_leads()

    @rule(which=number, who=number)
    def skip(self, which, who):
        skipped = self.on_action(which, who, "action_skip", "Congé")
        self.world.close(skipped, "skipped", self.name(who))

    @rule(which=number, who=number)
    def cancel(self, which, who):
        cancelled = self.on_action(which, who, "action_cancel")
        self.world.close(cancelled, "cancelled", self.name(who))

    @rule(which=number, who=number)
    def reopen(self, which, who):
        if action := self.action(which):
            simulated = self.simulated(action)[0]
            if self.attempt(action, who, "action_reopen"):
                self.reopened(simulated)

    def reopened(self, action):
        if action.is_open:
            return
        line = self.world.list_of(action)
        for again in [a for a in line.open if a.repeats is action]:
            # Deleted, unless somebody has changed it.
            record = self.env["crm.action"].browse(again.key).exists()
            if record:
                self.world.close([again], "cancelled", settle=False)
            else:
                line.actions.remove(again)
        outcome, action.outcome = action.outcome, None
        if outcome == "stop":
            self.world.restart([action.run], "outcome")
        self.follow_leads()
        self.world.reopen([action])

    @rule(which=number, who=number, day=number)
    def reschedule(self, which, who, day):
        day = self.day(day)
        rescheduled = self.on_action(which, who, "action_reschedule", day)
        self.world.reschedule([a for a in rescheduled if a.is_open], day)

    @rule(which=number, who=number, days=number)
    def postpone(self, which, who, days):
        self.world.postpone(
            self.on_action(which, who, "action_postpone", days - 3), days - 3
        )

    @rule(which=number, who=number, days=number)
    def postpone_all(self, which, who, days):
        actions = self.lead(which).action_ids
        if self.attempt(actions, who, "action_postpone", days):
            self.world.postpone(self.simulated(actions), days)

    @rule(which=number, who=number, whom=number)
    def reassign(self, which, who, whom):
        nobody = whom > 25
        reassigned = self.on_action(
            which, who, "action_reassign", not nobody and self.user(whom).id
        )
        self.world.reassign(
            [action for action in reassigned if action.is_open],
            None if nobody else self.name(whom),
        )

    @rule(which=number, who=number, taken=number, place=number)
    def drag(self, which, who, taken, place):
        """As the web client does it: one action goes to another place."""
        ids = self.lead(which).action_ids.ids
        if not ids:
            return
        ids.insert(place % len(ids), ids.pop(taken % len(ids)))
        actions = self.env["crm.action"].browse(ids)
        if self.attempt(actions, who, "web_resequence", {"sequence": {}}):
            self.world.put_in_order(self.line(actions.lead_id), ids)

    @rule(which=number, who=number)
    def rename(self, which, who):
        self.on_action(which, who, "write", {"summary": f"Étape {who}", "note": "<p/>"})

    @rule(which=number, who=number)
    def forget_the_date(self, which, who):
        action = self.action(which)
        if action._open():
            forgotten = self.on_action(which, who, "write", {"date_deadline": False})
            self.world.reschedule(forgotten, None)

    @rule(which=number, who=number, where=number)
    def move(self, which, who, where):
        lead = self.lead(where)
        moved = self.on_action(which, who, "write", {"lead_id": lead.id})
        line = self.line(lead)
        self.world.move([a for a in moved if a not in line.actions], line)

    @rule(which=number, who=number)
    def delete(self, which, who):
        if action := self.action(which):
            simulated = self.simulated(action)
            if self.attempt(action, who, "unlink"):
                self.world.delete(simulated[0])

    @rule(which=number, who=number)
    def start_plan(self, which, who):
        lead = self.lead(which)
        line = self.line(lead)
        if len(line.actions) > 12:
            return
        known = lead.action_ids
        vals = {
            "res_model": "crm.lead",
            "res_ids": str(lead.ids),
            "plan_id": self.case.walk_plan.id,
        }
        if not self.attempt(self.env["mail.activity.schedule"], who, "create", vals):
            return
        wizard = self.answer
        plan_date = wizard.plan_date
        if not self.attempt(wizard, who, "action_schedule_plan"):
            return
        created = lead.action_ids - known
        if not created:
            assert any(
                a.run and a.run.state in ("running", "paused") for a in line.actions
            )
            return
        run = simulation.Run()
        self.world.start_plan(
            line,
            [
                simulation.Action(
                    action.id,
                    count=template.delay_count,
                    unit=template.delay_unit,
                    origin="plan_date"
                    if template.delay_from == "after_plan_date"
                    else template.delay_from,
                    kind="fixed"
                    if template.responsible_type == "other"
                    else template.responsible_type,
                    who=self.names.get(template.responsible_id.id),
                    run=run,
                )
                for action, template in zip(
                    created, self.case.walk_plan.template_ids, strict=True
                )
            ],
            plan_date,
        )

    # ------------------------------------------------------------ the activity

    def on_mirror(self, which, who, method, *arguments):
        """:return: the simulated action, if Odoo has accepted, and whether its
        activity was open before"""
        if mirror := self.mirror(which):
            action, active = mirror.crm_action_id, mirror.active
            if self.attempt(mirror, who, method, *arguments):
                return self.simulated(action), active
        return [], False

    @rule(which=number, who=number)
    def mirror_done(self, which, who):
        actions, active = self.on_mirror(which, who, "action_feedback", "Fait")
        if active:
            self.world.close(actions, "done", self.name(who))

    @rule(which=number, who=number)
    def mirror_deleted(self, which, who):
        actions, active = self.on_mirror(which, who, "unlink")
        if active:
            self.world.close(actions, "skipped", self.name(who))

    @rule(which=number, who=number)
    def mirror_archived(self, which, who):
        actions, active = self.on_mirror(which, who, "action_archive")
        if active:
            self.world.close(actions, "done", self.name(who))

    @rule(which=number, who=number)
    def mirror_unarchived(self, which, who):
        actions, active = self.on_mirror(which, who, "action_unarchive")
        if actions and not active:
            self.reopened(actions[0])

    @rule(which=number, who=number, day=number, whom=number)
    def mirror_changed(self, which, who, day, whom):
        day = self.day(day)
        actions, active = self.on_mirror(
            which,
            who,
            "write",
            {
                "date_deadline": day,
                "summary": f"Vue {day}",
                "user_id": self.user(whom).id,
            },
        )
        if not active:
            return
        for action in actions:
            if action.due != day:
                self.world.reschedule([action], day)
            if action.who != self.name(whom):
                self.world.reassign([action], self.name(whom))

    # ---------------------------------------------------------- the opportunity

    @rule(which=number, who=number)
    def pause(self, which, who):
        if line := self.on_lead(which, who, "action_pause_actions"):
            self.world.pause(line)

    @rule(which=number, who=number, limit=strategies.sampled_from([None, None, 0, 3]))
    def resume(self, which, who, limit):
        if line := self.on_lead(which, who, "action_resume_actions", limit):
            self.world.resume(line, limit)

    @rule(
        which=number,
        who=number,
        hours=strategies.integers(0, 24 * 10),
        done=strategies.booleans(),
        more_hours=strategies.integers(0, 24 * 10),
        limit=strategies.sampled_from([None, None, 0, 3]),
    )
    def pause_for_a_while(self, which, who, hours, done, more_hours, limit):
        """What takes many steps to happen by chance."""
        self.pause(which, who)
        self.wait(hours, 0)
        if done:
            action = self.lead(which).action_ids._open()[:1]
            if self.attempt(action, who, "action_done"):
                self.world.close(self.simulated(action), "done", self.name(who))
        self.wait(more_hours, 0)
        self.resume(which, who, limit)

    @rule(which=number, who=number)
    def lost(self, which, who):
        self.on_lead(which, who, "action_set_lost")

    @rule(which=number, who=number)
    def restored(self, which, who):
        self.on_lead(which, who, "action_restore")

    @rule(which=number, who=number)
    def won(self, which, who):
        self.on_lead(which, who, "action_set_won")

    @rule(which=number, who=number)
    def next_stage(self, which, who):
        stages = self.case.stage_new + self.case.stage_next
        self.on_lead(which, who, "write", {"stage_id": self.pick(stages, who).id})

    @rule(which=number, who=number, whom=number)
    def salesperson(self, which, who, whom):
        self.on_lead(which, who, "write", {"user_id": self.user(whom).id})

    @rule(which=number, who=number)
    def archive(self, which, who):
        self.on_lead(which, who, "action_archive")

    @rule(which=number, who=number)
    def unarchive(self, which, who):
        self.on_lead(which, who, "action_unarchive")

    @rule(which=number, who=number)
    def duplicate(self, which, who):
        if len(self.leads) < 6 and (lead := self.lead(which)):
            known = self.env["crm.lead"].with_context(active_test=False).search([])
            if self.attempt(lead, who, "copy"):
                copied = known.search([]) - known
                assert not copied.action_ids
                self.leads += copied
                self.know_lead(copied)

    @rule(which=number, who=number, other=number)
    def merge(self, which, who, other):
        leads = self.lead(which) | self.lead(other)
        if len(leads) < 2 or len(self.leads.exists()) < 4:
            return
        if self.attempt(leads, who, "merge_opportunity"):
            kept = self.line(leads.exists())
            gone = self.line(leads - leads.exists())
            self.world.move(list(gone.actions), kept)
            self.world.lists.remove(gone)
            self.follow_leads()

    @rule(which=number, who=number)
    def delete_lead(self, which, who):
        lead = self.lead(which)
        if len(self.leads.exists()) > 3 and self.attempt(lead, who, "unlink"):
            self.world.lists.remove(self.line(lead))

    @rule()
    def nightly_repair(self):
        assert not self.env["crm.action"]._broken_lead_ids()


@tagged("post_install", "-at_install")
class TestRandomWalk(CrmActionsCommon):
    """Random walks with the invariants checked after each step.

    The walks are the same in every run. ``CRM_ACTIONS_WALK_SEED`` chooses others,
    ``CRM_ACTIONS_WALK_STEPS`` how long they are altogether; a failure prints the seed
    and the walk.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # No mail is written: what the lists do is looked at, very often.
        cls.env = cls.env(
            context={
                **cls.env.context,
                "tracking_disable": True,
                "mail_activity_quick_update": True,
            }
        )
        cls.walk_users = cls.manager + cls.ana + cls.bo + cls.employee
        for user, tz in zip(
            cls.walk_users,
            ("Europe/Brussels", "America/Los_Angeles", "Pacific/Auckland", False),
            strict=True,
        ):
            user.tz = tz
        cls.company.resource_calendar_id = cls.env["resource.calendar"].create(
            {"name": "Horaire d’été", "company_id": cls.company.id, "tz": "UTC"}
        )
        cls.env["resource.calendar.leaves"].create(
            [
                {
                    "name": "Congé",
                    "company_id": cls.company.id,
                    "date_from": f"{day} 00:00:00",
                    "date_to": f"{day} 23:59:59",
                }
                for day in HOLIDAYS
            ]
        )
        cls.walk_plan = cls._plan(
            {"delay_count": 1},
            {
                "delay_count": 2,
                "delay_unit": "working_days",
                "delay_from": "previous_done",
            },
            {
                "delay_count": 1,
                "delay_unit": "weeks",
                "responsible_type": "team_leader",
                "delay_from": "previous_deadline",
            },
            {
                "delay_count": 4,
                "responsible_type": "previous",
                "delay_from": "previous_done",
            },
            {
                "delay_count": 1,
                "delay_unit": "months",
                "responsible_type": "other",
                "responsible_id": cls.bo.id,
                "delay_from": "after_plan_date",
            },
        )
        step = cls.walk_plan.template_ids[:1]
        cls.env["crm.action.outcome"].create(
            [
                {"name": kind, "template_id": step.id, "next_kind": kind, **values}
                for kind, values in (
                    ("next", {}),
                    ("repeat", {"repeat_days": 2, "repeat_max": 2}),
                    ("stop", {}),
                    ("lost", {}),
                )
            ]
        )
        leads = cls.lead + cls._lead("Núñez") + cls._lead("Œuvre", user_id=cls.bo.id)
        cls.walk_leads = leads.with_env(cls.env)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    @mute_logger("odoo.models.unlink", "odoo.addons.crm.models.crm_lead")
    def test_random_walk(self):
        Walk.case, Walk.steps = self, 0
        self.addCleanup(setattr, Walk, "case", None)
        settings = hypothesis.settings(
            # A fifth more: some walks end early.
            max_examples=STEPS * 6 // 5 // STEPS_OF_A_WALK + 1,
            stateful_step_count=STEPS_OF_A_WALK,
            deadline=None,
            database=None,
            # Shrinking a walk takes longer than reading it.
            phases=[hypothesis.Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.seed(SEED)(Walk)
        with self.subTest(f"CRM_ACTIONS_WALK_SEED={SEED}"):
            run_state_machine_as_test(Walk, settings=settings)
            self.assertGreaterEqual(Walk.steps, STEPS)
