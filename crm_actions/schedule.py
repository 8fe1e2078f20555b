# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""When an action is due: the arithmetic, on plain values.

Dates, "today" included, are those of the assignee; moments are naive UTC datetimes.
``works_on`` says whether a date is a working day, see
``res.company._crm_actions_works_on``. Whatever is stored can be read: a delay or a date
out of bounds counts as the bound. Refusing such values is up to whoever writes them.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

import pytz
from dateutil.relativedelta import relativedelta

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
MAX_DELAY = 3650  # in any unit, forwards or backwards
# In years further away than this, Monday to Friday are the working days: the search for
# one ends also where the calendar has none.
MAX_CALENDAR_YEARS = 12


class Delay(NamedTuple):
    """What the due date of an action is counted by.

    ``unit`` is ``days``, ``weeks``, ``months`` or ``working_days``; a false value means
    days. ``origin`` is ``previous_done`` or ``previous_deadline``; with anything else
    the action is due as soon as its turn comes.
    """

    count: int
    unit: str
    origin: str


class Step(NamedTuple):
    """An open action, as :func:`estimates` needs it.

    ``due`` is None as long as its date has to be counted; ``today`` is the current date
    of its assignee.
    """

    due: date | None
    delay: Delay
    today: date
    works_on: Callable


def local_date(moment, tz):
    """The date in timezone ``tz`` at ``moment``, a naive UTC datetime.

    :param str tz: name of a timezone; UTC when it is unknown or false

    >>> from datetime import datetime
    >>> str(local_date(datetime(2026, 11, 24, 23, 30), "Europe/Brussels"))
    '2026-11-25'
    """
    return local_time(moment, tz).date()


def local_time(moment, tz):
    """``moment``, a naive UTC datetime, in timezone ``tz``; see :func:`local_date`."""
    try:
        zone = pytz.timezone(tz or "UTC")
    except pytz.UnknownTimeZoneError:
        zone = pytz.utc
    return pytz.utc.localize(moment).astimezone(zone)


def is_possible_date(day):
    """Whether ``day`` is within the bounds that a due date may have."""
    return EARLIEST <= day <= LATEST


def add(start, count, unit, works_on):
    """The date ``count`` units after ``start``, or before it if negative.

    Zero working days is ``start`` if it is a working day, else the next one.

    >>> friday = date(2026, 11, 27)
    >>> str(add(friday, 1, "working_days", lambda day: day.weekday() < 5))
    '2026-11-30'
    >>> str(add(friday, 3, "months", None))
    '2027-02-27'
    """
    start = _clamp(start)
    count = max(-MAX_DELAY, min(count or 0, MAX_DELAY))
    if unit == "working_days":
        return _add_working_days(start, count, works_on)
    return _clamp(start + relativedelta(**{unit or "days": count}))


def count(delay, today, done, due, works_on):
    """The due date of an action whose turn it is; never before ``today``.

    An action that counts in working days is due on a working day, even when that is not
    today any more.

    :param Delay delay: the delay of the action
    :param date done: when the step before it was closed, or is expected to be; None
        without such a step
    :param date due: when that step was due; None if it had no date

    >>> week = Delay(1, "weeks", "previous_done")
    >>> today, done = date(2026, 11, 27), date(2026, 11, 25)
    >>> str(count(week, today, done, due=None, works_on=None))
    '2026-12-02'
    """
    if delay.origin == "previous_done":
        start = done or today
    elif delay.origin == "previous_deadline":
        start = due or done or today
    else:
        return _clamp(max(done or today, today))
    day = add(start, delay.count, delay.unit, works_on)
    return day if day >= today else add(today, 0, delay.unit, works_on)


def estimates(steps, done, due):
    """The due date of each open action of a list as it looks today.

    A step with a date is due then. Each is expected to be done on its date, but not
    before today or its turn, and the next one counts from there.

    :param steps: the :class:`Step` of each open action, in the order of the list
    :param date done: when the action closed last before them was closed; None without
    :param date due: when that action was due

    >>> today = date(2026, 11, 27)
    >>> late = Step(date(2026, 11, 20), Delay(0, "", ""), today, None)
    >>> after = Step(None, Delay(2, "days", "previous_done"), today, None)
    >>> [str(day) for day in estimates([late, after], None, None)]
    ['2026-11-20', '2026-11-29']
    """
    days = []
    turn = date.min
    for step in steps:
        turn = max(turn, step.today)
        due = step.due or count(step.delay, turn, done, due, step.works_on)
        turn = done = max(due, turn)
        days.append(due)
    return days


def pause_days(paused_at, set_at, resumed_at, tz, at_most=None):
    """How many days a pause moves a date: local days that passed since it was set.

    :param paused_at: when the pause began (UTC), or a false value: no day passed
    :param set_at: when the date was set during the pause (UTC); None: before it
    :param resumed_at: when the pause ended (UTC)
    :param str tz: the timezone of the assignee
    :param int at_most: the limit that was chosen at resuming; None: no limit

    >>> from datetime import datetime
    >>> pause_days(datetime(2026, 11, 24, 9), None, datetime(2026, 11, 27, 8), "UTC")
    3
    """
    if not paused_at:
        return 0
    start = max(paused_at, set_at or paused_at)
    days = (local_date(resumed_at, tz) - local_date(start, tz)).days
    return max(0, days if at_most is None else min(days, at_most))


def resumed(due, days, unit, works_on):
    """The date ``due`` moved by the ``days`` of a pause.

    A date that was counted in working days lands on a working day.

    >>> friday = date(2026, 11, 27)
    >>> str(resumed(friday, 1, "working_days", lambda day: day.weekday() < 5))
    '2026-11-30'
    """
    if not days:
        return due
    bounds = (EARLIEST.toordinal(), LATEST.toordinal())
    day = date.fromordinal(max(bounds[0], min(due.toordinal() + days, bounds[1])))
    return add(day, 0, unit, works_on)


def _clamp(day):
    return max(EARLIEST, min(day, LATEST))


def _add_working_days(start, count, works_on):
    step = timedelta(days=-1 if count < 0 else 1)
    day, left = start, abs(count) or int(not works_on(start))
    while left and is_possible_date(day + step):
        day += step
        if abs(day.year - start.year) > MAX_CALENDAR_YEARS:
            left -= day.weekday() < 5
        else:
            left -= bool(works_on(day))
    return day
