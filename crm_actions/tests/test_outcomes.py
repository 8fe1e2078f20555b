# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestOutcomes(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reason = cls.env["crm.lost.reason"].create({"name": "Trop cher, l’été"})
        cls.plan = cls._plan(
            {"delay_count": 1},
            {"delay_count": 2},
            {"delay_count": 3},
        )
        cls.nurture = cls._plan({"delay_count": 30}, name="Entretien")
        step = cls.plan.template_ids[0]
        cls.go, cls.again, cls.switch, cls.stop, cls.lost = cls.env[
            "crm.action.outcome"
        ].create(
            [
                {"template_id": step.id, "name": "Oui", "next_kind": "next"},
                {
                    "template_id": step.id,
                    "name": "Pas de réponse",
                    "next_kind": "repeat",
                    "repeat_days": 2,
                    "repeat_max": 2,
                },
                {
                    "template_id": step.id,
                    "name": "Plus tard",
                    "next_kind": "plan",
                    "plan_id": cls.nurture.id,
                },
                {"template_id": step.id, "name": "Stop", "next_kind": "stop"},
                {
                    "template_id": step.id,
                    "name": "Non",
                    "next_kind": "lost",
                    "lost_reason_id": cls.reason.id,
                },
            ]
        )
        cls.lead = cls._lead("Avec issues")
        cls.one, cls.two, cls.three = cls.lead._actions_start_plan(cls.plan)

    def _choose(self, action, outcome, user=None, feedback=False):
        """As the dialog does."""
        opened = action.with_user(user or self.ana).action_open_finish()
        wizard = (
            self.env[opened["res_model"]]
            .with_user(user or self.ana)
            .browse(opened["res_id"])
        )
        wizard.feedback = feedback
        line = wizard.line_ids.filtered(lambda line: line.outcome_id == outcome)
        self.assertEqual(len(line), 1)
        return line.action_choose()

    def test_dialog_offers_the_outcomes_of_the_step(self):
        opened = self.one.action_open_finish()
        wizard = self.env[opened["res_model"]].browse(opened["res_id"])
        self.assertEqual(
            wizard.line_ids.outcome_id, self.plan.template_ids[0].outcome_ids
        )
        opened = (self.one + self.two).action_open_finish()
        self.assertFalse(
            self.env[opened["res_model"]].browse(opened["res_id"]).line_ids
        )

    def test_next(self):
        self._choose(self.one, self.go, feedback="Très bien")
        self.assertStates(self.one + self.two + self.three, "done", "todo", "waiting")
        self.assertEqual(self.one.outcome_id, self.go)
        self.assertEqual(self.one.feedback, "Très bien")

    def test_other_doors_go_on(self):
        self.mirror(self.one).action_feedback()
        self.assertStates(self.one + self.two, "done", "todo")
        self.assertFalse(self.one.outcome_id)

    def test_repeat_until_enough(self):
        self._choose(self.one, self.again)
        second = self.lead.next_action_id
        self.assertEqual(second.origin_action_id, self.one)
        self.assertEqual(second.date_deadline, days(2))
        self.assertEqual(second.summary, self.one.summary)
        self.assertStates(self.two + self.three, "waiting", "waiting")
        self.assertEqual(self.mirror(second).date_deadline, days(2))
        self._choose(second, self.again)
        third = self.lead.next_action_id
        self.assertEqual(third.origin_action_id, second)
        self.assertEqual(third.repeat_count, 2)
        self._choose(third, self.again)
        self.assertEqual(self.lead.next_action_id, self.two)
        self.assertEqual(len(self.lead.action_ids), 5)

    def test_repeat_by_an_employee(self):
        self.one.user_id = self.employee
        self._choose(self.one, self.again, user=self.employee)
        self.assertEqual(self.lead.next_action_id.user_id, self.employee)

    def test_stop(self):
        mine = self._actions(self.lead, 1)
        self._choose(self.one, self.stop)
        self.assertStates(self.two + self.three, "cancelled", "cancelled")
        self.assertEqual(self.lead.next_action_id, mine)

    def test_another_plan(self):
        self._choose(self.one, self.switch)
        self.assertStates(self.two + self.three, "cancelled", "cancelled")
        current = self.lead.next_action_id
        self.assertEqual(current.plan_id, self.nurture)
        self.assertEqual(current.date_deadline, days(30))

    def test_plans_that_start_each_other_end(self):
        back = self.env["crm.action.outcome"].create(
            {
                "template_id": self.nurture.template_ids.id,
                "name": "Retour",
                "next_kind": "plan",
                "plan_id": self.plan.id,
            }
        )
        self._choose(self.one, self.switch)
        self._choose(self.lead.next_action_id, back)
        self.assertFalse(self.lead.next_action_id)
        self.assertIn(self.plan.name, self.lead.message_ids[0].body)
        # on another day they may
        self.at("2026-11-25 12:00:00")
        self.lead._actions_start_plan(self.nurture)
        self._choose(self.lead.next_action_id, back)
        self.assertEqual(self.lead.next_action_id.plan_id, self.plan)

    def test_plan_that_starts_itself(self):
        self.switch.plan_id = self.plan
        self._choose(self.one, self.switch)
        self.assertFalse(self.lead.next_action_id)

    def test_lost(self):
        self._choose(self.one, self.lost, feedback="Trop cher")
        self.assertFalse(self.lead.active)
        self.assertEqual(self.lead.won_status, "lost")
        self.assertEqual(self.lead.lost_reason_id, self.reason)
        self.assertStates(self.one + self.two + self.three, "done", "paused", "waiting")

    def test_lost_by_an_employee(self):
        self.one.user_id = self.employee
        self._choose(self.one, self.lost, user=self.employee)
        self.assertEqual(self.lead.won_status, "lost")

    def test_outcome_of_another_step(self):
        with self.assertRaisesRegex(UserError, "not one of this step"):
            self.two.action_done(outcome_id=self.lost.id)
        with self.assertRaisesRegex(UserError, "not one of this step"):
            self.one.action_done(outcome_id=0x7FFFFFFF)

    def test_plan_is_needed(self):
        with self.assertRaisesRegex(ValidationError, "Say which plan"):
            self.switch.plan_id = False

    def test_plan_to_start_was_deleted(self):
        self.nurture.unlink()
        self._choose(self.one, self.switch)
        self.assertStates(self.two + self.three, "cancelled", "cancelled")
        self.assertFalse(self.lead.next_action_id)

    def test_in_bulk(self):
        leads = self._lead("Deux") + self._lead("Trois")
        actions = leads._actions_start_plan(self.plan)
        firsts = leads.next_action_id
        self._choose(firsts, self.switch)
        self.assertEqual(leads.next_action_id.plan_id, self.nurture)
        self.assertEqual(
            len(actions.filtered(lambda action: action.state == "cancelled")), 4
        )

    # undo

    def test_undo_repeat(self):
        self._choose(self.one, self.again)
        copy = self.lead.next_action_id
        self.one.with_user(self.ana).action_reopen()
        self.assertFalse(copy.exists())
        self.assertStates(self.one + self.two, "todo", "waiting")
        self.assertFalse(self.one.outcome_id)

    def test_undo_repeat_that_somebody_changed(self):
        self._choose(self.one, self.again)
        copy = self.lead.next_action_id
        copy.with_user(self.ana).summary = "Rappeler Núñez"
        self.one.action_reopen()
        self.assertEqual(copy.state, "cancelled")
        self.assertEqual(copy.summary, "Rappeler Núñez")

    def test_undo_repeat_of_another_salesperson(self):
        """It followed the opportunity: nobody has touched the step itself."""
        for outcome in (self.again, self.switch):
            with self.subTest(outcome=outcome.name):
                self.lead.user_id = self.ana
                self._choose(self.one, outcome)
                created = self.lead.next_action_id
                self.as_user(self.manager, self.lead).user_id = self.bo
                self.assertEqual(created.user_id, self.bo)
                self.assertEqual(self.mirror(created).user_id, self.bo)
                self.one.with_user(self.manager).action_reopen()
                self.assertFalse(created.exists())
                self.assertEqual(self.lead.next_action_id, self.one)

    def test_undo_repeat_of_somebody_who_left(self):
        self._choose(self.one, self.again)
        copy = self.lead.next_action_id
        self.ana.action_archive()
        self.assertFalse(copy.user_id)
        self.one.with_user(self.manager).action_reopen()
        self.assertFalse(copy.exists())
        self.assertFalse(self.mirror(self.one).user_id)

    def test_undo_repeat_that_somebody_reassigned(self):
        self._choose(self.one, self.again)
        copy = self.lead.next_action_id
        copy.with_user(self.ana).action_reassign(self.bo.id)
        self.one.action_reopen()
        self.assertEqual(copy.state, "cancelled")

    def test_undo_repeat_that_is_done(self):
        self._choose(self.one, self.again)
        copy = self.lead.next_action_id
        copy.action_done()
        self.one.action_reopen()
        self.assertStates(self.one + self.two + copy, "todo", "waiting", "done")

    def test_undo_stop(self):
        self._choose(self.one, self.stop)
        self.one.action_reopen()
        self.assertStates(
            self.one + self.two + self.three, "todo", "waiting", "waiting"
        )

    def test_undo_another_plan(self):
        self._choose(self.one, self.switch)
        started = self.lead.next_action_id
        self.one.action_reopen()
        self.assertFalse(started.exists())
        self.assertStates(
            self.one + self.two + self.three, "todo", "waiting", "waiting"
        )

    def test_undo_lost(self):
        self._choose(self.one, self.lost)
        self.at("2026-11-26 12:00:00")
        self.one.with_user(self.ana).action_reopen()
        self.assertTrue(self.lead.active)
        self.assertEqual(self.lead.won_status, "pending")
        self.assertStates(
            self.one + self.two + self.three, "todo", "waiting", "waiting"
        )

    def test_undo_from_the_chatter(self):
        mirror = self.mirror(self.one)
        self._choose(self.one, self.stop)
        mirror.action_unarchive()
        self.assertStates(
            self.one + self.two + self.three, "todo", "waiting", "waiting"
        )

    def test_history_is_in_the_chatter(self):
        self._choose(self.one, self.go)
        self.one.action_reopen()
        self.assertIn("Pas 1", self.lead.message_ids[0].body)
