# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import DefaultFollowerCommon


@tagged("post_install", "-at_install")
class TestEvents(DefaultFollowerCommon):
    """What happens, and what does not, to people who follow by default."""

    def _create(self, **values):
        return (
            self.env["res.partner"]
            .with_user(self.manager)
            .create({"name": "Œuvre & Cie", **values})
            .sudo()
        )

    def _subtypes(self, contact, person):
        return contact.message_follower_ids.filtered(
            lambda follower: follower.partner_id == person
        ).subtype_ids

    def test_default_events(self):
        contact = self._create()
        defaults = self.env["mail.message.subtype"].default_subtypes("res.partner")[0]
        external = defaults.filtered(lambda subtype: not subtype.internal)
        self.assertIn(self.comment, defaults)
        self.assertEqual(self._subtypes(contact, self.nunez), defaults)
        self.assertEqual(self._subtypes(contact, self.dupont), external)

    def test_same_as_hand_made_rule(self):
        other = self.env["res.partner"].create({"name": "Ångström"})
        self._create_hand_made_rule(self.nunez + other)
        self.rule.follow_partner_ids = self.dupont
        contact = self._create()
        by_hand = self._subtypes(contact, self.nunez), self._subtypes(contact, other)
        contact.message_unsubscribe((self.nunez + other).ids)
        self.rule.follow_partner_ids = self.nunez + other
        self.rule._follow_give(contact)
        self.assertEqual(
            (self._subtypes(contact, self.nunez), self._subtypes(contact, other)),
            by_hand,
        )

    def test_chosen_events(self):
        self.rule.follow_subtype_ids = self.note + self.comment
        contact = self._create()
        self.assertEqual(self._subtypes(contact, self.nunez), self.note + self.comment)
        # notes are internal: not for people outside
        self.assertEqual(self._subtypes(contact, self.dupont), self.comment)

    def test_event_reaches_the_people(self):
        contact = self._create()
        message = contact.message_post(
            body="Bonjour", message_type="comment", subtype_id=self.comment.id
        )
        self.assertIn(self.nunez, message.notified_partner_ids)

    def test_creator_keeps_own_subscription(self):
        self.rule.follow_partner_ids += self.manager.partner_id
        self.rule.follow_subtype_ids = self.note
        contact = self._create()
        defaults = self.env["mail.message.subtype"].default_subtypes("res.partner")[0]
        self.assertEqual(self._subtypes(contact, self.manager.partner_id), defaults)
        self.assertEqual(self._subtypes(contact, self.nunez), self.note)
        # nothing is left for Zoé, who is no employee: no empty subscription
        self.assertEqual(
            contact.message_partner_ids, self.manager.partner_id + self.nunez
        )

    def test_unfollow_then_edit(self):
        contact = self._create()
        contact.message_unsubscribe(self.nunez.ids)
        contact.write({"name": "Autre", "comment": "Édité"})
        contact.action_archive()
        contact.action_unarchive()
        self.assertFollowed(contact, self.dupont)

    def test_archived_person(self):
        self.dupont.active = False
        self.assertFollowed(self._create(), self.nunez)
        self.assertEqual(self.rule.follow_partner_ids, self.people)

    def test_rule_switched_off(self):
        self.rule.active = False
        self.assertNotFollowed(self._create())
        self.rule.active = True
        self.assertFollowed(self._create())

    def test_nobody_chosen(self):
        self.rule.follow_partner_ids = False
        self.assertEqual(self._create().message_partner_ids, self.manager.partner_id)
        self.rule.follow_partner_ids = self.nunez
        self.assertFollowed(self._create(), self.nunez)

    def test_no_notification(self):
        mails = self.env["mail.mail"].search_count([])
        before = self.env["mail.message"].search([], order="id desc", limit=1).id
        with self.mock_mail_gateway():
            contact = self._create()
        self.assertFollowed(contact)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertFalse(self._mails)
        messages = self.env["mail.message"].search([("id", ">", before)])
        self.assertFalse(messages.notification_ids)

    def test_person_limited_to_company(self):
        """Nobody follows contacts of a company that they cannot see."""
        only_2 = self.user_employee_c2.partner_id
        outsider = self.env["res.partner"].create(
            {"name": "Dehors", "company_id": self.company_2.id}
        )
        self.rule.follow_partner_ids = self.nunez + only_2 + outsider
        partners = self.env["res.partner"]
        shared = partners.create({"name": "Partagé"})
        of_main = partners.create(
            {"name": "À nous", "company_id": self.company_admin.id}
        )
        of_2 = partners.create({"name": "À eux", "company_id": self.company_2.id})
        everybody = self.nunez + only_2 + outsider
        self.assertEqual(shared.message_partner_ids & everybody, everybody)
        self.assertEqual(of_main.message_partner_ids & everybody, self.nunez)
        self.assertEqual(of_2.message_partner_ids & everybody, only_2 + outsider)

    def test_companies_in_one_batch(self):
        only_2 = self.user_employee_c2.partner_id
        self.rule.follow_partner_ids = self.nunez + only_2
        contacts = self.env["res.partner"].create(
            [
                {"name": f"Contact {index}", "company_id": company.id}
                for index in range(4)
                for company in (self.company_admin, self.company_2)
            ]
        )
        for contact in contacts:
            self.assertEqual(
                contact.message_partner_ids & (self.nunez + only_2),
                self.nunez if contact.company_id == self.company_admin else only_2,
            )

    def test_branch_of_company(self):
        """Contacts of a company are seen from its branches, not the reverse."""
        branch = self.env["res.company"].create(
            {"name": "Succursale", "parent_id": self.company_2.id}
        )
        user = self.user_employee_c2.copy({"login": "branch", "name": "Branche"})
        user.write({"company_ids": [(6, 0, branch.ids)], "company_id": branch.id})
        people = user.partner_id + self.user_employee_c2.partner_id
        self.rule.follow_partner_ids = people
        of_2 = self.env["res.partner"].create(
            {"name": "Ö", "company_id": self.company_2.id}
        )
        of_branch = self.env["res.partner"].create(
            {"name": "Ü", "company_id": branch.id}
        )
        self.assertEqual(of_2.message_partner_ids & people, people)
        self.assertEqual(of_branch.message_partner_ids & people, user.partner_id)

    def test_rule_limited_to_company(self):
        self.rule.follow_company_id = self.company_2
        partners = self.env["res.partner"]
        self.assertNotFollowed(
            partners.create({"name": "Ö", "company_id": self.company_admin.id})
        )
        # Inés has no access to company 2, Zoé is no user of any company
        self.assertFollowed(
            partners.create({"name": "Ü", "company_id": self.company_2.id}), self.dupont
        )
        self.assertFollowed(partners.create({"name": "Partagé"}))

    def test_error_names_the_rule(self):
        """As in Odoo, the user sees which rule failed."""
        self.rule.action_server_ids.write({"partner_ids": [(5,)]})
        self.env["ir.actions.server"].create(
            {
                "name": "Refuse",
                "model_id": self.partner_model.id,
                "base_automation_id": self.rule.id,
                "state": "code",
                "code": "raise UserError('Non')",
            }
        )
        with self.assertRaises(UserError) as caught:
            self._create()
        self.assertEqual(
            caught.exception.context["base_automation"]["id"], self.rule.id
        )
