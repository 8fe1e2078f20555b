# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from unittest.mock import patch

import hypothesis
from hypothesis import strategies
from psycopg2.errors import SerializationFailure

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..models import crm_team
from ..models.crm_lead import CrmLead
from .common import TeamFollowersCommon
from .invariants import violations


class JobsCommon(TeamFollowersCommon, CronMixinCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # smaller limits only: a few opportunities behave as a few thousand do
        cls.startClassPatcher(patch.object(crm_team, "BACKGROUND_ABOVE", 1))
        cls.startClassPatcher(patch.object(crm_team, "BACKGROUND_STEP", 2))
        cls.cron = cls.env.ref("crm_team_followers.ir_cron_apply_default_followers")
        cls.leads = cls.env["crm.lead"].union(*(cls._new_lead() for _i in range(5)))
        cls.leads = cls.leads.with_env(cls.env).sorted("id")
        cls.newcomer = cls._new_user("Ève", "base.group_user").partner_id
        cls.env["crm.team.follower.job"].search([]).unlink()

    def _apply(self, team=None):
        team = (team or self.team).with_user(self.manager)
        return team.action_apply_default_followers()

    def _job(self, team=None):
        return self.env["crm.team.follower.job"].search(
            [("team_id", "=", (team or self.team).id)], limit=1
        )

    def _run(self):
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def _run_batches(self, number):
        """As if the process were killed after so many batches."""
        ending = iter([1] * number)

        def commit_progress(model, processed=0, *, remaining=None, deactivate=False):
            assert processed >= 0 and remaining >= 0, (processed, remaining)
            return next(ending, 0)

        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", commit_progress
        ):
            self.env["crm.team"]._cron_apply_default_followers()
        self.env.invalidate_all()

    def _following(self, partner):
        return self.leads.filtered(lambda lead: partner in self._rows(lead))


