# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import contextlib
import os
import socket
import subprocess
import sys
import time
import unittest

import psycopg2.errors
import requests

from odoo.sql_db import close_db, connection_info_for, db_connect
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import SQL, config

PREPARE = """
from odoo.addons.mail.tests.common import mail_new_test_user
for login, groups in (
    ("df_settings", "base.group_system"),
    ("df_manager", "base.group_user,base.group_partner_manager"),
    ("df_person", "base.group_user"),
):
    user = mail_new_test_user(env, login=login, groups=groups)
    # sudo: a key that does not expire
    key = env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", login, None)
    print("KEY", login, key)
env.cr.commit()
"""


# Turns a database into what the version before 19.0.2.0.0 made of it.
BEFORE_2_0 = """
UPDATE ir_module_module SET latest_version = '19.0.1.0.0'
 WHERE name = 'partner_default_follower';
DELETE FROM ir_model_data
 WHERE module = 'partner_default_follower'
   AND name ~ 'follower_job|hand_over';
DELETE FROM ir_model WHERE model IN (
    'partner.default.follower.job', 'partner.default.follower.hand.over');
DELETE FROM ir_model_fields
 WHERE name IN ('default_follower', 'default_follower_rule_id', 'follow_user_deleted',
                'default_follower_declined_ids');
DROP TABLE partner_default_follower_job, partner_default_follower_hand_over,
           res_partner_default_follower_declined_rel;
ALTER TABLE base_automation DROP COLUMN follow_kind, DROP COLUMN follow_company_id,
      DROP COLUMN follow_domain, ADD COLUMN follow_backfill varchar;
ALTER TABLE mail_followers DROP COLUMN default_follower,
      DROP COLUMN default_follower_rule_id;
ALTER TABLE res_partner DROP COLUMN follow_user_deleted;
CREATE TABLE default_follower_progress (
    id serial PRIMARY KEY,
    create_uid int, create_date timestamp, write_uid int, write_date timestamp,
    automation_id int NOT NULL REFERENCES base_automation ON DELETE CASCADE,
    last_contact_id int, done int, total int, finished boolean,
    UNIQUE (automation_id)
);
WITH model AS (
    INSERT INTO ir_model (model, name, "order", state, transient)
         VALUES ('default.follower.progress', '{"en_US": "Progress"}', 'id', 'base',
                 FALSE)
      RETURNING id
), field AS (
    INSERT INTO ir_model_fields (model, model_id, name, field_description, ttype,
                                 state, store)
         SELECT 'base.automation', id, 'follow_backfill',
                '{"en_US": "Existing Contacts"}', 'selection', 'base', TRUE
           FROM ir_model WHERE model = 'base.automation'
      RETURNING id
)
INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
     SELECT 'partner_default_follower', 'model_default_follower_progress', 'ir.model',
            id, FALSE
       FROM model
      UNION ALL
     SELECT 'partner_default_follower', 'field_base_automation__follow_backfill',
            'ir.model.fields', id, FALSE
       FROM field;
UPDATE base_automation SET follow_backfill =
       CASE name->>'en_US' WHEN 'seeded' THEN 'running' WHEN 'company' THEN 'stopped'
                           WHEN 'kind' THEN 'running' END;
INSERT INTO default_follower_progress (automation_id, last_contact_id, done, total,
                                       finished)
     SELECT id, 0, CASE name->>'en_US' WHEN 'seeded' THEN 10 WHEN 'kind' THEN 30
                                       ELSE 0 END,
            30, name->>'en_US' = 'kind'
       FROM base_automation WHERE follow_backfill IS NOT NULL ORDER BY id
"""


def start_odoo(database, command, *arguments, **options):
    """Start an Odoo process of its own on a database."""
    db_name, connection = connection_info_for(database)
    environment = dict(os.environ)
    for variable, key in (
        ("PGHOST", "host"),
        ("PGPORT", "port"),
        ("PGUSER", "user"),
        ("PGPASSWORD", "password"),
    ):
        if connection.get(key):
            environment[variable] = str(connection[key])
    odoo_path = [os.path.dirname(path) for path in sys.modules["odoo"].__path__]
    environment["PYTHONPATH"] = os.pathsep.join(
        [*odoo_path, environment.get("PYTHONPATH", "")]
    )
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "odoo",
            command,
            f"--addons-path={','.join(config['addons_path'])}",
            f"--data-dir={config['data_dir']}",
            f"--database={db_name}",
            "--log-level=warn",
            *arguments,
        ],
        env=environment,
        text=True,
        **options,
    )


