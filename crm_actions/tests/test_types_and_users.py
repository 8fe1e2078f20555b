# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import CrmActionsCommon


@tagged("post_install", "-at_install")
class TestActivityType(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kind = cls.env["mail.activity.type"].create({"name": "Visite d’été"})

    def test_used_by_the_current_action(self):
        self.first.activity_type_id = self.kind
        with self.assertRaisesRegex(UserError, "Visite d’été"):
            self.kind.with_user(self.manager).unlink()
        self.assertEqual(self.first.activity_type_id, self.kind)

    def test_used_by_a_waiting_action(self):
        self.third.activity_type_id = self.kind
        with self.assertRaisesRegex(UserError, "Archive them"):
            self.kind.unlink()

    def test_used_by_closed_actions(self):
        self.first.activity_type_id = self.kind
        self.first.action_done()
        self.kind.with_user(self.manager).unlink()
        self.assertEqual(self.first.activity_type_id, self.todo)

    def test_archived_type_runs_on(self):
        self.lead.action_ids.write({"activity_type_id": self.kind.id})
        self.kind.action_archive()
        self.mirror(self.first).action_feedback()
        self.assertEqual(self.mirror(self.second).activity_type_id, self.kind)


@tagged("post_install", "-at_install")
class TestUsers(CrmActionsCommon):
    def test_assignee_archived(self):
        self.first.user_id = self.bo
        self.third.user_id = self.bo
        self.bo.action_archive()
        self.assertEqual(self.lead.action_ids.user_id, self.ana)
        self.assertEqual(self.mirror(self.first).user_id, self.ana)
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_assignee_archived_by_write(self):
        self.first.user_id = self.bo
        self.bo.write({"active": False})
        self.assertEqual(self.first.user_id, self.ana)
        self.assertEqual(self.mirror(self.first).user_id, self.ana)

    def test_salesperson_archived_mid_list(self):
        self.first.action_done()
        self.ana.action_archive()
        self.assertEqual(self.first.user_id, self.ana)
        self.assertFalse((self.second + self.third).user_id)
        self.assertFalse(self.mirror(self.second).user_id)
        self.mirror(self.second).action_feedback()
        self.assertEqual(self.third.state, "todo")

    def test_successor_of_a_salesperson_who_left(self):
        """Steps of the salesperson go to the next one, others stay with nobody."""
        lead = self._lead("À reprendre")
        steps = lead._actions_start_plan(self._plan({}, {}))
        self.ana.action_archive()
        self.assertFalse(self.mirror(steps[0]).user_id)
        (lead + self.lead).write({"user_id": self.bo.id})
        self.assertEqual(steps.mapped("user_id"), self.bo)
        self.assertEqual(self.mirror(steps[0]).user_id, self.bo)
        self.assertFalse(self.lead.action_ids.user_id)

    def test_reopened_action_of_somebody_who_left(self):
        self.first.user_id = self.bo
        self.first.action_done()
        self.bo.action_archive()
        self.first.with_user(self.manager).action_reopen()
        self.assertEqual(self.mirror(self.first).user_id, self.ana)
        self.first.action_done()
        self.ana.action_archive()
        self.first.with_user(self.manager).action_reopen()
        self.assertFalse(self.mirror(self.first).user_id)

    def test_assignee_deleted(self):
        self.first.user_id = self.bo
        self.bo.unlink()
        self.assertEqual(self.mirror(self.first).user_id, self.ana)

    def test_closed_actions_keep_their_assignee(self):
        self.first.user_id = self.bo
        self.first.action_done()
        self.bo.action_archive()
        self.assertEqual(self.first.user_id, self.bo)
