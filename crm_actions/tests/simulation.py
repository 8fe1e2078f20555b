# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""Lists of actions, the slow and obvious way: what the addon must agree with.

Nothing is calculated here that can be lived through: days are counted one at a time, a
pause is walked through hour by hour, and to know when a waiting action will be due,
everybody does their actions in time, day by day, until its turn has come. No code is
shared with the addon, conversion of timezones included.
"""

import copy
import functools
import zoneinfo
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytz

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
OPEN = ("waiting", "todo", "paused")

# ------------------------------------------------------------------------- calendars


@functools.cache
def zone_named(name):
    # From the data of pytz: those of the machine may know other laws.
    with pytz.open_resource(name) as file:
        return zoneinfo.ZoneInfo.from_file(file, key=name)


def date_at(moment, zone):
    """The date on a calendar in ``zone`` at a naive UTC moment."""
    moment = moment.replace(tzinfo=zone_named("UTC"))
    return moment.astimezone(zone_named(zone)).date()


def leaves_torn_off(start, stop, zone):
    """How many leaves a calendar in ``zone`` loses between two moments."""
    leaves = 0
    while start < stop:
        hour_later = min(start + timedelta(hours=1), stop)
        leaves += date_at(hour_later, zone) != date_at(start, zone)
        start = hour_later
    return leaves


def next_day(day):
    return day if day >= LAST_DAY else day + timedelta(days=1)


def day_before(day):
    return day if day <= FIRST_DAY else day - timedelta(days=1)


def month_later(day, months):
    """The same day ``months`` later, or the last of the month when it is shorter."""
    year, month, number = day.year, day.month, day.day
    for _month in range(abs(months)):
        month += 1 if months > 0 else -1
        if month not in range(1, 13):
            year += 1 if months > 0 else -1
            month = 1 if months > 0 else 12
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        return LAST_DAY if months > 0 else FIRST_DAY
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


def working_day(day, works_on):
    """``day`` itself when it is a working day, else the next one."""
    while not works_on(day) and day < LAST_DAY:
        day = next_day(day)
    return day


def later(day, count, unit, works_on):
    """The day ``count`` units after ``day``, found with a finger on the calendar."""
    if unit == "months":
        return month_later(day, count)
    step = next_day if count > 0 else day_before
    if unit != "working_days":
        for _day in range(abs(count) * (7 if unit == "weeks" else 1)):
            day = step(day)
        return day
    for _working_day in range(abs(count)):
        day = step(day)
        while not works_on(day) and step(day) != day:
            day = step(day)
    return day if count else working_day(day, works_on)


# ------------------------------------------------------------------------- the lists


@dataclass(eq=False)
class Run:
    """A plan on a list."""

    state: str = "running"
    stop_reason: str | None = None


@dataclass(eq=False)
class Action:
    key: object
    count: int = 0
    unit: str = "days"
    origin: str | None = None  # plan_date, previous_done, previous_deadline
    due: date | None = None
    due_by: str | None = None  # chosen, planned, counted
    # When the date was set, if that was during the pause that lasts.
    due_set_at: datetime | None = None
    who: str | None = None
    kind: str = "fixed"  # or salesperson, team_leader, previous
    run: Run | None = None
    stopped: bool = False
    state: str = "waiting"
    done_at: datetime | None = None
    done_by: str | None = None
    outcome: str | None = None
    repeats: "Action | None" = None
    repeated: int = 0
    meeting: bool = False
    # What the future knows of an action that it has done: see World.expected.
    done_day: date | None = None

    @property
    def is_open(self):
        return self.state in OPEN


@dataclass(eq=False)
class ActionList:
    key: object
    salesperson: str | None = None
    leader: str | None = None
    active: bool = True
    pause_reason: str | None = None
    paused_at: datetime | None = None
    # In their order.
    actions: list = field(default_factory=list)

    @property
    def open(self):
        return [action for action in self.actions if action.is_open]


class World:
    """Lists, people and a clock.

    :param datetime now: naive UTC
    :param dict zones: timezone of each person
    :param works_on: function of a date: whether people work on it
    """

    def __init__(self, now, zones, works_on):
        self.now = now
        self.zones = zones
        self.works_on = works_on
        self.lists = []

    # ------------------------------------------------------------------ looking

    def list_of(self, action):
        return next(line for line in self.lists if action in line.actions)

    def lists_of(self, actions):
        return [
            line
            for line in self.lists
            if any(action in line.actions for action in actions)
        ]

    def zone(self, action):
        who = action.who or self.list_of(action).salesperson
        return self.zones.get(who, "UTC")

    def today(self, action):
        return date_at(self.now, self.zone(action))

    def step_before(self, action):
        """What was done or skipped last among the actions that stand before it.

        Of several at one moment, the last of the list.
        """
        actions = self.list_of(action).actions
        last = None
        for other in actions[: actions.index(action)]:
            if other.state in ("done", "skipped") and (
                last is None or other.done_at >= last.done_at
            ):
                last = other
        return last

    def day_of_closing(self, action):
        return action.done_day or date_at(action.done_at, self.zone(action))

    def expected(self, line):
        """When each open action would be due if everybody was on time from now on.

        Day by day, the first open action is done as soon as it is due.

        :return: list of dates
        """
        future = copy.copy(self)
        future.lists = [copy.deepcopy(line)]
        line = future.lists[0]
        # After all that has happened.
        moment = datetime(9000, 1, 1)
        day = FIRST_DAY
        dates = []
        while line.open:
            action = line.open[0]
            day = max(day, future.today(action))
            if not action.due:
                action.due = future.counted(action, day)
            dates.append(action.due)
            while day < action.due:
                day = next_day(day)
            moment += timedelta(hours=1)
            action.state, action.done_at, action.done_day = "done", moment, day
        return dates

    # ------------------------------------------------------------------ counting

    def counted(self, action, today):
        """When an action is due whose turn comes ``today``."""
        before = self.step_before(action)
        start = today
        if before and action.origin == "previous_deadline" and before.due:
            start = before.due
        elif before:
            start = self.day_of_closing(before)
        if action.origin in ("previous_done", "previous_deadline"):
            start = later(start, action.count, action.unit, self.works_on)
            if start < today and action.unit == "working_days":
                return working_day(today, self.works_on)
        while start < today:
            start = next_day(start)
        return start

    def after_pause(self, action, at_most):
        """The date of an action when the pause ends now."""
        line = self.list_of(action)
        if action.meeting or (action.due_by == "chosen" and action.due_set_at):
            return action.due
        since = action.due_set_at or line.paused_at
        leaves = leaves_torn_off(since, self.now, self.zone(action))
        if at_most is not None:
            leaves = min(leaves, at_most)
        if not leaves:
            return action.due
        day = action.due
        for _leaf in range(leaves):
            day = next_day(day)
        if action.unit == "working_days":
            day = working_day(day, self.works_on)
        return day

    # ------------------------------------------------------------------- living

    def wait(self, hours, minutes=0):
        self.now += timedelta(hours=hours, minutes=minutes)

    def settle(self, *lines):
        """Find the front of each list; nothing else decides which it is."""
        for line in lines:
            if not line.open:
                line.pause_reason = line.paused_at = None
            elif not line.active and not line.pause_reason:
                self._hold(line, "lost")
            elif line.active and line.pause_reason == "lost":
                self._release(line)
            for action in line.open[1:]:
                if action.state != "waiting":
                    self._wait_again(action)
            for action in line.open[:1]:
                if action.state == "waiting":
                    self._take_turn(action, line)
                action.state = "paused" if line.pause_reason else "todo"
                if not action.due:
                    self._count(action, line)
            for run in {id(a.run): a.run for a in line.actions if a.run}.values():
                self._follow(run, line)

    def _take_turn(self, action, line):
        if not action.who and action.kind != "fixed":
            before = self.step_before(action)
            action.who = {
                "previous": (before and before.done_by) or line.salesperson,
                "team_leader": line.leader or line.salesperson,
                "salesperson": line.salesperson,
            }[action.kind]

    def _count(self, action, line):
        action.due = self.counted(action, self.today(action))
        action.due_by = "counted"
        action.due_set_at = self.now if line.pause_reason else None

    def _wait_again(self, action):
        action.state = "waiting"
        if action.due_by == "counted":
            action.due = action.due_by = action.due_set_at = None
        if action.kind != "fixed":
            action.who = None

    def _follow(self, run, line):
        if any(action.run is run for action in line.open):
            run.state = "paused" if line.pause_reason else "running"
            run.stop_reason = None
        elif run.state in ("running", "paused"):
            run.state = "finished"

    def _hold(self, line, reason):
        line.pause_reason, line.paused_at = reason, self.now

    def _release(self, line, at_most=None):
        self._shift(line.open, at_most)
        line.pause_reason = line.paused_at = None

    def _shift(self, actions, at_most=None):
        for action in actions:
            if action.due and self.list_of(action).paused_at:
                action.due = self.after_pause(action, at_most)
            action.due_set_at = None

    # -------------------------------------------------------- what people do to one

    def add(self, line, action):
        """At the end; a date it comes with was chosen."""
        line.actions.append(action)
        if action.due:
            action.due_by = action.due_by or "chosen"
            self._set_now(action, line)
        self.settle(line)

    def _set_now(self, action, line):
        held = line.pause_reason or not line.active
        action.due_set_at = self.now if held else None

    def close(self, actions, state, who=None, settle=True):
        """Done, skipped or cancelled, all at once; closed ones stay as they are."""
        for action in actions:
            if action.is_open:
                action.state = state
                action.done_at, action.done_by = self.now, who
        if settle:
            self.settle(*self.lists_of(actions))

    def repeat(self, action, again, days):
        """The outcome of an action that was just done: the same once more, after it."""
        line = self.list_of(action)
        for name in ("count", "unit", "origin", "kind", "who", "run"):
            setattr(again, name, getattr(action, name))
        line.actions.insert(line.actions.index(action) + 1, again)
        day = self.today(action)
        for _day in range(days):
            day = next_day(day)
        again.due, again.due_by = day, "planned"
        again.repeats = action
        self._set_now(again, line)

    def reopen(self, actions):
        """First in their lists again, those of one list in their order."""
        lines = self.lists_of(actions)
        for line in lines:
            own = [a for a in line.actions if a in actions and not a.is_open]
            others = [a for a in line.open if a not in own]
            behind = others and any(
                line.actions.index(a) > line.actions.index(others[0]) for a in own
            )
            if behind:
                for action in own:
                    line.actions.remove(action)
                    line.actions.insert(line.actions.index(others[0]), action)
            for action in own:
                self._open_again(action)
        self.settle(*lines)

    def _open_again(self, action):
        action.state, action.stopped = "waiting", False
        action.done_at = action.done_by = None

    def reschedule(self, actions, day):
        """Somebody chooses a date, or wants none."""
        for action in actions:
            line = self.list_of(action)
            action.due, action.due_by = day, "chosen" if day else None
            action.due_set_at = None
            if day:
                self._set_now(action, line)
            self.settle(line)

    def postpone(self, actions, days):
        """Put off by days: from the date, or the estimate where there is none, and
        never from before today. What follows another that is put off, follows."""
        chosen = []
        for line in self.lists_of(actions):
            moved = False
            for action, expected in zip(line.open, self.expected(line), strict=True):
                if action not in actions or (moved and not action.due):
                    continue
                moved = True
                chosen.append((action, max(expected, self.today(action))))
        for action, day in chosen:
            for _day in range(abs(days)):
                day = next_day(day) if days > 0 else day_before(day)
            self.reschedule([action], day)

    def reassign(self, actions, who):
        for action in actions:
            action.who, action.kind = who, "fixed"

    def delete(self, action):
        line = self.list_of(action)
        line.actions.remove(action)
        self.settle(line)

    def put_in_order(self, line, keys):
        """Somebody drags actions about."""
        line.actions.sort(key=lambda action: keys.index(action.key))
        self.settle(line)

    def move(self, actions, target):
        """To the end of another list; its pause counts from now on.

        An action that leaves others of its plan behind leaves the plan.
        """
        sources = self.lists_of(actions)
        for line in sources:
            moved = [action for action in line.actions if action in actions]
            left = {action.run for action in line.actions if action not in actions}
            self._shift([action for action in moved if action.is_open])
            for action in moved:
                line.actions.remove(action)
                target.actions.append(action)
                if action.run in left:
                    action.run = None
                if action.is_open:
                    if action.state != "waiting":
                        self._wait_again(action)
                    if action.due and target.pause_reason:
                        action.due_by, action.due_set_at = "planned", self.now
        self.settle(*sources, target)

    # ------------------------------------------------------- what happens to a list

    def start_plan(self, line, steps, plan_date):
        """Steps at the end of a list; those that count from the plan date are due."""
        for action in steps:
            line.actions.append(action)
            if action.origin == "plan_date":
                action.due = later(plan_date, action.count, action.unit, self.works_on)
                action.due_by = "planned"
                self._set_now(action, line)
        self.settle(line)

    def stop(self, runs, reason):
        """Cancel what is left of plans."""
        lines = []
        for run in runs:
            if run.state not in ("running", "paused"):
                continue
            for line in self.lists:
                for action in line.open:
                    if action.run is run:
                        action.state, action.stopped = "cancelled", True
                        action.done_at = self.now
                        lines.append(line)
            run.state, run.stop_reason = "stopped", reason
        self.settle(*{id(line): line for line in lines}.values())

    def restart(self, runs, reason):
        """Open again what stopping the plans for ``reason`` has cancelled."""
        lines = []
        for run in runs:
            if (run.state, run.stop_reason) != ("stopped", reason):
                continue
            run.state, run.stop_reason = "running", None
            for line in self.lists:
                for action in line.actions:
                    if action.run is run and action.stopped:
                        self._open_again(action)
                        lines.append(line)
        self.settle(*{id(line): line for line in lines}.values())

    def pause(self, line, reason="manual"):
        if line.open and not line.pause_reason:
            self._hold(line, reason)
        self.settle(line)

    def resume(self, line, at_most=None):
        """What is lost stays on hold until it is restored."""
        if line.pause_reason and line.active:
            self._release(line, at_most)
        elif line.pause_reason:
            line.pause_reason = "lost"
        self.settle(line)

    def set_active(self, line, active):
        """Lost and restored, or archived and back."""
        line.active = active
        self.settle(line)

    def change_salesperson(self, line, who):
        """Who gets what the former one, or nobody, had to do."""
        former, line.salesperson = line.salesperson, who
        for action in line.open:
            is_found_later = action.state == "waiting" and action.kind != "fixed"
            if action.who == former if action.who else not is_found_later:
                action.who = who
