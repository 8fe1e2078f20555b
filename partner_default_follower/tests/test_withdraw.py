# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.mail.tests.common import mail_new_test_user

from .common import DefaultFollowerCommon


@tagged("post_install", "-at_install")
class TestWithdraw(DefaultFollowerCommon):
    """What rules give ends with the reason for it; what people chose does not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.nunez.user_ids
        cls.user.company_ids = cls.company_admin + cls.company_2
        partners = cls.env["res.partner"].with_user(cls.manager)
        cls.shared, cls.ours = partners.create(
            [{"name": "Partagé"}, {"name": "À nous", "company_id": False}]
        ).sudo()
        cls.ours.company_id = cls.company_admin
        cls.theirs = partners.sudo().create(
            {"name": "À eux", "company_id": cls.company_2.id}
        )
        cls.contacts = cls.shared + cls.ours + cls.theirs

    def assertFollows(self, person, contacts):
        self.env.flush_all()
        self.env.invalidate_all()
        followed = self.contacts.filtered(lambda c: person in c.message_partner_ids)
        self.assertEqual(followed, contacts)

    def _row(self, contact, person):
        return contact.message_follower_ids.filtered(lambda f: f.partner_id == person)

    def test_at_first(self):
        self.assertFollows(self.nunez, self.contacts)
        self.assertFollows(self.dupont, self.contacts)

    def test_contact_moves(self):
        self.user.company_ids = self.company_admin
        self.shared.with_user(self.manager).sudo().company_id = self.company_2
        self.assertFollows(self.nunez, self.ours)
        self.assertFollows(self.dupont, self.contacts)

    def test_contact_moves_with_its_children(self):
        self.user.company_ids = self.company_admin
        child = self.env["res.partner"].create(
            {"name": "Inès", "parent_id": self.shared.id}
        )
        self.assertIn(self.nunez, child.message_partner_ids)
        self.shared.is_company = True
        self.shared.company_id = self.company_2
        self.assertEqual(child.company_id, self.company_2)
        self.assertNotIn(self.nunez, child.message_partner_ids)

    def test_user_loses_company(self):
        doors = {
            "user": lambda: self.user.write(
                {"company_ids": [Command.unlink(self.company_2.id)]}
            ),
            "company": lambda: self.company_2.write(
                {"user_ids": [Command.unlink(self.user.id)]}
            ),
        }
        for name, door in doors.items():
            with self.subTest(door=name), self.env.cr.savepoint() as savepoint:
                door()
                self.assertFollows(self.nunez, self.shared + self.ours)
                savepoint.rollback()
                self.env.invalidate_all()
                self.env.registry.clear_cache()

    def test_external_person_moves(self):
        self.dupont.company_id = self.company_2
        self.assertFollows(self.dupont, self.shared + self.theirs)

    def test_person_goes(self):
        """Archived person, archived or deleted user: nothing any more, and nothing new;
        the list still shows them."""

        def delete():
            self.user.unlink()

        def archive_both():
            self.user.active = False
            self.nunez.active = False

        for door in (lambda: setattr(self.user, "active", False), delete, archive_both):
            with self.env.cr.savepoint() as savepoint:
                door()
                self.assertFollows(self.nunez, self.contacts.browse())
                contact = self.env["res.partner"].create({"name": "Nouveau"})
                self.assertFollowed(contact, self.dupont)
                self.assertIn(self.nunez, self.rule.follow_partner_ids)
                self.assertEqual(self.rule.follow_unreached_ids, self.nunez)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_user_moves_to_another_person(self):
        self.user.partner_id = self.env["res.partner"].create({"name": "Autre"})
        self.assertFollows(self.nunez, self.contacts.browse())

    def test_two_users(self):
        """One user of a person is deleted: the other one counts."""
        other = mail_new_test_user(
            self.env, login="autre", groups="base.group_user", name="Autre"
        )
        other.write({"partner_id": self.nunez.id})
        self.user.unlink()
        self.assertFollows(self.nunez, self.shared + self.ours)

    def test_chosen_again_without_user(self):
        """Whoever is chosen anew after the user was deleted is an external contact."""
        self.user.unlink()
        self.rule.follow_partner_ids -= self.nunez
        self.rule.follow_partner_ids += self.nunez
        self.assertFollowed(self.env["res.partner"].create({"name": "Ö"}))

    def test_return_is_told(self):
        """Who comes back is missing, and the rule says on how many contacts."""
        self.rule.follow_domain = repr([("id", "in", self.contacts.ids)])
        self.assertEqual(self.rule.follow_missing_count, 0)
        self.user.active = False
        self.assertEqual(self.rule.follow_missing_count, 0)
        self.user.active = True
        self.rule.invalidate_recordset()
        self.assertEqual(self.rule.follow_missing_count, 3)
        self.rule.with_user(self.settings_user).action_follow_existing()
        self.assertFollows(self.nunez, self.contacts)

    def test_choice_of_the_person_stays(self):
        """Events that somebody chose on the contact are neither taken nor widened."""
        shared = self.shared.with_user(self.user)
        shared.message_subscribe(self.nunez.ids, self.note.ids)
        self.assertFalse(self._row(self.shared, self.nunez).default_follower)
        self.rule.follow_subtype_ids = self.comment
        self.rule.with_user(self.settings_user).action_follow_existing()
        self.env.invalidate_all()
        self.assertEqual(self._row(self.shared, self.nunez).subtype_ids, self.note)
        self.user.active = False
        self.assertFollows(self.nunez, self.shared)

    def test_own_comment_changes_nothing(self):
        self.rule.follow_subtype_ids = self.note
        contact = self.env["res.partner"].create({"name": "Ö"})
        contact.with_user(self.user).message_post(
            body="Bonjour", message_type="comment", subtype_id=self.comment.id
        )
        self.assertEqual(self._row(contact, self.nunez).subtype_ids, self.note)
        self.assertTrue(self._row(contact, self.nunez).default_follower)

    def test_own_subscription_stays(self):
        """Who followed before the rule is not ours to take back."""
        self.rule.active = False
        contact = self.env["res.partner"].create({"name": "Ö"})
        contact.message_subscribe(self.nunez.ids)
        self.rule.active = True
        self.rule.with_user(self.settings_user).action_follow_existing()
        self.user.active = False
        self.env.invalidate_all()
        self.assertIn(self.nunez, contact.message_partner_ids)

    def test_unfollow_is_a_choice(self):
        """Whoever left, in Odoo or by the link in the mail, is not brought back."""
        self.rule.follow_domain = repr([("id", "in", self.contacts.ids)])
        self.shared.with_user(self.user).message_unsubscribe(self.nunez.ids)
        self.shared.with_user(self.user_public).sudo().message_unsubscribe(
            self.dupont.ids
        )
        self.rule.invalidate_recordset()
        self.assertEqual(self.rule.follow_missing_count, 0)
        self.rule.with_user(self.settings_user).action_follow_existing()
        self.assertFollows(self.nunez, self.ours + self.theirs)
        self.assertFollows(self.dupont, self.ours + self.theirs)

    def test_taken_off_by_somebody_else(self):
        """A colleague decides nothing for the person: the rule may add them again."""
        self.rule.follow_domain = repr([("id", "in", self.contacts.ids)])
        self.shared.with_user(self.manager).message_unsubscribe(self.nunez.ids)
        self.rule.invalidate_recordset()
        self.assertEqual(self.rule.follow_missing_count, 1)

    def test_contact_is_deleted(self):
        self.user.group_ids += self.env.ref("base.group_partner_manager")
        self.shared.with_user(self.user).sudo().unlink()
        self.assertFalse(
            self.env["mail.followers"].search(
                [("res_model", "=", "res.partner"), ("res_id", "=", self.shared.id)]
            )
        )

    def test_two_rules_one_person(self):
        """The events of both, and what one no longer gives goes alone."""
        other = self.rule.copy({"name": "Notes"})
        other.follow_subtype_ids = self.note
        self.rule.follow_subtype_ids = self.comment
        contact = self.env["res.partner"].create({"name": "Ö"})
        self.assertEqual(
            self._row(contact, self.nunez).subtype_ids, self.comment + self.note
        )
        self.assertEqual(self._row(contact, self.dupont).subtype_ids, self.comment)
        for rule in self.rule + other:
            rule.follow_domain = repr([("id", "=", contact.id)])
        self.rule.with_user(self.settings_user).action_follow_take_back()
        self.env.invalidate_all()
        self.assertEqual(self._row(contact, self.nunez).subtype_ids, self.note)
        self.assertFalse(self._row(contact, self.dupont))

    def test_two_rules_on_existing_contacts(self):
        self.rule.follow_subtype_ids = self.comment
        other = self.rule.copy({"name": "Notes"})
        other.write(
            {
                "follow_domain": repr([("id", "in", self.contacts.ids)]),
                "follow_subtype_ids": self.note.ids,
            }
        )
        self.assertEqual(other.follow_missing_count, 3)
        other.with_user(self.settings_user).action_follow_existing()
        self.env.invalidate_all()
        for contact in self.contacts:
            self.assertLessEqual(
                self.comment + self.note, self._row(contact, self.nunez).subtype_ids
            )
        self.assertEqual(other.follow_missing_count, 0)

    def test_take_back(self):
        self.shared.with_user(self.user).message_subscribe(
            self.nunez.ids, self.note.ids
        )
        self.rule.with_user(self.settings_user).action_follow_take_back()
        self.assertFalse(self.rule.active)
        self.assertFollows(self.nunez, self.shared)
        self.assertFollows(self.dupont, self.contacts.browse())
        self.assertEqual(self.rule.follow_given_count, 0)

    def test_rule_is_narrowed(self):
        """What a rule gave and no longer gives goes with the next run."""
        self.rule.write(
            {
                "follow_domain": repr([("id", "=", self.shared.id)]),
                "follow_partner_ids": self.nunez.ids,
            }
        )
        self.assertGreaterEqual(self.rule.follow_excess_count, 5)
        self.rule.with_user(self.settings_user).action_follow_existing()
        self.assertFollows(self.nunez, self.shared)
        self.assertFollows(self.dupont, self.contacts.browse())

    def test_rule_is_deleted(self):
        """Followers stay, and still end when the person may no longer see them."""
        self.rule.unlink()
        self.assertFollows(self.nunez, self.contacts)
        self.user.company_ids = self.company_admin
        self.assertFollows(self.nunez, self.shared + self.ours)

    def test_query_count(self):
        """Moving contacts costs the same number of queries for one and for many.

        Who has any (1), their users and companies (some), which ones are lost (1), the
        deletion (some), once for each person who has any.
        """
        contacts = self.env["res.partner"].create(
            [{"name": f"Ö {number}"} for number in range(60)]
        )
        counts = []
        self.user.company_ids = self.company_admin
        for moved in (contacts[:1], contacts[1:2], contacts[2:]):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            moved.company_id = self.company_2
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            for contact in moved:
                self.assertFollowed(contact, self.dupont)
        self.assertEqual(counts[1], counts[2])
