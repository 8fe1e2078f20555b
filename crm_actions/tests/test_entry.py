# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""Plans that start by themselves when an opportunity enters a stage or a team."""

from odoo.tests import Form, tagged

from .common import CrmActionsCommon


@tagged("post_install", "-at_install")
class TestEntry(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._plan({"delay_count": 1, "responsible_type": "on_demand"}, {})
        cls.stage_next.action_plan_id = cls.plan
        cls.empty = cls._lead("Sans action")

    def assertStarted(self, lead, plan=None, times=1):
        self.assertEqual(len(lead.action_ids), 2 * times)
        self.assertEqual(lead.action_ids.plan_id, plan or self.plan)

    def test_dragged_to_the_stage(self):
        self.as_user(self.ana, self.empty).stage_id = self.stage_next
        self.assertStarted(self.empty)
        self.assertEqual(self.empty.action_ids.user_id, self.ana)
        self.assertIn(self.plan.name, " ".join(self.empty.message_ids.mapped("body")))

    def test_on_the_form(self):
        with Form(self.empty.with_user(self.ana)) as form:
            form.stage_id = self.stage_next
        self.assertStarted(self.empty)

    def test_created_in_the_stage(self):
        lead = self._lead("Née là", stage_id=self.stage_next.id)
        self.assertStarted(lead)

    def test_imported(self):
        result = self.env["crm.lead"].load(
            ["name", "type", "stage_id/.id"],
            [["Importée", "opportunity", str(self.stage_next.id)]],
        )
        self.assertStarted(self.env["crm.lead"].browse(result["ids"]))

    def test_lead_that_is_converted(self):
        self.empty.type = "lead"
        self.empty.stage_id = self.stage_next
        self.assertFalse(self.empty.action_ids)
        self.empty.convert_opportunity(self.env["res.partner"])
        self.assertStarted(self.empty)

    def test_stage_that_is_computed(self):
        self.stage_new.team_ids = self.team
        self.stage_next.sequence = -1
        other = self.env["crm.team"].create(
            {"name": "Autre équipe", "company_id": False}
        )
        self.as_user(self.manager, self.empty).team_id = other
        self.assertEqual(self.empty.stage_id, self.stage_next)
        self.assertStarted(self.empty)

    def test_team_that_is_computed(self):
        chef = self._user("solo", "sales_team.group_sale_salesman", "Solo")
        team = self.env["crm.team"].create(
            {
                "name": "Solo",
                "company_id": False,
                "action_plan_id": self.plan.id,
                "member_ids": [(4, chef.id)],
                "sequence": -10,
            }
        )
        self.empty.user_id = chef
        self.assertEqual(self.empty.team_id, team)
        self.assertStarted(self.empty)
        self.assertEqual(self.empty.action_ids.user_id, chef)

    def test_assignment(self):
        team = self.env["crm.team"].create(
            {"name": "Reçoit", "company_id": False, "action_plan_id": self.plan.id}
        )
        self.empty._handle_salesmen_assignment(team_id=team.id)
        self.assertStarted(self.empty)

    def test_stage_and_team_at_once(self):
        other_plan = self._plan({}, {}, name="De l’équipe")
        self.team.action_plan_id = other_plan
        lead = self._lead("Les deux", stage_id=self.stage_next.id)
        self.assertEqual(len(lead.action_ids), 4)
        self.assertEqual(lead.action_ids.plan_id, self.plan + other_plan)
        self.team.action_plan_id = self.plan
        lead = self._lead("Le même", stage_id=self.stage_next.id)
        self.assertStarted(lead)

    def test_never_duplicated_while_open(self):
        self.empty.stage_id = self.stage_next
        self.empty.stage_id = self.stage_new
        self.at("2026-12-24 12:00:00")
        self.empty.stage_id = self.stage_next
        self.assertStarted(self.empty)

    def test_once_a_day(self):
        self.empty.stage_id = self.stage_next
        self.empty.action_ids.action_done()
        self.empty.stage_id = self.stage_new
        self.empty.stage_id = self.stage_next
        self.assertStarted(self.empty)
        self.empty.stage_id = self.stage_new
        self.at("2026-11-25 12:00:00")
        self.empty.stage_id = self.stage_next
        self.assertStarted(self.empty, times=2)

    def test_written_again_to_the_same_stage(self):
        self.stage_next.action_plan_id = False
        self.empty.stage_id = self.stage_next
        self.stage_next.action_plan_id = self.plan
        self.empty.stage_id = self.stage_next
        self.assertFalse(self.empty.action_ids)

    def test_not_on_leads_and_lost_ones(self):
        lead = self._lead("Piste", type="lead", stage_id=self.stage_next.id)
        self.assertFalse(lead.action_ids)
        self.empty.action_set_lost()
        self.empty.stage_id = self.stage_next
        self.assertFalse(self.empty.action_ids)

    def test_not_in_a_won_stage(self):
        self.stage_won.action_plan_id = self.plan
        self.empty.stage_id = self.stage_won
        self.assertFalse(self.empty.action_ids)

    def test_archived_plan(self):
        self.plan.active = False
        self.empty.stage_id = self.stage_next
        self.assertFalse(self.empty.action_ids)

    def test_plan_of_another_company(self):
        self.plan.company_id = self.env["res.company"].create({"name": "Ailleurs"})
        self.empty.company_id = self.company
        self.empty.stage_id = self.stage_next
        self.assertFalse(self.empty.action_ids)

    def test_copy_enters(self):
        self.empty.stage_id = self.stage_next
        copy = self.empty.copy({"stage_id": self.stage_next.id})
        self.assertStarted(copy)

    def test_incoming_mail(self):
        self.stage_new.action_plan_id = self.plan
        lead_id = self.env["mail.thread"].message_process(
            "crm.lead",
            "From: Núñez <nunez@example.org>\nTo: x@example.com\n"
            "Message-ID: <entry@example.org>\nSubject: Bonjour\n\nBonjour\n",
            custom_values={"type": "opportunity", "stage_id": self.stage_new.id},
        )
        self.assertStarted(self.env["crm.lead"].browse(lead_id))
