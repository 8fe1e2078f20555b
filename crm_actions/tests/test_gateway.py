# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.tests import tagged
from odoo.tools import file_open

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestGateway(CrmActionsCommon):
    """The first story, on an opportunity that a real e-mail makes."""

    def test_story(self):
        with file_open("crm_actions/tests/data/demande.eml", "rb") as eml:
            lead_id = self.env["mail.thread"].message_process(
                "crm.lead", eml.read(), custom_values={"type": "opportunity"}
            )
        lead = self.env["crm.lead"].browse(lead_id)
        self.assertEqual(lead.name, "Demande de prix — Œuvre d’été")
        self.assertEqual(
            lead.message_ids.attachment_ids.mapped("name"), ["plan détaillé.txt"]
        )
        lead.write({"user_id": self.ana.id})
        lead = self.as_user(self.ana, lead)
        for number, summary in enumerate(("Appeler", "Envoyer l’offre", "Relancer")):
            self.env["crm.action"].with_user(self.ana).create(
                {
                    "lead_id": lead.id,
                    "summary": summary,
                    "date_deadline": days(number),
                }
            )
        self.assertEqual(lead.activity_summary, "Appeler")
        lead.activity_ids.action_feedback(feedback="Rappeler l’été")
        self.assertEqual(lead.activity_summary, "Envoyer l’offre")
        lead.activity_ids.action_done()
        self.assertEqual(lead.activity_summary, "Relancer")
        self.assertEqual((lead.action_done_count, lead.action_count), (2, 3))
        self.assertEqual(
            self.env["crm.action"]
            .with_user(self.ana)
            .search(
                [
                    ("user_id", "=", self.ana.id),
                    ("state", "=", "todo"),
                    ("lead_id", "=", lead.id),
                ]
            )
            .summary,
            "Relancer",
        )
