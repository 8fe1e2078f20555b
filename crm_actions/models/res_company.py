# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import functools
import logging
from datetime import datetime, time

import pytz

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_date
from odoo.tools.urls import urljoin

from .crm_action_engine import OPEN_STATES

_logger = logging.getLogger(__name__)

# Opportunities that a mail names; of a long backlog the rest is a click away.
MAIL_SIZE = 50


class ResCompany(models.Model):
    """A company can send its people a morning e-mail of what they have to do.

    One mail per user and company lists the opportunities whose current action is
    assigned to the user and due, today or before, on the user's calendar. Other
    actions of the user on the same opportunity that are due already are listed with
    it. Actions of opportunities without company are in the mail of the user's
    default company.
    """

    _inherit = "res.company"

    crm_action_mail = fields.Boolean(
        string="Morning E-mail of Actions",
        help="Each morning, people get an e-mail of their actions that are due or "
        "overdue. They can switch it off in their preferences.",
    )

    @api.model
    def _cron_crm_action_mail(self, batch_size=100):
        """Send the morning e-mails: once a day, in the morning where the user lives.

        Commits after each batch, so that what is sent is not sent again.

        :param int batch_size: how many users at a time
        """
        companies = self.search([("crm_action_mail", "=", True)])
        users = companies._crm_action_mail_users()
        for start in range(0, len(users), batch_size):
            batch = users[start : start + batch_size]
            companies._crm_action_mail_send(batch)
            for today, of_day in batch.grouped(
                lambda user: user._crm_action_today()
            ).items():
                of_day.write({"crm_action_mail_on": today})
            if not self.env["ir.cron"]._commit_progress(
                len(batch), remaining=max(len(users) - start - batch_size, 0)
            ):
                break

    def _crm_action_mail_users(self):
        """Users whose morning it is, and who got no mail of these companies today."""
        if not self:
            return self.env["res.users"]
        return (
            self.env["res.users"]
            .search(
                [
                    ("share", "=", False),
                    ("email", "!=", False),
                    ("crm_action_mail", "=", True),
                    ("company_ids", "in", self.ids),
                ],
                order="id",
            )
            .filtered(lambda user: user._crm_action_mail_is_due())
        )

    def _crm_action_mail_send(self, users):
        """Queue the mails of ``users``; one that fails is logged and left out."""
        due = self._crm_action_mail_due(users)
        try:
            with self.env.cr.savepoint():
                self._crm_action_mail_create(due)
        except Exception:
            _logger.info("An e-mail of actions fails; trying one by one", exc_info=True)
            for key, actions in due.items():
                self._crm_action_mail_send_one(key, actions)

    def _crm_action_mail_send_one(self, key, actions):
        try:
            with self.env.cr.savepoint():
                self._crm_action_mail_create({key: actions})
        except Exception:
            user, company = key
            _logger.exception(
                "The e-mail of actions to user %s of company %s failed",
                user.id,
                company.id,
            )

    def _crm_action_mail_due(self, users):
        """The actions that each mail is about.

        :return: dict (user, company) → crm.action
        """
        days = {user: user._crm_action_today() for user in users}
        if not days:
            return {}
        # A user's day may be ahead of the server's.
        domain = (
            Domain("date_deadline", "<=", max(days.values()))
            & Domain("user_id", "in", users.ids)
            & Domain("company_id", "in", [False, *self.ids])
            & Domain("state", "in", OPEN_STATES)
        )
        actions = self.env["crm.action"].search(domain, order="date_deadline, id")
        actions = actions.filtered(
            lambda action: action.date_deadline <= days[action.user_id]
        )
        current = actions.filtered(lambda action: action.state == "todo")
        on_turn = {(action.user_id, action.lead_id) for action in current}

        def get_reader(action):
            return action.user_id, action.company_id or action.user_id.company_id

        return {
            (user, company): of_reader
            for (user, company), of_reader in actions.filtered(
                lambda action: (action.user_id, action.lead_id) in on_turn
            )
            .grouped(get_reader)
            .items()
            if company in self and company in user.company_ids
        }

    def _crm_action_mail_create(self, due):
        """Create the mails in Odoo's queue.

        :param dict due: (user, company) → crm.action
        """
        together = self.env["crm.action"].union(*due.values())
        self.env["mail.mail"].create(
            [
                company._prepare_crm_action_mail_values(
                    user, actions.with_prefetch(together.ids)
                )
                for (user, company), actions in due.items()
            ]
        )

    def _prepare_crm_action_mail_values(self, user, actions):
        self.ensure_one()
        # In the language of the reader, whatever that of the scheduler.
        company = self.with_context(lang=user.lang, tz=user.tz)
        actions = actions.with_env(company.env)
        email_from = company.email_formatted or self.env.user.email_formatted
        return {
            "subject": company.env._(
                "%(company)s: actions to do (%(count)s)",
                company=company.name,
                count=len(actions),
            ),
            "body_html": company.env["ir.qweb"]._render(
                "crm_actions.crm_action_mail",
                company._crm_action_mail_context(user, actions),
            ),
            "author_id": self.env.user.partner_id.id,
            "email_from": email_from,
            "reply_to": email_from,
            "email_to": user.email_formatted,
            "auto_delete": True,
            # Nobody wants to read that somebody is out of office.
            "headers": repr({"X-Auto-Response-Suppress": "OOF"}),
            "state": "outgoing",
        }

    def _crm_action_mail_context(self, user, actions):
        """What the template ``crm_action_mail`` is rendered with."""
        today = user._crm_action_today()
        base_url = self.get_base_url()
        groups = []
        by_lead = actions.grouped("lead_id")
        for lead, actions_of_lead in list(by_lead.items())[:MAIL_SIZE]:
            lines = []
            for action in actions_of_lead:
                label = action.activity_type_id.name
                if action.summary:
                    label = self.env._(
                        "%(type)s: %(summary)s", type=label, summary=action.summary
                    )
                overdue = action.date_deadline < today and self.env._(
                    "Overdue since %(date)s",
                    date=format_date(self.env, action.date_deadline),
                )
                lines.append({"action": action, "label": label, "overdue": overdue})
            url = urljoin(base_url, f"/mail/view?model=crm.lead&res_id={lead.id}")
            groups.append({"lead": lead, "url": url, "lines": lines})
        return {
            "company": self,
            "heading": f"{self.name} – {format_date(self.env, today)}",
            "greeting": self.env._("Hello %(name)s,", name=user.name),
            "groups": groups,
            "more": len(by_lead) > MAIL_SIZE
            and self.env._(
                "and %(count)s more opportunities", count=len(by_lead) - MAIL_SIZE
            ),
            "actions_url": urljoin(
                base_url, "/odoo/action-crm_actions.crm_action_action"
            ),
            # Without its id, the page is that of a new user.
            "preferences_url": urljoin(base_url, f"/odoo/my-preferences/{user.id}"),
        }

    # ----------------------------------------------------------- working days

    def _crm_actions_works_on(self):
        """A predicate that says whether a date is a working day of the company.

        Working days are those of the company's calendar, in its timezone, public
        holidays taken out. Monday to Friday are the working days of a company that has
        no calendar, or one that says on no day when work begins. The calendar is read a
        year at a time, when a date of that year is asked for: keep one predicate for a
        batch, so that its queries do not depend on the number of dates.

        An empty company is the current one.

        :return: function of a date that returns a bool
        """
        # An onchange has a company without id, behind which is the real one.
        company = self._origin or self.env.company
        # sudo: a salesperson counts the working days of the company without being
        # allowed to read each leave.
        days_of = functools.cache(company.sudo()._crm_actions_working_days)

        def works_on(day):
            days = days_of(day.year)
            return day.weekday() < 5 if days is None else day in days

        return works_on

    def _crm_actions_working_days(self, year):
        """The working days of a year, or None where the calendar does not say."""
        self.ensure_one()
        calendar = self.resource_calendar_id
        # What Odoo says of a flexible calendar are hours of a week, spread from the
        # first day that is asked about.
        if not calendar.attendance_ids or calendar.flexible_hours:
            return None
        tz = pytz.timezone(calendar.tz or "UTC")
        start = tz.localize(datetime(year, 1, 1))
        end = tz.localize(datetime.combine(datetime(year, 12, 31), time.max))
        intervals = calendar._work_intervals_batch(
            start,
            end,
            domain=[
                ("time_type", "=", "leave"),
                ("company_id", "in", [False, self.id]),
            ],
            tz=tz,
        )[False]
        if (
            not intervals
            and not (calendar._attendance_intervals_batch(start, end, tz=tz)[False])
        ):
            return None
        return {begin.astimezone(tz).date() for begin, _end, _meta in intervals}
