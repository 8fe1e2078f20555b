# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import mail_new_test_user

from .common import DefaultFollowerCommon


@tagged("post_install", "-at_install")
class TestHandOver(DefaultFollowerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contacts = cls.env["res.partner"].create([{"name": "Ö"}, {"name": "Ü"}])
        cls.successor = mail_new_test_user(
            cls.env, login="successor", name="Émilie", groups="base.group_user"
        ).partner_id
        cls.env["mail.followers"].search(
            [("partner_id", "=", cls.successor.id)]
        ).unlink()

    def _hand_over(self, person, new_person=None):
        person = person.with_user(self.settings_user)
        action = person.action_hand_over_contacts()
        model = self.env[action["res_model"]].with_user(self.settings_user)
        with Form(model.with_context(**action["context"])) as form:
            if new_person:
                form.new_person_id = new_person
        form.record.action_hand_over()
        self.env.invalidate_all()

    def test_person_form(self):
        """The contact form lists the rules that name the person."""
        self.assertEqual(
            self.nunez.with_user(self.manager).follows_new_contacts_rules,
            self.rule.name,
        )
        with Form(self.nunez.with_user(self.manager)) as form:
            self.assertEqual(form.follows_new_contacts_rules, self.rule.name)

    def test_hand_over(self):
        self.contacts[0].company_id = self.company_admin
        chosen = self.contacts[1].with_user(self.nunez.user_ids)
        chosen.message_subscribe(self.nunez.ids, self.note.ids)
        self._hand_over(self.nunez, self.successor)
        self.assertEqual(self.rule.follow_partner_ids, self.dupont + self.successor)
        self.assertNotIn(self.nunez, self.contacts[0].message_partner_ids)
        self.assertIn(self.successor, self.contacts[0].message_partner_ids)
        # what Inés chose stays with her, and is nobody else's
        self.assertIn(self.nunez, self.contacts[1].message_partner_ids)
        self.assertNotIn(self.successor, self.contacts[1].message_partner_ids)

    def test_successor_sees_less(self):
        self.contacts[0].company_id = self.company_2
        self._hand_over(self.dupont, self.successor)
        self.assertNotIn(self.successor, self.contacts[0].message_partner_ids)
        self.assertIn(self.successor, self.contacts[1].message_partner_ids)

    def test_nobody(self):
        self._hand_over(self.nunez)
        self.assertEqual(self.rule.follow_partner_ids, self.dupont)
        self.assertFollowed(self.contacts, self.dupont)

    def test_switched_off_rules_too(self):
        self.rule.active = False
        self._hand_over(self.nunez, self.successor)
        self.assertEqual(self.rule.follow_partner_ids, self.dupont + self.successor)

    def test_archived_person(self):
        self.nunez.user_ids.active = False
        self._hand_over(self.nunez, self.successor)
        self.assertEqual(self.rule.follow_partner_ids, self.dupont + self.successor)

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_rights(self):
        with self.assertRaises(AccessError):
            self.nunez.with_user(self.manager).action_hand_over_contacts()

    def test_external_is_warned_of(self):
        """An external contact is chosen only after a warning, on every page."""
        external = self.env["res.partner"].create({"name": "Client"})
        model = self.env["partner.default.follower.hand.over"]
        for record, field in (
            (model.new({"person_id": self.nunez.id}), "new_person_id"),
            (self.rule.new(origin=self.rule), "follow_partner_ids"),
            (self.env["res.config.settings"].new({}), "contact_follow_partner_ids"),
        ):
            with self.subTest(model=record._name):
                before = record[field]
                record[field] = (
                    external if field == "new_person_id" else (before + external)
                )
                method = f"_onchange_{field}".replace("partner_ids", "people")
                method = {
                    "_onchange_follow_people": "_onchange_follow_partner_ids"
                }.get(method, method)
                result = getattr(record, method)()
                self.assertIn("Client", result["warning"]["message"])
