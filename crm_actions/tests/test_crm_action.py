# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestCrmActionSmoke(TransactionCase):
    def test_list_advances(self):
        lead = self.env["crm.lead"].create({"name": "Œuvre & Cie"})
        first, second = self.env["crm.action"].create(
            [{"lead_id": lead.id, "summary": name} for name in ("Call", "Visit")]
        )
        self.assertEqual((first.state, second.state), ("todo", "waiting"))
        first.activity_ids.action_feedback(feedback="Réponse")
        self.assertEqual((first.state, second.state), ("done", "todo"))
        self.assertEqual(first.feedback, "Réponse")
        self.assertEqual(lead.next_action_id, second)
