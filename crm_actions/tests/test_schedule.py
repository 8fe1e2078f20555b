# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""The arithmetic of dates, and the working days that it asks for."""

import doctest
import os
import time
from datetime import date, datetime, timedelta

import hypothesis
from hypothesis import strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from odoo.tests import BaseCase, new_test_user, tagged

from .. import schedule
from ..schedule import EARLIEST, LATEST, MAX_DELAY, Delay, Step
from . import simulation
from .common import TODAY, CrmActionsCommon, days  # a Tuesday

EXAMPLES = int(os.environ.get("CRM_ACTIONS_EXAMPLES", "300"))
# Both ends of the world, half and quarter hours, clocks that change by half an hour.
ZONES = (
    "UTC",
    "Europe/Brussels",
    "America/Los_Angeles",
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
    "Pacific/Auckland",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
)
number = strategies.integers(0, 30)


def monday_to_friday(day):
    return day.weekday() < 5


def never(day):
    return False


def always(day):
    return True


@tagged("post_install", "-at_install")
class TestSchedule(BaseCase):
    def assertDates(self, found, expected, **subtest):
        with self.subTest(**subtest):
            self.assertEqual(str(found), str(expected))

    def test_examples(self):
        found = doctest.testmod(schedule)
        self.assertGreater(found.attempted, 10)
        self.assertFalse(found.failed)

    def test_local_date(self):
        for moment, tz, expected in (
            ("2026-11-24 23:30:00", "Europe/Brussels", "2026-11-25"),
            ("2026-11-24 22:30:00", "Europe/Brussels", "2026-11-24"),
            ("2026-07-24 22:30:00", "Europe/Brussels", "2026-07-25"),
            ("2026-11-24 04:30:00", "America/New_York", "2026-11-23"),
            ("2026-11-24 11:00:00", "Pacific/Auckland", "2026-11-25"),
            # Samoa left out 30 December 2011
            ("2011-12-30 09:59:59", "Pacific/Apia", "2011-12-29"),
            ("2011-12-30 10:00:00", "Pacific/Apia", "2011-12-31"),
            ("2026-11-24 23:30:00", False, "2026-11-24"),
            ("2026-11-24 23:30:00", "Mars/Œuvre", "2026-11-24"),
        ):
            moment = datetime.fromisoformat(moment)
            self.assertDates(
                schedule.local_date(moment, tz), expected, moment=moment, tz=tz
            )

    def test_possible_dates(self):
        for day, possible in (
            (EARLIEST, True),
            (LATEST, True),
            (EARLIEST - timedelta(days=1), False),
            (LATEST + timedelta(days=1), False),
            (date.min, False),
            (date.max, False),
        ):
            with self.subTest(day=day):
                self.assertIs(schedule.is_possible_date(day), possible)

    def test_calendar_units(self):
        for start, count, unit, expected in (
            (TODAY, 10, "days", days(10)),
            (TODAY, 10, False, days(10)),
            (TODAY, -3, "days", days(-3)),
            (TODAY, 0, "months", TODAY),
            (TODAY, 2, "weeks", days(14)),
            (date(2027, 1, 31), 1, "months", "2027-02-28"),
            (date(2028, 1, 31), 1, "months", "2028-02-29"),
            (date(2028, 2, 29), 12, "months", "2029-02-28"),
            (date(2028, 3, 31), -1, "months", "2028-02-29"),
        ):
            self.assertDates(
                schedule.add(start, count, unit, None),
                expected,
                start=start,
                count=count,
                unit=unit,
            )

    def test_working_days(self):
        saturday = days(4)
        for start, count, expected in (
            (TODAY, 0, TODAY),
            (TODAY, 3, days(3)),
            (TODAY, 4, days(6)),
            (TODAY, -1, days(-1)),
            (TODAY, -2, days(-4)),
            (saturday, 0, days(6)),
            (saturday, 1, days(6)),
            (saturday, -1, days(3)),
            (TODAY, None, TODAY),
        ):
            self.assertDates(
                schedule.add(start, count, "working_days", monday_to_friday),
                expected,
                start=start,
                count=count,
            )

    def test_calendar_without_a_working_day(self):
        """The search goes on for twelve years, then from Monday to Friday."""
        for count, expected in (
            (0, "2039-01-03"),
            (1, "2039-01-03"),
            (6, "2039-01-10"),
            (-1, "2013-12-31"),
        ):
            self.assertDates(
                schedule.add(TODAY, count, "working_days", never), expected, count=count
            )

    def test_the_longest_delay_is_quick(self):
        """A list of many steps is computed whenever it is read."""
        start = time.process_time()
        for count in (MAX_DELAY, -MAX_DELAY):
            for works_on in (monday_to_friday, never, always):
                schedule.add(TODAY, count, "working_days", works_on)
        self.assertLess(time.process_time() - start, 0.5)

    def test_numbers_out_of_bounds(self):
        """What was stored before there were bounds is read without an error."""
        absurd = 10**12
        for start in (date.min, EARLIEST, TODAY, LATEST, date.max):
            for unit in ("days", "weeks", "months", "working_days", False):
                for works_on in (monday_to_friday, never, always):
                    for count in (absurd, -absurd, MAX_DELAY, -MAX_DELAY, 0):
                        with self.subTest(start=start, unit=unit, count=count):
                            day = schedule.add(start, count, unit, works_on)
                            self.assertTrue(schedule.is_possible_date(day))
                            limit = max(-MAX_DELAY, min(count, MAX_DELAY))
                            self.assertEqual(
                                day, schedule.add(start, limit, unit, works_on)
                            )
                    for origin in ("plan_date", "previous_done", "previous_deadline"):
                        delay = Delay(absurd, unit, origin)
                        step = Step(None, delay, start, works_on)
                        found = schedule.estimates([step, step], start, start)
                        self.assertTrue(all(map(schedule.is_possible_date, found)))
        for due, moved in ((date.max, absurd), (date.min, absurd), (date.max, -absurd)):
            day = schedule.resumed(due, moved, "working_days", never)
            self.assertTrue(schedule.is_possible_date(day))

    def test_count(self):
        """Done on d(-1) and due on d(-5), when there is a step before."""
        for delay, done, due, expected in (
            (Delay(3, "days", "previous_done"), days(-1), days(-5), days(2)),
            (Delay(3, "days", "previous_done"), None, None, days(3)),
            (Delay(9, "days", "previous_deadline"), days(-1), days(-5), days(4)),
            (Delay(9, "days", "previous_deadline"), days(-1), None, days(8)),
            (Delay(9, "days", "previous_deadline"), None, None, days(9)),
            # never in the past
            (Delay(1, "days", "previous_deadline"), days(-1), days(-5), TODAY),
            (Delay(1, "days", "previous_done"), days(-9), days(-5), TODAY),
            # as soon as its turn comes
            (Delay(9, "days", "plan_date"), days(-1), days(-5), TODAY),
            (Delay(9, "days", False), days(2), days(5), days(2)),
            (Delay(0, False, False), None, None, TODAY),
        ):
            self.assertDates(
                schedule.count(delay, TODAY, done, due, monday_to_friday),
                expected,
                delay=delay,
                done=done,
                due=due,
            )

    def test_late_working_days_wait_for_monday(self):
        saturday, monday = days(4), days(6)
        delay = Delay(1, "working_days", "previous_deadline")
        found = schedule.count(delay, saturday, saturday, TODAY, monday_to_friday)
        self.assertEqual(found, monday)

    def test_estimates(self):
        after = Delay(2, "days", "previous_done")
        from_deadline = Delay(2, "days", "previous_deadline")

        def estimates(*steps, done=None, due=None, today=TODAY):
            return schedule.estimates(
                [Step(*step, today, monday_to_friday) for step in steps], done, due
            )

        self.assertEqual(estimates(), [])
        self.assertEqual(
            estimates((days(-5), after), (None, after), (None, from_deadline)),
            [days(-5), days(2), days(4)],
        )
        self.assertEqual(
            estimates((days(-5), after), (None, from_deadline), (None, after)),
            [days(-5), TODAY, days(2)],
        )
        self.assertEqual(
            estimates((None, after), (days(1), after), (None, after), done=days(-1)),
            [days(1), days(1), days(3)],
        )
        self.assertEqual(
            estimates((None, from_deadline), done=days(-1), due=days(4)), [days(6)]
        )

    def test_estimates_after_a_step_whose_turn_comes_late(self):
        """It is done when its turn comes, not on its date, which is over by then."""
        for origin in ("previous_done", "previous_deadline"):
            after = Delay(1, "days", origin)
            steps = [
                Step(due, after, TODAY, monday_to_friday)
                for due in (days(10), days(2), None)
            ]
            expected = days(11) if origin == "previous_done" else days(10)
            self.assertDates(
                schedule.estimates(steps, None, None)[-1], expected, origin=origin
            )

    def test_estimates_of_people_around_the_world(self):
        """Each counts from their own today."""
        after = Delay(0, "days", "previous_done")
        steps = [
            Step(None, after, today, monday_to_friday)
            for today in (TODAY, days(1), TODAY)
        ]
        self.assertEqual(
            schedule.estimates(steps, None, None), [TODAY, days(1), days(1)]
        )

    def test_pause_days(self):
        def moment(day, hour=12):
            return datetime.combine(days(day), datetime.min.time()) + timedelta(
                hours=hour
            )

        for paused, was_set, resumed, tz, at_most, expected in (
            (moment(0), None, moment(10), "UTC", None, 10),
            (moment(0), None, moment(0, 23), "UTC", None, 0),
            # midnight in Brussels
            (moment(0), None, moment(0, 23), "Europe/Brussels", None, 1),
            (moment(0, 22), None, moment(0, 23), "Europe/Brussels", None, 1),
            # set during the pause
            (moment(0), moment(4), moment(10), "UTC", None, 6),
            (moment(0), moment(10), moment(10), "UTC", None, 0),
            # set before it
            (moment(0), moment(-4), moment(10), "UTC", None, 10),
            # chosen at resuming
            (moment(0), None, moment(10), "UTC", 3, 3),
            (moment(0), None, moment(10), "UTC", 0, 0),
            (moment(0), None, moment(10), "UTC", 30, 10),
            (moment(0), None, moment(10), "UTC", -3, 0),
            # a clock that was set back
            (moment(10), None, moment(0), "UTC", None, 0),
            (moment(0), moment(20), moment(10), "UTC", None, 0),
            # from before pauses had a beginning
            (False, False, moment(10), "UTC", None, 0),
        ):
            with self.subTest(paused=paused, was_set=was_set, resumed=resumed, tz=tz):
                self.assertEqual(
                    schedule.pause_days(paused, was_set, resumed, tz, at_most), expected
                )

    def test_resumed(self):
        for due, moved, unit, expected in (
            (days(2), 10, "days", days(12)),
            (days(2), 2, "days", days(4)),
            (days(2), 2, False, days(4)),
            (days(2), 2, "working_days", days(6)),
            (days(2), 4, "working_days", days(6)),
            # not moved, not even to a working day
            (days(4), 0, "working_days", days(4)),
            # longer than a delay can be
            (TODAY, MAX_DELAY + 1, "days", days(MAX_DELAY + 1)),
        ):
            self.assertDates(
                schedule.resumed(due, moved, unit, monday_to_friday),
                expected,
                due=due,
                moved=moved,
                unit=unit,
            )


