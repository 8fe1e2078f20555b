# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""The tables of OCA's crm_action 8.0 to 10.0, through the hooks of the installation.

The test takes the place of the loader: it drops our table, makes theirs, and runs
pre_init_hook, the creation of our columns and post_init_hook in its transaction.
"""

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open, sql

from ..hooks import post_init_hook, pre_init_hook


@tagged("post_install", "-at_install")
class TestOcaTakeover(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.flush_all()
        cls.env.cr.execute("DELETE FROM mail_activity WHERE crm_action_id IS NOT NULL")
        cls.env.cr.execute("DROP TABLE crm_action CASCADE")
        cls.env.cr.execute("UPDATE crm_lead SET next_action_id = NULL")
        with file_open("crm_actions/tests/data/oca_crm_action.sql") as script:
            cls.env.cr.execute(script.read())
        cls.env.invalidate_all()

    def _rows(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params)
        return self.env.cr.fetchall()

    def _install(self):
        pre_init_hook(self.env)
        self.registry.init_models(
            self.env.cr, ["crm.action"], {"module": "crm_actions"}, install=True
        )
        post_init_hook(self.env)
        self.env.invalidate_all()

    def _broken_leads(self):
        """Of those with actions: others of the database lost theirs to the test."""
        Action = self.env["crm.action"]
        return set(Action._broken_lead_ids()) & set(Action.search([]).lead_id.ids)

    def _actions(self, name):
        return (
            self.env["crm.lead"]
            .with_context(active_test=False)
            .search([("name", "=", name)])
            .action_ids._in_order()
        )

    def test_nothing_is_lost_and_nothing_is_left(self):
        before = self._rows("SELECT id, state = 'done' FROM crm_action ORDER BY id")
        self._install()
        after = self._rows("SELECT id, state = 'done' FROM crm_action ORDER BY id")
        self.assertEqual(after, before)
        self.assertFalse(sql.table_exists(self.env.cr, "crm_action_type"))
        columns = sql.table_columns(self.env.cr, "crm_action")
        stored = {
            name
            for name, field in self.env["crm.action"]._fields.items()
            if field.store and field.column_type
        }
        self.assertEqual(set(columns), stored)
        self.assertFalse(
            self._rows(
                "SELECT tablename FROM pg_tables WHERE tablename ~ %s",
                "crm_action.*(_old|_oca|_bak)",
            )
        )

    def test_lists_start(self):
        self._install()
        self.assertFalse(self._broken_leads())
        done, current, waiting = self._actions("OCA Œuvre & Cie")
        self.assertEqual(
            [action.state for action in (done, current, waiting)],
            ["done", "todo", "waiting"],
        )
        # By date, as it was.
        self.assertEqual(str(current.date_deadline), "2018-02-20")
        mirror = current.activity_ids
        self.assertEqual(len(mirror), 1)
        self.assertEqual(mirror.user_id, current.user_id)
        self.assertEqual(current.lead_id.next_action_id, current)
        # And goes on as any other.
        mirror.action_feedback(feedback="Enfin")
        self.assertEqual(waiting.state, "todo")
        self.assertFalse(self._broken_leads())

    def test_what_was_done(self):
        self.env.ref("base.user_admin").tz = "Europe/Brussels"
        self.env.flush_all()
        self._install()
        done = self._actions("OCA Œuvre & Cie")[0]
        self.assertEqual(str(done.done_on), "2018-01-13 23:30:00")
        self.assertEqual(done.done_by_id.id, 2)
        # 23:30 UTC is the 14th in Brussels.
        self.assertEqual(done.days_late, 4)
        self.assertEqual(done.feedback, "Premier <appel> & suite")
        early = self._actions("OCA Núñez")
        self.assertEqual((early.state, early.days_late), ("done", 0))
        self.assertFalse(early.lead_id.next_action_id)

    def test_details(self):
        self._install()
        waiting = self._actions("OCA Œuvre & Cie")[2]
        self.assertEqual(waiting.summary, "Ligne une")
        self.assertEqual(waiting.note, "<p>Ligne une<br>ligne deux</p>")

    def test_types_by_name(self):
        self._install()
        actions = self._actions("OCA Œuvre & Cie")
        self.assertEqual(
            actions[0].activity_type_id, self.env.ref("mail.mail_activity_data_call")
        )
        special = actions[1].activity_type_id
        self.assertEqual(special, actions[2].activity_type_id)
        self.assertEqual(special.name, "Œuvre spéciale")
        self.assertEqual(special.res_model, "crm.lead")

    def test_lost_opportunity_pauses(self):
        self._install()
        action = self._actions("OCA perdue")
        self.assertEqual(action.state, "paused")
        self.assertEqual(action.lead_id.actions_pause_reason, "lost")
        self.assertFalse(action.activity_ids)
        action.lead_id.action_unarchive()
        self.assertEqual(action.state, "todo")

    def test_no_opportunity(self):
        self._install()
        todo, done = (
            self.env["crm.action"].search([("summary", "=", summary)])
            for summary in ("Sans piste, à faire", "Sans piste, fait")
        )
        self.assertEqual(todo.lead_id, done.lead_id)
        self.assertEqual(todo.lead_id.name, "Actions without opportunity")
        self.assertEqual((todo.state, done.state), ("todo", "done"))
        self.assertTrue(todo.activity_ids)

    def test_lead_and_user_that_are_gone(self):
        """A restored dump may have no foreign keys."""
        user = self.env["res.users"].create({"name": "Partie", "login": "partie"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_users SET active = FALSE WHERE id = %s", [user.id]
        )
        self.env.cr.execute(
            """
            ALTER TABLE crm_action DROP CONSTRAINT crm_action_lead_id_fkey,
                                   DROP CONSTRAINT crm_action_user_id_fkey,
                                   ALTER user_id DROP NOT NULL;
            UPDATE crm_action SET lead_id = 2147483000 WHERE details = 'Tout fait';
            UPDATE crm_action SET user_id = 2147483000 WHERE details = 'Tout fait';
            UPDATE crm_action SET user_id = %s WHERE details IS NULL
            """,
            [user.id],
        )
        self._install()
        current = self._actions("OCA Œuvre & Cie")[1]
        self.assertEqual(current.user_id, current.lead_id.user_id)
        orphan = self.env["crm.action"].search([("feedback", "=", "Tout fait")])
        self.assertEqual(orphan.state, "done")
        self.assertTrue(orphan.lead_id.exists())
        self.assertFalse(orphan.user_id)

    def test_without_table_of_types(self):
        self.env.cr.execute("DROP TABLE crm_action_type CASCADE")
        self._install()
        self.assertEqual(
            self.env["crm.action"].search([]).activity_type_id,
            self.env.ref("mail.mail_activity_data_todo"),
        )

    def test_translated_types(self):
        """OpenUpgrade turns translated names into jsonb."""
        self.env.cr.execute(
            """
            ALTER TABLE crm_action_type ALTER name TYPE jsonb
            USING jsonb_build_object('en_US', name, 'fr_FR', name || ' (fr)')
            """
        )
        self._install()
        special = self._actions("OCA Œuvre & Cie")[1].activity_type_id
        names = self._rows(
            "SELECT name ->> 'fr_FR' FROM mail_activity_type WHERE id = %s", special.id
        )
        self.assertIn(names[0][0].lower(), ("œuvre spéciale (fr)",))

    def test_again_is_harmless(self):
        self._install()
        before = self._rows("SELECT * FROM crm_action ORDER BY id")
        activities = self._rows("SELECT count(*) FROM mail_activity")
        self._install()
        self.assertEqual(self._rows("SELECT * FROM crm_action ORDER BY id"), before)
        self.assertEqual(self._rows("SELECT count(*) FROM mail_activity"), activities)

    def test_former_module_has_no_claim_left(self):
        """Its views would break our model and its rights would open it."""
        model = self.env["ir.model"]._get("crm.action")
        view = self.env["ir.ui.view"].create(
            {
                "name": "crm.action.form",
                "model": "crm.action",
                "arch": "<form><field name='summary'/></form>",
            }
        )
        access = self.env["ir.model.access"].create(
            {"name": "crm.action all", "model_id": model.id, "perm_read": True}
        )
        self.env["ir.model.data"].create(
            [
                {
                    "module": "crm_action",
                    "name": f"thing_{record._table}",
                    "model": record._name,
                    "res_id": record.id,
                }
                for record in (view, access, model)
            ]
        )
        self._install()
        self.assertFalse(view.exists())
        self.assertFalse(access.exists())
        self.assertTrue(self.env["ir.model"]._get("crm.action"))
        self.assertFalse(
            self.env["ir.model.data"].search([("module", "=", "crm_action")])
        )

    def test_nobody_is_told(self):
        self.env["res.users"].browse(2).partner_id.email = "admin@example.com"
        tables = ("mail_message", "mail_mail", "mail_notification")
        before = [self._rows(f"SELECT count(*) FROM {name}") for name in tables]
        followers = self._rows("SELECT id FROM mail_followers ORDER BY id")
        self._install()
        leads = self._actions("Actions without opportunity").lead_id
        after = [self._rows(f"SELECT count(*) FROM {name}") for name in tables[1:]]
        self.assertEqual(after, before[1:])
        self.assertEqual(
            self._rows("SELECT id FROM mail_followers ORDER BY id"), followers
        )
        self.assertFalse(
            self._rows(
                "SELECT message.id FROM mail_message message JOIN crm_lead lead"
                " ON lead.id = res_id WHERE model = 'crm.lead'"
                " AND lead.name LIKE 'OCA %%'"
            )
        )
        self.assertEqual(len(leads), 1)

    def test_authors_and_dates_are_kept(self):
        query = "SELECT id, create_uid, create_date FROM crm_action ORDER BY id"
        before = self._rows(query)
        self._install()
        self.assertEqual(self._rows(query), before)
        new = self.env["crm.action"].create(
            {"lead_id": self._actions("OCA Núñez").lead_id.id, "summary": "Suite"}
        )
        self.assertGreater(new.id, before[-1][0])
        self.assertEqual(new.state, "todo")

    def test_columns_of_the_first_version_and_its_port(self):
        """The first 8.0, and a port of it to 10.0 by others."""
        self.env.cr.execute(
            """
            ALTER TABLE crm_action RENAME action_type_id TO action_type;
            ALTER TABLE crm_action DROP company_id, DROP display_name;
            ALTER TABLE crm_action_type RENAME active TO is_active;
            """
        )
        self._install()
        actions = self._actions("OCA Œuvre & Cie")
        self.assertEqual(
            actions[0].activity_type_id, self.env.ref("mail.mail_activity_data_call")
        )
        self.assertEqual(actions.mapped("state"), ["done", "todo", "waiting"])

    def test_another_schema_is_refused(self):
        """A 10.0 module of that name has a reference, its own states and types."""
        self.env.cr.execute("ALTER TABLE crm_action RENAME lead_id TO reference_id")
        self._assert_refused("columns")

    def test_unknown_states_are_refused(self):
        self.env.cr.execute(
            "UPDATE crm_action SET state = 'todo' WHERE details = 'Plus tard'"
        )
        self._assert_refused("todo")

    def _assert_refused(self, reason):
        rows = self._rows("SELECT * FROM crm_action ORDER BY id")
        with self.assertRaisesRegex(UserError, reason):
            pre_init_hook(self.env)
        self.assertEqual(self._rows("SELECT * FROM crm_action ORDER BY id"), rows)
        self.assertTrue(sql.table_exists(self.env.cr, "crm_action_type"))

    def test_columns_of_other_modules_are_not_lost(self):
        self.env.cr.execute(
            """
            ALTER TABLE crm_action ADD visit_report text;
            UPDATE crm_action SET visit_report = 'Bien reçu' WHERE details = 'Plus tard'
            """
        )
        self._install()
        self.assertEqual(
            self._rows(
                "SELECT visit_report FROM former_crm_action WHERE details = 'Plus tard'"
            ),
            [("Bien reçu",)],
        )

    def test_references_to_actions_are_kept(self):
        self.env.cr.execute(
            """
            CREATE TABLE crm_actions_test_report (
                action_id integer REFERENCES crm_action ON DELETE CASCADE);
            INSERT INTO crm_actions_test_report
                 SELECT id FROM crm_action WHERE details = 'Plus tard'
            """
        )
        self._install()
        action = self._actions("OCA perdue")
        self.assertEqual(
            self._rows("SELECT action_id FROM crm_actions_test_report"), [(action.id,)]
        )
        action.unlink()
        self.assertFalse(self._rows("SELECT action_id FROM crm_actions_test_report"))

    def test_absurd_date(self):
        self.env.cr.execute(
            "UPDATE crm_action SET date = '0201-05-01' WHERE details = 'Plus tard'"
        )
        self._install()
        action = self._actions("OCA perdue")
        self.assertEqual(str(action.date_deadline), "1900-01-01")

    def test_queries_per_batch(self):
        """What a batch costs does not depend on the number of its rows."""
        self.env.cr.execute(
            """
            INSERT INTO crm_lead (name, type, active, user_id, company_id, won_status)
                 SELECT 'Gros ' || n, 'opportunity', TRUE, 2, 1, 'pending'
                   FROM generate_series(1, 40) n;
            INSERT INTO crm_action (lead_id, company_id, date, user_id,
                        action_type_id, details, state, write_uid, write_date)
                 SELECT lead.id, 1, date '2018-01-01' + n, 2,
                        (SELECT min(id) FROM crm_action_type), 'Étape ' || n,
                        CASE WHEN n < 5 THEN 'done' ELSE 'draft' END, 2, '2018-02-01'
                   FROM crm_lead lead, generate_series(1, 10) n
                  WHERE lead.name LIKE 'Gros %'
            """
        )
        count = self._rows("SELECT count(*) FROM crm_action")
        pre_init_hook(self.env)
        self.registry.init_models(
            self.env.cr, ["crm.action"], {"module": "crm_actions"}, install=True
        )
        queries = self.env.cr.sql_log_count
        post_init_hook(self.env)
        # One batch of actions and one of lists.
        self.assertLessEqual(self.env.cr.sql_log_count - queries, 220)
        self.assertEqual(self._rows("SELECT count(*) FROM crm_action"), count)
        self.assertEqual(
            self._rows(
                "SELECT count(*) FROM mail_activity JOIN crm_action action"
                " ON action.id = crm_action_id"
                " WHERE action.summary = 'Étape 5'"
            ),
            [(40,)],
        )
        self.assertFalse(self._broken_leads())
