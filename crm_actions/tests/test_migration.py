# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""The upgrade from the first version.

The test takes the place of the loader: it puts the columns and rows of the first
version (``data/first_version.sql``, made with its code) back into the tables and calls
the scripts in its transaction.
"""

from datetime import datetime

from freezegun import freeze_time

from odoo.modules.migration import load_script
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import file_open, file_path, sql

FIRST_ID = 500_000_000


@tagged("post_install", "-at_install")
class TestMigration(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-03-10 12:00:00"))
        cls.admin = cls.env.ref("base.user_admin")
        cls.seller, cls.leader = (
            new_test_user(
                cls.env,
                login=f"crm_actions_{login}",
                groups="sales_team.group_sale_salesman_all_leads",
                tz="Europe/Brussels",
            )
            for login in ("seller", "leader")
        )
        cls.admin.tz = "Europe/Brussels"
        cls.env.company.resource_calendar_id = False
        # The leader has changed since the plans started.
        cls.team = cls.env["crm.team"].create(
            {"name": "Équipe", "user_id": cls.seller.id}
        )
        cls.meeting = cls.env["calendar.event"].create(
            {
                "name": "Rendez-vous",
                "start": datetime(2026, 3, 9, 9),
                "stop": datetime(2026, 3, 9, 10),
            }
        )
        cls.env.flush_all()
        cls.env.cr.execute(
            """
            DELETE FROM mail_activity WHERE crm_action_id IS NOT NULL;
            DELETE FROM crm_action_run;
            DELETE FROM crm_action;
            UPDATE crm_lead SET next_action_id = NULL, next_action_date = NULL,
                                no_next_action = NULL, actions_pause_reason = NULL
            """
        )
        with file_open("crm_actions/tests/data/first_version.sql") as script:
            cls.env.cr.execute(script.read(), cls._parameters())
        cls.env.invalidate_all()
        cls.cron = cls.env.ref("crm_actions.ir_cron_crm_action_repair")
        cls.cron_mail = cls.env.ref("crm_actions.ir_cron_crm_action_mail")
        cls.cron.interval_type = "days"
        cls.cron_mail.write({"interval_type": "days", "interval_number": 3})
        cls.unchanged = cls._unchanged()
        for name in ("pre", "post"):
            path = f"crm_actions/migrations/19.0.2.0.0/{name}-migration.py"
            load_script(file_path(path), f"crm_actions_{name}").migrate(
                cls.env.cr, "19.0.1.0.0"
            )
        cls.env.invalidate_all()

    @classmethod
    def _parameters(cls):
        types = {
            name: cls.env.ref(f"mail.mail_activity_data_{name}").id
            for name in ("call", "email", "todo")
        }
        stages = {
            name: cls.env.ref(f"crm.{name}").id
            for name in ("stage_lead1", "stage_lead4")
        }
        return {
            **types,
            **stages,
            "admin": cls.admin.id,
            "seller": cls.seller.id,
            "leader": cls.leader.id,
            "team": cls.team.id,
            "company": cls.env.company.id,
            "model": cls.env["ir.model"]._get_id("crm.lead"),
            "meeting": cls.meeting.id,
        }

    @classmethod
    def _unchanged(cls):
        """What the upgrade leaves as it is."""
        cls.env.flush_all()
        rows = []
        for query in (
            "SELECT * FROM mail_activity ORDER BY id",
            "SELECT count(*) FROM mail_message",
            "SELECT count(*) FROM mail_mail",
            "SELECT count(*) FROM mail_followers",
            """
            SELECT action.id, action.lead_id, action.sequence, activity_type_id,
                   summary, note, state, action.date_deadline, done_on, done_by_id,
                   feedback, skip_reason, COALESCE(days_late, 0), outcome_id, plan_id,
                   plan_template_id, plan_started_on, next_action_id, next_action_date
              FROM crm_action action
              JOIN crm_lead lead ON lead.id = lead_id
             WHERE lead.active AND lead.name NOT LIKE '%pause%'
               AND lead.name NOT LIKE '%undated%'
          ORDER BY action.id
            """,
        ):
            cls.env.cr.execute(query)
            rows.append(cls.env.cr.fetchall())
        return rows

    def _lead(self, name):
        lead = (
            self.env["crm.lead"]
            .with_context(active_test=False)
            .search([("name", "=", f"V1 {name}"), ("id", ">", FIRST_ID)])
        )
        self.assertEqual(len(lead), 1, name)
        return lead

    def _dates(self, lead):
        return {
            action.summary: str(action.date_deadline)
            for action in lead.action_ids._in_order()
            if action.date_deadline
        }

    def _of(self, name, field):
        return {
            action.summary: action[field]
            for action in self._lead(name).action_ids._in_order()
        }

    def test_what_was_right_stays(self):
        self.assertEqual(self._unchanged(), self.unchanged)

    def test_lists_are_sound(self):
        self.assertFalse(self.env["crm.action"]._broken_lead_ids(FIRST_ID))
        actions = self.env["crm.action"].search([("lead_id", ">", FIRST_ID)])
        names = ("state", "user_id", "date_deadline", "date_origin", "date_set_on")
        before = [[action[name] for name in names] for action in actions]
        runs = actions.run_id.mapped("state")
        actions.lead_id._actions_reconcile()
        self.assertEqual([[a[name] for name in names] for a in actions], before)
        self.assertEqual(actions.run_id.mapped("state"), runs)
        stored = actions.mapped("plan_id"), actions.mapped("plan_started_on")
        for name in ("plan_id", "plan_started_on", "days_late"):
            self.env.add_to_compute(actions._fields[name], actions)
        self.assertEqual(
            (actions.mapped("plan_id"), actions.mapped("plan_started_on")), stored
        )
        self.assertEqual(self._unchanged(), self.unchanged)

    def test_nothing_is_left(self):
        for table, name in (
            ("crm_action", "touched"),
            ("crm_action", "date_auto"),
            ("crm_action", "user_auto"),
            ("crm_action", "cancelled_by_id"),
            ("crm_lead", "actions_paused"),
            ("crm_lead", "actions_paused_on"),
        ):
            self.assertFalse(sql.column_exists(self.env.cr, table, name), name)
        for table in ("crm_action_reassign", "former_member", "former_run"):
            self.assertFalse(sql.table_exists(self.env.cr, table), table)

    def test_runs(self):
        expected = {
            "running": [("V1 Plan", "running", False, "hand")],
            "advanced": [("V1 Plan", "running", False, "hand")],
            "paused_first": [("V1 Plan", "paused", False, "hand")],
            "paused_reply": [("V1 Plan", "paused", False, "hand")],
            "lost": [("V1 Plan", "paused", False, "hand")],
            "won": [
                ("V1 Keep", "running", False, "hand"),
                ("V1 Plan", "stopped", "won", "hand"),
            ],
            "won_manual": [],
            "finished": [("V1 Other", "finished", False, "hand")],
            "twice": [
                ("V1 Other", "finished", False, "hand"),
                ("V1 Other", "running", False, "hand"),
            ],
            "repeated": [("V1 Plan", "running", False, "hand")],
            "stopped": [("V1 Plan", "stopped", "outcome", "hand")],
            "other_plan": [
                ("V1 Other", "running", False, "outcome"),
                ("V1 Plan", "stopped", "outcome", "hand"),
            ],
            "lost_outcome": [("V1 Plan", "paused", False, "hand")],
            "merge_a": [
                ("V1 Other", "running", False, "hand"),
                ("V1 Plan", "running", False, "hand"),
            ],
            "empty_paused": [("V1 Plan", "finished", False, "hand")],
            "gone": [(False, "running", False, "hand")],
            "manual": [],
        }
        for name, runs in expected.items():
            with self.subTest(name):
                found = self._lead(name).action_run_ids
                self.assertEqual(
                    sorted(
                        (run.plan_id.name, run.state, run.stop_reason, run.source)
                        for run in found
                    ),
                    runs,
                )
                self.assertTrue(all(found.mapped("action_ids")))
        twice = self._lead("twice").action_run_ids
        self.assertEqual([len(run.action_ids) for run in twice], [2, 2])
        repeated = self._lead("repeated").action_run_ids
        self.assertEqual(len(repeated.action_ids), 6)
        for name, day in (("running", "2026-03-02"), ("answered", "2026-03-07")):
            # Launched for another day than today.
            run = self._lead(name).action_run_ids
            self.assertEqual(str(run.plan_date), day)
            self.assertEqual(str(run.started_on), "2026-03-02")
        ended = self._lead("finished").action_run_ids.ended_on
        self.assertEqual(str(ended), "2026-03-02 12:00:00")
        self.assertFalse(self._lead("running").action_run_ids.ended_on)

    def test_date_origins(self):
        self.assertEqual(
            self._of("advanced", "date_origin"),
            {
                "s1": "planned",
                "s2": "counted",
                "s3": False,
                "s4": "planned",
                "s5": False,
            },
        )
        self.assertEqual(self._of("moved_date", "date_origin")["s4"], "chosen")
        # Somebody else has to do it, but nobody has moved it.
        self.assertEqual(self._of("reassigned", "date_origin")["s1"], "planned")
        self.assertEqual(self._of("meeting", "date_origin")["V1 Meeting"], "chosen")
        self.assertEqual(
            self._of("manual", "date_origin"), {"m1": "chosen", "m2": False}
        )
        again = self._lead("repeated").next_action_id
        self.assertEqual((again.date_origin, again.repeat_count), ("planned", 1))

    def test_meeting_is_kept(self):
        front = self._lead("meeting").next_action_id
        self.assertEqual(front.calendar_event_id, self.meeting)
        self.assertEqual(front.activity_ids.calendar_event_id, self.meeting)

    def test_who_has_to_do_it(self):
        kinds = self._of("running", "responsible_type")
        self.assertEqual(
            list(kinds.values()),
            ["salesperson", "salesperson", "team_leader", "previous", "fixed"],
        )
        users = self._of("running", "user_id")
        self.assertEqual(users["s1"], self.admin)
        # Found at their turn.
        self.assertFalse(users["s2"] or users["s3"] or users["s4"])
        self.assertEqual(users["s5"], self.leader)
        # A person's choice stays.
        kinds = self._of("reassigned", "responsible_type")
        users = self._of("reassigned", "user_id")
        self.assertEqual((kinds["s3"], users["s3"]), ("fixed", self.seller))
        self.assertEqual((kinds["s1"], users["s1"]), ("fixed", self.seller))
        self.assertEqual(self._of("answered", "user_id")["k2"], self.seller)
        # Whoever leads the team at that time, not when the plan started.
        lead = self._lead("new_leader")
        lead.next_action_id.action_done()
        self.assertEqual(lead.next_action_id.summary, "s3")
        self.assertEqual(lead.next_action_id.user_id, self.seller)

    def test_pauses(self):
        for name, reason in (
            ("paused_first", "manual"),
            ("paused_reply", "reply"),
            ("paused_meeting", "meeting"),
            ("lost", "lost"),
            ("running", False),
            # Nothing is open: nothing is on hold.
            ("empty_paused", False),
        ):
            lead = self._lead(name)
            self.assertEqual(lead.actions_pause_reason, reason, name)
            self.assertEqual(
                str(lead.actions_paused_on or ""), "2026-03-04" if reason else "", name
            )
            fronts = lead.action_ids.filtered(lambda action: action.state == "paused")
            self.assertEqual(len(fronts), bool(reason), name)

    def test_resume(self):
        lead = self._lead("paused_first")
        lead.action_resume_actions()
        self.assertEqual(self._dates(lead), {"s1": "2026-03-08", "s4": "2026-03-22"})
        self.assertEqual(lead.next_action_id.summary, "s1")
        lead = self._lead("lost")
        lead.action_unarchive()
        self.assertEqual(self._dates(lead), {"s1": "2026-03-08", "s4": "2026-03-22"})
        # The front had lost its date: due since the 6th, so today.
        lead = self._lead("paused_counted")
        lead.action_resume_actions()
        self.assertEqual(str(lead.next_action_date), "2026-03-10")
        # What came into being during the pause moves by the rest of it.
        lead = self._lead("started_in_pause")
        lead.action_resume_actions()
        self.assertEqual(
            self._dates(lead),
            {"p0": "2026-03-12", "s1": "2026-03-10", "s4": "2026-03-24"},
        )

    def test_undo_stop(self):
        lead = self._lead("stopped")
        lead.action_ids.filtered(lambda action: action.state == "done").action_reopen()
        self.assertEqual(
            list(self._of("stopped", "state").values()), ["todo"] + ["waiting"] * 4
        )
        self.assertEqual(lead.action_run_ids.state, "running")

    def test_undo_another_plan(self):
        lead = self._lead("other_plan")
        lead.action_ids.filtered(lambda action: action.state == "done").action_reopen()
        self.assertEqual(
            self._of("other_plan", "state"),
            {"s1": "todo", **dict.fromkeys(("s2", "s3", "s4", "s5"), "waiting")},
        )
        self.assertEqual(lead.action_run_ids.mapped("state"), ["running"])

    def test_undo_lost(self):
        lead = self._lead("lost_outcome")
        lead.action_ids.filtered(lambda action: action.state == "done").action_reopen()
        self.assertTrue(lead.active)
        self.assertEqual(lead.next_action_id.summary, "s1")

    def test_undo_won(self):
        lead = self._lead("won")
        lead.stage_id = self.env.ref("crm.stage_lead1")
        self.assertEqual(set(lead.action_run_ids.mapped("state")), {"running"})
        self.assertEqual(lead.next_action_id.summary, "s1")

    def test_apply_to_waiting(self):
        plan = self._lead("running").action_run_ids.plan_id

        def rows():
            # A sequence is changed where two actions have the same, for the order.
            names = ("summary", "state", "user_id", "date_deadline", "date_origin")
            return [
                [action[name] for name in names]
                for action in plan.env["crm.action.run"]
                .search([("plan_id", "=", plan.id)])
                .lead_id.action_ids
            ]

        before = rows()
        plan.action_apply_to_waiting()
        self.assertEqual(rows(), before)
        plan.template_ids[1].summary = "s2 bis"
        plan.action_apply_to_waiting()
        self.assertIn("s2 bis", self._of("running", "state"))
        self.assertIn("s2", self._of("advanced", "state"))
        self.assertEqual(self._of("moved_date", "date_origin")["s4"], "chosen")

    def test_plans_run_on_as_they_did(self):
        lead = self._lead("running")
        stages = self.env["crm.stage"].create(
            [
                {"name": "A", "action_plan_id": lead.action_run_ids.plan_id.id},
                {
                    "name": "B",
                    "action_plan_id": self._lead("finished").action_run_ids.plan_id.id,
                },
            ]
        )
        lead.stage_id = stages[0]
        lead.stage_id = stages[1]
        self.assertEqual(lead.action_run_ids.mapped("state"), ["running"] * 2)

    def test_without_next_action(self):
        leads = self.env["crm.lead"].search(
            [("no_next_action", "=", True), ("id", ">", FIRST_ID)]
        )
        self.assertEqual(
            set(leads.mapped("name")), {"V1 finished", "V1 stopped", "V1 empty_paused"}
        )

    def test_jobs(self):
        self.assertEqual(self.cron.interval_type, "hours")
        # Somebody had changed it.
        self.assertEqual(
            (self.cron_mail.interval_number, self.cron_mail.interval_type), (3, "days")
        )
