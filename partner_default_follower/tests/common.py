# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.fields import Command

from odoo.addons.mail.tests.common import MailCommon, mail_new_test_user


class DefaultFollowerMixin:
    """The seeded rule, two people who follow by default, and users."""

    @classmethod
    def _set_up_rule(cls):
        cls.rule = cls.env.ref("partner_default_follower.automation_new_partner")
        cls.action = cls.env.ref("partner_default_follower.action_add_followers")
        cls.nunez = mail_new_test_user(
            cls.env, login="nunez", name="Inés Núñez", groups="base.group_user"
        ).partner_id
        cls.dupont = cls.env["res.partner"].create(
            {"name": "Zoé Œuvrard", "email": "zoe@oeuvre.example.com"}
        )
        cls.people = cls.nunez + cls.dupont
        cls.settings_user = mail_new_test_user(
            cls.env,
            login="settings_user",
            name="Søren Settings",
            groups="base.group_system",
        )
        cls.manager = mail_new_test_user(
            cls.env,
            login="contact_manager",
            name="Chloé Contacts",
            groups="base.group_user,base.group_partner_manager",
        )
        cls.employee = mail_new_test_user(
            cls.env, login="only_employee", name="Émile", groups="base.group_user"
        )
        cls.portal = mail_new_test_user(
            cls.env, login="portal_user", name="Paul Portal", groups="base.group_portal"
        )
        cls.partner_model = cls.env["ir.model"]._get("res.partner")
        cls.note = cls.env.ref("mail.mt_note")
        cls.comment = cls.env.ref("mail.mt_comment")
        cls.rule.follow_partner_ids = cls.people

    def setUp(self):
        super().setUp()
        # the end of a test rolls the rules back, but not the patched ``create`` of
        # contacts that goes with them
        rules = self.env["base.automation"]
        rules._unregister_hook()
        rules._register_hook()

    def _people_following(self, contact):
        return contact.sudo().message_partner_ids & self.people

    def assertFollowed(self, contact, people=None):
        self.assertTrue(contact)
        for one in contact:
            self.assertEqual(
                self._people_following(one), self.people if people is None else people
            )

    def assertNotFollowed(self, contact):
        self.assertFollowed(contact, self.env["res.partner"])

    @classmethod
    def _create_hand_made_rule(cls, people, **values):
        """Build the rule of the manual by hand, without this addon's fields."""
        actions = values.pop("actions", None) or [cls._follow_action_values(people)]
        return cls.env["base.automation"].create(
            {
                "name": "Hand-made",
                "model_id": cls.partner_model.id,
                "trigger": "on_create",
                "action_server_ids": [Command.create(vals) for vals in actions],
                **values,
            }
        )

    @classmethod
    def _follow_action_values(cls, people, **values):
        return {
            "name": "Follow",
            "model_id": cls.partner_model.id,
            "state": "followers",
            "followers_type": "specific",
            "partner_ids": [Command.set(people.ids)],
            **values,
        }


class DefaultFollowerCommon(DefaultFollowerMixin, MailCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rule()
