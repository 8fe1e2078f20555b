# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from collections import defaultdict

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .. import schedule
from ..tools import WorkingDays


class CrmActionDates(models.AbstractModel):
    """When an action is due: the part of ``crm.action`` that decides about dates.

    A due date is *chosen* by a person, *planned* by the engine when it creates the
    action, or *counted* when the action becomes the front of its list; the arithmetic
    is in ``schedule.py``. Days are those of the assignee, without one those of the
    salesperson, else of UTC: never those of the reader.
    """

    _name = "crm.action.dates"
    _description = "CRM Action: Dates"

    date_deadline = fields.Date(string="Due Date")
    date_origin = fields.Selection(
        [
            ("chosen", "Chosen by a person"),
            ("planned", "Counted when the plan started or the step was repeated"),
            ("counted", "Counted when it became current"),
        ],
        readonly=True,
        copy=False,
        help="Where the due date comes from. One that was counted at its turn is "
        "counted anew when the action waits again.",
    )
    date_set_on = fields.Datetime(
        readonly=True,
        copy=False,
        help="When the due date was set, if that was during the pause that lasts: "
        "only the rest of it counts for the date.",
    )
    estimated_date = fields.Date(
        string="Expected",
        compute="_compute_estimated_date",
        help="Due date of an open action as it looks today: its own when it has "
        "one, else the delay counted from the expected end of the step before it.",
    )
    is_late = fields.Boolean(
        string="Late",
        compute="_compute_is_late",
        search="_search_is_late",
        help="Current, and due before today where its assignee lives.",
    )
    days_late = fields.Integer(
        compute="_compute_days_late",
        store=True,
        precompute=True,
        help="Days between the due date and the day it was done; 0 when on time.",
    )
    delay_count = fields.Integer(string="Delay", readonly=True, copy=False)
    delay_unit = fields.Selection(
        [
            ("days", "days"),
            ("working_days", "working days"),
            ("weeks", "weeks"),
            ("months", "months"),
        ],
        readonly=True,
        copy=False,
    )
    delay_from = fields.Selection(
        [
            ("plan_date", "Plan date"),
            ("previous_done", "Completion of the previous step"),
            ("previous_deadline", "Due date of the previous step"),
        ],
        string="Counted From",
        readonly=True,
        copy=False,
        help="The due date is counted when the action becomes current, unless it "
        "counts from the plan date or somebody sets it before.",
    )

    @api.depends("state", "date_deadline", "user_id.tz", "lead_user_id.tz")
    def _compute_is_late(self):
        for action in self:
            action.is_late = bool(
                action.state == "todo"
                and action.date_deadline
                and action.date_deadline < action._today()
            )

    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        if set(value) == {True, False}:
            return Domain.TRUE
        late = self._late_domain()
        return late if True in value else ~late

    @api.model
    def _late_domain(self):
        """The domain of late actions: what :meth:`_compute_is_late` says.

        Where it is another date than in most of the world, the timezones decide.
        """
        now = fields.Datetime.now()
        zones = defaultdict(list)
        for zone in pytz.all_timezones:
            zones[schedule.local_date(now, zone)].append(zone)
        first = min(zones)
        late = Domain("date_deadline", "<", first)
        for today in zones.keys() - {first}:
            late |= Domain("date_deadline", "<", today) & self._zone_domain(
                zones[today], or_unknown="UTC" in zones[today]
            )
        return Domain("state", "=", "todo") & late

    @api.model
    def _first_and_last_today(self):
        """The dates of today where the day begins last and first."""
        now = fields.Datetime.now()
        return tuple(
            schedule.local_date(now, zone) for zone in ("Etc/GMT+12", "Etc/GMT-14")
        )

    @api.model
    def _zone_domain(self, zones, or_unknown):
        """Actions whose day is that of these timezones; see :meth:`_tz`."""
        # any!: the timezone of a colleague; archived ones as well.
        known = Domain("tz", "in", zones)
        if or_unknown:
            known |= Domain("tz", "=", False)
        users = known & Domain("active", "in", [True, False])
        unassigned = Domain("lead_user_id", "any!", users)
        if or_unknown:
            unassigned |= Domain("lead_user_id", "=", False)
        return Domain("user_id", "any!", users) | (
            Domain("user_id", "=", False) & unassigned
        )

    @api.depends("state", "date_deadline", "done_on")
    def _compute_days_late(self):
        for action in self:
            late = 0
            if action.state == "done" and action.date_deadline and action.done_on:
                done = action._local_date(action.done_on)
                late = max((done - action.date_deadline).days, 0)
            action.days_late = late

    @api.depends(
        "state",
        "date_deadline",
        "sequence",
        "lead_id.action_ids.state",
        "lead_id.action_ids.sequence",
        "lead_id.action_ids.date_deadline",
        "lead_id.action_ids.done_on",
        "lead_id.action_ids.delay_count",
        "lead_id.action_ids.delay_unit",
        "lead_id.action_ids.delay_from",
    )
    def _compute_estimated_date(self):
        works_on = WorkingDays()
        estimates = {}
        # sudo: a plain employee sees the estimate of the one action that is theirs,
        # which depends on the ones before it.
        for lead in self.sudo().lead_id:
            estimates.update(lead._actions_estimates(works_on))
        for action in self:
            action.estimated_date = (
                estimates.get(action._origin.id) or action.date_deadline
            )

    @api.constrains("date_deadline")
    def _check_date_deadline(self):
        for action in self:
            day = action.date_deadline
            if day and not schedule.is_possible_date(day):
                raise ValidationError(
                    self.env._(
                        "%(date)s is no possible due date: choose one between the "
                        "years 1900 and 2199.",
                        date=day,
                    )
                )

    # ---------------------------------------------------------- at its turn

    def _count_date(self, before, user, works_on):
        """The due date of an action whose turn it is.

        :param before: the step before it, may be empty
        :param user: who gets it
        :param WorkingDays works_on: that of the batch
        """
        tz = (user or self.lead_user_id).tz or "UTC"
        return schedule.count(
            self._delay(),
            schedule.local_date(fields.Datetime.now(), tz),
            before.done_on and before._local_date(before.done_on) or None,
            before.date_deadline or None,
            works_on[self.company_id],
        )

    def _delay(self):
        return schedule.Delay(self.delay_count, self.delay_unit, self.delay_from)

    def _step_before(self):
        """The action that was done or skipped last among those before this one."""
        return self.lead_id.action_ids._in_order()._last_closed_before(self)

    def _last_closed_before(self, action):
        """Of ``self``, a list in its order: see :meth:`_step_before`.

        :param action: one of the list, or an empty record for its end
        """
        last = self.browse()
        for other in self:
            if other == action:
                break
            if other.state in ("done", "skipped") and (
                not last or other.done_on >= last.done_on
            ):
                last = other
        return last

    # ------------------------------------------------------ chosen by a person

    def _by_pause(self):
        """``self`` in two parts: of lists that run, and of lists on hold.

        The list of an archived opportunity is on hold even if it is empty and this
        is its first open action.

        :return: pairs of actions and what ``date_set_on`` of a new date is there
        """
        # sudo: whether the list of a colleague is on hold.
        leads = self.sudo().lead_id
        held_ids = leads.filtered(
            lambda lead: lead.actions_pause_reason or not lead.active
        ).ids
        held = self.filtered(lambda action: action.lead_id.id in held_ids)
        parts = ((self - held, False), (held, fields.Datetime.now()))
        return [(actions, set_on) for actions, set_on in parts if actions]

    def _mark_chosen_dates(self):
        """The dates that new actions were given are a person's choice."""
        for actions, set_on in self.filtered("date_deadline")._by_pause():
            actions._write_by_engine({"date_origin": "chosen", "date_set_on": set_on})

    def _that_can_be_postponed(self):
        """Those that do not move by themselves when the others are put off."""
        postponed = self.browse()
        for actions in self.grouped("lead_id").values():
            for action in actions._in_order():
                if action.date_deadline or not postponed.filtered(
                    lambda other, lead=action.lead_id: other.lead_id == lead
                ):
                    postponed |= action
        return postponed

    def _postpone_start(self, action):
        return max(action.date_deadline or action.estimated_date, action._today())

    # ------------------------------------------------------------------- days

    def _tz(self):
        """The timezone whose days count for the action."""
        # sudo: the timezone of a colleague.
        return (self.user_id or self.lead_user_id).sudo().tz or "UTC"

    def _local_date(self, moment):
        """The date of ``moment`` (naive UTC) where the action is to be done."""
        return schedule.local_date(moment, self._tz())

    def _today(self):
        return self._local_date(fields.Datetime.now())
