# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from ast import literal_eval
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import tagged

from ..models import partner_default_follower_job as job_model
from .common import DefaultFollowerCommon

CITIES = ("Liège", "Namur", "Ath")
FILTERS = (
    False,
    "[('city', '=', 'Liège')]",
    "[('city', 'in', ['Liège', 'Namur'])]",
    "[('city', '!=', 'Ath')]",
)

contact_numbers = st.integers(0, 11)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("batch"), st.none()),
        st.tuples(st.just("kill"), st.none()),
        st.tuples(st.just("stop"), st.none()),
        st.tuples(st.just("resume"), st.none()),
        st.tuples(st.just("again"), st.none()),
        st.tuples(st.just("filter"), st.sampled_from(FILTERS)),
        st.tuples(st.just("people"), st.sets(st.integers(0, 2), min_size=1)),
        st.tuples(st.just("events"), st.sets(st.integers(0, 1))),
        st.tuples(st.just("edit"), st.tuples(contact_numbers, st.sampled_from(CITIES))),
        st.tuples(st.just("move"), contact_numbers),
        st.tuples(st.just("delete"), contact_numbers),
        st.tuples(st.just("add"), st.sampled_from(CITIES)),
        st.tuples(st.just("off and on"), st.none()),
    ),
    max_size=12,
)


class Killed(Exception):
    pass


