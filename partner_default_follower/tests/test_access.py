# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DefaultFollowerCommon


@tagged("post_install", "-at_install")
class TestAccess(DefaultFollowerCommon):
    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_only_settings_change_the_rule(self):
        for user in (self.manager, self.employee, self.portal, self.user_public):
            with self.subTest(user=user.login):
                rule = self.rule.with_user(user)
                for model, operation in (
                    (rule, "read"),
                    (rule, "write"),
                    (rule, "unlink"),
                    (rule.browse(), "create"),
                    (self.action.with_user(user), "write"),
                    (self.env["partner.default.follower.job"].with_user(user), "read"),
                    (self.env["res.config.settings"].with_user(user), "create"),
                ):
                    self.assertFalse(
                        model.has_access(operation), (model._name, operation)
                    )
                with self.assertRaises(AccessError):
                    rule.write({"follow_partner_ids": [Command.clear()]})
        self.assertEqual(self.rule.follow_partner_ids, self.people)

    def test_settings_change_the_rule(self):
        rule = self.rule.with_user(self.settings_user)
        rule.write({"follow_partner_ids": [Command.set(self.nunez.ids)]})
        rule.follow_kind = "company"
        self.assertEqual(self.rule.action_server_ids.partner_ids, self.nunez)

    def test_contact_manager_sees_who_follows(self):
        partners = self.env["res.partner"].with_user(self.manager)
        people = partners.search([("follows_new_contacts", "=", True)])
        self.assertEqual(people, self.people)
        self.assertEqual(
            people.mapped("follows_new_contacts_rules"), [self.rule.name] * 2
        )
        self.assertIn(
            self.employee.partner_id,
            partners.search([("follows_new_contacts", "=", False)]),
        )
        self.rule.active = False
        self.env.invalidate_all()
        self.assertFalse(partners.search([("follows_new_contacts", "=", True)]))
        action = self.env["ir.actions.actions"].with_user(self.manager)
        self.assertEqual(
            action._for_xml_id(
                "partner_default_follower.res_partner_action_follows_new_contacts"
            )["res_model"],
            "res.partner",
        )
        menu = self.env.ref(
            "partner_default_follower.res_partner_menu_follows_new_contacts"
        )
        self.assertIn(menu.id, menu.with_user(self.manager)._visible_menu_ids())
        self.assertNotIn(menu.id, menu.with_user(self.employee)._visible_menu_ids())

    def test_others_do_not_see_who_follows(self):
        for user in (self.employee, self.portal):
            with self.subTest(user=user.login):
                self.assertNotIn(
                    "follows_new_contacts",
                    self.env["res.partner"].with_user(user).fields_get(),
                )

    def test_rules_menu(self):
        menu = self.env.ref(
            "partner_default_follower.base_automation_menu_default_follower"
        )
        self.assertIn(menu.id, menu.with_user(self.settings_user)._visible_menu_ids())
        self.assertNotIn(menu.id, menu.with_user(self.manager)._visible_menu_ids())