@tagged("post_install", "-at_install")
class TestJobs(JobsCommon):
    """The background job: what it does, shows and survives."""

    def test_runs_to_its_end(self):
        self._add(self.team, self.newcomer)
        with self.capture_triggers(self.cron.id) as triggers:
            action = self._apply()
        self.assertTrue(triggers.records)
        self.assertIn("in the background", action["params"]["message"])
        job = self._job()
        self.assertEqual(job.user_id, self.manager)
        self.assertEqual(self.team.follower_job_state, "running")
        self.assertEqual(self.team.follower_job_total, 5)
        self.assertFalse(self._following(self.newcomer))
        self._run_batches(2)
        self.assertEqual((job.done_count, job.total_count), (4, 5))
        self.assertEqual(self.team.follower_job_progress, 80)
        self._run()
        self.assertEqual(self._following(self.newcomer), self.leads)
        self.assertEqual(job.state, "done")
        self.assertFalse(self.team.follower_job_state)
        self.assertFalse(self.team.default_follower_pending)

    def test_stopped_stays_visible(self):
        self._add(self.team, self.newcomer)
        self._apply()
        self._run_batches(1)
        self.team.with_user(self.manager).action_stop_follower_job()
        self._run()
        self.assertEqual(self._following(self.newcomer), self.leads[:2])
        team = self.team.with_user(self.manager)
        self.assertEqual(team.follower_job_state, "stopped")
        self.assertTrue(team.default_follower_pending)
        self.assertIn("3 of 5", team.default_follower_notice)
        team.action_resume_follower_job()
        self._run()
        self.assertEqual(self._following(self.newcomer), self.leads)
        self.assertFalse(self.team.follower_job_state)

    def test_stopped_in_the_middle_of_a_run(self):
        """By another transaction, between two batches."""
        self._add(self.team, self.newcomer)
        self._apply()
        batch = type(self._job())._run_batch

        def stop_after(job, last=None):
            leads = batch(job, last)
            self.team.with_user(self.manager).action_stop_follower_job()
            self.env.flush_all()
            return leads

        with patch.object(type(self._job()), "_run_batch", stop_after):
            self._run()
        self.assertEqual(self._following(self.newcomer), self.leads[:2])
        self.assertEqual(self._job().state, "stopped")

    def test_error_stays_with_its_team(self):
        for team in (self.team, self.other_team):
            self._add(team, self.newcomer)
        others = self._new_lead(self.other_team) | self._new_lead(self.other_team)
        self.team.action_apply_default_followers()
        latecomer = self._add(self.other_team, self.customer)
        self.other_team.action_apply_default_followers()
        sync = CrmLead._sync_team_followers

        def fail(leads, *args, **kwargs):
            if self.team in leads.team_id:
                sync(leads, *args, **kwargs)
                raise ValueError("Zut")
            return sync(leads, *args, **kwargs)

        with patch.object(CrmLead, "_sync_team_followers", fail):
            self._run()
        self.assertFalse(self._following(self.newcomer), "nothing is half done")
        self.assertEqual(self.team.follower_job_state, "failed")
        self.assertEqual(self.team.with_user(self.manager).follower_job_error, "Zut")
        for lead in others:
            self.assertFollows(lead, latecomer.partner_id)
        self.assertEqual(self._job(self.other_team).state, "done")
        self.team.with_user(self.manager).action_resume_follower_job()
        self._run()
        self.assertEqual(self._following(self.newcomer), self.leads)

    def test_conflict_is_tried_again(self):
        self._add(self.team, self.newcomer)
        self._apply()
        sync, conflicts = CrmLead._sync_team_followers, [SerializationFailure()]

        def conflict(leads, *args, **kwargs):
            if conflicts:
                raise conflicts.pop()
            return sync(leads, *args, **kwargs)

        with patch.object(CrmLead, "_sync_team_followers", conflict):
            self._run()
        self.assertEqual(self._following(self.newcomer), self.leads)
        self.assertEqual(self._job().state, "done")

    def test_no_progress_fails(self):
        """Not an endless loop."""
        self._add(self.team, self.newcomer)
        self._apply()
        with patch.object(CrmLead, "_sync_team_followers", lambda *args, **kwargs: 0):
            self._run()
        self.assertEqual(self.team.follower_job_state, "failed")
        self.assertIn("5 opportunities", self.team.follower_job_error)

    def test_follow_again_is_for_oneself(self):
        """What the manager has not applied yet stays so."""
        self.follower_inbox.with_user(self.user_inbox).action_stop()
        self._add(self.team, self.newcomer)
        self.follower_all.subtype_ids = self.won
        self.follower_customers.unlink()
        self.follower_inbox.with_user(self.user_inbox).action_resume()
        self.assertFalse(self._following(self.partner_inbox))
        self._run()
        self.assertEqual(self._following(self.partner_inbox), self.leads)
        self.assertFalse(self._following(self.newcomer))
        self.assertEqual(self._following(self.partner_customers), self.leads)
        self.assertFollows(self.leads[0], self.partner_all, self.all_events)
        self.assertTrue(self.team.default_follower_pending)

    def test_scope_of_nobody_is_not_everybody(self):
        """Whoever asked is taken off the list before the job begins."""
        self.follower_inbox.with_user(self.user_inbox).action_stop()
        self._add(self.team, self.newcomer)
        self.follower_inbox.with_user(self.user_inbox).action_resume()
        self.follower_inbox.unlink()
        self._run()
        self.assertFalse(self._following(self.newcomer))
        self.assertEqual(self._job().state, "done")

    def test_applied_at_once_ends_what_was_stopped(self):
        self._add(self.team, self.newcomer)
        self._apply()
        self.team.action_stop_follower_job()
        self.leads[1:].action_set_lost()
        self._apply()
        self.assertFollows(self.leads[0], self.newcomer)
        self.assertFalse(self.team.follower_job_state)

    def test_team_deleted(self):
        self._add(self.team, self.newcomer)
        self._apply()
        self.team.unlink()
        self._run()
        self.assertFalse(self.env["crm.team.follower.job"].search([]))

    def test_copied_team_has_no_job(self):
        self._add(self.team, self.newcomer)
        self._apply()
        self.assertFalse(self.team.copy({"alias_name": False}).follower_job_state)


