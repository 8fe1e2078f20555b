# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a contact says about its own protection."""

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import Form, new_test_user, tagged

from .common import MergeGuardCase


@tagged("post_install", "-at_install")
class TestResPartner(MergeGuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.employee = new_test_user(cls.env, "mg_employee", groups="base.group_user")
        cls.mine = cls.holder + cls.other_holder + cls.free + cls.other_free
        cls.Rule.search([]).active = False
        cls.rule = cls._tag_rule(cls.holder)
        cls._tag_rule(cls.holder + cls.other_holder, name="Caractère <b>fort</b>")

    def test_flag_and_reason(self):
        self.assertRecordValues(
            self.mine.with_user(self.employee),
            [
                {
                    "merge_protected": True,
                    "merge_protection_reason": "Tagged Sociétaire, "
                    "Caractère <b>fort</b>",
                },
                {
                    "merge_protected": True,
                    "merge_protection_reason": "Caractère <b>fort</b>",
                },
                {"merge_protected": False, "merge_protection_reason": False},
                {"merge_protected": False, "merge_protection_reason": False},
            ],
        )

    def test_search(self):
        Partner = self.Partner.with_user(self.employee)
        mine = Domain("id", "in", self.mine.ids)
        holders, free = self.mine[:2], self.mine[2:]
        for domain, expected in (
            ([("merge_protected", "=", True)], holders),
            ([("merge_protected", "!=", True)], free),
            ([("merge_protected", "=", False)], free),
            ([("merge_protected", "!=", False)], holders),
            ([("merge_protected", "in", [True])], holders),
            ([("merge_protected", "in", [True, False])], self.mine),
            ([("merge_protected", "in", [])], self.Partner),
            ([("merge_protected", "not in", [True])], free),
            (["!", ("merge_protected", "=", True)], free),
        ):
            with self.subTest(domain=domain):
                found = Partner.search(mine & Domain(domain))
                self.assertEqual(set(found.ids), set(expected.ids))
                found = self.mine.filtered_domain(domain)
                self.assertEqual(set(found.ids), set(expected.ids))

    def test_search_sees_what_is_not_flushed(self):
        self.other_free.category_id = self.holder.category_id[:1]
        found = self.Partner.search([("merge_protected", "=", True)])
        self.assertIn(self.other_free, found)

    def test_search_without_rules(self):
        self.Rule.search([]).active = False
        self.assertFalse(self.Partner.search([("merge_protected", "=", True)]))

    def test_new_contact(self):
        form = Form(self.Partner.with_user(self.contact_manager))
        form.name = "Núñez"
        self.assertFalse(form.merge_protected)
        self.assertFalse(form.save().merge_protected)

    def test_not_for_the_portal(self):
        portal = new_test_user(self.env, "mg_portal", groups="base.group_portal")
        me = portal.partner_id.with_user(portal)
        for name in ("merge_protected", "merge_protection_reason"):
            with self.assertRaises(AccessError):
                me.read([name])
        with self.assertRaises(AccessError):
            me.search([("merge_protected", "=", True)])

    def test_name_of_rule_in_users_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.rule.with_context(lang="fr_FR").name = "Sociétaire marqué"
        self.rule.message = "Ask first."
        self.rule.with_context(lang="fr_FR").message = "Demandez d'abord."
        wizard = self._wizard(
            self.contact_manager, self.holder + self.free, lang="fr_FR"
        )
        text = self.assertRefused(wizard.action_merge)
        self.assertIn("Sociétaire marqué", text)
        self.assertIn("Demandez d'abord.", text)
        self.assertNotIn("Ask first.", text)

    def test_remove_protected(self):
        wizard = self._wizard(self.contact_manager, self.mine[:3], dst=self.holder)
        self.assertTrue(wizard.guard_locked)
        self.assertTrue(wizard.guard_removable)
        action = wizard.action_remove_protected()
        self.assertEqual(action["res_id"], wizard.id)
        self.assertEqual(wizard.partner_ids, self.free)
        self.assertEqual(wizard.dst_partner_id, self.free)
        self.assertFalse(wizard.guard_locked)

    def test_remove_everybody(self):
        wizard = self._wizard(self.contact_manager, self.mine[:2])
        wizard.action_remove_protected()
        self.assertFalse(wizard.partner_ids)
        self.assertFalse(wizard.dst_partner_id)
        self.assertFalse(wizard.guard_locked)
        wizard.action_merge()
        self.assertEqual(len(self.mine.exists()), 4)
