# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from datetime import date, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged, users

TODAY = date(2026, 11, 24)


@tagged("post_install", "-at_install")
class TestCrmActionReport(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(freeze_time(f"{TODAY} 12:00:00"))
        cls.other_company = cls.env["res.company"].create({"name": "Coopérative Sœurs"})
        cls.salesperson = new_test_user(
            cls.env,
            "núñez",
            groups="sales_team.group_sale_salesman",
            name="Íñigo Núñez",
            tz="Europe/Brussels",
        )
        cls.colleague = new_test_user(
            cls.env, "colleague", groups="sales_team.group_sale_salesman"
        )
        cls.manager = new_test_user(
            cls.env, "manager", groups="sales_team.group_sale_manager"
        )
        cls.stranger = new_test_user(
            cls.env,
            "stranger",
            groups="sales_team.group_sale_manager",
            company_id=cls.other_company.id,
            company_ids=[(6, 0, cls.other_company.ids)],
        )
        cls.employee = new_test_user(cls.env, "employee", groups="base.group_user")
        cls.portal = new_test_user(cls.env, "portal_user", groups="base.group_portal")
        cls.call, cls.visit = cls.env["mail.activity.type"].create(
            [{"name": "Appel d’essai"}, {"name": "Visite d’essai"}]
        )
        cls.lead, cls.lead_colleague, cls.lead_nobody, cls.lead_other = cls.env[
            "crm.lead"
        ].create(
            [
                {
                    "name": name,
                    "type": "opportunity",
                    "user_id": user.id,
                    "company_id": company.id,
                    "team_id": False,
                }
                for name, user, company in (
                    ("Œuvre & Cie", cls.salesperson, cls.env.company),
                    ("Núñez", cls.colleague, cls.env.company),
                    ("Sans vendeur", cls.env["res.users"], cls.env.company),
                    ("Ailleurs", cls.stranger, cls.other_company),
                )
            ]
        )
        cls.actions = cls.env["crm.action"].browse()
        for lead in (
            cls.lead,
            cls.lead_colleague,
            cls.lead_nobody,
            cls.lead_other,
        ):
            for kind, days in ((cls.call, 3), (cls.visit, -4), (cls.visit, 9)):
                cls.actions += cls.env["crm.action"].create(
                    {
                        "lead_id": lead.id,
                        "activity_type_id": kind.id,
                        "user_id": lead.user_id.id,
                        "date_deadline": TODAY + timedelta(days=days),
                    }
                )
            # The call in time, the first visit four days late, the other is open.
            lead.next_action_id.action_done()
            lead.next_action_id.action_done()

    def _rows(self):
        return self.env["crm.action.report"].search(
            [("activity_type_id", "in", (self.call + self.visit).ids)]
        )

    def _totals(self, groupby):
        return self.env["crm.action.report"].formatted_read_group(
            [("lead_id", "in", (self.lead + self.lead_colleague).ids)],
            groupby,
            [
                "__count",
                "reached_count:sum",
                "done_count:sum",
                "on_time_count:sum",
                "on_time_rate:avg",
                "days_late:sum",
                "days_late_average:avg",
            ],
        )

    def test_measures_by_type(self):
        by_type = {
            group["activity_type_id"][0]: group
            for group in self._totals(["activity_type_id"])
        }
        call, visit = by_type[self.call.id], by_type[self.visit.id]
        self.assertEqual((call["__count"], visit["__count"]), (2, 4))
        self.assertEqual((call["done_count:sum"], visit["done_count:sum"]), (2, 2))
        self.assertEqual(
            (call["on_time_count:sum"], call["on_time_rate:avg"]), (2, 100)
        )
        self.assertEqual(
            (visit["on_time_count:sum"], visit["on_time_rate:avg"]), (0, 0)
        )
        self.assertEqual((call["days_late:sum"], visit["days_late:sum"]), (0, 8))
        self.assertEqual(visit["days_late_average:avg"], 4)
        # The two visits that are current now have been reached, and are not done.
        self.assertEqual(visit["reached_count:sum"], 4)

    def test_measures_follow_the_action(self):
        """A row never says more, or earlier, than the action."""
        action = self.lead.next_action_id
        row = self.env["crm.action.report"].browse(action.id)
        self.assertEqual((row.state, row.done_count, row.reached_count), ("todo", 0, 1))
        self.assertFalse(row.days_late)
        action.action_skip(reason="Fermé")
        row.invalidate_recordset()
        self.assertEqual(
            (row.state, row.done_count, row.reached_count), ("skipped", 0, 1)
        )
        action.action_reopen()
        action.lead_id.action_set_lost()
        row.invalidate_recordset()
        self.assertEqual((row.state, row.reached_count), ("paused", 1))

    def test_every_dimension_groups(self):
        for groupby in (
            "state",
            "user_id",
            "done_by_id",
            "lead_user_id",
            "team_id",
            "company_id",
            "plan_id",
            "plan_template_id",
            "plan_started_on:month",
            "outcome_id",
            "date_deadline:week",
            "done_on:month",
        ):
            with self.subTest(groupby=groupby):
                groups = self._totals([groupby])
                self.assertEqual(sum(group["__count"] for group in groups), 6)
                self.assertEqual(sum(group["done_count:sum"] for group in groups), 4)

    def test_funnel_in_the_order_of_the_steps(self):
        plan = self.env["mail.activity.plan"].create(
            {
                "name": "Relance «trois temps»",
                "res_model": "crm.lead",
                "sequential": True,
                "template_ids": [
                    (
                        0,
                        0,
                        {
                            "activity_type_id": self.call.id,
                            "summary": summary,
                            "sequence": sequence,
                        },
                    )
                    for summary, sequence in (("Zéro", 1), ("Un", 2), ("Deux", 3))
                ],
            }
        )
        leads = self.env["crm.lead"].create(
            [{"name": f"Piste {index}", "type": "opportunity"} for index in range(3)]
        )
        leads._actions_start_plan(plan)
        for lead in leads[:2]:
            lead.next_action_id.action_done()
        leads[0].next_action_id.action_done()
        groups = self.env["crm.action.report"].formatted_read_group(
            [("plan_id", "=", plan.id)],
            ["plan_template_id"],
            ["reached_count:sum", "done_count:sum"],
        )
        self.assertEqual(
            [
                (
                    group["plan_template_id"][1],
                    group["reached_count:sum"],
                    group["done_count:sum"],
                )
                for group in groups
            ],
            [("Zéro", 3, 2), ("Un", 2, 1), ("Deux", 1, 0)],
        )

    @users("núñez")
    def test_salesperson_sees_own_and_unassigned(self):
        self.assertEqual(self._rows().lead_id, self.lead + self.lead_nobody)

    @users("núñez")
    def test_salesperson_sees_what_is_assigned_to_them(self):
        action = self.lead_colleague.sudo().next_action_id
        action.user_id = self.salesperson
        row = self._rows().filtered(
            lambda row: row.id == action.id  # the rest of that list stays hidden
        )
        self.assertEqual(len(self._rows()), 7)
        self.assertTrue(row)

    @users("manager")
    def test_manager_sees_all_of_the_company(self):
        self.assertEqual(
            self._rows().lead_id, self.lead + self.lead_colleague + self.lead_nobody
        )

    @users("stranger")
    def test_other_company_sees_its_own(self):
        self.assertEqual(self._rows().lead_id, self.lead_other)

    @users("núñez", "manager", "stranger", "employee")
    def test_same_reach_as_the_actions(self):
        actions = self.env["crm.action"].search([("id", "in", self.actions.ids)])
        self.assertEqual(sorted(self._rows().ids), sorted(actions.ids))

    @users("portal_user")
    def test_portal_sees_nothing(self):
        with self.assertRaises(AccessError):
            self._rows()

    @users("manager")
    def test_nobody_writes(self):
        row = self._rows()[:1]
        with self.assertRaises(AccessError):
            row.write({"date_deadline": TODAY})
        with self.assertRaises(AccessError):
            row.unlink()

    @users("núñez")
    def test_views_of_the_menus_open(self):
        for xmlid in ("crm_action_report_action", "crm_action_report_action_funnel"):
            action = self.env["ir.actions.actions"]._for_xml_id(f"crm_actions.{xmlid}")
            views = self.env["crm.action.report"].get_views(
                action["views"] + [(action["search_view_id"], "search")]
            )
            self.assertEqual(list(views["views"]), ["graph", "pivot", "list", "search"])
        row = self._rows()[:1]
        self.assertEqual(row.action_open_lead()["res_id"], row.lead_id.id)

    @users("manager")
    def test_first_page_is_one_query(self):
        """Whatever the number of actions: the groups, nothing per row."""
        report = self.env["crm.action.report"]
        args = ([], ["state"], ["__count", "done_count:sum"])
        report.formatted_read_group(*args)
        with self.assertQueryCount(1):
            report.formatted_read_group(*args)
