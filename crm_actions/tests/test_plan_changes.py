# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""Plans that change, or go away, while lists run on them."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TODAY, CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestPlanChanges(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._plan({"delay_count": 1}, {"delay_count": 2}, {"delay_count": 3})
        cls.steps = cls.plan.template_ids
        cls.lead = cls._lead("En cours")
        cls.one, cls.two, cls.three = cls.lead._actions_start_plan(cls.plan)

    def _apply(self):
        self.plan.with_user(self.manager).action_apply_to_waiting()

    def test_running_lists_stay_as_they_are(self):
        self.steps[1].write({"summary": "Autre", "delay_count": 9})
        self.steps[2].unlink()
        self.plan.template_ids = [
            (0, 0, {"summary": "Plus", "responsible_type": "salesperson"})
        ]
        self.assertEqual(len(self.lead.action_ids), 3)
        self.assertEqual(self.two.summary, "Pas 2")
        self.one.action_done()
        self.two.action_done()
        self.assertEqual(self.three.state, "todo")

    def test_apply_to_waiting(self):
        self.assertEqual(self.plan.waiting_action_count, 2)
        self.steps[1].write({"delay_count": 9, "activity_type_id": self.todo.id})
        self.steps.write({"summary": "Neuf"})
        self._apply()
        self.assertEqual(self.one.summary, "Pas 1")
        self.assertEqual((self.two + self.three).mapped("summary"), ["Neuf", "Neuf"])
        self.assertEqual(self.two.date_deadline, days(9))
        self.assertEqual(self.two.activity_type_id, self.todo)
        self.assertEqual(self.mirror(self.one).summary, "Pas 1")

    def test_apply_steps_that_went(self):
        self.steps[1].unlink()
        self._apply()
        self.assertStates(
            self.one + self.two + self.three, "todo", "cancelled", "waiting"
        )

    def test_apply_steps_that_came(self):
        mine = self._actions(self.lead, 1)
        self.plan.template_ids = [
            (
                0,
                0,
                {"summary": "Fin", "sequence": 9, "responsible_type": "salesperson"},
            ),
            (
                0,
                0,
                {"summary": "Avant", "sequence": 0, "responsible_type": "salesperson"},
            ),
            (
                0,
                0,
                {"summary": "Milieu", "sequence": 2, "responsible_type": "salesperson"},
            ),
        ]
        self._apply()
        self.assertEqual(
            self.lead.action_ids._in_order().mapped("summary"),
            ["Pas 1", "Pas 2", "Milieu", "Pas 3", "Fin", mine.summary],
        )
        self.assertEqual(self.lead.next_action_id, self.one)
        self._apply()
        self.assertEqual(len(self.lead.action_ids), 6)

    def test_apply_another_order(self):
        self.steps[1].sequence, self.steps[2].sequence = 3, 2
        self.env.invalidate_all()
        self._apply()
        self.assertEqual(
            self.lead.action_ids._in_order(), self.one + self.three + self.two
        )

    def test_apply_is_the_managers(self):
        with self.assertRaises(AccessError):
            self.plan.with_user(self.ana).action_apply_to_waiting()

    def test_apply_leaves_finished_lists_alone(self):
        self.lead.action_ids.action_done()
        self.plan.template_ids = [
            (0, 0, {"summary": "Plus", "responsible_type": "salesperson"})
        ]
        self._apply()
        self.assertEqual(len(self.lead.action_ids), 3)

    def test_plan_deleted(self):
        self.plan.unlink()
        self.mirror(self.one).action_feedback()
        self.mirror(self.two).action_feedback()
        self.assertStates(self.one + self.two + self.three, "done", "done", "todo")
        self.assertFalse(self.three.plan_id)
        self.assertFalse(self.three.plan_template_id)

    def test_plan_deleted_by_its_manager(self):
        """Steps that count from the one before it, or find their person, go on."""
        plan = self._plan(
            {},
            {
                "delay_count": 2,
                "delay_from": "previous_done",
                "responsible_type": "team_leader",
            },
            {"delay_count": 1, "responsible_type": "previous"},
        )
        lead = self._lead("Plan supprimé")
        actions = lead._actions_start_plan(plan)
        self.as_user(self.manager, plan).unlink()
        self.as_user(self.ana, self.mirror(actions[0])).action_feedback()
        self.assertEqual(actions[1].date_deadline, days(2))
        self.assertEqual(actions[1].user_id, self.manager)
        self.as_user(self.manager, self.mirror(actions[1])).action_feedback()
        self.assertEqual(self.mirror(actions[2]).user_id, self.manager)

    def _renew_foreign_keys(self, table, reverse):
        """Let the database follow the foreign keys to ``table`` in another order."""
        self.env.cr.execute(
            """
            SELECT conrelid::regclass, conname, pg_get_constraintdef(oid)
              FROM pg_constraint
             WHERE contype = 'f' AND confrelid = %s::regclass
            """,
            [table],
        )
        for referrer, name, definition in sorted(
            self.env.cr.fetchall(), reverse=reverse
        ):
            self.env.cr.execute(
                f"ALTER TABLE {referrer} DROP CONSTRAINT {name},"
                f" ADD CONSTRAINT {name} {definition}"
            )

    def test_deleted_in_any_order_of_foreign_keys(self):
        """Actions that are as new as the deletion do not stand in its way."""
        outcome = self.env["crm.action.outcome"].create(
            {"template_id": self.steps[0].id, "name": "Non", "next_kind": "next"}
        )
        self.one.with_user(self.ana).action_done(outcome_id=outcome.id)
        for records in (self.plan, self.steps):
            for reverse in (False, True):
                with self.subTest(model=records._name, reverse=reverse):
                    with self.env.cr.savepoint() as savepoint:
                        self._renew_foreign_keys(records._table, reverse)
                        records.with_user(self.manager).unlink()
                        self.assertFalse(self.one.plan_template_id)
                        self.assertFalse(self.one.outcome_id)
                        self.assertFalse(outcome.exists())
                        savepoint.rollback()
                    self.env.invalidate_all()

    def test_outcome_after_the_plan_was_deleted(self):
        """The dialog was open: the outcome is gone, and nothing is done by half."""
        outcome = self.env["crm.action.outcome"].create(
            {"template_id": self.steps[0].id, "name": "Stop", "next_kind": "stop"}
        )
        self.plan.unlink()
        with self.assertRaisesRegex(UserError, "not one of this step"):
            self.one.with_user(self.ana).action_done(outcome_id=outcome.id)
        self.assertStates(
            self.one + self.two + self.three, "todo", "waiting", "waiting"
        )

    def test_plan_archived(self):
        self.plan.active = False
        self.mirror(self.one).action_feedback()
        self.assertEqual(self.two.state, "todo")
        # It can still be brought in line, and its steps undone.
        self.steps[2].summary = "Après tout"
        self._apply()
        self.assertEqual(self.three.summary, "Après tout")
        self.one.action_reopen()
        self.assertEqual(self.lead.next_action_id, self.one)

    def test_plan_made_all_at_once(self):
        self.plan.sequential = False
        self.mirror(self.one).action_feedback()
        self.assertEqual(self.two.state, "todo")
        self.assertEqual(len(self.lead.activity_ids), 1)

    def test_lead_changes_company(self):
        elsewhere = self.env["res.company"].create({"name": "Ailleurs"})
        self.plan.company_id = self.company
        self.lead.write({"user_id": False, "team_id": False, "company_id": False})
        self.lead.company_id = elsewhere
        self.mirror(self.one).action_feedback()
        self.assertEqual(self.two.state, "todo")

    def test_lead_changes_company_with_its_salesperson(self):
        """Whoever may not enter the other company loses the steps there."""
        elsewhere = self.env["res.company"].create({"name": "Ailleurs"})
        self.plan.company_id = self.company
        self.two.user_id = self.bo
        both = self._user(
            "both",
            "sales_team.group_sale_salesman",
            "Partout",
            company_ids=[(6, 0, (self.company + elsewhere).ids)],
        )
        self.lead.write(
            {"user_id": both.id, "team_id": False, "company_id": elsewhere.id}
        )
        self.assertEqual(self.lead.action_ids.company_id, elsewhere)
        self.assertEqual(self.lead.action_ids.user_id, both)
        self.as_user(both, self.mirror(self.one)).action_feedback()
        self.assertEqual(self.mirror(self.two).user_id, both)
        # The plan of the former company is not for new opportunities there.
        self._apply()
        self.assertStates(self.one + self.two + self.three, "done", "todo", "waiting")

    def test_salesperson_archived_while_the_plan_runs(self):
        self.plan.template_ids[2].responsible_type = "previous"
        self.ana.action_archive()
        self.mirror(self.one).action_feedback()
        self.assertFalse(self.mirror(self.two).user_id)

    def test_two_hundred_steps(self):
        plan = self._plan(
            *[
                {
                    "delay_count": 1,
                    "delay_from": "previous_done" if n else "after_plan_date",
                }
                for n in range(200)
            ]
        )
        lead = self._lead("Longue haleine")
        actions = lead._actions_start_plan(plan)
        self.assertEqual(len(actions), 200)
        self.assertEqual(actions[-1].estimated_date, days(200))
        for action in actions[:5]:
            self.mirror(action).action_feedback()
        self.assertEqual(lead.next_action_id, actions[5])
        actions.action_done()
        self.assertFalse(lead.next_action_id)
        self.assertEqual(actions[-1].done_on.date(), TODAY)

    def test_step_with_upload(self):
        upload = self.env.ref("mail.mail_activity_data_upload_document")
        lead = self._lead("Document")
        first, second = lead._actions_start_plan(
            self._plan({"activity_type_id": upload.id}, {})
        )
        attachment = self.env["ir.attachment"].create(
            {
                "name": "Été.pdf",
                "raw": b"%PDF",
                "res_model": "mail.activity",
                "res_id": self.mirror(first).id,
            }
        )
        self.as_user(self.ana, self.mirror(first)).action_feedback(
            attachment_ids=attachment.ids
        )
        self.assertStates(first + second, "done", "todo")
        self.assertIn(attachment, lead.message_ids.attachment_ids)