class Server:
    """An Odoo server process, spoken to over its JSON-2 interface."""

    def __init__(self, database, keys):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.keys = keys
        self.url = f"http://127.0.0.1:{port}"
        self.process = start_odoo(
            database,
            "server",
            f"--http-port={port}",
            "--http-interface=127.0.0.1",
            "--max-cron-threads=0",
            f"--db-filter=^{database}$",
        )

    def wait(self):
        for _attempt in range(240):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.url}/web/health", timeout=60).ok:
                    return
            time.sleep(0.25)
        raise AssertionError("The server did not start.")

    def call(self, login, model, method, **arguments):
        response = requests.post(
            f"{self.url}/json/2/{model}/{method}",
            json=arguments,
            headers={"Authorization": f"bearer {self.keys[login]}"},
            timeout=60,
        )
        if not response.ok:
            raise AssertionError(response.text)
        return response.json()

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


@tagged("post_install", "-at_install")
class TestProcesses(BaseCase):
    """What needs processes of their own: two servers, the scheduler, module updates.

    These commit, so each test works on a copy of the test database, which is
    dropped at its end. A database can be copied only while nobody else uses it: on
    a database that is also served, these tests are skipped.
    """

    def setUp(self):
        super().setUp()
        self.source = get_db_name()
        self.database = f"{self.source[:40]}_df_{os.getpid()}"
        self._drop()
        self.addCleanup(self._drop)
        for attempt in range(20):
            close_db(self.source)
            try:
                self._postgres(
                    SQL(
                        "CREATE DATABASE %s TEMPLATE %s",
                        SQL.identifier(self.database),
                        SQL.identifier(self.source),
                    )
                )
                break
            except psycopg2.errors.ObjectInUse as error:
                if attempt == 19:
                    raise unittest.SkipTest(str(error)) from error
                time.sleep(0.5)
        self.keys = dict(
            line.split()[1:]
            for line in self._shell(PREPARE).splitlines()
            if line.startswith("KEY ")
        )

    def _postgres(self, query):
        # a database is created and dropped outside of any transaction
        with contextlib.closing(db_connect("postgres").cursor()) as cr:
            cr._cnx.autocommit = True
            cr.execute(query)

    def _drop(self):
        close_db(self.database)
        self._postgres(
            SQL(
                "DROP DATABASE IF EXISTS %s WITH (FORCE)", SQL.identifier(self.database)
            )
        )

    def _run(self, command, *arguments, **options):
        process = start_odoo(
            self.database,
            command,
            *arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output = process.communicate(options.get("script"), timeout=600)[0]
        self.assertEqual(process.returncode, 0, output)
        for line in output.splitlines():
            self.assertNotRegex(line, r"^\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) ")
        return output

    def _shell(self, script):
        """Run a script in ``odoo shell`` and return what it prints."""
        return self._run(
            "shell", "--no-http", "--shell-interface=python", script=script
        )

    def _module(self, *arguments):
        return self._run(
            "server",
            "--no-http",
            "--stop-after-init",
            "--max-cron-threads=0",
            *arguments,
        )

    def _query(self, query):
        with db_connect(self.database).cursor() as cr:
            cr.execute(query)
            return cr.fetchall()

    def _followers(self, contact_id):
        return {
            partner_id
            for (partner_id,) in self._query(
                SQL(
                    "SELECT partner_id FROM mail_followers"
                    " WHERE res_model = 'res.partner' AND res_id = %s",
                    contact_id,
                )
            )
        }

    def _person(self, login):
        [(partner_id,)] = self._query(
            SQL("SELECT partner_id FROM res_users WHERE login = %s", login)
        )
        return partner_id

    def test_two_servers(self):
        """What is chosen in one server process holds in the other at once."""
        here, there = (Server(self.database, self.keys) for _i in range(2))
        self.addCleanup(here.stop)
        self.addCleanup(there.stop)
        here.wait()
        there.wait()
        person, settings = self._person("df_person"), self._person("df_settings")

        def save(**values):
            [rule] = here.call(
                "df_settings",
                "base.automation",
                "search",
                domain=[("is_default_follower", "=", True)],
                context={"active_test": False, "lang": "en_US"},
                order="id",
                limit=1,
            )
            settings_ids = here.call(
                "df_settings",
                "res.config.settings",
                "create",
                vals_list={"contact_follow_rule_id": rule, **values},
            )
            here.call("df_settings", "res.config.settings", "execute", ids=settings_ids)

        def create():
            [contact_id] = there.call(
                "df_manager",
                "res.partner",
                "create",
                vals_list=[{"name": "Œuvre & Cie"}],
            )
            return self._followers(contact_id) & {person, settings}

        self.assertEqual(create(), set())
        save(contact_follow_partner_ids=[(6, 0, [person])])
        self.assertEqual(create(), {person})
        save(contact_follow_partner_ids=[(6, 0, [person, settings])])
        self.assertEqual(create(), {person, settings})
        save(contact_follow_kind="company")
        self.assertEqual(create(), set())
        save(contact_follow_kind="all")
        self.assertEqual(create(), {person, settings})
        save(contact_follow_active=False)
        self.assertEqual(create(), set())
        save(contact_follow_active=True)
        self.assertEqual(create(), {person, settings})
        save(contact_follow_partner_ids=[(6, 0, [settings])])
        self.assertEqual(create(), {settings})
        save(contact_follow_partner_ids=[(5,)])
        self.assertEqual(create(), set())

    def test_background(self):
        """The scheduled action commits batch after batch; a kill loses one at most."""
        output = self._shell(
            """
rule = env.ref("partner_default_follower.automation_new_partner")
rule.active = False
contacts = env["res.partner"].with_context(tracking_disable=True).create(
    [{"name": f"Ancien {index}"} for index in range(6000)]
)
rule.active = True
person = env["res.users"].search([("login", "=", "df_person")]).partner_id
rule.follow_partner_ids = person
result = rule.action_follow_existing()
env.cr.commit()
assert rule.follow_state == "running", rule.follow_state
# the process dies right after the first commit of the job
import os
cron_class = type(env["ir.cron"])
commit_progress = cron_class._commit_progress
def die(self, processed=0, **kwargs):
    result = commit_progress(self, processed, **kwargs)
    if processed:
        print("DIED", processed, flush=True)
        os._exit(0)
    return result
cron_class._commit_progress = die
env.ref("partner_default_follower.ir_cron_follow_existing").method_direct_trigger()
"""
        )
        self.assertIn("DIED 5000", output)
        person = self._person("df_person")
        count = SQL(
            "SELECT count(*) FROM mail_followers"
            " WHERE res_model = 'res.partner' AND partner_id = %s",
            person,
        )
        self.assertEqual(self._query(count), [(5000,)])
        self.assertEqual(
            self._query("SELECT state, done_count FROM partner_default_follower_job"),
            [("running", 5000)],
        )
        self._shell(
            """
env.ref("partner_default_follower.ir_cron_follow_existing").method_direct_trigger()
env.cr.rollback()  # to see what the job has committed
rule = env.ref("partner_default_follower.automation_new_partner")
assert rule.follow_state == "done", rule.follow_state
assert rule.follow_done == rule.follow_total, (rule.follow_done, rule.follow_total)
assert not rule.follow_missing_count
"""
        )
        [(active,)] = self._query("SELECT count(*) FROM res_partner WHERE active")
        self.assertEqual(self._query(count), [(active,)])

    def test_update_keeps_changes(self):
        """An update leaves alone what an administrator changed or deleted."""
        self._shell(
            """
rule = env.ref("partner_default_follower.automation_new_partner")
rule.name = "À nous"
rule.follow_kind = "company"
person = env["res.users"].search([("login", "=", "df_person")]).partner_id
rule.follow_partner_ids = person
rule.active = False
env.cr.commit()
"""
        )
        self._module("-u", "partner_default_follower")
        self._shell(
            """
rule = env.ref("partner_default_follower.automation_new_partner")
assert rule.name == "À nous", rule.name
assert rule.follow_kind == "company"
assert rule.follow_partner_ids.user_ids.login == "df_person"
assert not rule.active
rule.unlink()
env.cr.commit()
"""
        )
        self._module("-u", "partner_default_follower")
        self._shell(
            """
assert not env.ref("partner_default_follower.automation_new_partner", False)
assert not env.ref("partner_default_follower.action_add_followers", False)
assert not env["base.automation"].search([("is_default_follower", "=", True)])
"""
        )

    def test_upgrade(self):
        """What the version before 19.0.2.0.0 stored is kept: rules, jobs, followers."""
        self._shell(
            """
rules = env["base.automation"]
person = env["res.users"].search([("login", "=", "df_person")]).partner_id
company = env.company.id
OR = "['|', ('city', '=', 'Liège'), ('zip', '=', '4000')]"
for name, values in {
    "seeded": {},
    "company": {"follow_company_id": company},
    "kind": {"follow_kind": "person"},
    "all three": {
        "follow_kind": "person", "follow_company_id": company, "follow_domain": OR,
    },
    "or": {"follow_kind": "contact", "follow_domain": OR},
    "conditions": {"follow_domain": OR},
}.items():
    rules.create({
        "name": name, "is_default_follower": True,
        "follow_partner_ids": person.ids, **values,
    })
rules.create({
    "name": "computed", "is_default_follower": True,
    "filter_domain": "[('create_uid', '=', uid)]",
})
env["res.partner"].create({"name": "Témoin", "ref": "temoin"})
env.cr.commit()
"""
        )
        stored = """
            SELECT name->>'en_US', filter_domain, follow_kind, follow_company_id,
                   follow_domain
              FROM base_automation WHERE is_default_follower ORDER BY id
        """
        rules = self._query(stored)
        self._shell(f"env.cr.execute({BEFORE_2_0!r}); env.cr.commit()")
        self._module("-u", "partner_default_follower")
        self.assertEqual(self._query(stored), rules)
        self.assertEqual(
            self._query(
                "SELECT rule.name->>'en_US', job.state, done_count, total_count"
                "  FROM partner_default_follower_job job"
                "  JOIN base_automation rule ON rule.id = automation_id"
                " ORDER BY rule.id"
            ),
            [
                ("seeded", "running", 10, 30),
                ("company", "stopped", 0, 30),
                ("kind", "done", 30, 30),
            ],
        )
        self.assertEqual(
            self._query(
                "SELECT to_regclass('default_follower_progress'),"
                " (SELECT count(*) FROM ir_model"
                "   WHERE model = 'default.follower.progress'),"
                " (SELECT count(*) FROM information_schema.columns"
                "   WHERE column_name = 'follow_backfill')"
            ),
            [(None, 0, 0)],
        )
        [(contact_id,)] = self._query("SELECT id FROM res_partner WHERE ref = 'temoin'")
        self.assertIn(self._person("df_person"), self._followers(contact_id))
        self._shell(
            """
env.ref("partner_default_follower.ir_cron_follow_existing").method_direct_trigger()
env.cr.rollback()
seeded, stopped = env["base.automation"].search(
    [("name", "in", ("seeded", "company"))], order="id"
)
assert seeded.follow_state == "done", seeded.follow_state
assert not seeded.follow_missing_count
assert stopped.follow_state == "stopped"
"""
        )

    def test_uninstall(self):
        """The rules go, with everything of the addon; followers stay."""
        self._shell(
            """
rule = env.ref("partner_default_follower.automation_new_partner")
person = env["res.users"].search([("login", "=", "df_person")]).partner_id
rule.follow_partner_ids = person
added = env["base.automation"].create({
    "name": "Belgique", "is_default_follower": True, "follow_partner_ids": person.ids,
})
model = env["ir.model"]._get("res.partner")
env["base.automation"].create({
    "name": "Hand-made", "model_id": model.id, "trigger": "on_create",
    "action_server_ids": [(0, 0, {
        "name": "Follow", "model_id": model.id, "state": "followers",
        "followers_type": "specific", "partner_ids": [(6, 0, person.ids)],
    })],
})
contact = env["res.partner"].create({"name": "Témoin", "ref": "temoin"})
assert person in contact.message_partner_ids
env.cr.commit()
"""
        )
        self._shell(
            """
module = env["ir.module.module"].search([("name", "=", "partner_default_follower")])
module.button_immediate_uninstall()
env.cr.commit()
"""
        )
        person = self._person("df_person")
        [(contact_id,)] = self._query("SELECT id FROM res_partner WHERE ref = 'temoin'")
        self.assertIn(person, self._followers(contact_id))
        leftovers = """
            SELECT 'xmlid', name FROM ir_model_data
             WHERE module = 'partner_default_follower'
             UNION ALL
            SELECT 'rule', name->>'en_US' FROM base_automation
             WHERE name->>'en_US' NOT IN ('Hand-made')
               AND model_id = (SELECT id FROM ir_model WHERE model = 'res.partner')
             UNION ALL
            SELECT 'action', name->>'en_US' FROM ir_act_server
             WHERE state = 'followers' AND name->>'en_US' != 'Follow'
             UNION ALL
            SELECT 'cron', cron_name FROM ir_cron WHERE cron_name LIKE 'Default foll%%'
             UNION ALL
            SELECT 'table', tablename FROM pg_tables
             WHERE tablename ~ 'follow_|default_follower'
               -- and no relation of another addon
               AND tablename NOT IN (SELECT name FROM ir_model_relation)
             UNION ALL
            SELECT 'column', table_name || '.' || column_name
              FROM information_schema.columns
             WHERE column_name IN (
                   'is_default_follower', 'default_follower', 'follow_kind',
                   'follow_company_id', 'follow_domain', 'follow_user_deleted')
                OR column_name LIKE 'contact_follow%%'
             UNION ALL
            SELECT 'view', name FROM ir_ui_view
             WHERE arch_db->>'en_US' ~ 'follow_partner_ids|contact_follow'
        """
        self.assertEqual(self._query(SQL(leftovers)), [])
        # the rule of somebody else goes on, and contacts can be created and opened
        self._shell(
            """
contact = env["res.partner"].create({"name": "Après"})
assert env["res.users"].search([("login", "=", "df_person")]).partner_id in (
    contact.message_partner_ids
)
env["res.partner"].get_views([(False, "form"), (False, "list")])
env["base.automation"].get_views([(False, "form"), (False, "list")])
env["res.config.settings"].create({}).execute()
"""
        )
