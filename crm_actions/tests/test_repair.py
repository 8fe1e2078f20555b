# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""The nightly cron mends what plain SQL broke."""

from odoo.tests import tagged

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestRepair(CrmActionsCommon):
    def _sql(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params)
        self.env.invalidate_all()

    def _repair(self):
        self.assertEqual(self.env["crm.action"]._broken_lead_ids(), self.lead.ids)
        with self.enter_registry_test_mode():
            self.env.ref(
                "crm_actions.ir_cron_crm_action_repair"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertListsAreRight()

    def test_nothing_to_mend(self):
        self.assertFalse(self.env["crm.action"]._broken_lead_ids())

    def test_mirror_deleted(self):
        self._sql("DELETE FROM mail_activity WHERE crm_action_id = %s", self.first.id)
        self._repair()
        self.assertTrue(self.mirror(self.first))

    def test_second_mirror(self):
        self._sql(
            "INSERT INTO mail_activity (res_model_id, res_model, res_id, user_id,"
            " date_deadline, activity_type_id, active, crm_action_id)"
            " SELECT res_model_id, res_model, res_id, user_id, date_deadline,"
            " activity_type_id, active, crm_action_id FROM mail_activity"
            " WHERE crm_action_id = %s",
            self.first.id,
        )
        self._repair()
        self.assertTrue(self.mirror(self.first))

    def test_mirror_of_a_waiting_action(self):
        self._sql(
            "UPDATE mail_activity SET crm_action_id = %s WHERE crm_action_id = %s",
            self.third.id,
            self.first.id,
        )
        self._repair()
        self.assertFalse(self.third.activity_ids)

    def test_mirror_of_a_closed_action(self):
        mirror = self.mirror(self.first)
        self.first.action_done()
        self._sql("UPDATE mail_activity SET active = TRUE WHERE id = %s", mirror.id)
        self._repair()
        self.assertStates(self.lead.action_ids, "done", "todo", "waiting")
        self.assertFalse(mirror.active)

    def test_mirror_that_says_something_else(self):
        self._sql(
            "UPDATE mail_activity SET summary = 'Faux', date_deadline = %s,"
            " user_id = NULL, note = '<p>Faux</p>' WHERE crm_action_id = %s",
            days(99),
            self.first.id,
        )
        self._repair()
        self.assertEqual(self.mirror(self.first).summary, "Étape 1")
        self.assertEqual(self.mirror(self.first).user_id, self.ana)

    def test_mirror_on_another_document(self):
        self._sql(
            "UPDATE mail_activity SET res_id = %s WHERE crm_action_id = %s",
            self._lead("Autre").id,
            self.first.id,
        )
        self._repair()
        self.assertEqual(self.mirror(self.first).res_id, self.lead.id)

    def test_no_current_action(self):
        self._sql(
            "UPDATE crm_action SET state = 'waiting' WHERE lead_id = %s", self.lead.id
        )
        self._repair()
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_wrong_current_action(self):
        self._sql("UPDATE crm_action SET sequence = 1 WHERE id = %s", self.third.id)
        self._repair()
        self.assertEqual(self.lead.next_action_id, self.third)

    def test_lead_archived(self):
        self._sql("UPDATE crm_lead SET active = FALSE WHERE id = %s", self.lead.id)
        self._repair()
        self.assertStates(self.lead.action_ids, "paused", "waiting", "waiting")

    def test_current_without_date(self):
        self._sql(
            "UPDATE crm_action SET date_deadline = NULL WHERE id = %s", self.first.id
        )
        self._repair()
        self.assertTrue(self.first.date_deadline)

    def test_wrong_next_action(self):
        self._sql(
            "UPDATE crm_lead SET next_action_id = %s WHERE id = %s",
            self.third.id,
            self.lead.id,
        )
        self._repair()
        self.assertEqual(self.lead.next_action_id, self.first)

    def test_user_deleted_by_sql(self):
        self.first.user_id = self.bo
        self._sql("DELETE FROM mail_activity WHERE user_id = %s", self.bo.id)
        self._sql("UPDATE crm_action SET user_id = NULL WHERE user_id = %s", self.bo.id)
        self._repair()
        self.assertFalse(self.mirror(self.first).user_id)
