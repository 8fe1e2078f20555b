# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestAccess(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bos_lead = cls._lead("À Bo", user_id=cls.bo.id)
        cls.bos = cls._actions(cls.bos_lead)
        cls.nobodys_lead = cls._lead("À personne", user_id=False)
        cls.nobodys = cls._actions(cls.nobodys_lead, user_id=False)
        cls.all_actions = cls.lead.action_ids + cls.bos + cls.nobodys

    def _visible(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        return (
            self.env["crm.action"]
            .with_user(user)
            .search([("id", "in", self.all_actions.ids)])
            .with_user(self.env.user)
        )

    def test_salesperson_sees_own_unassigned_and_assigned(self):
        self.bos[1].user_id = self.ana
        self.assertEqual(
            self._visible(self.ana).sorted("id"),
            (self.lead.action_ids + self.nobodys + self.bos[1]).sorted("id"),
        )

    def test_manager_sees_all(self):
        self.assertEqual(len(self._visible(self.manager)), 9)

    def test_employee_sees_what_is_assigned(self):
        self.assertFalse(self._visible(self.employee))
        self.second.user_id = self.employee
        self.assertEqual(self._visible(self.employee), self.second)

    def test_employee_finishes_what_is_assigned(self):
        self.first.user_id = self.employee
        self.as_user(self.employee, self.first).action_done(feedback="Moi")
        self.assertStates(self.lead.action_ids, "done", "todo", "waiting")

    def test_employee_skips_postpones_and_reopens_what_is_assigned(self):
        self.first.user_id = self.employee
        first = self.as_user(self.employee, self.first)
        first.action_postpone(2)
        first.action_skip(reason="Congé")
        first.action_reopen()
        self.assertEqual(self.first.date_deadline, days(3))
        self.assertEqual(self.first.state, "todo")

    def test_employee_reads_the_estimate_of_what_is_assigned(self):
        self.third.write({"user_id": self.employee.id, "date_deadline": False})
        third = self.as_user(self.employee, self.third)
        self.assertEqual(third.estimated_date, days(2))

    def test_no_action_on_a_lead_one_may_not_write(self):
        with self.assertRaises(AccessError):
            self.env["crm.action"].with_user(self.ana).create(
                {"lead_id": self.bos_lead.id, "user_id": self.ana.id}
            )
        with self.assertRaises(AccessError):
            self.as_user(self.ana, self.first).lead_id = self.bos_lead

    def test_assignee_may_not_move_the_action_to_an_own_lead(self):
        self.first.user_id = self.employee
        with self.assertRaises(AccessError):
            self.as_user(self.employee, self.first).lead_id = self.nobodys_lead

    def test_lead_fields_for_a_salesperson_who_sees_part_of_the_list(self):
        self.bos[0].user_id = self.ana
        self.assertEqual(
            self.as_user(self.bo, self.bos_lead).next_action_id, self.bos[0]
        )
        self.assertEqual(self.as_user(self.bo, self.bos_lead).action_count, 3)
