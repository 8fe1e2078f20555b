# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .common import TODAY, CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestLaunch(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls._plan(
            {"delay_count": 1, "responsible_type": "on_demand"},
            {
                "delay_count": 3,
                "responsible_type": "other",
                "responsible_id": cls.bo.id,
            },
            {"delay_count": 1, "delay_unit": "weeks"},
            {"delay_count": 2, "delay_unit": "months", "note": "<p>Été</p>"},
        )
        cls.empty = cls._lead("Liste vide")

    def _wizard(self, leads, user=None, **values):
        return Form(
            self.env["mail.activity.schedule"]
            .with_user(user or self.ana)
            .with_context(
                active_model="crm.lead", active_ids=leads.ids, active_id=leads[:1].id
            )
        )

    def _launch(self, leads, plan=None, user=None, **values):
        form = self._wizard(leads, user)
        form.plan_id = plan or self.plan
        for name, value in values.items():
            form[name] = value
        return form.save().action_schedule_plan()

    def test_from_the_form(self):
        result = self._launch(self.empty)
        self.assertEqual(result["tag"], "soft_reload")
        actions = self.empty.action_ids
        self.assertStates(actions, "todo", "waiting", "waiting", "waiting")
        self.assertEqual(
            actions.mapped("date_deadline"),
            [days(1), days(3), days(7), TODAY.replace(year=2027, month=1)],
        )
        self.assertEqual(
            [action.user_id for action in actions],
            [self.ana, self.bo, *[self.env["res.users"]] * 2],
        )
        self.assertEqual(actions.plan_id, self.plan)
        self.assertEqual(actions.plan_template_id, self.plan.template_ids)
        self.assertEqual(actions[3].note, "<p>Été</p>")
        self.assertEqual(len(self.empty.activity_ids), 1)
        self.assertIn(self.plan.name, self.empty.message_ids[0].body)
        actions[:2].action_done()
        self.assertEqual(self.mirror(actions[2]).user_id, self.ana)

    def test_date_and_responsible_of_the_dialog(self):
        self._launch(
            self.empty,
            user=self.manager,
            plan_date=days(30),
            plan_on_demand_user_id=self.bo,
        )
        first = self.empty.action_ids[0]
        self.assertEqual(first.date_deadline, days(31))
        self.assertEqual(first.user_id, self.bo)

    def test_preview(self):
        form = self._wizard(self.empty)
        form.plan_id = self._plan(
            {"delay_count": 1},
            {"delay_count": 4, "delay_from": "previous_done"},
            {"delay_count": 1, "delay_from": "previous_deadline"},
            {"delay_count": 2, "delay_unit": "working_days"},
        )
        self.assertEqual(
            form.save().plan_schedule_line_ids.mapped("line_date_deadline"),
            [days(1), days(5), days(6), days(2)],
        )

    def test_batch_from_the_list(self):
        leads = self.empty + self._lead("Deux") + self._lead("Trois")
        result = self._launch(leads)
        self.assertEqual(result["domain"], [("id", "in", leads.ids)])
        for lead in leads:
            self.assertStates(lead.action_ids, "todo", "waiting", "waiting", "waiting")
            self.assertEqual(len(lead.activity_ids), 1)

    def test_appended_to_a_list(self):
        self._launch(self.lead)
        self.assertEqual(len(self.lead.action_ids), 7)
        self.assertEqual(self.lead.next_action_id, self.first)
        self.assertEqual(self.lead.action_ids._in_order()[3:].plan_id, self.plan)

    def test_running_plan_is_not_started_again(self):
        self._launch(self.empty)
        other = self._lead("Autre")
        form = self._wizard(self.empty + other)
        form.plan_id = self.plan
        self.assertIn("Liste vide", form.warning)
        form.save().action_schedule_plan()
        self.assertEqual(len(self.empty.action_ids), 4)
        self.assertEqual(len(other.action_ids), 4)

    def test_finished_plan_can_be_launched_again(self):
        self._launch(self.empty)
        self.empty.action_ids.action_done()
        self._launch(self.empty)
        self.assertEqual(len(self.empty.action_ids), 8)

    def test_all_at_once_as_before(self):
        self.plan.sequential = False
        self._launch(self.empty)
        self.assertFalse(self.empty.action_ids)
        self.assertEqual(len(self.empty.activity_ids), 4)

    def test_all_at_once_with_our_columns(self):
        plan = self._plan(
            {"delay_count": 2, "delay_unit": "working_days"},
            {"responsible_type": "team_leader", "delay_count": 1},
            sequential=False,
        )
        self._launch(self.empty, plan=plan)
        self.assertEqual(
            self.empty.activity_ids.mapped("date_deadline"), [days(1), days(2)]
        )
        self.assertEqual(
            [activity.user_id for activity in self.empty.activity_ids],
            [self.manager, self.ana],
        )

    def test_before_the_plan_date(self):
        plan = self._plan(
            {"delay_from": "before_plan_date", "delay_count": 3},
            {
                "delay_from": "before_plan_date",
                "delay_count": 3,
                "delay_unit": "working_days",
            },
        )
        self._launch(self.empty, plan=plan, plan_date=days(6))  # a Monday
        self.assertEqual(
            self.empty.action_ids.mapped("date_deadline"), [days(3), days(1)]
        )

    def test_lost_lead(self):
        self.empty.action_set_lost()
        self._launch(self.empty)
        self.assertStates(
            self.empty.action_ids, "paused", "waiting", "waiting", "waiting"
        )

    def test_only_for_leads(self):
        with self.assertRaisesRegex(ValidationError, "one step at a"):
            self.env["mail.activity.plan"].create(
                {"name": "Non", "res_model": "res.partner", "sequential": True}
            )
        plan = self.env["mail.activity.plan"].create(
            {"name": "Non", "res_model": "res.partner"}
        )
        with self.assertRaisesRegex(ValidationError, "Working days"):
            plan.template_ids = [
                (0, 0, {"delay_unit": "working_days", "responsible_type": "on_demand"})
            ]

    def test_copy_of_a_plan(self):
        self.plan.template_ids[0].outcome_ids = [(0, 0, {"name": "Oui"})]
        copy = self.plan.copy()
        self.assertTrue(copy.sequential)
        self.assertEqual(copy.template_ids[0].outcome_ids.name, "Oui")
