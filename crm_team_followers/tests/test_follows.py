# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestFollows(TeamFollowersCommon):
    """What somebody follows by default, handed over, copied and taken back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lead = cls._new_lead()
        cls.heir = cls._new_user("Ève", "base.group_user").partner_id

    def _dialog(self, person, user=None):
        action = person.with_user(user or self.manager).action_hand_over_follows()
        return (
            self.env[action["res_model"]]
            .with_user(user or self.manager)
            .with_context(**action["context"])
            .create({})
        )

    def _hand_over(self, person, heir, user=None):
        dialog = self._dialog(person, user)
        dialog.new_partner_id = heir
        dialog.action_hand_over()

    def test_one_list(self):
        self._add(self.other_team, self.partner_all, self.won)
        self.assertEqual(
            self._dialog(self.partner_all).follows.splitlines()[1:],
            ["Sales team Liège: Opportunity Won"],
        )
        self.assertFalse(self._dialog(self.customer).follows)

    def test_hand_over(self):
        closed, left, unseen = (self._new_lead() for _lead in range(3))
        closed.action_set_lost()
        left.message_unsubscribe(self.partner_all.ids)
        chosen = self._new_lead()
        chosen.message_subscribe(self.partner_all.ids, self.won.ids)
        elsewhere = self._new_lead(self.other_team)
        self._add(self.other_team, self.partner_all, self.won)
        self._hand_over(self.partner_all, self.heir)
        self.assertFollows(self.lead, self.heir, self.all_events)
        for lead in (self.lead, closed, unseen):
            self.assertNotFollows(lead, self.partner_all)
        # only what was there because of the team, where it is open
        for lead in (closed, left, chosen, elsewhere):
            self.assertNotFollows(lead, self.heir)
        # what they chose themselves, they keep
        self.assertFollows(chosen, self.partner_all, self.won)
        self.assertFollows(self._new_lead(), self.heir, self.all_events)
        self.assertFollows(self._new_lead(self.other_team), self.heir, self.won)
        self.assertNotFollows(self._new_lead(), self.partner_all)
        self.assertFalse(self._dialog(self.partner_all).follows)

    def test_nobody_in_their_place(self):
        self._dialog(self.partner_all).action_hand_over()
        self.assertNotFollows(self.lead, self.partner_all)
        self.assertFalse(self.follower_all.exists())

    def test_heir_is_there_already(self):
        """And keeps what they chose to receive."""
        self._add(self.team, self.heir, self.won)
        self._hand_over(self.partner_all, self.heir)
        self.assertFollows(self.lead, self.heir, self.won)
        self.assertNotFollows(self.lead, self.partner_all)

    def test_members_go_on(self):
        self.team.write({"follow_members": True})
        self.team.action_apply_default_followers()
        self._hand_over(self.salesman.partner_id, self.heir)
        self.assertFollows(self.lead, self.salesman.partner_id)
        self.assertFollows(self.lead, self.heir)

    def test_heir_cannot_see_the_company(self):
        self.team.company_id = self.company_admin
        with self.assertRefused("Ailleurs cannot see"):
            self._hand_over(self.partner_all, self.user_other_company.partner_id)
        self.assertFollows(self.lead, self.partner_all)

    def test_only_managers(self):
        with self.assertRefused("", AccessError):
            self.partner_all.with_user(self.salesman)._hand_over_follows(self.heir)
        self.assertFollows(self.lead, self.partner_all)

    def test_archived_person(self):
        """Somebody who left, and is archived already: the list still goes over."""
        self.user_all.action_archive()
        self._hand_over(self.partner_all, self.heir)
        self.assertFollows(self._new_lead(), self.heir, self.all_events)

    # ------------------------------------------------------------
    # COPY
    # ------------------------------------------------------------

    def test_copied_team_asks(self):
        self.follower_inbox.with_user(self.user_inbox).action_stop()
        copied = self.team.with_user(self.manager).copy({"alias_name": False})
        self.assertFalse(copied.default_follower_ids)
        self.assertEqual(copied.copied_team_id, self.team)
        copied.action_copy_default_followers()
        self.assertFalse(copied.copied_team_id)
        self.assertEqual(
            copied.default_follower_ids.partner_id,
            self.team.default_follower_ids.partner_id - self.partner_inbox,
        )
        lead = self._new_lead(copied)
        self.assertFollows(lead, self.partner_customers, self.customer_message)
        self.assertNotFollows(lead, self.partner_archived)

    def test_copied_team_begins_empty(self):
        copied = self.team.with_user(self.manager).copy({"alias_name": False})
        copied.action_dismiss_copied_followers()
        self.assertFalse(copied.copied_team_id)
        self.assertFalse(copied.default_follower_ids)
        self.assertFalse(copied.copy({"alias_name": False}).copied_team_id)

    # ------------------------------------------------------------
    # TAKE BACK
    # ------------------------------------------------------------

    def test_take_back(self):
        """Before uninstalling: nobody follows because of a team any more."""
        closed = self._new_lead()
        closed.action_set_lost()
        self.lead.message_subscribe(self.partner_contact.ids)
        self.follower_inbox.unlink()
        self.team.with_user(self.manager).action_take_back_default_followers()
        for lead in (self.lead, closed):
            for partner in self.team_partners - self.partner_contact:
                self.assertNotFollows(lead, partner)
        self.assertFollows(self.lead, self.partner_contact, self.comment)
        self.assertEqual(self.team.default_follower_count, 4)
        with self.assertRefused("", AccessError):
            self.team.with_user(self.salesman).action_take_back_default_followers()

    def test_form_opens(self):
        with Form(self.team.with_user(self.manager)) as form:
            self.assertFalse(form.default_follower_pending)
