# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import CrmActionsCommon, days

# How a list is put on hold and goes on: methods, or values, of the opportunity.
PAUSES = {
    "button": ("action_pause_actions", "action_resume_actions"),
    "field": ({"actions_paused": True}, {"actions_paused": False}),
    "lost": ("action_set_lost", "action_restore"),
    "archived": ("action_archive", "action_unarchive"),
    "written": ({"active": False}, {"active": True}),
}


def moment(day, time="12:00:00"):
    """Noon UTC, or another time, ``day`` days after TODAY."""
    return f"{days(day)} {time}"


@tagged("post_install", "-at_install")
class TestPauseDates(CrmActionsCommon):
    """A pause moves what was dated before it, by the days that passed since."""

    def _apply(self, lead, what):
        lead = self.as_user(self.ana, lead)
        if isinstance(what, str):
            getattr(lead, what)()
        else:
            lead.write(what)

    def _pause(self, lead, day):
        self.at(moment(day))
        self._apply(lead, "action_pause_actions")

    def _resume(self, lead, day):
        self.at(moment(day))
        self._apply(lead, "action_resume_actions")

    def _started(self, *steps, **values):
        """A new opportunity on which a plan of these steps was started."""
        lead = self._lead("Été")
        return lead, lead._actions_start_plan(self._plan(*steps, **values))

    def assertDue(self, actions, *due):
        expected = [day if day is False else days(day) for day in due]
        self.assertEqual(actions.mapped("date_deadline"), expected)

    # ----------------------------------------------------- dates before the pause

    def test_counted_date_moves(self):
        after = {"delay_count": 3, "delay_from": "previous_done"}
        for name, (pause, resume) in PAUSES.items():
            for position in (1, 2):
                with self.subTest(pause=name, position=position):
                    self.at(moment(0))
                    lead, actions = self._started({}, after, after, after)
                    actions[:position].with_user(self.ana).action_done()
                    self.assertDue(actions[position], 3)
                    self.at(moment(1))
                    self._apply(lead, pause)
                    self.assertEqual(actions[position].state, "paused")
                    self.assertDue(actions[position], 3)
                    self.at(moment(11))
                    self._apply(lead, resume)
                    self.assertEqual(actions[position].state, "todo")
                    self.assertDue(actions[position], 13)
                    self.assertEqual(
                        self.mirror(actions[position]).date_deadline, days(13)
                    )
                    self.assertFalse(actions[position].is_late)
                    self.assertFalse(actions[position + 1].date_deadline)

    def test_two_pauses(self):
        lead, actions = self._started({"delay_count": 2})
        for pause, resume in ((0, 3), (4, 6), (6, 6)):
            self._pause(lead, pause)
            self._resume(lead, resume)
        self.assertDue(actions, 7)

    def test_counted_from_due_date(self):
        lead, actions = self._started(
            {"delay_count": 2}, {"delay_count": 3, "delay_from": "previous_deadline"}
        )
        actions[0].with_user(self.ana).action_done()
        self.assertDue(actions, 2, 5)
        self._pause(lead, 1)
        self._resume(lead, 11)
        self.assertDue(actions, 2, 15)

    def test_limit(self):
        for limit, due in ((0, 1), (3, 4), (10, 11), (99, 11)):
            with self.subTest(limit=limit):
                self.at(moment(0))
                lead = self._lead("Limite")
                action = self._actions(lead, 1)
                self._pause(lead, 0)
                self.at(moment(10))
                self.as_user(self.ana, lead).action_resume_actions(limit)
                self.assertDue(action, due)

    def test_limit_is_a_number_of_days(self):
        self._pause(self.lead, 0)
        lead = self.as_user(self.ana, self.lead)
        for limit in (-1, 3651, 10**30, 1.5, "3", "x", [1], {}, (2,)):
            with self.subTest(limit=limit), self.assertRaises(UserError):
                lead.action_resume_actions(limit)
        self.assertTrue(self.lead.actions_paused)

    # ----------------------------------------------------- dates of the pause

    def test_date_chosen_during_the_pause(self):
        def by_write(action):
            action.write({"date_deadline": days(10)})

        def by_method(action):
            action.action_reschedule(days(10))

        def by_postponement(action):
            action.action_postpone(5)  # due on d(1), late on d(5): from today

        def by_form(action):
            with Form(action) as form:
                form.date_deadline = days(10)

        def by_opportunity(action):
            action.lead_id.write(
                {"action_ids": [Command.update(action.id, {"date_deadline": days(10)})]}
            )

        def by_import(action):
            external_id = action.sudo().export_data(["id"])["datas"][0][0]
            result = action.browse().load(
                ["id", "date_deadline"], [[external_id, str(days(10))]]
            )
            self.assertTrue(result["ids"], result["messages"])

        for choose in (
            by_write,
            by_method,
            by_postponement,
            by_form,
            by_opportunity,
            by_import,
        ):
            for resumed in (5, 9):
                with self.subTest(door=choose.__name__, resumed=resumed):
                    self.at(moment(0))
                    lead = self._lead("Choisie")
                    action = self._actions(lead, 1)
                    self._pause(lead, 0)
                    self.at(moment(5))
                    choose(self.as_user(self.ana, action))
                    self._resume(lead, resumed)
                    self.assertDue(action, 10)
                    self.assertFalse(action.date_set_on)
                    self._pause(lead, resumed)
                    self._resume(lead, resumed + 4)
                    self.assertDue(action, 14)

    def test_waiting_date_chosen_during_the_pause(self):
        self._pause(self.lead, 0)
        self.at(moment(2))
        self.as_user(self.ana, self.second).write({"date_deadline": days(9)})
        self._resume(self.lead, 4)
        self.assertDue(self.lead.action_ids, 5, 9, 7)

    def test_added_during_the_pause(self):
        self._pause(self.lead, 0)
        self.at(moment(5))
        added = self.as_user(self.ana, self.env["crm.action"]).create(
            {"lead_id": self.lead.id, "date_deadline": days(20)}
        )
        self._resume(self.lead, 10)
        self.assertDue(self.lead.action_ids, 11, 12, 13, 20)
        self.assertEqual(added.state, "waiting")

    def test_plan_started_during_the_pause(self):
        self._pause(self.lead, 0)
        self.at(moment(5))
        actions = self.lead._actions_start_plan(
            self._plan({"delay_count": 1}, {"delay_count": 4})
        )
        self.assertDue(actions, 6, 9)
        self._resume(self.lead, 8)
        self.assertDue(actions, 9, 12)
        self.assertEqual(actions.run_id.plan_date, days(8))

    def test_repeated_during_the_pause(self):
        plan = self._plan({}, {"delay_count": 2, "delay_from": "previous_done"})
        outcome = self.env["crm.action.outcome"].create(
            {
                "name": "Absent",
                "template_id": plan.template_ids[0].id,
                "next_kind": "repeat",
                "repeat_days": 2,
            }
        )
        lead = self._lead("Répétée")
        first, second = lead._actions_start_plan(plan)
        self._pause(lead, 0)
        self.at(moment(5))
        self.as_user(self.ana, first).action_done(outcome_id=outcome.id)
        repeat = lead.action_ids.filtered("origin_action_id")
        self.assertEqual(repeat.state, "paused")
        self.assertDue(repeat, 7)
        self._resume(lead, 8)
        self.assertDue(repeat, 10)
        self.at(moment(9))
        self.as_user(self.ana, repeat).action_done()
        self.assertDue(second, 11)

    def test_counted_during_the_pause(self):
        lead, actions = self._started(
            {}, {"delay_count": 3, "delay_from": "previous_done"}
        )
        self._pause(lead, 0)
        self.at(moment(4))
        self.as_user(self.ana, actions[0]).action_done()
        self.assertEqual(actions[1].state, "paused")
        self.assertDue(actions[1], 7)
        self._resume(lead, 6)
        self.assertDue(actions[1], 9)

    def test_undone_during_the_pause(self):
        self.first.with_user(self.ana).action_done()
        self._pause(self.lead, 0)
        self.at(moment(2))
        self.as_user(self.ana, self.first).action_reopen()
        self.assertStates(self.lead.action_ids, "paused", "waiting", "waiting")
        self._resume(self.lead, 4)
        self.assertDue(self.lead.action_ids, 5, 6, 7)

    def test_reordered_during_the_pause(self):
        lead, actions = self._started(
            {}, {"delay_count": 3, "delay_from": "previous_done"}, {"delay_count": 9}
        )
        actions[0].with_user(self.ana).action_done()
        self._pause(lead, 0)
        self.at(moment(2))
        self.as_user(self.ana, actions[2]).write({"sequence": 5})
        self.assertEqual(actions[2].state, "paused")
        self.assertFalse(actions[1].date_deadline)
        self.at(moment(3))
        self.as_user(self.ana, actions[2]).write({"sequence": 50})
        self.assertEqual(actions[1].state, "paused")
        self.assertDue(actions[1:], 3, 9)
        self._resume(lead, 5)
        # Counted on d(3): two days of the pause were still to come.
        self.assertDue(actions[1:], 5, 14)

    def test_merged_during_the_pause(self):
        other = self._lead("Autre")
        theirs = self._actions(other, 2)
        self._pause(self.lead, 0)
        self.at(moment(4))
        (self.lead | other)._merge_opportunity(auto_unlink=True)
        kept = (self.lead | other).exists()
        self.assertEqual(len(kept.action_ids), 5)
        self._resume(kept, 6)
        moved = 6 if kept == self.lead else 4
        self.assertIn(theirs[0].date_deadline, (days(1), days(3)))
        self.assertEqual(
            self.first.date_deadline, days(1 + moved), "those of the paused list"
        )

    def test_moved_out_of_a_pause(self):
        other = self._lead("Ailleurs")
        self._pause(self.lead, 0)
        self.at(moment(4))
        self.as_user(self.ana, self.third).write({"lead_id": other.id})
        self.assertEqual(self.third.state, "todo")
        self.assertDue(self.third, 7)

    # ----------------------------------------------------- pause × other features

    def test_postponed_then_paused(self):
        self.as_user(self.ana, self.first).action_postpone(3)
        self._pause(self.lead, 1)
        self._resume(self.lead, 4)
        self.assertDue(self.first, 7)

    def test_rescheduled_activity_then_paused(self):
        self.mirror(self.first).with_user(self.ana).write({"date_deadline": days(8)})
        self._pause(self.lead, 1)
        self._resume(self.lead, 4)
        self.assertDue(self.first, 11)

    def test_lost_while_paused(self):
        self._pause(self.lead, 0)
        self.at(moment(2))
        self._apply(self.lead, "action_set_lost")
        self.assertTrue(self.lead.actions_paused)
        self.at(moment(4))
        self._apply(self.lead, "action_restore")
        # It had been paused by hand before: it still is.
        self.assertEqual(self.lead.actions_pause_reason, "manual")
        self._resume(self.lead, 6)
        self.assertDue(self.lead.action_ids, 7, 8, 9)

    def test_won_while_paused_and_reopened(self):
        lead, actions = self._started({"delay_count": 1}, {"delay_count": 2})
        self._pause(lead, 0)
        self.at(moment(2))
        self._apply(lead, {"stage_id": self.stage_won.id})
        self.assertStates(actions, "cancelled", "cancelled")
        self.assertFalse(lead.actions_paused)
        self.at(moment(4))
        self._apply(lead, {"stage_id": self.stage_next.id})
        self.assertEqual(actions[0].state, "todo")
        self.assertEqual(lead.next_action_id, actions[0])

    def test_reassigned_during_the_pause(self):
        self._pause(self.lead, 0)
        self.at(moment(2))
        self.as_user(self.manager, self.lead).write({"user_id": self.bo.id})
        self.assertEqual(self.lead.action_ids.user_id, self.bo)
        self.at(moment(4))
        self.as_user(self.bo, self.lead).action_resume_actions()
        self.assertDue(self.lead.action_ids, 5, 6, 7)
        self.assertEqual(self.mirror(self.first).user_id, self.bo)

    def test_list_that_ends_is_not_paused(self):
        ends = {
            "done": lambda lead: lead.action_ids.action_done(),
            "skipped": lambda lead: lead.action_ids.action_skip("Inutile"),
            "cancelled": lambda lead: lead.action_ids.action_cancel(),
            "deleted": lambda lead: lead.action_ids.unlink(),
            "deleted on the form": lambda lead: lead.write(
                {"action_ids": [Command.clear()]}
            ),
            "moved": lambda lead: lead.action_ids.write(
                {"lead_id": self._lead("Voisine").id}
            ),
            "stopped": lambda lead: lead.action_run_ids.action_stop(),
            "won": lambda lead: lead.write({"stage_id": self.stage_won.id}),
        }
        for name, end in ends.items():
            for pause in ("action_pause_actions", "action_set_lost"):
                with self.subTest(end=name, pause=pause):
                    self.at(moment(0))
                    lead, _actions = self._started({}, {})
                    self._apply(lead, pause)
                    end(self.as_user(self.ana, lead))
                    self.assertFalse(lead.actions_paused)
                    self.assertFalse(lead.actions_paused_at)
                    self.assertFalse(lead.actions_pause_reason)
                    self.at(moment(3))
                    if name == "won":
                        self._apply(lead, {"stage_id": self.stage_next.id})
                        lead.action_ids.with_user(self.ana).action_cancel()
                    elif not lead.active:
                        self._apply(lead, "action_restore")
                    follow_up = lead._actions_start_plan(self._plan({}))
                    fronts = lead.action_ids.filtered(lambda a: a.state == "todo")
                    self.assertEqual(fronts, follow_up)

    # ----------------------------------------------------- days of whom

    def test_days_are_those_of_the_assignee(self):
        zones = (
            # zone, paused and resumed (UTC) around midnight there, days moved
            ("Pacific/Auckland", "10:00:00", "12:00:00", 1),
            ("Pacific/Auckland", "12:00:00", "22:00:00", 0),
            ("America/Los_Angeles", "07:00:00", "09:00:00", 1),
            ("America/Los_Angeles", "10:00:00", "23:00:00", 0),
            ("Pacific/Kiritimati", "09:00:00", "11:00:00", 1),
            ("Pacific/Kiritimati", "11:00:00", "23:00:00", 0),
            (False, "09:00:00", "23:59:59", 0),
        )
        for reader in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
            self.manager.tz = reader
            for who in ("assignee", "salesperson"):
                for zone, paused, resumed, moved in zones:
                    with self.subTest(reader=reader, who=who, zone=zone, at=paused):
                        self.at(moment(0, "00:30:00"))
                        self.ana.tz = self.bo.tz = "UTC"
                        user = self.bo if who == "assignee" else self.ana
                        user.tz = zone
                        lead = self._lead("Fuseau")
                        assigned = self.bo.id if who == "assignee" else False
                        action = self._actions(lead, 1, user_id=assigned)
                        self.at(moment(0, paused))
                        self.as_user(self.manager, lead).action_pause_actions()
                        self.at(moment(0, resumed))
                        self.as_user(self.manager, lead).with_context(
                            tz=reader
                        ).action_resume_actions()
                        self.assertDue(action, 1 + moved)

    def test_counted_on_the_day_of_the_assignee(self):
        for zone, time, day in (
            ("Pacific/Auckland", "12:00:00", 1),
            ("America/Los_Angeles", "07:00:00", -1),
            ("Pacific/Kiritimati", "11:00:00", 1),
            (False, "23:59:00", 0),
        ):
            with self.subTest(zone=zone):
                self.at(moment(0, time))
                self.ana.tz = zone
                _lead, actions = self._started(
                    {}, {"delay_count": 2, "delay_from": "previous_done"}
                )
                self.assertDue(actions[0], day)
                self.as_user(self.manager, actions[0]).action_done()
                self.assertDue(actions[1], day + 2)

    # ----------------------------------------------------- the step before

    def test_counts_from_the_step_closed_last(self):
        _lead, actions = self._started(
            {}, {"delay_count": 5}, {"delay_count": 2, "delay_from": "previous_done"}
        )
        self.as_user(self.ana, actions[1]).action_done()
        self.at(moment(4))
        self.as_user(self.ana, actions[0]).action_done()
        self.assertDue(actions[2], 6)
        self.assertFalse(actions[2].is_late)

    def test_counts_from_the_repeat(self):
        plan = self._plan({}, {"delay_count": 3, "delay_from": "previous_done"})
        outcome = self.env["crm.action.outcome"].create(
            {
                "name": "Absent",
                "template_id": plan.template_ids[0].id,
                "next_kind": "repeat",
                "repeat_days": 2,
            }
        )
        lead = self._lead("Rappel")
        first, second = lead._actions_start_plan(plan)
        self.as_user(self.ana, first).action_done(outcome_id=outcome.id)
        repeat = lead.next_action_id
        self.assertEqual(repeat.origin_action_id, first)
        self.assertDue(repeat, 2)
        # Sooner than its original was due: it comes after it all the same.
        self.as_user(self.ana, repeat).write({"date_deadline": days(-20)})
        self.assertEqual(list(lead.action_ids._in_order()), [first, repeat, second])
        self.at(moment(3))
        self.as_user(self.ana, repeat).action_done()
        self.assertDue(second, 6)

    def test_cancelled_step_does_not_count(self):
        _lead, actions = self._started(
            {},
            {"delay_count": 5},
            {"delay_count": 2, "delay_from": "previous_done"},
        )
        self.as_user(self.ana, actions[0]).action_done()
        self.at(moment(4))
        self.as_user(self.ana, actions[1]).action_cancel()
        self.assertDue(actions[2], 4)  # d(0) + 2 is over

    # ----------------------------------------------------- postponement

    def test_postponed_list(self):
        _lead, actions = self._started(
            {},
            {"delay_count": 20, "delay_from": "previous_done"},
            {"delay_count": 10, "delay_from": "previous_done"},
        )
        self.assertEqual(
            actions.mapped("estimated_date"), [days(0), days(20), days(30)]
        )
        self.as_user(self.ana, actions).action_postpone(7)
        self.assertDue(actions, 7, False, False)
        self.assertEqual(
            actions.mapped("estimated_date"), [days(7), days(27), days(37)]
        )

    def test_postponed_waiting_action(self):
        _lead, actions = self._started(
            {},
            {"delay_count": 20, "delay_from": "previous_done"},
            {"delay_count": 10, "delay_from": "previous_done"},
        )
        self.as_user(self.ana, actions[1]).action_postpone(7)
        self.assertDue(actions, 0, 27, False)
        self.assertEqual(actions[2].estimated_date, days(37))

    def test_postponed_while_paused(self):
        lead, actions = self._started(
            {}, {"delay_count": 20, "delay_from": "previous_done"}
        )
        self._pause(lead, 0)
        self.at(moment(5))
        self.as_user(self.ana, actions).action_postpone(7)
        self.assertDue(actions, 12, False)
        self._resume(lead, 8)
        self.assertDue(actions, 12, False)

    # ----------------------------------------------------- what cannot be stored

    def test_absurd_dates(self):
        action = self.as_user(self.ana, self.first)
        lead = self.as_user(self.ana, self.lead)
        mirror = self.mirror(self.first).with_user(self.ana)
        for date in ("9999-12-31", "2200-01-01", "1899-12-31", "0001-01-01"):
            for name, door in {
                "write": lambda d: action.write({"date_deadline": d}),
                "waiting": lambda d: self.second.with_user(self.ana).write(
                    {"date_deadline": d}
                ),
                "method": lambda d: action.action_reschedule(d),
                "activity": lambda d: mirror.write({"date_deadline": d}),
                "create": lambda d: action.create(
                    {"lead_id": lead.id, "date_deadline": d}
                ),
                "default": lambda d: action.with_context(
                    default_date_deadline=d
                ).create({"lead_id": lead.id}),
                "opportunity": lambda d: lead.write(
                    {"action_ids": [Command.create({"date_deadline": d})]}
                ),
                "opportunity, change": lambda d: lead.write(
                    {"action_ids": [Command.update(action.id, {"date_deadline": d})]}
                ),
            }.items():
                with self.subTest(date=date, door=name):
                    with self.assertRaises(UserError):
                        door(date)
                        self.env.flush_all()
                    self.env.invalidate_all()
                    self.assertDue(self.lead.action_ids, 1, 2, 3)
            with self.subTest(date=date, door="import"):
                result = action.load(
                    ["lead_id/.id", "date_deadline"], [[str(lead.id), date]]
                )
                self.assertFalse(result["ids"])
        self.assertEqual(self.mirror(self.first).date_deadline, days(1))

    def test_absurd_postponements(self):
        action = self.as_user(self.ana, self.first)
        for junk in (9_999_999, -9_999_999, 10**40, 1.5, "3", "x", [1], {}, None):
            with self.subTest(days=junk), self.assertRaises(UserError):
                action.action_postpone(junk)
        with self.assertRaises(UserError):
            for _time in range(60):
                action.action_postpone(3650)
        self.env.invalidate_all()
        self.assertTrue(self.lead.action_ids.mapped("estimated_date"))

    def test_far_dates_are_read(self):
        """What may be stored can be read, moved and repaired."""
        far = {"delay_count": 3650, "delay_from": "previous_done"}
        lead, actions = self._started(
            {},
            {
                "delay_count": 3650,
                "delay_unit": "months",
                "delay_from": "previous_done",
            },
            {**far, "delay_unit": "weeks"},
            {**far, "delay_unit": "working_days"},
        )
        self.as_user(self.ana, actions[0]).write({"date_deadline": "2199-12-31"})
        self.assertEqual(
            {str(day) for day in actions.mapped("estimated_date")}, {"2199-12-31"}
        )
        self._pause(lead, 0)
        self._resume(lead, 400)
        self.assertEqual(str(actions[0].date_deadline), "2199-12-31")
        self.as_user(self.ana, actions[0]).action_done()
        self.assertTrue(actions[1].date_deadline)
        lead._actions_repair()

    def test_absurd_plan_dates(self):
        plan = self._plan({}, {"delay_count": 5})
        for date in ("9999-12-31", "0001-01-01"):
            with self.subTest(date=date):
                lead = self._lead("Absurde")
                try:
                    with self.env.cr.savepoint():
                        self.env["mail.activity.schedule"].with_user(self.ana).create(
                            {
                                "res_model": "crm.lead",
                                "res_ids": str(lead.ids),
                                "plan_id": plan.id,
                                "plan_date": date,
                            }
                        ).action_schedule_plan()
                except UserError:
                    continue
                for day in lead.action_ids.mapped("date_deadline"):
                    self.assertIn(day.year, range(1900, 2200))
                lead.invalidate_recordset()
                self.assertTrue(lead.action_ids.mapped("estimated_date"))