class CheckedWorld(simulation.World):
    """A world in which ``schedule`` is asked as well, whenever a date changes."""

    def counted(self, action, today):
        day = super().counted(action, today)
        before = self.step_before(action)
        answer = schedule.count(
            Delay(action.count, action.unit, action.origin),
            today,
            before and self.day_of_closing(before),
            before and before.due,
            self.works_on,
        )
        assert answer == day, (answer, day, action)
        return day

    def after_pause(self, action, at_most):
        day = super().after_pause(action, at_most)
        if day is action.due:
            return day
        moved = schedule.pause_days(
            self.list_of(action).paused_at,
            action.due_set_at,
            self.now,
            self.zone(action),
            at_most,
        )
        answer = schedule.resumed(action.due, moved, action.unit, self.works_on)
        assert answer == day, (answer, day, action)
        return day

    def check_estimates(self, line):
        actions = line.open
        if not actions:
            return
        before = self.step_before(actions[0])
        answer = schedule.estimates(
            [
                Step(
                    action.due,
                    Delay(action.count, action.unit, action.origin),
                    self.today(action),
                    self.works_on,
                )
                for action in actions
            ],
            before and self.day_of_closing(before),
            before and before.due,
        )
        expected = self.expected(line)
        assert answer == expected, (answer, expected, actions)


