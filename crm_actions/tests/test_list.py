# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import TODAY, CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestList(CrmActionsCommon):
    def test_first_is_current(self):
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")
        mirror = self.mirror(self.first)
        self.assertEqual(self.lead.activity_ids, mirror)
        self.assertEqual(mirror.user_id, self.ana)
        self.assertEqual(mirror.summary, "Étape 1")
        self.assertFalse(mirror.automated)

    def test_default_assignee(self):
        self.assertEqual(self.first.user_id, self.ana)
        orphan = self._lead("Sans vendeur", user_id=False)
        action = (
            self.env["crm.action"].with_user(self.bo).create({"lead_id": orphan.id})
        )
        self.assertEqual(action.user_id, self.bo)

    def test_explicitly_unassigned(self):
        action = self._actions(self._lead("Núñez"), 1, user_id=False)
        self.assertFalse(action.user_id)
        self.assertFalse(self.mirror(action).user_id)

    def test_without_date_is_due_today(self):
        action = self._actions(self._lead("Núñez"), 1, date_deadline=False)
        self.assertEqual(action.date_deadline, TODAY)
        self.assertEqual(self.mirror(action).date_deadline, TODAY)

    def test_today_is_the_assignees(self):
        self.ana.tz = "Pacific/Auckland"
        action = self._actions(self._lead("Núñez"), 1, date_deadline=False)
        self.assertEqual(action.date_deadline, days(1))

    def test_waiting_without_date_has_an_estimate(self):
        lead = self._lead("Núñez")
        actions = self._actions(lead, 2)
        actions[1].date_deadline = False
        self.assertEqual(actions[1].estimated_date, days(1))
        actions[0].date_deadline = days(10)
        self.assertEqual(actions[1].estimated_date, days(10))

    def test_date_of_the_current_one_cleared(self):
        """What is current has a date: today's, and the clock says the same."""
        self.as_user(self.ana, self.first).date_deadline = False
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")
        self.assertEqual(self.first.date_deadline, TODAY)
        self.assertEqual(self.mirror(self.first).date_deadline, TODAY)
        self.assertEqual(self.lead.next_action_date, TODAY)

    def test_date_of_the_current_one_cleared_on_the_form(self):
        mirror = self.mirror(self.first)
        with Form(
            self.first.with_user(self.ana), view="crm_actions.crm_action_view_form"
        ) as form:
            form.date_deadline = False
        self.assertEqual(self.first.date_deadline, TODAY)
        self.assertEqual(self.mirror(self.first), mirror)
        self.assertEqual(mirror.date_deadline, TODAY)

    def test_date_of_a_late_one_cleared(self):
        self.first.date_deadline = days(-9)
        self.first.date_deadline = False
        self.assertFalse(self.first.is_late)

    def test_date_of_a_step_cleared(self):
        """The delay counts again, as if the step had become current now."""
        lead = self._lead("Étapes")
        first, second = lead._actions_start_plan(
            self._plan(
                {"delay_count": 1}, {"delay_count": 3, "delay_from": "previous_done"}
            )
        )
        first.action_done()
        self.mirror(second).date_deadline = days(9)
        second.date_deadline = False
        self.assertEqual(self.mirror(second).date_deadline, days(3))
        # It is the engine's date: undo forgets it.
        first.action_reopen()
        self.assertFalse(second.date_deadline)

    def test_date_of_a_waiting_one_cleared(self):
        self.as_user(self.ana, self.second).date_deadline = False
        self.assertFalse(self.second.date_deadline)
        self.assertEqual(self.second.estimated_date, days(1))
        self.assertFalse(self.second.activity_ids)
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")
        self.assertEqual(
            self.env["crm.action"].search(
                [("lead_id", "=", self.lead.id), ("date_deadline", "=", False)]
            ),
            self.second,
        )
        self.first.action_done()
        self.assertEqual(self.mirror(self.second).date_deadline, TODAY)

    def test_date_of_a_waiting_one_cleared_on_the_form(self):
        with Form(
            self.third.with_user(self.ana), view="crm_actions.crm_action_view_form"
        ) as form:
            form.date_deadline = False
        self.assertFalse(self.third.date_deadline)
        self.assertEqual(self.third.state, "waiting")

    def test_dates_cleared_of_a_whole_list(self):
        self.as_user(self.ana, self.lead.action_ids).write({"date_deadline": False})
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")
        self.assertEqual(
            self.lead.action_ids.mapped("date_deadline"), [TODAY, False, False]
        )

    def test_date_of_the_activity_cleared(self):
        """Odoo's own form wants a date."""
        form = Form(self.mirror(self.first))
        form.date_deadline = False
        with self.assertRaisesRegex(AssertionError, "date_deadline"):
            form.save()
        self.assertEqual(self.first.date_deadline, days(1))

    def test_date_of_a_done_one_cleared(self):
        self.first.action_done()
        self.first.date_deadline = False
        self.assertStates(self.lead.action_ids, "done", "todo", "waiting")

    def test_new_one_comes_last(self):
        action = self._actions(self.lead, 1, date_deadline=days(-5))
        self.assertEqual(self.lead.action_ids._in_order()[-1], action)
        self.assertEqual(action.state, "waiting")

    def test_added_together_in_order_of_date(self):
        lead = self._lead("Núñez")
        late, soon, never = self.env["crm.action"].create(
            [
                {"lead_id": lead.id, "date_deadline": date}
                for date in (days(9), days(1), False)
            ]
        )
        self.assertEqual(lead.action_ids._in_order(), soon + late + never)
        self.assertEqual(soon.state, "todo")

    def test_dragging_changes_the_current_one(self):
        self.as_user(self.ana, self.third).sequence = 1
        self.assertStates(self.first + self.third, "waiting", "todo")
        self.assertEqual(self.lead.activity_ids, self.mirror(self.third))
        self.first.sequence = 0
        self.assertStates(self.first + self.third, "todo", "waiting")

    def test_rescheduling_keeps_the_order(self):
        self.first.date_deadline = days(50)
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_equal_positions_go_by_date(self):
        self.lead.action_ids.write({"sequence": 10})
        self.assertEqual(self.lead.next_action_id, self.first)
        self.as_user(self.ana, self.third).date_deadline = TODAY
        self.assertEqual(self.lead.next_action_id, self.third)

    def test_deleting_the_current_one(self):
        mirror = self.mirror(self.first)
        self.as_user(self.ana, self.first).unlink()
        self.assertFalse(mirror.exists())
        self.assertStates(self.second + self.third, "todo", "waiting")

    def test_deleting_a_waiting_one(self):
        self.as_user(self.ana, self.second).unlink()
        self.assertStates(self.first + self.third, "todo", "waiting")

    def test_deleting_all(self):
        self.lead.action_ids.unlink()
        self.assertFalse(self.lead.activity_ids)
        self.assertFalse(self.lead.next_action_id)

    def test_created_with_the_lead(self):
        lead = self.env["crm.lead"].create(
            {
                "name": "D’un coup",
                "user_id": self.ana.id,
                "action_ids": [(0, 0, {"summary": name}) for name in ("Un", "Deux")],
            }
        )
        self.assertStates(lead.action_ids, "todo", "waiting")
        self.assertEqual(lead.action_ids[0].summary, "Un")
        self.assertEqual(lead.action_ids.user_id, self.ana)

    def test_edited_through_the_lead(self):
        self.lead.with_user(self.ana).write(
            {
                "action_ids": [
                    (0, 0, {"summary": "Quatre"}),
                    (1, self.first.id, {"summary": "Un"}),
                    (2, self.second.id, 0),
                ]
            }
        )
        self.assertEqual(
            self.lead.action_ids._in_order().mapped("summary"),
            ["Un", "Étape 3", "Quatre"],
        )

    def test_form(self):
        form = Form(
            self.env["crm.action"].with_user(self.ana),
            view="crm_actions.crm_action_view_form",
        )
        form.lead_id = self.lead
        form.activity_type_id = self.call
        form.summary = "Par le formulaire"
        form.date_deadline = days(3)
        action = form.save()
        self.assertEqual(action.state, "waiting")
        self.assertEqual(self.lead.action_ids._in_order()[-1].id, action.id)

    def test_state_is_changed_by_the_methods_only(self):
        action = self.first.with_user(self.manager)
        for values in (
            {"state": "done"},
            {"done_on": "2026-01-01 00:00:00"},
            {"done_by_id": self.bo.id},
            {"days_late": 3},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                action.write(values)
        with self.assertRaises(UserError):
            action.create({"lead_id": self.lead.id, "state": "todo"})
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_counts(self):
        self.assertEqual((self.lead.action_done_count, self.lead.action_count), (0, 3))
        self.first.action_done()
        self.second.action_skip()
        self.assertEqual((self.lead.action_done_count, self.lead.action_count), (2, 3))
        self.third.action_cancel()
        self.assertEqual((self.lead.action_done_count, self.lead.action_count), (2, 2))

    def test_late(self):
        self.assertFalse(self.first.is_late)
        self.assertFalse(self.lead.action_overdue)
        self.at("2026-11-26 12:00:00")
        self.env.invalidate_all()
        self.assertTrue(self.first.is_late)
        self.assertTrue(self.lead.action_overdue)
        Lead, Action = self.env["crm.lead"], self.env["crm.action"]
        self.assertIn(self.lead, Lead.search([("action_overdue", "=", True)]))
        self.assertNotIn(self.lead, Lead.search([("action_overdue", "=", False)]))
        self.assertIn(self.first, Action.search([("is_late", "=", True)]))
        self.assertNotIn(self.first, Action.search([("is_late", "!=", True)]))
        self.first.action_done()
        self.assertFalse(self.first.is_late)

    def test_no_next_action(self):
        Lead = self.env["crm.lead"]
        wanted = [("no_next_action", "=", True)]
        never = self._lead("Jamais d’action")
        self.assertFalse((self.lead + never) & Lead.search(wanted))
        self.lead.action_ids.action_done()
        self.assertEqual((self.lead + never) & Lead.search(wanted), self.lead)
        self.assertTrue(self.lead.no_next_action)
        self.assertFalse(never.no_next_action)
        self.assertIn(never, Lead.search([("no_next_action", "=", False)]))
        self.lead.action_set_won()
        self.assertFalse(self.lead & Lead.search(wanted))
        self.env.invalidate_all()
        self.assertFalse(self.lead.no_next_action)

    def test_dialogs(self):
        first = self.first.with_user(self.ana)
        action = first.action_open_reschedule()
        wizard = (
            self.env[action["res_model"]].with_user(self.ana).browse(action["res_id"])
        )
        wizard.days = 7
        wizard.action_reschedule()
        self.assertEqual(self.first.date_deadline, days(8))
        wizard.write({"mode": "date", "date_deadline": days(2)})
        wizard.action_reschedule()
        self.assertEqual(self.first.date_deadline, days(2))
        wizard.date_deadline = False
        with self.assertRaisesRegex(UserError, "on which date"):
            wizard.action_reschedule()
        action = first.action_open_skip()
        wizard = (
            self.env[action["res_model"]].with_user(self.ana).browse(action["res_id"])
        )
        wizard.reason = "Été"
        wizard.action_skip()
        self.assertEqual(self.first.skip_reason, "Été")
        action = self.second.with_user(self.ana).action_open_finish()
        wizard = (
            self.env[action["res_model"]].with_user(self.ana).browse(action["res_id"])
        )
        wizard.feedback = "Fait"
        wizard.action_done()
        self.assertEqual(self.second.feedback, "Fait")

    def test_postpone_counts_from_today_when_late(self):
        self.at("2026-12-10 12:00:00")
        (self.first + self.third).with_user(self.ana).action_postpone(2)
        self.assertEqual(str(self.first.date_deadline), "2026-12-12")
        self.assertEqual(str(self.third.date_deadline), "2026-12-12")

    def test_bulk_done_of_a_whole_list(self):
        self.lead.action_ids.with_user(self.ana).action_done(feedback="Tout")
        self.assertStates(self.lead.action_ids, "done", "done", "done")
        self.assertEqual(
            len(self.lead.message_ids.filtered("mail_activity_type_id")), 3
        )
        self.assertFalse(self.lead.activity_ids)

    def test_moved_to_another_list(self):
        other = self._lead("Autre liste")
        theirs = self._actions(other, 2)
        self.first.with_user(self.ana).lead_id = other
        self.assertEqual(other.action_ids._in_order(), theirs + self.first)
        self.assertEqual(self.lead.next_action_id, self.second)
        self.assertStates(theirs + self.first, "todo", "waiting", "waiting")