@tagged("post_install", "-at_install")
class TestJobsProperty(JobsCommon):
    """Whatever happens in the middle of a job, it ends where a fresh run would."""

    def _happen(self, what, which):
        getattr(self, f"_happen_{what}")(which)
        self.env.flush_all()

    def _lead(self, which):
        return self.leads[which % len(self.leads)]

    def _follower(self, which):
        listed = self.team.default_follower_ids
        return listed[which % len(listed)] if listed else listed

    def _events(self, which):
        return (self.won, self.comment | self.won, self.created)[which % 3]

    def _happen_add(self, which):
        people = self.newcomer | self.customer | self.colleague.partner_id
        person = people[which % 3]
        if person not in self.team.default_follower_ids.partner_id:
            self._add(self.team, person, self._events(which))

    def _happen_delete(self, which):
        self._follower(which).unlink()

    def _happen_events(self, which):
        self._follower(which).subtype_ids = self._events(which // 3)

    def _happen_narrow(self, which):
        self._follower(which).customer_messages_only = bool(which % 2)

    def _happen_close(self, which):
        lead = self._lead(which)
        lead.active = not lead.active

    def _happen_move(self, which):
        self._lead(which).team_id = self.other_team if which % 2 else self.team

    def _happen_leave(self, which):
        self._lead(which).message_unsubscribe(self.partner_all.ids)

    def _happen_choose(self, which):
        self._lead(which).message_subscribe(self.partner_inbox.ids, self.won.ids)

    def _happen_archive(self, _which):
        self.user_inbox.active = not self.user_inbox.active

    def _happen_new(self, _which):
        self.leads |= self._new_lead().with_env(self.env)

    def _happen_kill(self, which):
        self._run_batches(which % 3)

    def _happen_stop(self, _which):
        self.team.action_stop_follower_job()

    def _happen_resume(self, _which):
        self.team.action_resume_follower_job()

    def _happen_apply(self, _which):
        self.team.action_apply_default_followers()

    def _state(self):
        self.env.invalidate_all()
        return {
            (lead.id, partner.id): row.subtype_ids.ids
            for lead in self.leads
            for partner, row in self._rows(lead).items()
        }

    def test_ends_as_a_fresh_run(self):
        kinds = "add delete events narrow close move leave choose archive new kill stop"
        kinds = f"{kinds} resume apply kill"
        step = strategies.tuples(
            strategies.sampled_from(kinds.split()), strategies.integers(0, 30)
        )

        def walk(steps):
            leads = self.leads
            with self.env.cr.savepoint() as savepoint:
                self._add(self.team, self.newcomer)
                self.team.action_apply_default_followers()
                for what, which in steps:
                    self._happen(what, which)
                    self.assertFalse(violations(self.env))
                self._end()
                savepoint.rollback()
            self.leads = leads
            self.env.invalidate_all()
            self.env.registry.clear_cache()

        settings = hypothesis.settings(
            max_examples=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        settings(hypothesis.given(strategies.lists(step, max_size=12))(walk))()

    def _end(self):
        """Let the job run, if it is not done, and compare."""
        jobs = self.env["crm.team.follower.job"].search(
            [("team_id", "=", self.team.id), ("state", "!=", "done")]
        )
        self.team.action_resume_follower_job()
        self._run_batches(50)
        self.assertLessEqual(set(jobs.mapped("state")), {"done"})
        if jobs:
            self.assertFalse(self.team.default_follower_due_count)
        ended = self._state()
        # the fresh run: everything in line, in one go
        fresh = self.leads.filtered(
            lambda lead: lead.team_id == self.team and lead.active
        )
        fresh._sync_team_followers()
        if jobs:
            self.assertEqual(self._state(), ended)


@tagged("post_install", "-at_install")
class TestJobAccess(JobsCommon):
    def test_manager_of_another_company(self):
        self.team.company_id = self.company_admin
        self._add(self.team, self.newcomer)
        self.team.action_apply_default_followers()
        other = self._new_user(
            "Étranger",
            "sales_team.group_sale_manager",
            company_id=self.company_2.id,
            company_ids=[Command.set(self.company_2.ids)],
        )
        jobs = self.env["crm.team.follower.job"]
        self.assertTrue(jobs.with_user(self.manager).search([]))
        self.assertFalse(jobs.with_user(other).search([("id", "=", self._job().id)]))