class History(RuleBasedStateMachine):
    """What can happen to two lists, in any order, over some months.

    Numbers choose among what is there, so that every step means something.
    """

    def __init__(self):
        super().__init__()
        self.keys = iter(range(10**6))

    @initialize(
        start=strategies.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),
        zones=strategies.lists(strategies.sampled_from(ZONES), min_size=3, max_size=3),
        week=strategies.sets(strategies.integers(0, 6), min_size=1),
        holidays=strategies.sets(strategies.integers(0, 90), max_size=20),
    )
    def begin(self, start, zones, week, holidays):
        first_day = start.date()
        holidays = {first_day + timedelta(days=number) for number in holidays}
        self.world = CheckedWorld(
            start.replace(microsecond=0),
            dict(zip("abc", zones, strict=True)),
            lambda day: day.weekday() in week and day not in holidays,
        )
        self.world.lists = [
            simulation.ActionList(1, salesperson="a", leader="c"),
            simulation.ActionList(2, salesperson="b"),
        ]

    # ------------------------------------------------------------ who and what

    def line(self, which):
        self.pass_time(which)
        return self.world.lists[which % 2]

    def action(self, which):
        self.pass_time(which)
        actions = [action for line in self.world.lists for action in line.actions]
        return actions[which % len(actions)]

    def pass_time(self, which):
        """Some hours, or none, before anything happens."""
        self.world.wait(7 * (which % 8))

    def day(self, which):
        """A date not far from today, or none."""
        if which % 3:
            return self.world.now.date() + timedelta(days=which - 10)

    def new_action(self, **values):
        return simulation.Action(next(self.keys), **values)

    has_actions = precondition(
        lambda self: any(line.actions for line in self.world.lists)
    )
    has_room = precondition(
        lambda self: sum(len(line.actions) for line in self.world.lists) < 15
    )

    @invariant()
    def estimates_agree(self):
        for line in self.world.lists:
            self.world.check_estimates(line)

    @invariant()
    def dates_agree(self):
        for zone in ZONES:
            day = simulation.date_at(self.world.now, zone)
            assert schedule.local_date(self.world.now, zone) == day

    # ------------------------------------------------------------------- events

    @rule(hours=strategies.integers(0, 24 * 20), minutes=strategies.integers(0, 59))
    def wait(self, hours, minutes):
        self.world.wait(hours, minutes)

    @has_room
    @rule(which=number, who=number, day=number)
    def add(self, which, who, day):
        self.world.add(
            self.line(which),
            self.new_action(who=(None, *"abc")[who % 4], due=self.day(day)),
        )

    @has_room
    @rule(
        which=number,
        day=number,
        steps=strategies.lists(
            strategies.tuples(
                number,
                strategies.sampled_from(["days", "weeks", "months", "working_days"]),
                strategies.sampled_from(
                    ["plan_date", "previous_done", "previous_deadline"]
                ),
                strategies.sampled_from(
                    ["fixed", "salesperson", "team_leader", "previous"]
                ),
            ),
            min_size=2,
            max_size=5,
        ),
    )
    def start_plan(self, which, day, steps):
        run = simulation.Run()
        self.world.start_plan(
            self.line(which),
            [
                self.new_action(
                    # months as days go: at most half a year
                    count=count % 7 if unit == "months" else count,
                    unit=unit,
                    origin=origin if position else "plan_date",
                    kind=kind,
                    who="c" if kind == "fixed" else None,
                    run=run,
                )
                for position, (count, unit, origin, kind) in enumerate(steps)
            ],
            self.world.now.date() + timedelta(days=day - 10),
        )

    @has_actions
    @rule(
        which=number,
        who=number,
        state=strategies.sampled_from(["done", "skipped", "cancelled"]),
    )
    def close(self, which, who, state):
        self.world.close([self.action(which)], state, "abc"[who % 3])

    @rule(which=number)
    def cancel_current(self, which):
        """What follows counts from a step that was closed some time ago."""
        self.world.close(self.line(which).open[:1], "cancelled", "a")

    @rule(which=number)
    def done_in_time(self, which):
        """What people do most of the time."""
        for action in self.line(which).open[:1]:
            self.world.close([action], "done", action.who)

    @rule(which=number)
    def all_done(self, which):
        self.world.close(list(self.line(which).actions), "done", "a")

    @has_actions
    @has_room
    @rule(which=number, days=number)
    def repeat(self, which, days):
        action = self.action(which)
        if action.is_open:
            self.world.close([action], "done", "b", settle=False)
            again = self.new_action()
            self.world.repeat(action, again, days)
            self.world.settle(self.world.list_of(action))

    @has_actions
    @rule(which=number)
    def reopen(self, which):
        self.world.reopen([self.action(which)])

    @has_actions
    @rule(which=number, day=number)
    def reschedule(self, which, day):
        action = self.action(which)
        if action.is_open:
            self.world.reschedule([action], self.day(day))

    @has_actions
    @rule(which=number, days=number)
    def postpone(self, which, days):
        self.world.postpone([self.action(which)], days - 5)

    @rule(which=number, days=number)
    def postpone_all(self, which, days):
        self.world.postpone(self.line(which).open, days)

    @has_actions
    @rule(which=number, who=number)
    def reassign(self, which, who):
        self.world.reassign([self.action(which)], (None, *"abc")[who % 4])

    @has_actions
    @rule(which=number)
    def delete(self, which):
        self.world.delete(self.action(which))

    @rule(which=number, taken=number, place=number)
    def drag(self, which, taken, place):
        line = self.line(which)
        if line.actions:
            keys = [action.key for action in line.actions]
            keys.insert(place % len(keys), keys.pop(taken % len(keys)))
            self.world.put_in_order(line, keys)

    @has_actions
    @rule(which=number, to=number)
    def move(self, which, to):
        self.world.move([self.action(which)], self.line(to))

    @rule(which=number)
    def pause(self, which):
        self.world.pause(self.line(which))

    @rule(which=number, at_most=number)
    def resume(self, which, at_most):
        limits = (None, None, None, 0, 1, 5)
        self.world.resume(self.line(which), limits[at_most % len(limits)])

    @rule(
        which=number,
        hours=strategies.integers(0, 24 * 10),
        done=strategies.booleans(),
        more_hours=strategies.integers(0, 24 * 10),
        at_most=number,
    )
    def pause_for_a_while(self, which, hours, done, more_hours, at_most):
        """What takes many steps to happen by chance."""
        self.pause(which)
        self.world.wait(hours)
        if done:
            self.done_in_time(which)
        self.world.wait(more_hours)
        self.resume(which, at_most)

    @rule(which=number, active=strategies.booleans())
    def lose_or_restore(self, which, active):
        self.world.set_active(self.line(which), active)

    @has_actions
    @rule(which=number, again=strategies.booleans())
    def stop_or_restart(self, which, again):
        if run := self.action(which).run:
            method = self.world.restart if again else self.world.stop
            method([run], "won")

    @rule(which=number, who=number)
    def change_salesperson(self, which, who):
        self.world.change_salesperson(self.line(which), "abc"[who % 3])


