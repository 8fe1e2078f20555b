# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestPeople(TeamFollowersCommon):
    """Who gets something, who may not any more, and what the list says of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.team.with_user(cls.manager).action_apply_default_followers()
        cls.lead = cls._new_lead(company_id=cls.company_admin.id)
        cls.both = cls._new_user(
            "Deux",
            "base.group_user",
            company_ids=[Command.set((cls.company_admin | cls.company_2).ids)],
        )
        cls.follower_both = cls._add(cls.team, cls.both.partner_id)
        cls.team.with_user(cls.manager).action_apply_default_followers()

    # ------------------------------------------------------------
    # WHO MAY NOT ANY MORE
    # ------------------------------------------------------------

    def assertGone(self, partner):
        self.env.flush_all()
        self.assertNotFollows(self.lead, partner)
        self.assertNotFollows(self._new_lead(company_id=self.company_admin.id), partner)
        self.team.action_apply_default_followers()
        self.assertNotFollows(self.lead, partner)

    def test_user_deleted(self):
        user = self._new_user("Bref", "base.group_user")
        partner = user.partner_id
        self._add(self.team, partner)
        self.team.action_apply_default_followers()
        self.assertFollows(self.lead, partner)
        user.unlink()
        self.assertGone(partner)
        self.assertNotIn(partner, self.team.default_follower_ids.partner_id)

    def test_one_of_two_users_deleted(self):
        partner = self.both.partner_id
        self._new_user("Second", "base.group_user", partner_id=partner.id).unlink()
        self.assertFollows(self.lead, partner)
        self.assertIn(partner, self.team.default_follower_ids.partner_id)

    def test_member_deleted(self):
        """The database deletes the membership, unseen by us."""
        user = self._new_user("Membre", "sales_team.group_sale_salesman")
        partner = user.partner_id
        self.team.follow_members = True
        self.team.member_ids |= user
        self.assertFollows(self.lead, partner)
        user.unlink()
        self.assertGone(partner)

    def test_companies_lost_from_each_side(self):
        partner = self.both.partner_id
        keep = self.company_2
        for lose in (
            lambda: self.both.write(
                {"company_id": keep.id, "company_ids": [Command.set(keep.ids)]}
            ),
            lambda: (
                self.both.write({"company_id": keep.id}),
                self.company_admin.write({"user_ids": [Command.unlink(self.both.id)]}),
            ),
        ):
            self.assertFollows(self.lead, partner)
            lose()
            self.assertGone(partner)
            self.both.company_ids |= self.company_admin
            self.assertTrue(self.team.default_follower_pending)
            self.team.action_apply_default_followers()

    def test_user_goes_to_another_contact(self):
        partner = self.both.partner_id
        other = self.env["res.partner"].create(
            {"name": "Œdipe", "email": "oedipe@example.org"}
        )
        self._add(self.team, other)
        self.team.action_apply_default_followers()
        self.assertFollows(self.lead, other)
        self.user_other_company.partner_id = other
        self.assertGone(other)
        self.assertFollows(self.lead, partner)

    def test_contact_becomes_a_user_elsewhere(self):
        self.assertFollows(self.lead, self.partner_contact)
        self._new_user(
            "Œuvre",
            "base.group_portal",
            partner_id=self.partner_contact.id,
            company_id=self.company_2.id,
            company_ids=[Command.set(self.company_2.ids)],
        )
        self.assertGone(self.partner_contact)

    def test_contact_moves_to_another_company(self):
        self.partner_contact.company_id = self.company_2
        self.assertGone(self.partner_contact)

    def test_returned_is_said(self):
        """Somebody who comes back is missing, and the list says so."""
        self.assertFalse(self.team.default_follower_pending)
        self.both.action_archive()
        self.assertNotFollows(self.lead, self.both.partner_id)
        self.assertFalse(self.team.default_follower_pending)
        self.assertEqual(self.follower_both.status, "archived")
        self.both.action_unarchive()
        self.assertEqual(self.team.default_follower_due_count, 1)
        self.assertIn("1 of 1 open", self.team.default_follower_notice)
        self.team.with_user(self.manager).action_apply_default_followers()
        self.assertFollows(self.lead, self.both.partner_id)
        self.assertFalse(self.team.default_follower_pending)

    def test_becomes_external(self):
        """Internal events do not reach a colleague who is a portal user by now."""
        self.follower_both.subtype_ids |= self.note
        self.team.action_apply_default_followers()
        self.assertFollows(self.lead, self.both.partner_id, self.comment | self.note)
        self.both.write(
            {"group_ids": [Command.set(self.env.ref("base.group_portal").ids)]}
        )
        self.env.invalidate_all()
        self.team.action_apply_default_followers()
        self.assertFollows(self.lead, self.both.partner_id, self.comment)

    def test_only_internal_events_of_an_external(self):
        """No row without events."""
        self.follower_both.subtype_ids = self.note
        self.both.write(
            {"group_ids": [Command.set(self.env.ref("base.group_portal").ids)]}
        )
        self.env.invalidate_all()
        self.assertEqual(self.follower_both.status, "no_event")
        self.assertTrue(self.team.default_follower_pending)
        self.team.action_apply_default_followers()
        self.assertGone(self.both.partner_id)

    # ------------------------------------------------------------
    # THE LIST
    # ------------------------------------------------------------

    def test_taken_off_then_team_deleted(self):
        self.follower_inbox.unlink()
        self.assertFollows(self.lead, self.partner_inbox)
        self.team.unlink()
        for partner in (self.partner_inbox, self.partner_all):
            self.assertNotFollows(self.lead, partner)

    def test_taken_off_goes_from_closed_ones_too(self):
        closed = self._new_lead()
        self.follower_both.unlink()
        closed.action_set_lost()
        self.lead.action_set_lost()
        self.env.invalidate_all()
        self.assertIn("closed", self.team.default_follower_notice)
        self.team.with_user(self.manager).action_apply_default_followers()
        for lead in (self.lead, closed):
            self.assertNotFollows(lead, self.both.partner_id)
        self.assertFalse(self.team.default_follower_pending)

    def test_nothing_is_said_of_a_right_list(self):
        """A new team of which every opportunity was created after its list."""
        team = self.env["crm.team"].create({"name": "Namur", "alias_name": "namur"})
        self._add(team, self.partner_all)
        self._add(team, self.partner_archived)
        self._new_lead(team)
        self.assertFalse(team.default_follower_pending)
        self._add(team, self.partner_inbox)
        self.assertTrue(team.default_follower_pending)

    def test_stopped_one_does_not_block_the_company(self):
        follower = self._add(self.team, self.user_other_company.partner_id)
        with self.assertRefused("Ailleurs cannot see"):
            self.team.company_id = self.company_admin
        follower.with_user(self.user_other_company).action_stop()
        self.team.company_id = self.company_admin
        with self.assertRefused("Ailleurs cannot see"):
            follower.with_user(self.user_other_company).action_resume()

    def test_customers_only_without_discussions(self):
        self.follower_both.write(
            {"subtype_ids": [Command.set(self.won.ids)], "customer_messages_only": True}
        )
        self.assertFollows(
            self._new_lead(), self.both.partner_id, self.won | self.customer_message
        )

    def test_event_deleted(self):
        event = self.env["mail.message.subtype"].create(
            {"name": "Devis signé", "res_model": "crm.lead"}
        )
        self.follower_both.subtype_ids = event
        with self.assertRefused("Deux", UserError):
            event.unlink()
        self.follower_both.subtype_ids |= self.won
        event.unlink()
        self.assertEqual(self.follower_both.subtype_ids, self.won)

    def test_status(self):
        expected = {
            self.follower_all: "no_access",
            self.follower_archived: "archived",
            self.follower_contact: "external",
            self._add(self.team, self.salesman.partner_id): "own_only",
            self._add(self.team, self.colleague.partner_id): False,
            self._add(self.team, self.customer, to_confirm=True): "to_confirm",
        }
        self.follower_inbox.with_user(self.user_inbox).action_stop()
        expected[self.follower_inbox] = "stopped"
        self.team.company_id = self.company_admin
        self.both.write(
            {
                "company_id": self.company_2.id,
                "company_ids": [Command.set(self.company_2.ids)],
            }
        )
        expected[self.follower_both] = "company"
        for follower, status in expected.items():
            with self.subTest(person=follower.partner_id.name):
                self.assertEqual(follower.with_user(self.manager).status, status)

    # ------------------------------------------------------------
    # EXTERNAL CONTACTS
    # ------------------------------------------------------------

    def test_external_contact_is_confirmed(self):
        """On the form, an external contact gets nothing before somebody confirms it."""
        with (
            Form(self.team.with_user(self.manager)) as form,
            form.default_follower_ids.new() as line,
        ):
            line.partner_id = self.customer
        follower = self.team.default_follower_ids.filtered(
            lambda follower: follower.partner_id == self.customer
        )
        self.assertEqual(follower.status, "to_confirm")
        self.team.with_user(self.manager).action_apply_default_followers()
        self.assertNotFollows(self.lead, self.customer)
        follower.with_user(self.manager).action_confirm()
        self.assertEqual(follower.status, "external")
        action = self.team.with_user(self.manager).action_apply_default_followers()
        self.assertIn("Zoë Müller", action["params"]["message"])
        self.assertFollows(self.lead, self.customer)

    def test_colleague_needs_no_confirmation(self):
        with (
            Form(self.team.with_user(self.manager)) as form,
            form.default_follower_ids.new() as line,
        ):
            line.partner_id = self.colleague.partner_id
        self.assertFollows(self._new_lead(user=self.manager), self.colleague.partner_id)

    def test_external_contact_may_leave(self):
        """The mail they get has a link to leave, which the list respects."""
        with self.mock_mail_gateway():
            self.lead.message_post(
                body="Allô",
                author_id=self.colleague.partner_id.id,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        (mail,) = (
            mail
            for mail in self._mails
            if self.partner_contact.email in "".join(mail["email_to"])
        )
        self.assertRegex(
            mail["body"],
            rf"/mail/unfollow\?[^\"]*pid={self.partner_contact.id}&",
        )
