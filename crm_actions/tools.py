# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from datetime import date, datetime, timedelta

import pytz
from dateutil.relativedelta import relativedelta

# A delay that needs more than this many years of calendar counts Monday to Friday.
MAX_CALENDAR_YEARS = 12


def local_date(moment, tz):
    """The date that ``moment`` (naive UTC datetime) is in timezone ``tz``.

    :param tz: name of a timezone, or a false value for UTC.
    """
    if not tz:
        return moment.date()
    return pytz.utc.localize(moment).astimezone(pytz.timezone(tz)).date()


class DelayCalculator:
    """Add delays to dates, in calendar or working days.

    Working days are those of the company's calendar, its leaves taken out;
    Monday to Friday for a company without calendar or attendances. Calendars
    are read a year at a time and kept, so the queries of a batch do not depend
    on its size: keep one calculator per batch.
    """

    def __init__(self, env):
        self._env = env
        self._days = {}

    def add(self, company, start, count, unit):
        """The date ``count`` units after ``start`` (before it when negative).

        Zero working days is ``start`` itself, or the next working day when
        ``start`` is none.

        :param company: res.company whose calendar counts; empty: the current one
        :param date start: a date of that company
        :param int count: how many
        :param str unit: ``days``, ``weeks``, ``months`` or ``working_days``
        :rtype: date
        """
        if unit != "working_days":
            return start + relativedelta(**{unit or "days": count})
        company = company or self._env.company
        if not count:
            while not self._works_on(company, start, start):
                start += timedelta(days=1)
            return start
        step = timedelta(days=1 if count > 0 else -1)
        day, left = start, abs(count)
        while left:
            day += step
            left -= self._works_on(company, day, start)
        return day

    def _works_on(self, company, day, start):
        if abs(day.year - start.year) > MAX_CALENDAR_YEARS:
            return day.weekday() < 5
        key = (company.id, day.year)
        if key not in self._days:
            self._days[key] = self._working_days(company, day.year)
        days = self._days[key]
        return day.weekday() < 5 if days is None else day in days

    def _working_days(self, company, year):
        # A salesperson counts the days of the company without being allowed to
        # read each leave.
        company = company.sudo()
        calendar = company.resource_calendar_id
        if not calendar.attendance_ids:
            return None
        tz = pytz.timezone(calendar.tz or "UTC")
        intervals = calendar._work_intervals_batch(
            tz.localize(datetime(year, 1, 1)),
            tz.localize(datetime.combine(date(year, 12, 31), datetime.max.time())),
            domain=[
                ("time_type", "=", "leave"),
                ("company_id", "in", [False, company.id]),
            ],
        )[False]
        return {begin.astimezone(tz).date() for begin, _end, _meta in intervals}