@tagged("post_install", "-at_install")
class TestAgainstSimulation(BaseCase):
    """``schedule`` against a simulation that lives through every hour.

    ``CRM_ACTIONS_EXAMPLES`` says how many histories; a failure prints the shortest.
    """

    def settings(self, examples, **values):
        return hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
            **values,
        )

    def test_histories(self):
        run_state_machine_as_test(
            History, settings=self.settings(EXAMPLES, stateful_step_count=25)
        )

    def test_delays(self):
        @self.settings(EXAMPLES)
        @hypothesis.given(
            start=strategies.dates(EARLIEST, LATEST),
            count=strategies.integers(-400, 400),
            unit=strategies.sampled_from(["days", "weeks", "months", "working_days"]),
            week=strategies.sets(strategies.integers(0, 6), min_size=1),
        )
        def check(start, count, unit, week):
            def works_on(day):
                return day.weekday() in week

            # In weeks of one working day, 400 of them are eight years.
            self.assertEqual(
                schedule.add(start, count, unit, works_on),
                simulation.later(start, count, unit, works_on),
            )

        check()


@tagged("post_install", "-at_install")
class TestWorkingDays(CrmActionsCommon):
    def _calendar(self, **values):
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Horaire d’été",
                "company_id": self.company.id,
                "tz": "UTC",
                **values,
            }
        )
        self.company.resource_calendar_id = calendar
        return calendar

    def _leave(self, start, stop, **values):
        return self.env["resource.calendar.leaves"].create(
            {
                "name": "Congé",
                "date_from": f"{start} 00:00:00" if len(str(start)) == 10 else start,
                "date_to": f"{stop} 23:59:59" if len(str(stop)) == 10 else stop,
                "company_id": self.company.id,
                **values,
            }
        )

    def _add(self, start, count, company=None):
        works_on = (company or self.company)._crm_actions_works_on()
        return schedule.add(start, count, "working_days", works_on)

    def assertMondayToFriday(self):
        monday = days(-1)
        works_on = self.company._crm_actions_works_on()
        week = [works_on(monday + timedelta(days=number)) for number in range(7)]
        self.assertEqual(week, [True] * 5 + [False] * 2)

    def test_without_calendar(self):
        self.assertFalse(self.company.resource_calendar_id)
        self.assertMondayToFriday()

    def test_calendar_of_the_company(self):
        calendar = self._calendar()
        calendar.attendance_ids.filtered(lambda a: a.dayofweek == "2").unlink()
        self.assertEqual(self._add(TODAY, 1), days(2))  # no Wednesday

    def test_clocks_change(self):
        self._calendar(tz="Europe/Brussels")
        self.assertEqual(str(self._add(date(2027, 3, 26), 1)), "2027-03-29")

    def test_calendar_without_attendances(self):
        self._calendar().attendance_ids.unlink()
        self.assertMondayToFriday()

    def test_calendar_with_breaks_only(self):
        """Lines that are no work say nothing about when work begins."""
        calendar = self._calendar()
        calendar.attendance_ids.filtered(lambda a: a.day_period != "lunch").unlink()
        self.assertTrue(calendar.attendance_ids)
        self.assertMondayToFriday()

    def test_calendar_of_lines_without_length(self):
        self._calendar().attendance_ids.write({"hour_from": 8, "hour_to": 8})
        self.assertMondayToFriday()

    def test_flexible_calendar(self):
        for values in (
            {},
            {"full_time_required_hours": 0},
            {"full_time_required_hours": 0, "hours_per_day": 0},
            {"full_time_required_hours": 8},
        ):
            with self.subTest(values=values):
                self._calendar(schedule_type="flexible").write(values)
                self.assertEqual(self._add(days(-1), 1), TODAY)
                self.assertMondayToFriday()

    def test_public_holidays(self):
        self._calendar()
        self._leave("2026-12-25", "2026-12-25")
        self._leave("2027-01-01", "2027-01-01")
        self.assertEqual(str(self._add(date(2026, 12, 24), 1)), "2026-12-28")
        self.assertEqual(str(self._add(date(2026, 12, 31), 1)), "2027-01-04")
        self.assertEqual(str(self._add(date(2026, 12, 28), -1)), "2026-12-24")

    def test_half_a_day_off_is_a_working_day(self):
        self._calendar()
        self._leave(f"{days(1)} 12:00:00", f"{days(1)} 23:00:00")
        self.assertEqual(self._add(TODAY, 1), days(1))

    def test_companies(self):
        """Each counts by its own calendar and holidays; no company is the user's."""
        self._calendar()
        elsewhere = self.env["res.company"].create({"name": "Ailleurs"})
        self._leave(days(1), days(1)).company_id = elsewhere
        self.assertEqual(self._add(TODAY, 1), days(1))
        elsewhere.resource_calendar_id = self._calendar().copy(
            {"company_id": elsewhere.id}
        )
        self.assertEqual(self._add(TODAY, 1, elsewhere), days(2))
        nobody = self.env["res.company"]
        self.assertEqual(self._add(TODAY, 1, nobody), days(1))
        nobody = nobody.with_company(elsewhere)
        works_on = nobody._crm_actions_works_on()
        self.assertEqual(
            schedule.add(TODAY, 1, "working_days", works_on),
            days(2),
        )

    def test_company_of_an_onchange(self):
        lead = self.env["crm.lead"].new({"company_id": self.company.id})
        self._calendar()
        self._leave(days(1), days(1))
        self.assertEqual(self._add(TODAY, 1, lead.company_id), days(2))

    def test_leave_of_one_person(self):
        calendar = self._calendar()
        person = self.env["resource.resource"].create(
            {"name": "Émile", "calendar_id": calendar.id, "tz": "UTC"}
        )
        self._leave(days(1), days(1), resource_id=person.id, calendar_id=calendar.id)
        self.assertEqual(self._add(TODAY, 1), days(1))

    def test_calendar_that_is_closed_for_ever(self):
        self._calendar()
        self._leave("2026-01-01", "2060-01-01")
        self.assertEqual(str(self._add(TODAY, 1)), "2039-01-03")

    def test_calendar_at_the_other_end_of_the_world(self):
        """The working day of Auckland begins on the day before, in UTC."""
        self._calendar(tz="Pacific/Auckland")
        self._leave("2027-03-28 11:00:00", "2027-03-29 10:59:59")  # Monday the 29th
        self.assertEqual(self._add(TODAY, 4), days(6))
        for start, count, expected in (
            ("2027-03-26", 1, "2027-03-30"),
            # clocks change on 2027-04-04 there
            ("2027-04-02", 1, "2027-04-05"),
            ("2027-04-05", -1, "2027-04-02"),
        ):
            with self.subTest(start=start):
                self.assertEqual(
                    str(self._add(date.fromisoformat(start), count)), expected
                )

    def test_timezone_of_an_employee(self):
        """Odoo puts one into the context; the company's days stay what they are."""
        self._calendar(tz="Pacific/Auckland")
        company = self.company.with_context(employee_timezone="America/Los_Angeles")
        self.assertEqual(self._add(TODAY, 4, company), days(6))

    def test_clocks_change_around_a_holiday(self):
        self._calendar(tz="Europe/Brussels")
        self._leave("2027-03-28 22:00:00", "2027-03-29 21:59:59")  # Easter Monday
        self.assertEqual(str(self._add(date(2027, 3, 26), 1)), "2027-03-30")
        self.assertEqual(str(self._add(date(2027, 10, 29), 1)), "2027-11-01")

    def test_every_other_week(self):
        calendar = self._calendar()
        calendar.switch_calendar_type()
        self.assertTrue(calendar.two_weeks_calendar)
        self.assertEqual(self._add(TODAY, 4), days(6))
        # Nobody works in the week of TODAY.
        this_week = self.env["resource.calendar.attendance"].get_week_type(TODAY)
        calendar.attendance_ids.filtered(
            lambda a: not a.display_type and a.week_type == str(this_week)
        ).unlink()
        self.assertEqual(self._add(TODAY, 0), days(6))

    def test_bounds(self):
        """The first and the last year can be read."""
        self._calendar(tz="Pacific/Kiritimati")
        self.assertEqual(str(self._add(EARLIEST, 0)), "1900-01-01")
        self.assertEqual(str(self._add(LATEST, 1)), "2199-12-31")
        self.assertEqual(str(self._add(date(2199, 12, 27), 2)), "2199-12-31")

    def test_least_rights(self):
        """Who may not read calendars or leaves counts the same days."""
        self._calendar()
        self._leave(days(1), days(1))
        portal = new_test_user(self.env, "crm_actions_days", "base.group_portal")
        company = self.as_user(portal, self.company)
        self.assertEqual(self._add(TODAY, 1, company), days(2))

    def test_a_year_is_read_once(self):
        """Two queries a year: attendances and leaves; none for more dates."""
        self._calendar()
        self._leave(days(1), days(1))
        works_on = self.company._crm_actions_works_on()
        self._add(TODAY, 1)  # the calendar itself is in the cache now
        with self.assertQueryCount(2):
            schedule.add(TODAY, 20, "working_days", works_on)
        with self.assertQueryCount(0):
            schedule.add(TODAY, 20, "working_days", works_on)
        with self.assertQueryCount(2):
            schedule.add(TODAY, 40, "working_days", works_on)
