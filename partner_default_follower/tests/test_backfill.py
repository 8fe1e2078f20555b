# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models import partner_default_follower_job as job_model
from .common import DefaultFollowerCommon


@tagged("post_install", "-at_install")
class TestBackfill(DefaultFollowerCommon):
    """Existing contacts, at once or in the background.

    Two things are replaced here: the numbers from which the work goes to the
    background and is cut into batches, because thousands of contacts would only
    make the test slow; and ``ir.cron._commit_progress``, which commits. The
    scheduled action itself, with its commits, runs in ``test_processes``.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.active = False
        cls.contacts = cls.env["res.partner"].create(
            [{"name": f"Ancien {index}", "ref": "ancien"} for index in range(25)]
        )
        cls.rule.follow_domain = "[('ref', '=', 'ancien')]"
        cls.rule.active = True
        cls.user_rule = cls.rule.with_user(cls.settings_user)

    def setUp(self):
        super().setUp()
        self.batches = []
        self.stop_after = None

        def commit_progress(cron, processed=0, *, remaining=None, deactivate=False):
            if processed:
                self.batches.append(processed)
            return 0 if len(self.batches) == self.stop_after else 60

        cron_class = self.env.registry["ir.cron"]
        self.startPatcher(patch.object(cron_class, "_commit_progress", commit_progress))
        self.startPatcher(patch.object(job_model, "FOLLOW_BATCH", 10))

    def _in_background(self):
        return patch.object(job_model, "FOLLOW_AT_ONCE", 5)

    def assertMissing(self, count):
        self.env.invalidate_all()
        self.assertEqual(self.rule.follow_missing_count, count)

    def _run_cron(self):
        self.env["base.automation"].sudo()._cron_follow_existing()
        self.env.invalidate_all()

    def test_at_once(self):
        self.assertMissing(25)
        self.contacts[0].message_subscribe(self.nunez.ids, self.note.ids)
        result = self.user_rule.action_follow_existing()
        self.assertIn("25", result["params"]["message"])
        self.assertFollowed(self.contacts)
        self.assertMissing(0)
        self.assertEqual(self.rule.follow_state, "done")
        # who followed before keeps the subscription
        follower = self.contacts[0].message_follower_ids.filtered(
            lambda f: f.partner_id == self.nunez
        )
        self.assertEqual(follower.subtype_ids, self.note)

    def test_only_contacts_of_the_rule(self):
        other = self.env["res.partner"].create({"name": "Ö"})
        archived = self.contacts[3]
        archived.active = False
        self.user_rule.action_follow_existing()
        self.assertNotFollowed(other + archived)

    def test_idempotent(self):
        self.user_rule.action_follow_existing()
        followers = self.contacts.message_follower_ids.ids
        self.user_rule.action_follow_existing()
        self.env.invalidate_all()
        self.assertEqual(self.contacts.message_follower_ids.ids, followers)

    def test_companies(self):
        """Who may not follow a contact is not counted as missing for ever."""
        self.contacts[:5].company_id = self.company_2
        self.rule.follow_partner_ids = self.nunez
        self.assertMissing(20)
        self.user_rule.action_follow_existing()
        self.assertNotFollowed(self.contacts[:5])
        self.assertFollowed(self.contacts[5:], self.nunez)
        self.assertMissing(0)

    def test_in_the_background(self):
        cron = self.env.ref("partner_default_follower.ir_cron_follow_existing")
        triggers = [("cron_id", "=", cron.id)]
        self.env["ir.cron.trigger"].search(triggers).unlink()
        with self._in_background():
            self.user_rule.action_follow_existing()
        self.assertEqual(self.env["ir.cron.trigger"].search_count(triggers), 1)
        self.assertEqual(self.rule.follow_state, "running")
        self.assertNotFollowed(self.contacts)
        self._run_cron()
        self.assertEqual(self.batches, [10, 10, 5])
        self.assertFollowed(self.contacts)
        self.assertEqual(self.rule.follow_state, "done")
        self.assertEqual(self.rule.follow_done, 25)
        self.assertEqual(self.rule.follow_total, 25)
        # nothing more to do
        self._run_cron()
        self.assertEqual(self.batches, [10, 10, 5])

    def test_time_limit_then_go_on(self):
        """The scheduler cuts the work; it goes on where it was."""
        with self._in_background():
            self.user_rule.action_follow_existing()
        self.stop_after = 1
        self._run_cron()
        self.assertFollowed(self.contacts[:10])
        self.assertNotFollowed(self.contacts[10:])
        self.assertEqual(self.rule.follow_done, 10)
        # whoever leaves in the meantime is not brought back
        contact = self.contacts[2].with_user(self.nunez.user_ids)
        contact.message_unsubscribe(self.nunez.ids)
        self.stop_after = None
        self._run_cron()
        self.assertFollowed(self.contacts[2], self.dupont)
        self.assertFollowed(self.contacts[:2] + self.contacts[3:])

    def test_stop_and_resume(self):
        with self._in_background():
            self.user_rule.action_follow_existing()
        self.stop_after = 1
        self._run_cron()
        self.stop_after = None
        self.user_rule.action_follow_stop()
        self.assertEqual(self.rule.follow_state, "stopped")
        self._run_cron()
        self.assertNotFollowed(self.contacts[10:])
        self.user_rule.action_follow_resume()
        self._run_cron()
        self.assertFollowed(self.contacts)
        self.assertEqual(self.rule.follow_state, "done")

    def test_rule_switched_off_meanwhile(self):
        with self._in_background():
            self.user_rule.action_follow_existing()
        self.rule.active = False
        self._run_cron()
        self.assertNotFollowed(self.contacts)
        self.assertEqual(self.rule.follow_state, "stopped")
        self.rule.active = True
        self.user_rule.action_follow_resume()
        self._run_cron()
        self.assertFollowed(self.contacts)

    def test_rule_deleted_meanwhile(self):
        with self._in_background():
            self.user_rule.action_follow_existing()
        self.rule.unlink()
        self._run_cron()
        self.assertFalse(self.env["partner.default.follower.job"].search([]))
        self.assertNotFollowed(self.contacts)

    def test_again_later(self):
        """Once done, it can be done again for people chosen later."""
        with self._in_background():
            self.user_rule.action_follow_existing()
            self._run_cron()
            self.assertMissing(0)
            other = self.env["res.partner"].create({"name": "Ångström"})
            self.rule.follow_partner_ids += other
            self.env.invalidate_all()
            self.assertMissing(25)
            self.user_rule.action_follow_existing()
            self.assertEqual(self.rule.follow_state, "running")
            self._run_cron()
        for contact in self.contacts:
            self.assertIn(other, contact.message_partner_ids)

    def test_nobody_to_add(self):
        self.rule.follow_partner_ids = False
        with self.assertRaisesRegex(UserError, "Choose first"):
            self.user_rule.action_follow_existing()

    def test_rule_off(self):
        self.rule.active = False
        with self.assertRaisesRegex(UserError, "switched off"):
            self.user_rule.action_follow_existing()

    def test_query_count(self):
        """The number of queries does not depend on the number of contacts.

        Counting (1), reading rule, actions, people and companies, and the
        contacts' company; one insertion per company of contacts.
        """
        counts = []
        # the first round only fills the ormcaches
        for contacts in (self.contacts[:1], self.contacts[:2], self.contacts):
            contacts.ref = "ancien"
            (self.contacts - contacts).ref = "autre"
            contacts.message_unsubscribe(self.people.ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.user_rule.action_follow_existing()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertFollowed(contacts)
        self.assertEqual(counts[1], counts[2])
