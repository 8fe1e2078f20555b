# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

import importlib.util
from pathlib import Path

from odoo.tests import tagged

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .common import TeamFollowersCommon

SCRIPT = Path(__file__).parents[1] / "migrations/19.0.2.0.0/post-migration.py"


@tagged("post_install", "-at_install")
class TestUpgrade(TeamFollowersCommon, CronMixinCase):
    """From 19.0.1.0.0, whose job was three columns of the team and a flag of each
    default follower, and which knew choices only on rows of a team."""

    def _migrate(self):
        spec = importlib.util.spec_from_file_location("migration", SCRIPT)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.env.flush_all()
        module.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def test_grants_and_jobs(self):
        self._add(self.team, self.salesman.partner_id, self.comment | self.won)
        lead = self._new_lead(user_id=self.salesman.id)
        chosen, earlier, waiting = (self._new_lead() for _lead in range(3))
        chosen.message_subscribe(self.partner_all.ids, self.won.ids)
        earlier.message_subscribe(self.partner_liege.ids, self.stage_changed.ids)
        newcomer = self._new_user("Ève", "base.group_user").partner_id
        self._add(self.team, newcomer)
        cr = self.env.cr
        self.env.flush_all()
        # as that version left it: a choice on a row of nobody was not noted
        cr.execute(
            "UPDATE mail_followers SET crm_team_grant = NULL"
            " WHERE res_model = 'crm.lead' AND res_id = %s AND partner_id = %s",
            [earlier.id, self.partner_liege.id],
        )
        cr.execute("ALTER TABLE crm_team ADD COLUMN follower_job_total int")
        cr.execute("ALTER TABLE crm_team ADD COLUMN follower_job_done int")
        cr.execute(
            "UPDATE crm_team SET follower_job_total = 5, follower_job_done = 2"
            " WHERE id = %s",
            [self.team.id],
        )
        before = self._snapshot(lead | chosen | earlier | waiting)
        cron = self.env.ref("crm_team_followers.ir_cron_apply_default_followers")
        with self.capture_triggers(cron.id) as triggers:
            self._migrate()
        self.assertTrue(triggers.records)
        # every grant
        self.assertEqual(self._snapshot(lead | chosen | earlier | waiting), before)
        self.assertEqual(self._rows(earlier)[self.partner_liege].crm_team_grant, "own")
        # every job
        self.assertEqual(self.team.follower_job_state, "running")
        self.assertEqual(self.team.follower_job_total, 5)
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        for each in lead | chosen | earlier | waiting:
            self.assertFollows(each, newcomer, self.comment)
        self.assertFalse(self.team.follower_job_state)
        # what was given before is still known to be given
        lead.team_id = self.other_team
        self.env.flush_all()
        self.assertFollows(lead, self.salesman.partner_id, self.comment)
        self.assertNotFollows(lead, self.partner_all)
        chosen.team_id = self.other_team
        self.env.flush_all()
        self.assertFollows(chosen, self.partner_all, self.won)

    def _snapshot(self, leads):
        return {
            (lead, partner): row.subtype_ids
            for lead in leads
            for partner, row in self._rows(lead).items()
        }
