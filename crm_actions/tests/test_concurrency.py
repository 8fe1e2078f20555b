# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""Several clients at once: real transactions, so the data is committed and deleted."""

import threading
from datetime import date, timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import DummyRLock, Registry
from odoo.service.model import retrying
from odoo.tests.common import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

CLIENTS = 8


@tagged("post_install", "-at_install")
class TestConcurrency(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # The thread that runs the tests holds the lock that every environment needs.
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        with self._env() as env:
            lead = env["crm.lead"].create(
                {"name": "À plusieurs", "type": "opportunity"}
            )
            self.lead_id = lead.id
            self.action_ids = (
                env["crm.action"]
                .create(
                    [
                        {
                            "lead_id": lead.id,
                            "summary": f"Étape {number}",
                            "date_deadline": date(2026, 11, 24) + timedelta(number),
                        }
                        for number in range(3)
                    ]
                )
                .ids
            )
            self.mirror_id = lead.activity_ids.id
        self.addCleanup(self._delete)

    def _env(self):
        return _Transaction(self.registry)

    def _delete(self):
        with self._env() as env:
            env["crm.lead"].browse(self.lead_id).unlink()

    def _at_once(self, *functions):
        """Run each function(env) in its own transaction, all started together."""
        barrier = threading.Barrier(len(functions), timeout=20)
        errors = []

        def client(function):
            try:
                with self.registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    # Takes the snapshot.
                    env["crm.lead"].browse(self.lead_id).read(["name"])
                    barrier.wait()
                    retrying(lambda: function(env), env)
            except Exception as error:  # noqa: BLE001 - reported by the test
                errors.append(error)

        threads = [
            threading.Thread(target=client, args=(function,)) for function in functions
        ]
        with mute_logger("odoo.sql_db", "odoo.service.model"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        self.assertEqual(errors, [])
        with self._env() as env:
            self.assertFalse(env["crm.action"]._broken_lead_ids())

    def _states(self, env):
        return env["crm.action"].browse(self.action_ids).mapped("state")

    def test_the_same_action_done_by_all(self):
        def done(env):
            env["mail.activity"].browse(self.mirror_id).action_feedback(feedback="Moi")

        self._at_once(*[done] * CLIENTS)
        with self._env() as env:
            lead = env["crm.lead"].browse(self.lead_id)
            self.assertEqual(self._states(env), ["done", "todo", "waiting"])
            self.assertEqual(len(lead.activity_ids), 1)
            self.assertEqual(len(lead.message_ids.filtered("mail_activity_type_id")), 1)

    def test_the_same_action_done_by_our_button(self):
        def done(env):
            env["crm.action"].browse(self.action_ids[0]).action_done()

        self._at_once(*[done] * CLIENTS)
        with self._env() as env:
            self.assertEqual(self._states(env), ["done", "todo", "waiting"])

    def test_first_actions_added_by_all(self):
        with self._env() as env:
            env["crm.action"].browse(self.action_ids).unlink()

        def add(env):
            env["crm.action"].create({"lead_id": self.lead_id, "summary": "Première"})

        self._at_once(*[add] * CLIENTS)
        with self._env() as env:
            lead = env["crm.lead"].browse(self.lead_id)
            self.assertEqual(len(lead.action_ids), CLIENTS)
            self.assertEqual(len(lead.activity_ids), 1)

    def test_done_while_others_change_it(self):
        first, second, third = self.action_ids

        def done(env):
            env["crm.action"].browse(first).action_done()

        def reschedule(env):
            env["crm.action"].browse(first).action_reschedule("2027-01-01")

        def reassign(env):
            env["mail.activity"].browse(self.mirror_id).exists().user_id = False

        def drag(env):
            env["crm.action"].browse(third).sequence = 1

        def lose(env):
            env["crm.lead"].browse(self.lead_id).action_set_lost()

        def skip(env):
            env["crm.action"].browse(second).action_skip()

        self._at_once(done, reschedule, reassign, drag, skip, done)
        with self._env() as env:
            self.assertEqual(self._states(env)[0], "done")
        self._at_once(lose, drag, reschedule, done)
        with self._env() as env:
            lead = env["crm.lead"].browse(self.lead_id)
            self.assertFalse(lead.active)
            self.assertFalse(lead.activity_ids)


class _Transaction:
    """An environment of the superuser whose transaction is committed at the end."""

    def __init__(self, registry):
        self._registry = registry

    def __enter__(self):
        self._cr = self._registry.cursor()
        return api.Environment(self._cr, SUPERUSER_ID, {})

    def __exit__(self, kind, error, trace):
        if not kind:
            self._cr.commit()  # pylint: disable=invalid-commit
        self._cr.close()
