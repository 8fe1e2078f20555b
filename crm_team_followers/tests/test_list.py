# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..models import crm_team
from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestList(TeamFollowersCommon, CronMixinCase):
    """The list of a team, and applying it to what is open already."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lead = cls._new_lead()
        cls.team.with_user(cls.manager).action_apply_default_followers()
        cls.newcomer = cls._new_user("Ève", "base.group_user").partner_id

    def _apply(self):
        return self.team.with_user(self.manager).action_apply_default_followers()

    def test_add_then_apply(self):
        won = self._new_lead()
        won.action_set_won()
        lost = self._new_lead()
        lost.action_set_lost()
        with (
            Form(self.team.with_user(self.manager)) as form,
            form.default_follower_ids.new() as line,
        ):
            line.partner_id = self.newcomer
        self.assertEqual(self.team.open_opportunity_count, 1)
        self.assertTrue(self.team.default_follower_pending)
        self.assertNotFollows(self.lead, self.newcomer)
        action = self._apply()
        self.assertIn("1 open opportunities", action["params"]["message"])
        self.assertIn("1 followers", action["params"]["message"])
        self.assertFollows(self.lead, self.newcomer, self.comment)
        self.assertNotFollows(won, self.newcomer)
        self.assertNotFollows(lost, self.newcomer)
        self.assertFalse(self.team.default_follower_pending)

    def test_apply_twice_changes_nothing(self):
        before = {
            partner: row.subtype_ids for partner, row in self._rows(self.lead).items()
        }
        self.assertIn(": 0 followers", self._apply()["params"]["message"])
        self.assertEqual(
            before,
            {
                partner: row.subtype_ids
                for partner, row in self._rows(self.lead).items()
            },
        )

    def test_change_events_then_apply(self):
        self.follower_all.with_user(self.manager).subtype_ids = self.comment | self.won
        self.follower_inbox.with_user(self.manager).customer_messages_only = True
        self.assertFollows(self.lead, self.partner_all, self.all_events)
        self.assertTrue(self.team.default_follower_pending)
        self._apply()
        self.assertFollows(self.lead, self.partner_all, self.comment | self.won)
        self.assertFollows(self.lead, self.partner_inbox, self.customer_message)

    def test_change_events_of_a_shared_row(self):
        """Only the team's own share follows the list."""
        self._add(self.team, self.salesman.partner_id, self.won)
        lead = self._new_lead(user_id=self.salesman.id)
        follower = self.team.default_follower_ids.filtered(
            lambda follower: follower.partner_id == self.salesman.partner_id
        )
        follower.subtype_ids = self.stage_changed
        self._apply()
        self.assertFollows(
            lead, self.salesman.partner_id, self.comment | self.stage_changed
        )
        follower.unlink()
        self._apply()
        self.assertFollows(lead, self.salesman.partner_id, self.comment)

    def test_remove_then_apply(self):
        with Form(self.team.with_user(self.manager)) as form:
            index = list(self.team.default_follower_ids).index(self.follower_inbox)
            form.default_follower_ids.remove(index=index)
        self.assertFollows(self.lead, self.partner_inbox)
        self.assertTrue(self.team.default_follower_pending)
        self._apply()
        self.assertNotFollows(self.lead, self.partner_inbox)
        self.assertFalse(self.team.default_follower_pending)

    def test_remove_then_move(self):
        """What a removed default follower left behind goes with the team all the
        same."""
        self.follower_inbox.unlink()
        self.lead.team_id = self.other_team
        self.env.flush_all()
        self.assertNotFollows(self.lead, self.partner_inbox)

    def test_once_per_person(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRefused("team_partner_uniq", UniqueViolation),
        ):
            self._add(self.team, self.partner_all)

    def test_person_and_team_are_fixed(self):
        with self.assertRefused("Remove this default follower", UserError):
            self.follower_all.partner_id = self.newcomer
        with self.assertRefused("Remove this default follower", UserError):
            self.follower_all.team_id = self.other_team

    def test_person_deleted(self):
        """By somebody who does not see the list, which is told all the same."""
        count = self.team.default_follower_count
        clerk = self._new_user(
            "Greffière", "base.group_user,base.group_partner_manager"
        )
        self.partner_contact.with_user(clerk).unlink()
        self.assertFalse(self.follower_contact.exists())
        self.assertEqual(self.team.default_follower_count, count - 1)

    def test_people_merged(self):
        """Each team keeps one default follower of the person they become."""
        double = self.partner_contact.copy()
        self._add(self.team, double)
        elsewhere = self._add(self.other_team, double, self.comment)
        count = self.team.default_follower_count
        other_count = self.other_team.default_follower_count
        clerk = self._new_user(
            "Greffière", "base.group_user,base.group_partner_manager"
        )
        self.env["base.partner.merge.automatic.wizard"].with_user(clerk)._merge(
            (double + self.partner_contact).ids, self.partner_contact.with_user(clerk)
        )
        self.assertFalse(double.exists())
        self.assertEqual(self.follower_contact.partner_id, self.partner_contact)
        self.assertEqual(elsewhere.partner_id, self.partner_contact)
        self.assertEqual(self.team.default_follower_count, count - 1)
        self.assertEqual(self.other_team.default_follower_count, other_count)
        self.assertFollows(
            self.lead, self.partner_contact, self.comment | self.stage_changed
        )
        self.assertFollows(
            self._new_lead(self.other_team), self.partner_contact, self.comment
        )

    def test_users_are_proposed_first(self):
        contact = self.env["res.partner"].create({"name": "Ægir contact"})
        user = self._new_user("Ægir utilisateur", "base.group_user").partner_id
        proposed = (
            self.env["res.partner"]
            .with_context(crm_team_followers_users_first=True)
            .name_search("Ægir")
        )
        self.assertEqual([line[0] for line in proposed], [user.id, contact.id])

    # ------------------------------------------------------------
    # LEADER AND MEMBERS
    # ------------------------------------------------------------

    def test_members_and_leader_in_step(self):
        self.team.write({"follow_members": True, "follow_leader": True})
        automatic = self.team.default_follower_ids.filtered(
            lambda follower: follower.source != "manual"
        )
        self.assertEqual(automatic.partner_id, self.salesman.partner_id)
        self.assertNotFollows(self.lead, self.salesman.partner_id)
        self._apply()
        self.assertFollows(self.lead, self.salesman.partner_id)
        # a new member follows at once
        self.team.member_ids |= self.colleague
        other = self._new_lead(user=self.manager)
        self.assertFollows(other, self.colleague.partner_id)
        self.team.user_id = self.manager
        self.assertFollows(self.lead, self.manager.partner_id)
        # one that leaves, too
        self.team.member_ids -= self.salesman
        self.assertNotFollows(self.lead, self.salesman.partner_id)
        self.team.user_id = self.colleague
        self.assertNotFollows(self.lead, self.manager.partner_id)
        self.assertEqual(
            self.team.default_follower_ids.filtered(
                lambda follower: follower.partner_id == self.colleague.partner_id
            ).source,
            "leader",
        )
        self.team.follow_leader = False
        self.assertIn(
            self.colleague.partner_id, self.team.default_follower_ids.partner_id
        )
        self.team.follow_members = False
        self.assertNotIn(
            self.colleague.partner_id, self.team.default_follower_ids.partner_id
        )

    def test_membership_archived_with_the_user(self):
        self.team.follow_members = True
        self._apply()
        self.assertFollows(self.lead, self.salesman.partner_id)
        self.salesman.action_archive()
        self.assertNotFollows(self.lead, self.salesman.partner_id)
        self.assertNotIn(
            self.salesman.partner_id, self.team.default_follower_ids.partner_id
        )

    def test_added_by_hand_and_member(self):
        follower = self._add(self.team, self.salesman.partner_id, self.won)
        self.team.follow_members = True
        self.assertEqual(follower.source, "manual")
        self.team.follow_members = False
        self.assertTrue(follower.exists())

    def test_automatic_one_is_not_removed_by_hand(self):
        self.team.follow_members = True
        automatic = self.team.default_follower_ids.filtered(
            lambda follower: follower.source == "member"
        )
        with self.assertRefused("as leader or member", UserError):
            automatic.with_user(self.manager).unlink()

    def test_member_who_stopped_stays_away(self):
        self.team.follow_members = True
        self._apply()
        mine = self.team.default_follower_ids.filtered(
            lambda follower: follower.partner_id == self.salesman.partner_id
        )
        mine.with_user(self.salesman).action_stop()
        self.assertNotFollows(self.lead, self.salesman.partner_id)
        self.team.member_ids |= self.colleague
        self._apply()
        self.assertNotFollows(self.lead, self.salesman.partner_id)
        self.assertNotFollows(self._new_lead(), self.salesman.partner_id)

    # ------------------------------------------------------------
    # BACKGROUND JOB
    # ------------------------------------------------------------

    def test_background_job(self):
        """Above the limit, a cron does it, step by step; it can be stopped and
        resumed."""
        leads = self.lead
        for _index in range(4):
            leads |= self._new_lead()
        self._add(self.team, self.newcomer)
        cron = self.env.ref("crm_team_followers.ir_cron_apply_default_followers")
        # smaller limits only: five opportunities behave as a few thousand do
        self.patch(crm_team, "BACKGROUND_ABOVE", 3)
        self.patch(crm_team, "BACKGROUND_STEP", 2)
        with self.capture_triggers(cron.id) as triggers:
            action = self._apply()
        self.assertTrue(triggers.records)
        self.assertIn("in the background", action["params"]["message"])
        self.assertEqual(self.team.follower_job_total, 5)
        self.assertNotFollows(self.lead, self.newcomer)
        # stopped
        self.team.with_user(self.manager).action_stop_follower_job()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertNotFollows(self.lead, self.newcomer)
        # resumed
        self._apply()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        for lead in leads:
            self.assertFollows(lead, self.newcomer, self.comment)
        self.assertFalse(self.team.follower_job_total)
        self.assertFalse(self.team.default_follower_pending)

    def test_form_in_one_save(self):
        """A new team with its list, as the form saves it."""
        team = (
            self.env["crm.team"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Namur",
                    "default_follower_ids": [
                        Command.create({"partner_id": self.newcomer.id})
                    ],
                }
            )
        )
        self.assertEqual(team.default_follower_count, 1)
        self.assertFollows(self._new_lead(team), self.newcomer)
