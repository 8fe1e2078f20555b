# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

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

    def test_deleted_in_settings(self):
        """By who may change types and need not see any action."""
        settings = self._user("set", "base.group_system", "Réglages")
        self.first.activity_type_id = self.kind
        kind = self.as_user(settings, self.kind)
        with self.assertRaisesRegex(UserError, "Visite d’été"):
            kind.unlink()
        self.assertEqual(self.mirror(self.first).activity_type_id, self.kind)
        self.first.action_done()
        message = self.lead.message_ids[0]
        self.assertEqual(message.mail_activity_type_id, self.kind)
        self.as_user(settings, self.kind).unlink()
        self.assertEqual(self.first.activity_type_id, self.todo)
        self.assertEqual(self.first.activity_ids.activity_type_id, self.todo)
        self.assertStates(self.lead.action_ids, "done", "todo", "waiting")
        self.assertFalse(message.mail_activity_type_id)

    def test_deleted_together_with_one_in_use(self):
        other = self.kind.copy({"name": "Visite d’hiver"})
        self.first.activity_type_id = self.kind
        self.first.action_done()
        self.second.activity_type_id = other
        with self.assertRaisesRegex(UserError, "open: Visite d’hiver"):
            (self.kind + other).unlink()
        self.assertEqual(self.first.activity_type_id, self.kind)

    def test_deleted_by_who_may_not(self):
        """Who may not delete types learns nothing of the actions of others."""
        self.first.activity_type_id = self.kind
        with self.assertRaises(AccessError):
            self.as_user(self.employee, self.kind).unlink()

    def test_uninstalled_with_the_addon_that_brought_it(self):
        self.first.activity_type_id = self.second.activity_type_id = self.kind
        self.kind.with_context(**{MODULE_UNINSTALL_FLAG: True}).unlink()
        self.assertEqual((self.first + self.second).activity_type_id, self.todo)
        self.assertEqual(self.mirror(self.first).activity_type_id, self.todo)

    def test_type_of_a_paused_list(self):
        self.first.activity_type_id = self.kind
        self.lead.action_pause_actions()
        with self.assertRaisesRegex(UserError, "Visite d’été"):
            self.kind.unlink()

    def test_archived_type_of_a_plan(self):
        """A plan that runs already keeps the type, in its repetitions as well."""
        plan = self._plan({"activity_type_id": self.kind.id}, {})
        outcome = self.env["crm.action.outcome"].create(
            {
                "template_id": plan.template_ids[0].id,
                "name": "Personne",
                "next_kind": "repeat",
                "repeat_days": 2,
                "repeat_max": 1,
            }
        )
        lead = self._lead("En cours")
        first, second = lead._actions_start_plan(plan)
        self.kind.action_archive()
        self.as_user(self.ana, first).action_done(outcome_id=outcome.id)
        self.assertEqual(lead.next_action_id.activity_type_id, self.kind)
        self.mirror(lead.next_action_id).action_feedback()
        self.assertEqual(lead.next_action_id, second)
        plan.with_user(self.manager).action_apply_to_waiting()
        self.assertEqual(len(lead.activity_ids), 1)

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
        """What nobody has to do, the next salesperson has to."""
        lead = self._lead("À reprendre")
        steps = lead._actions_start_plan(self._plan({}, {}))
        self.ana.action_archive()
        self.assertFalse(self.mirror(steps[0]).user_id)
        (lead + self.lead).write({"user_id": self.bo.id})
        self.assertEqual(self.mirror(steps[0]).user_id, self.bo)
        self.assertEqual(self.lead.action_ids.user_id, self.bo)
        # It finds its person at its turn.
        self.assertFalse(steps[1].user_id)
        steps[0].action_done()
        self.assertEqual(self.mirror(steps[1]).user_id, self.bo)

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
