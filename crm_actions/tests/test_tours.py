# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import file_open


@tagged("post_install", "-at_install")
class TestTours(HttpCase):
    """The stories of the user manual, in a browser.

    The browser's clock cannot be frozen: the tours type dates that count from today.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The tours read English labels, whatever the database was made with.
        cls.env["res.lang"]._activate_lang("en_US")
        cls.salesperson = new_test_user(
            cls.env,
            login="crm_actions_ana",
            groups="sales_team.group_sale_salesman",
            name="Ana Núñez",
            tz="UTC",
            lang="en_US",
            email="ana@example.com",
        )

    def _lead_from_mail(self):
        with file_open("crm_actions/tests/data/demande.eml", "rb") as eml:
            lead_id = self.env["mail.thread"].message_process(
                "crm.lead", eml.read(), custom_values={"type": "opportunity"}
            )
        lead = self.env["crm.lead"].browse(lead_id)
        lead.user_id = self.salesperson
        return lead

    def test_salesperson_works_off_a_list(self):
        lead = self._lead_from_mail()
        self.start_tour("/odoo", "crm_actions_list", login="crm_actions_ana")
        actions = lead.action_ids
        self.assertEqual(
            actions.mapped(lambda action: (action.summary, action.state)),
            [
                ("Call about the plan", "done"),
                ("Send the offer", "done"),
                ("Ask for the decision", "todo"),
            ],
        )
        self.assertEqual(actions.done_by_id, self.salesperson)
        self.assertEqual(actions[0].feedback, "He builds in spring")
        self.assertFalse(self.env["crm.action"]._broken_lead_ids())

    def test_manager_builds_a_cadence(self):
        manager = new_test_user(
            self.env,
            login="crm_actions_chef",
            groups="sales_team.group_sale_manager",
            name="Chloé Œuvre",
            tz="UTC",
            lang="en_US",
            email="chloe@example.com",
        )
        first, second = self.env["crm.stage"].create(
            [
                {"name": "Entrée d’été", "sequence": -2},
                {"name": "Suite d’été", "sequence": -1},
            ]
        )
        lead = self._lead_from_mail()
        lead.write({"user_id": manager.id, "stage_id": first.id})
        self.start_tour("/odoo", "crm_actions_cadence", login="crm_actions_chef")
        self.assertEqual(lead.stage_id, second)
        self.assertEqual(lead.action_ids.plan_id.name, "Relance d’été")
        self.assertEqual(
            lead.action_ids.mapped(
                lambda action: (action.summary, action.state, action.outcome_id.name)
            ),
            [
                ("Appeler", "done", "Pas de réponse"),
                ("Appeler", "done", "Intéressé"),
                ("Écrire", "done", False),
                ("Visiter", "cancelled", False),
            ],
        )
        self.assertEqual(lead.action_run_ids.stop_reason, "hand")
        self.assertTrue(lead.no_next_action)
        self.assertFalse(self.env["crm.action"]._broken_lead_ids())
