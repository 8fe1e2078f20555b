# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestDelaysOfSteps(CrmActionsCommon):
    def _start(self, *steps, **values):
        lead = self._lead("Cadence Núñez")
        plan = self._plan(*steps, **values)
        return lead._actions_start_plan(plan)

    def test_from_completion(self):
        actions = self._start(
            {"delay_count": 1},
            {"delay_count": 3, "delay_from": "previous_done"},
            {"delay_count": 2, "delay_unit": "weeks", "delay_from": "previous_done"},
        )
        self.assertEqual(actions.mapped("date_deadline"), [days(1), False, False])
        self.assertEqual(actions.mapped("estimated_date"), [days(1), days(4), days(18)])
        # late by four days: what follows is pushed
        self.at("2026-11-29 12:00:00")
        self.env.invalidate_all()
        self.assertEqual(actions.mapped("estimated_date"), [days(1), days(8), days(22)])
        self.mirror(actions[0]).action_feedback()
        self.assertEqual(actions[1].date_deadline, days(8))
        self.assertEqual(self.mirror(actions[1]).date_deadline, days(8))
        self.assertEqual(actions[2].estimated_date, days(22))
        # early: what follows comes earlier
        actions[1].action_done()
        self.assertEqual(actions[2].date_deadline, days(19))

    def test_from_the_deadline(self):
        actions = self._start(
            {"delay_count": 1},
            {"delay_count": 3, "delay_from": "previous_deadline"},
            {"delay_count": 1, "delay_from": "previous_deadline"},
        )
        actions[0].action_reschedule(days(10))
        self.assertEqual(
            actions.mapped("estimated_date"), [days(10), days(13), days(14)]
        )
        actions[0].action_done()
        self.assertEqual(actions[1].date_deadline, days(13))

    def test_in_working_days(self):
        actions = self._start(
            {"delay_count": 2, "delay_unit": "working_days"},
            {
                "delay_count": 2,
                "delay_unit": "working_days",
                "delay_from": "previous_done",
            },
        )
        self.assertEqual(actions.mapped("estimated_date"), [days(2), days(6)])
        self.at("2026-11-28 12:00:00")  # a Saturday
        actions[0].action_done()
        self.assertEqual(actions[1].date_deadline, days(7))

    def test_first_step_counts_from_the_plan_date(self):
        actions = self._start({"delay_count": 5, "delay_from": "previous_done"})
        self.assertEqual(actions.date_deadline, days(5))

    def test_skipped_step_counts_as_ended(self):
        actions = self._start(
            {"delay_count": 1}, {"delay_count": 3, "delay_from": "previous_done"}
        )
        actions[0].action_skip()
        self.assertEqual(actions[1].date_deadline, days(3))

    def test_cancelled_step_does_not_count(self):
        actions = self._start(
            {"delay_count": 1},
            {"delay_count": 1, "delay_from": "previous_done"},
            {"delay_count": 5, "delay_from": "previous_done"},
        )
        actions[0].action_done()
        self.at("2026-11-30 12:00:00")
        actions[1].action_cancel()
        # The first one counts, and what is counted is never due before today.
        self.assertEqual(actions[2].date_deadline, days(6))

    def test_date_set_by_hand_stays(self):
        actions = self._start(
            {"delay_count": 1}, {"delay_count": 3, "delay_from": "previous_done"}
        )
        actions[1].with_user(self.ana).date_deadline = days(40)
        actions[0].action_done()
        self.assertEqual(actions[1].date_deadline, days(40))

    def test_undo_forgets_the_date(self):
        actions = self._start(
            {"delay_count": 1}, {"delay_count": 3, "delay_from": "previous_done"}
        )
        actions[0].action_done()
        self.assertEqual(actions[1].date_deadline, days(3))
        actions[0].action_reopen()
        self.assertFalse(actions[1].date_deadline)
        self.at("2026-11-26 12:00:00")
        actions[0].action_done()
        self.assertEqual(actions[1].date_deadline, days(5))

    def test_undo_keeps_what_was_set_by_hand(self):
        actions = self._start(
            {"delay_count": 1}, {"delay_count": 3, "delay_from": "previous_done"}
        )
        actions[0].action_done()
        self.mirror(actions[1]).date_deadline = days(9)
        actions[0].action_reopen()
        self.assertEqual(actions[1].date_deadline, days(9))

    def test_the_day_is_the_assignees(self):
        self.ana.tz = "Pacific/Auckland"
        actions = self._start(
            {"delay_count": 0}, {"delay_count": 1, "delay_from": "previous_done"}
        )
        self.mirror(actions[0]).with_user(self.ana).action_feedback()
        self.assertEqual(actions[1].date_deadline, days(2))

    def test_responsible(self):
        actions = self._start(
            {"responsible_type": "salesperson"},
            {"responsible_type": "team_leader"},
            {"responsible_type": "previous"},
            {"responsible_type": "other", "responsible_id": self.bo.id},
        )
        self.assertEqual(
            [action.user_id for action in actions],
            [self.ana, *[self.env["res.users"]] * 2, self.bo],
        )
        actions[0].action_done()
        self.as_user(self.employee, actions[1]).sudo().action_done()
        self.assertEqual(actions[2].user_id, self.employee)
        self.assertEqual(self.mirror(actions[2]).user_id, self.employee)
        actions[1].action_reopen()
        self.assertFalse(actions[2].user_id)

    def test_nights_in_which_the_clocks_change(self):
        """The day ends at midnight of the assignee, an hour off the day before."""
        self.ana.tz = "Europe/Brussels"
        for moment, due, late, following in (
            # spring: the 28th lasts from 23:00 to 22:00 UTC
            ("2027-03-27 22:59:00", "2027-03-27", 0, "2027-03-28"),
            ("2027-03-27 23:01:00", "2027-03-27", 1, "2027-03-29"),
            ("2027-03-28 21:59:00", "2027-03-28", 0, "2027-03-29"),
            ("2027-03-28 22:01:00", "2027-03-28", 1, "2027-03-30"),
            # autumn: the 31st lasts from 22:00 to 23:00 UTC
            ("2027-10-30 21:59:00", "2027-10-30", 0, "2027-10-31"),
            ("2027-10-30 22:01:00", "2027-10-30", 1, "2027-11-01"),
            ("2027-10-31 22:59:00", "2027-10-31", 0, "2027-11-01"),
            ("2027-10-31 23:01:00", "2027-10-31", 1, "2027-11-02"),
        ):
            with self.subTest(moment=moment):
                actions = self._start(
                    {}, {"delay_count": 1, "delay_from": "previous_done"}
                )
                actions[0].date_deadline = due
                with freeze_time(moment):
                    self.env.invalidate_all()
                    self.assertEqual(actions[0].is_late, bool(late))
                    self.mirror(actions[0]).with_user(self.ana).action_feedback()
                self.assertEqual(actions[0].days_late, late)
                self.assertEqual(str(actions[1].date_deadline), following)

    def test_leap_day(self):
        self.at("2028-01-31 12:00:00")
        actions = self._start(
            {"delay_count": 1, "delay_unit": "months"},
            {
                "delay_count": 12,
                "delay_unit": "months",
                "delay_from": "previous_deadline",
            },
            {
                "delay_count": 1,
                "delay_unit": "working_days",
                "delay_from": "previous_done",
            },
        )
        self.assertEqual(
            [str(day) for day in actions.mapped("estimated_date")],
            ["2028-02-29", "2029-02-28", "2029-03-01"],
        )
        self.at("2028-02-28 12:00:00")
        actions[0].action_postpone()
        self.assertEqual(str(actions[0].date_deadline), "2028-03-01")
        actions[0].action_reschedule("2028-02-29")
        lead = actions.lead_id
        lead.action_pause_actions()
        self.at("2028-03-01 12:00:00")
        lead.action_resume_actions()
        self.assertEqual(str(self.mirror(actions[0]).date_deadline), "2028-03-02")
        self.at("2028-02-29 12:00:00")
        self.mirror(actions[0]).action_feedback()
        self.assertEqual(str(actions[1].date_deadline), "2029-03-02")
        actions[1].action_done()
        self.assertEqual(str(actions[2].date_deadline), "2028-03-01")

    def test_undo_after_another_salesperson(self):
        """Who got the step by itself loses it again, also when they changed."""
        actions = self._start({}, {"responsible_type": "previous"})
        actions[0].with_user(self.ana).action_done()
        self.assertEqual(actions[1].user_id, self.ana)
        actions.lead_id.user_id = self.bo
        self.assertEqual(self.mirror(actions[1]).user_id, self.bo)
        actions[0].action_reopen()
        self.assertStates(actions, "todo", "waiting")
        self.assertFalse(actions[1].user_id)
        actions[0].with_user(self.manager).action_done()
        self.assertEqual(self.mirror(actions[1]).user_id, self.manager)

    def test_nobody_is_responsible(self):
        lead = self._lead("Sans vendeur", user_id=False, team_id=False)
        actions = lead._actions_start_plan(
            self._plan(
                {"responsible_type": "salesperson"},
                {"responsible_type": "team_leader"},
                {"responsible_type": "on_demand"},
            )
        )
        self.assertFalse(actions.user_id)
        lead.user_id = self.bo
        self.assertEqual(actions[0].user_id, self.bo)

    def test_limits(self):
        for count in (-1, 3651):
            with self.assertRaisesRegex(ValidationError, "between 0 and"):
                self._plan({"delay_unit": "working_days", "delay_count": count})
