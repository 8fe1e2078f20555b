# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""What our code costs, in queries; each number says why it is what it is.

Odoo inserts and updates at most 100 rows per statement, so batches of up to 100
actions are compared, or that limit is lifted for the test.
"""

from unittest.mock import patch

from odoo.sql_db import Cursor
from odoo.tests import tagged

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestPerformance(CrmActionsCommon):
    def _queries(self, function):
        """The statements that ``function`` and the flush after it execute."""
        queries = []
        execute = Cursor.execute

        def spy(cursor, query, *args, **kwargs):
            queries.append(getattr(query, "code", query))
            return execute(cursor, query, *args, **kwargs)

        self.env.flush_all()
        self.env.invalidate_all()
        with patch.object(Cursor, "execute", spy):
            function()
            self.env.flush_all()
        return queries

    def _count(self, function):
        return len(self._queries(function))

    def _lift_limits(self):
        """Let Odoo insert and update any number of rows in one statement.

        It takes 100, so 1,000 leads cost ten inserts where 100 cost one: without
        that limit, what still grows is ours.
        """
        self.startPatcher(
            patch.multiple(
                "odoo.orm.models", INSERT_BATCH_SIZE=10_000, UPDATE_BATCH_SIZE=10_000
            )
        )

    def _leads(self, count, **context):
        leads = (
            self.env["crm.lead"]
            .with_context(**context)
            .create(
                [
                    {
                        "name": f"Piste {number}",
                        "type": "opportunity",
                        "user_id": self.ana.id,
                        "team_id": self.team.id,
                    }
                    for number in range(count)
                ]
            )
        )
        return leads.with_env(self.env)

    def _two_actions_each(self, leads):
        return self.env["crm.action"].create(
            [
                {
                    "lead_id": lead.id,
                    "activity_type_id": self.call.id,
                    "date_deadline": days(number),
                    "user_id": self.ana.id,
                }
                for lead in leads
                for number in (1, 2)
            ]
        )

    def _cost_of_done(self, size):
        leads = self._leads(size)
        self._two_actions_each(leads)
        Activity = self.env["mail.activity"].with_user(self.ana)
        mirrors = Activity.browse(leads.activity_ids.ids)
        plain = Activity.browse(
            self._leads(size)
            .with_user(self.ana)
            .activity_schedule(activity_type_id=self.call.id, user_id=self.ana.id)
            .ids
        )
        self.assertEqual(len(mirrors), len(plain))
        ours = self._count(mirrors.action_feedback)
        self.assertEqual(set(leads.action_ids.mapped("state")), {"done", "todo"})
        return ours - self._count(plain.action_feedback)

    def test_current_actions_done_in_one_call(self):
        self._cost_of_done(2)  # caches of the registry
        few, many = self._cost_of_done(5), self._cost_of_done(90)
        self.assertEqual(few, many)
        # Lock the leads (twice); read the actions, the lists and their activities;
        # close (1), promote (1), and one insert with its followers and names.
        self.assertLessEqual(many, 15)

    def test_launching_a_plan(self):
        plan = self._plan(*[{"delay_count": number} for number in range(5)])

        def launch(size):
            leads = self._leads(size)
            count = self._count(lambda: leads._actions_start_plan(plan))
            self.assertEqual(len(leads.action_ids), 5 * size)
            return count

        launch(2)
        few, many = launch(4), launch(20)
        self.assertEqual(few, many)
        # Read the plan, the ends of the lists and what runs already; insert and
        # promote the actions; insert the activities and one message per lead.
        self.assertLessEqual(many, 30)

    def test_launching_a_plan_with_other_delays(self):
        self.company.resource_calendar_id = self.env["resource.calendar"].create(
            {"name": "40 heures", "company_id": self.company.id}
        )
        plan = self._plan(
            {"delay_count": 1, "delay_unit": "working_days"},
            {"delay_count": 9, "delay_unit": "working_days"},
            {"delay_count": 3, "delay_from": "previous_done"},
            {"responsible_type": "team_leader"},
            {"responsible_type": "previous"},
        )

        def launch(size):
            leads = self._leads(size)
            return self._count(lambda: leads._actions_start_plan(plan))

        launch(2)
        self.assertEqual(launch(4), launch(20))

    def test_launching_a_plan_on_a_thousand_leads(self):
        self._lift_limits()
        plan = self._plan(
            {"delay_count": 1},
            {"responsible_type": "on_demand", "delay_count": 2},
            {"responsible_type": "team_leader", "delay_from": "previous_done"},
        )

        def launch(size):
            leads = self._leads(size, tracking_disable=True)
            # The ids as a caller gives them: the dialog itself takes 500 leads.
            wizard = (
                self.env["mail.activity.schedule"]
                .with_user(self.ana)
                .create(
                    {
                        "res_model": "crm.lead",
                        "res_ids": str(leads.ids),
                        "plan_id": plan.id,
                    }
                )
            )
            count = self._count(wizard.action_schedule_plan)
            self.assertEqual(len(leads.action_ids), 3 * size)
            self.assertEqual(len(leads.activity_ids), size)
            return count

        launch(2)
        few, many = launch(100), launch(1000)
        self.assertEqual(few, many)
        # What test_launching_a_plan says, and the dialog and the rights of ana.
        self.assertLessEqual(many, 35)

    def test_automatic_start_on_a_thousand_leads(self):
        self._lift_limits()
        plan = self._plan(
            {"delay_count": 1},
            {"responsible_type": "team_leader", "delay_from": "previous_done"},
        )
        plain = self.stage_next.copy()
        self.stage_next.action_plan_id = plan

        def enter(size):
            leads = self._leads(size, tracking_disable=True).with_user(self.ana)
            count = self._count(lambda: leads.write({"stage_id": plain.id}))
            ours = self._count(lambda: leads.write({"stage_id": self.stage_next.id}))
            self.assertEqual(len(leads.sudo().action_ids), 2 * size)
            return ours - count

        enter(2)
        few, many = enter(100), enter(1000)
        self.assertEqual(few, many)
        # As for test_launching_a_plan.
        self.assertLessEqual(many, 30)

    def test_created_in_a_stage_with_a_plan(self):
        self._lift_limits()
        self.stage_next.action_plan_id = self._plan({}, {"delay_count": 1})

        def create(size):
            queries = self._queries(
                lambda: self.env["crm.lead"].create(
                    [
                        {
                            "name": f"Importée {number}",
                            "type": "opportunity",
                            "stage_id": self.stage_next.id,
                        }
                        for number in range(size)
                    ]
                )
            )
            # Odoo itself takes 9 for each lead: only our tables are compared.
            return len([query for query in queries if '"crm_action"' in query])

        create(2)
        self.assertEqual(create(5), create(150))

    def test_applying_a_plan_to_waiting_actions(self):
        self.company.resource_calendar_id = self.env["resource.calendar"].create(
            {"name": "40 heures", "company_id": self.company.id}
        )

        def apply(size):
            plan = self._plan(
                {},
                {"delay_count": 2},
                {"responsible_type": "team_leader"},
                {},
                {"delay_count": 4, "delay_unit": "working_days"},
            )
            leads = self._leads(size)
            leads._actions_start_plan(plan)
            self._actions(leads[0], 1)
            steps = plan.template_ids
            steps[1].delay_count = 7
            steps[2].summary = "Autrement"
            steps[3].unlink()
            plan.template_ids = [
                (
                    0,
                    0,
                    {
                        "summary": "Neuf",
                        "sequence": 2,
                        "responsible_type": "salesperson",
                        "delay_count": 3,
                        "delay_unit": "working_days",
                    },
                )
            ]
            count = self._count(plan.with_user(self.manager).action_apply_to_waiting)
            self.assertEqual(len(leads.action_ids), 6 * size + 1)
            return count

        for _round in range(2):  # caches of the registry, rights included
            apply(5)
        few, many = apply(5), apply(90)
        self.assertEqual(few, many)
        # Read the plan, its running lists, their activities and the calendar; cancel
        # the actions whose step is gone, update the others, insert the new ones.
        self.assertLessEqual(many, 30)

    def test_leads_without_actions(self):
        self._leads(2)
        for function in (
            lambda: self._leads(50),
            lambda: self._leads(1),
        ):
            queries = self._queries(function)
            # The columns of ours that come with the rows are not a query more; the
            # tables of ours are not looked at.
            self.assertFalse(
                [
                    query
                    for query in queries
                    if '"crm_action"' in query or '"mail_activity_plan"' in query
                ]
            )

    def test_leads_that_change(self):
        """Of leads without actions, whether they have any is asked once."""
        leads = self._leads(50)
        for values, budget in (
            ({"color": 3}, 0),
            ({"stage_id": self.stage_next.id}, 2),
            ({"user_id": self.bo.id}, 3),
            ({"active": False}, 2),
        ):
            with self.subTest(values=values):
                queries = self._queries(lambda values=values: leads.write(values))
                ours = [query for query in queries if '"crm_action"' in query]
                self.assertLessEqual(len(ours), budget)

    def test_customers_that_write_where_no_plan_pauses(self):
        """Whether a plan pauses on an event is remembered, as plans hardly change."""
        plans = self.env["mail.activity.plan"].with_context(active_test=False)
        plans.search([]).write({"pause_on_reply": False, "pause_on_meeting": False})
        leads = self._leads(3)
        self._two_actions_each(leads)
        for event in ("reply", "meeting"):
            leads._actions_pause_by_plan(event)
            with self.subTest(event=event):
                self.assertFalse(
                    self._queries(
                        lambda event=event: leads._actions_pause_by_plan(event)
                    )
                )
        plans.create(
            {"name": "Relance", "res_model": "crm.lead", "pause_on_reply": True}
        )
        for size in (1, 3):
            with self.subTest(leads=size):
                some = leads[:size]
                some._actions_pause_by_plan("reply")
                # The one search for open actions of plans that pause.
                self.assertEqual(
                    self._count(lambda some=some: some._actions_pause_by_plan("reply")),
                    1,
                )

    def test_events_of_leads_cost_the_same_for_many(self):
        def cost(size, event):
            leads = self._leads(size)
            self._two_actions_each(leads)
            queries = self._queries(lambda: event(leads))
            return len(
                [
                    query
                    for query in queries
                    if '"crm_action"' in query or '"mail_activity"' in query
                ]
            )

        for name, event in (
            ("salesperson", lambda leads: leads.write({"user_id": self.bo.id})),
            ("archive", lambda leads: leads.action_archive()),
            ("won", lambda leads: leads.write({"stage_id": self.stage_won.id})),
            ("pause", lambda leads: leads.action_pause_actions()),
        ):
            with self.subTest(event=name):
                cost(2, event)
                self.assertEqual(cost(5, event), cost(40, event))

    def test_reading_a_page_of_leads(self):
        leads = self._leads(80)
        self._two_actions_each(leads)
        names = [
            "action_count",
            "action_done_count",
            "action_overdue",
            "next_action_id",
            "no_next_action",
        ]
        leads.read(names)
        plain = self._count(lambda: leads.read(["name"]))
        # One for the counts; the current action and its type, for its name.
        self.assertLessEqual(
            self._count(lambda: leads.read(["name", *names])), plain + 3
        )
