# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

import itertools
from unittest.mock import patch

from odoo import api
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm.models.crm_lead import CrmLead as CoreLead

from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestGrants(TeamFollowersCommon):
    """What a team's list gives, when, and what it takes back."""

    def test_created(self):
        lead = self._new_lead()
        self.assertTeamFollowers(lead)
        rows = self._rows(lead)
        self.assertEqual(rows[self.partner_all].crm_team_grant, "full")
        self.assertEqual(rows[self.partner_all].crm_team_follower_id, self.follower_all)
        self.assertFalse(rows[self.colleague.partner_id].crm_team_grant)

    def test_creation_message_reaches_them(self):
        lead = self._new_lead()
        creation = lead.message_ids.filtered(lambda m: m.subtype_id == self.created)
        self.assertEqual(self._notified(creation), {self.partner_all: "email"})

    def test_team_computed_from_salesperson(self):
        lead = (
            self.env["crm.lead"]
            .with_user(self.salesman)
            .create({"name": "Vélo", "user_id": self.salesman.id})
        )
        self.assertEqual(lead.team_id, self.team)
        self.assertTeamFollowers(lead)

    def test_team_set_in_create_by_another_addon(self):
        """Below ours, after the opportunities are in the database: by the team or by
        the salesperson, from a team with a list or without."""
        bare = self.env["crm.team"].create({"name": "Sans liste", "sequence": 99})
        for first, values, context in itertools.product(
            (bare, self.other_team, self.env["crm.team"]),
            ({"team_id": self.team.id}, {"user_id": self.salesman.id}),
            ({}, {"tracking_disable": True}, {"mail_create_nolog": True}),
        ):
            with (
                self.subTest(first=first.name, values=values, context=context),
                self._creating_with(values),
            ):
                lead = (
                    self.env["crm.lead"]
                    .with_user(self.colleague)
                    .with_context(**context)
                    .create({"name": "Vélo", "team_id": first.id, "user_id": False})
                )
                self.env.flush_all()
                self.assertEqual(lead.team_id, self.team)
                self.assertTeamFollowers(lead)
                self.assertNotFollows(lead, self.partner_liege)

    def _creating_with(self, values):
        """As if an addon below ours wrote these values in ``create``."""
        core_create = CoreLead.create

        @api.model_create_multi
        def create(model, vals_list):
            leads = core_create(model, vals_list)
            leads.sudo().write(values)
            return leads

        return patch.object(CoreLead, "create", create)

    def test_team_recomputed_by_another_addon(self):
        """A team that changes without any write on the opportunity."""
        lead = self._new_lead(self.other_team, user_id=self.salesman.id)
        lead.flush_recordset()
        self.assertFollows(lead, self.partner_liege)
        self.env.add_to_compute(lead._fields["team_id"], lead)
        self.env.flush_all()
        self.assertEqual(lead.team_id, self.team)
        self.assertTeamFollowers(lead)
        self.assertNotFollows(lead, self.partner_liege)

    def test_recomputed_team_is_told_of_the_next_message(self):
        """Nothing was written to the database yet when the message goes out."""
        lead = self._new_lead(self.other_team, user_id=False)
        self.env.flush_all()
        lead.sudo().user_id = self.salesman
        message = lead.message_post(body="Allô", subtype_xmlid="mail.mt_comment")
        self.assertEqual(lead.team_id, self.team)
        self.assertIn(self.partner_inbox, self._notified(message))

    def test_moved_and_back(self):
        leads = self._new_lead() | self._new_lead()
        own = leads[0]
        own.message_subscribe(self.partner_liege.ids)
        leads.write({"team_id": self.other_team.id})
        self.env.flush_all()
        for lead in leads:
            for partner in self.team_partners:
                self.assertNotFollows(lead, partner)
            self.assertFollows(lead, self.partner_liege, self.comment)
            self.assertFollows(lead, self.colleague.partner_id)
        leads.write({"team_id": self.team.id})
        self.env.flush_all()
        for lead in leads:
            self.assertTeamFollowers(lead)
        # one of them had invited Liégeois before
        self.assertFollows(own, self.partner_liege)
        self.assertNotFollows(leads[1], self.partner_liege)

    def test_team_emptied_and_deleted(self):
        lead, other = self._new_lead(), self._new_lead()
        lead.team_id = False
        self.env.flush_all()
        self.assertNotFollows(lead, self.partner_all)
        self.team.unlink()
        self.assertFalse(other.team_id)
        self.assertNotFollows(other, self.partner_all)
        self.assertFollows(other, self.colleague.partner_id)

    def test_in_two_teams_keeps_following(self):
        self._add(self.other_team, self.partner_all, self.won)
        lead = self._new_lead()
        lead.team_id = self.other_team
        self.env.flush_all()
        self.assertFollows(lead, self.partner_all, self.won)

    # ------------------------------------------------------------
    # OTHER REASONS TO FOLLOW
    # ------------------------------------------------------------

    def test_salesperson_of_the_list(self):
        """Salesperson first, then the list: what the salesperson has stays."""
        self._add(self.team, self.salesman.partner_id, self.comment | self.won)
        lead = self._new_lead(user_id=self.salesman.id)
        row = self._rows(lead)[self.salesman.partner_id]
        self.assertEqual(row.crm_team_grant, "part")
        self.assertEqual(row.subtype_ids, self.comment | self.won)
        self.assertEqual(row.crm_team_subtype_ids, self.won)
        lead.sudo().team_id = self.other_team
        self.env.flush_all()
        self.assertFollows(lead, self.salesman.partner_id, self.comment)
        self.assertFalse(row.crm_team_grant)
        self.assertFalse(row.crm_team_subtype_ids)

    def test_becomes_salesperson(self):
        """The list first, then the salesperson: they stay when the team changes."""
        self._add(self.team, self.salesman.partner_id, self.won)
        lead = self._new_lead()
        lead.user_id = self.salesman
        self.assertFollows(lead, self.salesman.partner_id, self.comment | self.won)
        lead.team_id = self.other_team
        self.env.flush_all()
        self.assertFollows(lead, self.salesman.partner_id, self.comment)

    def test_salesperson_is_told_what_the_list_says(self):
        """Odoo's policy for followers who are there already is to skip them. For a
        salesperson it would mean to miss what the list was made for: they are there for
        their work, they did not choose its events."""
        lead = self._new_lead(user_id=self.salesman.id)
        self._add(self.team, self.salesman.partner_id, self.won)
        self.team.action_apply_default_followers()
        self.flush_tracking()
        lead.action_set_won()
        self.flush_tracking()
        message = lead.message_ids.filtered(lambda m: m.subtype_id == self.won)
        self.assertIn(self.salesman.partner_id, self._notified(message))

    def test_narrow_choice_stays(self):
        """Whoever narrowed what the list gives is not widened by what they do."""
        self.follower_inbox.subtype_ids |= self.won | self.created
        for narrow in (
            {"customer_messages_only": True},
            {"subtype_ids": [Command.set((self.won | self.created).ids)]},
        ):
            lead = self._new_lead()
            self.follower_inbox.with_user(self.user_inbox).write(narrow)
            events = self._events_of(lead, self.partner_inbox)
            self.assertNotIn(self.comment, events)
            with self.subTest(narrow=narrow, act="comment"):
                lead.with_user(self.user_inbox).sudo().message_post(
                    body="Je m'en occupe",
                    subtype_xmlid="mail.mt_comment",
                    message_type="comment",
                )
                self.assertFollows(lead, self.partner_inbox, events)
            with self.subTest(narrow=narrow, act="activity"):
                lead.sudo().activity_schedule(
                    "mail.mail_activity_data_todo", user_id=self.user_inbox.id
                )
                self.assertFollows(lead, self.partner_inbox, events)
            with self.subTest(narrow=narrow, act="invited"):
                lead.message_subscribe(self.partner_inbox.ids)
                self.assertFollows(lead, self.partner_inbox, events)
            with self.subTest(narrow=narrow, act="narrowed further"):
                self.follower_inbox.with_user(self.user_inbox).subtype_ids -= self.won
                self.assertFollows(lead, self.partner_inbox, events - self.won)
            # they took part: without the team, they follow as in plain Odoo
            lead.team_id = self.other_team
            self.env.flush_all()
            self.assertFollows(lead, self.partner_inbox, self.comment)
            self.follower_inbox.write(
                {
                    "subtype_ids": [Command.link(self.won.id)],
                    "customer_messages_only": False,
                }
            )

    def test_creator_of_the_list(self):
        follower = self._add(self.team, self.colleague.partner_id, self.won)
        lead = self._new_lead()
        self.assertFollows(lead, self.colleague.partner_id, self.comment | self.won)
        self.assertIn(
            follower, self._rows(lead)[self.colleague.partner_id].crm_team_follower_id
        )

    def test_answers_then_team_changes(self):
        """Who writes on an opportunity follows it, in plain Odoo; the list changes
        nothing about that."""
        lead = self._new_lead()
        lead.with_user(self.user_inbox).sudo().message_post(
            body="Je m'en occupe",
            subtype_xmlid="mail.mt_comment",
            message_type="comment",
        )
        lead.team_id = self.other_team
        self.env.flush_all()
        self.assertFollows(lead, self.partner_inbox, self.comment)

    def test_invited_though_already_there(self):
        lead = self._new_lead()
        lead.message_subscribe(self.partner_contact.ids)
        lead.team_id = self.other_team
        self.env.flush_all()
        self.assertFollows(lead, self.partner_contact, self.comment)

    def test_chatter_followers_of_the_team(self):
        """Followers of the team itself keep what core gives them, and it stays with the
        team that core gave it for."""
        self.other_team.message_subscribe(self.partner_all.ids)
        lead = self._new_lead()
        lead.team_id = self.other_team
        self.env.flush_all()
        plain = self._new_lead(self.other_team)
        self.assertEqual(
            self._events_of(lead, self.partner_all),
            self._events_of(plain, self.partner_all),
        )

    def test_chosen_events_stay_whatever_the_list_says(self):
        """Chosen before the list had anything to do with the opportunity."""
        lead = self._new_lead(self.other_team)
        lead.message_subscribe(self.partner_inbox.ids, (self.won | self.note).ids)
        for team in (self.team, self.other_team):
            lead.team_id = team
            self.env.flush_all()
            self.assertFollows(lead, self.partner_inbox, self.won | self.note)

    def test_own_choice_on_an_opportunity(self):
        lead = self._new_lead()
        lead.with_user(self.colleague).message_subscribe(
            self.partner_all.ids, self.won.ids
        )
        self.follower_all.subtype_ids = self.comment
        self.team.with_user(self.manager).action_apply_default_followers()
        self.assertFollows(lead, self.partner_all, self.won)
        lead.team_id = self.other_team
        self.env.flush_all()
        self.assertFollows(lead, self.partner_all, self.won)
        lead.team_id = self.team
        self.env.flush_all()
        self.assertFollows(lead, self.partner_all, self.won)

    def test_left_an_opportunity(self):
        lead, other = self._new_lead(), self._new_lead()
        lead.with_user(self.user_inbox).sudo().message_unsubscribe(
            self.partner_inbox.ids
        )
        self.team.with_user(self.manager).action_apply_default_followers()
        self.assertNotFollows(lead, self.partner_inbox)
        self.assertFollows(other, self.partner_inbox)
        (lead | other).write({"team_id": self.other_team.id})
        (lead | other).write({"team_id": self.team.id})
        self.env.flush_all()
        self.assertNotFollows(lead, self.partner_inbox)
        self.assertFollows(other, self.partner_inbox)
        # and is free to come back
        lead.message_subscribe(self.partner_inbox.ids)
        self.assertFollows(lead, self.partner_inbox)

    # ------------------------------------------------------------
    # PEOPLE
    # ------------------------------------------------------------

    def test_person_archived(self):
        lead = self._new_lead()
        lead.message_subscribe(self.partner_contact.ids)
        self.partner_contact.action_archive()
        self.assertFollows(lead, self.partner_contact, self.comment)
        self.user_inbox.action_archive()
        self.assertNotFollows(lead, self.partner_inbox)
        self.user_all.action_archive()
        self.partner_all.action_archive()
        self.assertNotFollows(lead, self.partner_all)
        later = self._new_lead()
        for partner in (self.partner_contact, self.partner_inbox, self.partner_all):
            self.assertNotFollows(later, partner)
        self.user_inbox.action_unarchive()
        self.assertFollows(self._new_lead(), self.partner_inbox)

    def test_person_leaves_a_company(self):
        self._add(self.team, self.user_other_company.partner_id)
        lead = self._new_lead(company_id=False)
        self.assertFollows(lead, self.user_other_company.partner_id)
        lead.company_id = self.company_admin
        self.env.flush_all()
        self.assertNotFollows(lead, self.user_other_company.partner_id)
        self.user_other_company.company_ids |= self.company_admin
        self.assertFollows(
            self._new_lead(company_id=self.company_admin.id),
            self.user_other_company.partner_id,
        )

    def test_other_company_is_refused(self):
        self.team.company_id = self.company_admin
        with self.assertRefused("Ailleurs cannot see"):
            self._add(self.team, self.user_other_company.partner_id)
        self._add(self.other_team, self.user_other_company.partner_id)
        with self.assertRefused("Ailleurs cannot see"):
            self.other_team.company_id = self.company_admin

    def test_contact_of_another_company_is_refused(self):
        self.team.company_id = self.company_admin
        contact = self.env["res.partner"].create(
            {"name": "L'Étranger", "company_id": self.company_2.id}
        )
        with self.assertRefused("L'Étranger cannot see"):
            self._add(self.team, contact)

    def test_events_must_make_sense(self):
        with self.assertRefused("at least one event"):
            self._add(self.team, self.customer, self.env["mail.message.subtype"])
        with self.assertRefused("notified of nothing"):
            self._add(self.team, self.customer, self.note)
        foreign = self.env.ref("crm.mt_salesteam_lead_won")
        with self.assertRefused("do not happen to opportunities"):
            self.follower_inbox.subtype_ids |= foreign