@tagged("post_install", "-at_install")
class TestJob(DefaultFollowerCommon):
    """Whatever happens to a run in between, the end is that of a run from the start.

    ``ir.cron._commit_progress``, which commits, is replaced here; the scheduled action
    itself runs in ``test_processes``.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule.active = False
        cls.third = cls.env["res.partner"].create({"name": "Ångström"})
        cls.persons = cls.nunez + cls.dupont + cls.third
        cls.contacts = cls.env["res.partner"].create(
            [
                {"name": f"Ancien {n}", "ref": "ancien", "city": CITIES[n % 3]}
                for n in range(12)
            ]
        )
        cls.rule.active = True
        cls.user_rule = cls.rule.with_user(cls.settings_user)

    def setUp(self):
        super().setUp()
        self.batches_left = None
        self.remaining = []

        def commit_progress(cron, processed=0, *, remaining=None, deactivate=False):
            self.assertGreaterEqual(processed, 0)
            self.assertGreaterEqual(remaining, 0)
            self.remaining.append(remaining)
            if self.batches_left is not None:
                self.batches_left -= 1
                return self.batches_left > 0
            return 60

        cron_class = self.env.registry["ir.cron"]
        self.startPatcher(patch.object(cron_class, "_commit_progress", commit_progress))
        self.startPatcher(patch.object(job_model, "FOLLOW_BATCH", 3))
        self.startPatcher(patch.object(job_model, "FOLLOW_AT_ONCE", 0))

    def _run_cron(self, batches=None):
        self.batches_left = batches
        self.env["base.automation"].sudo()._cron_follow_existing()
        self.env.invalidate_all()

    def _set_filter(self, text):
        self.rule.follow_domain = repr(
            [("ref", "=", "ancien"), *literal_eval(text or "[]")]
        )

    def _state(self):
        """Who follows which of the contacts, and for what."""
        self.env.flush_all()
        self.env.invalidate_all()
        contacts = self.env["res.partner"].search([("ref", "=", "ancien")])
        return {
            (follower.res_id, follower.partner_id.id): set(follower.subtype_ids.ids)
            for follower in contacts.message_follower_ids
            if follower.partner_id in self.persons
        }

    def _expected(self):
        """The same, as the rule says it now."""
        subtypes = self.rule.follow_subtype_ids
        subtypes = subtypes or subtypes.default_subtypes("res.partner")[0]
        expected = {}
        for contact in self.env["res.partner"].search(
            self.rule._follow_contact_domain()
        ):
            for person in self.rule.follow_partner_ids:
                hidden = contact.company_id == self.company_2
                events = subtypes
                if person.partner_share:
                    events = subtypes.filtered(lambda subtype: not subtype.internal)
                if events and not (hidden and person == self.nunez):
                    expected[contact.id, person.id] = set(events.ids)
        return expected

    def _take(self, step, value):
        getattr(self, f"_step_{step.replace(' ', '_')}")(value)

    def _contact(self, number):
        return self.contacts.exists()[number : number + 1]

    def _step_batch(self, _value):
        self._run_cron(1)

    def _step_kill(self, _value):
        with self.assertRaises(Killed), self.env.cr.savepoint():
            self._run_cron(1)
            raise Killed
        self.env.invalidate_all()

    def _step_stop(self, _value):
        self.user_rule.action_follow_stop()

    def _step_resume(self, _value):
        self.user_rule.action_follow_resume()

    def _step_again(self, _value):
        self.user_rule.action_follow_existing()

    def _step_filter(self, text):
        self._set_filter(text)

    def _step_people(self, numbers):
        ids = [self.persons[number].id for number in sorted(numbers)]
        self.rule.follow_partner_ids = self.persons.browse(ids)

    def _step_events(self, numbers):
        events = self.comment + self.note
        ids = [events[number].id for number in sorted(numbers)]
        self.rule.follow_subtype_ids = events.browse(ids)

    def _step_edit(self, value):
        self._contact(value[0]).city = value[1]

    def _step_move(self, number):
        self._contact(number).company_id = self.company_2

    def _step_delete(self, number):
        self._contact(number).unlink()

    def _step_add(self, city):
        self.env["res.partner"].create(
            {"name": "Nouveau", "ref": "ancien", "city": city}
        )

    def _step_off_and_on(self, _value):
        self.rule.active = False
        self._run_cron()
        self.rule.active = True

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(start=st.sampled_from(FILTERS), steps=STEPS)
    def _check(self, start, steps):
        with self.env.cr.savepoint() as savepoint:
            self._set_filter(start)
            self.user_rule.action_follow_existing()
            for step, value in steps:
                self._take(step, value)
            if self.rule.follow_state == "stopped":
                self.user_rule.action_follow_resume()
            if self.rule.follow_state != "running":
                # it had ended before the last change: a run from the start
                self.user_rule.action_follow_existing()
            self._run_cron()
            self.assertEqual(self.rule.follow_state, "done")
            self.assertEqual(self._state(), self._expected())
            self.assertEqual(self.rule.follow_missing_count, 0)
            self.assertEqual(self.rule.follow_excess_count, 0)
            self.assertEqual(self.rule.follow_done, self.rule.follow_total)
            self.assertFalse(self.remaining[-1])
            savepoint.rollback()
        self.env.invalidate_all()

    def test_the_end_is_that_of_a_fresh_run(self):
        self._check()

    def test_widen_while_stopped(self):
        """Start narrow, stop, widen, resume."""
        self._set_filter(FILTERS[1])
        self.user_rule.action_follow_existing()
        self._run_cron(1)
        self.user_rule.action_follow_stop()
        self._set_filter(FILTERS[0])
        self.user_rule.action_follow_resume()
        self._run_cron()
        self.assertEqual(self.rule.follow_state, "done")
        self.assertEqual(self._state(), self._expected())
        self.assertEqual(self.rule.follow_total, 12)

    def test_error_stays_with_its_rule(self):
        """A filter that names a field that is gone stops its own run only."""
        self._set_filter(FILTERS[0])
        broken = self.rule.copy({"name": "Cassée"})
        self.rule.follow_partner_ids = self.nunez
        for rule in broken + self.rule:
            rule.with_user(self.settings_user).action_follow_existing()
        broken.filter_domain = "[('vanished', '=', 1)]"
        self._run_cron()
        self.assertEqual(broken.follow_state, "failed")
        self.assertIn("vanished", broken.follow_error)
        self.assertEqual(self.rule.follow_state, "done")
        self.assertEqual(len(self._state()), 12)
        # mended, it goes on
        broken.filter_domain = self.rule.filter_domain
        broken.with_user(self.settings_user).action_follow_resume()
        self._run_cron()
        self.assertEqual(broken.follow_state, "done")
        self.assertFalse(broken.follow_error)
        self.assertEqual(len(self._state()), 24)

    def test_other_application_refuses(self):
        """What cannot be added does not run for ever."""
        followers = type(self.env["mail.followers"])
        self._set_filter(FILTERS[0])
        with patch.object(followers, "_default_follower_give", return_value=False):
            self.user_rule.action_follow_existing()
            self._run_cron()
        self.assertEqual(self.rule.follow_state, "failed")
        self.assertIn("refuses", self.rule.follow_error)

    def test_refused_people_are_not_missing(self):
        """People whom another addon filters out of followers are not waited for."""
        followers = type(self.env["mail.followers"])
        add_followers = followers._add_followers
        refused = self.dupont.id

        def filtered(self, res_model, res_ids, partner_ids, subtypes, **kwargs):
            partner_ids = [id_ for id_ in partner_ids if id_ != refused]
            return add_followers(
                self, res_model, res_ids, partner_ids, subtypes, **kwargs
            )

        self._set_filter(FILTERS[0])
        with patch.object(followers, "_add_followers", filtered):
            self.user_rule.action_follow_existing()
            self._run_cron()
        self.assertEqual(self.rule.follow_state, "done")
        self.assertEqual({person for _c, person in self._state()}, {self.nunez.id})

    def test_broken_rule_opens(self):
        """The page of a rule whose filter cannot be used opens and says so; contacts
        are created nonetheless."""
        self.rule.filter_domain = "[('vanished', '=', 1)]"
        values = self.user_rule.web_read(
            {
                name: {}
                for name in (
                    "follow_missing_count",
                    "follow_error",
                    "follow_state",
                    "follow_unreached_ids",
                )
            }
        )
        self.assertIn("vanished", values[0]["follow_error"])
        contact = self.env["res.partner"].with_user(self.manager).create({"name": "Ö"})
        self.assertNotFollowed(contact.sudo())

    def test_asked_twice(self):
        self._set_filter(FILTERS[0])
        self.user_rule.action_follow_existing()
        self._run_cron(1)
        self.user_rule.action_follow_existing()
        self.assertEqual(len(self.rule.follow_job_ids), 1)
        self.assertEqual(self.rule.follow_job_ids.user_id, self.settings_user)
        self._run_cron()
        self.assertEqual(self._state(), self._expected())

    def test_contacts_chosen_by_tag(self):
        tag = self.env["res.partner.category"].create({"name": "Œuvre"})
        self.contacts[:2].category_id = [Command.link(tag.id)]
        self.rule.follow_domain = repr([("category_id", "in", tag.ids)])
        self.user_rule.action_follow_existing()
        self._run_cron()
        self.assertEqual(len(self._state()), 4)
