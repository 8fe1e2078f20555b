# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import DefaultFollowerCommon


@tagged("post_install", "-at_install")
class TestSettings(DefaultFollowerCommon):
    """The settings are the rule."""

    def setUp(self):
        super().setUp()
        self.settings = self.env["res.config.settings"].with_user(self.settings_user)

    def _save(self, **values):
        settings = self.settings.create(values)
        settings.execute()
        return settings

    def test_rule_shows_in_settings(self):
        self.rule.follow_kind = "person"
        self.rule.follow_subtype_ids = self.note
        self.dupont.active = False
        settings = self.settings.create({})
        self.assertEqual(settings.contact_follow_partner_ids, self.people)
        self.assertEqual(settings.contact_follow_kind, "person")
        self.assertEqual(settings.contact_follow_subtype_ids, self.note)
        self.assertTrue(settings.contact_follow_active)
        self.rule.active = False
        self.assertFalse(self.settings.create({}).contact_follow_active)

    def test_settings_change_the_rule(self):
        with Form(self.settings) as form:
            form.contact_follow_partner_ids.remove(self.dupont.id)
            form.contact_follow_kind = "company"
            form.contact_follow_subtype_ids.add(self.note)
        form.record.execute()
        self.assertEqual(self.action.partner_ids, self.nunez)
        self.assertEqual(self.action.follow_subtype_ids, self.note)
        self.assertEqual(self.rule.filter_domain, "[('is_company', '=', True)]")
        self.assertTrue(self.rule.active)

    def test_switch_off_and_on(self):
        with Form(self.settings) as form:
            form.contact_follow_active = False
        form.record.execute()
        self.assertFalse(self.rule.active)
        self.assertEqual(self.rule.follow_partner_ids, self.people)
        with Form(self.settings) as form:
            self.assertFalse(form.contact_follow_active)
            form.contact_follow_active = True
        form.record.execute()
        self.assertTrue(self.rule.active)

    def test_saving_other_settings_changes_nothing(self):
        self.rule.filter_domain = "[('city', '=', 'Liège')]"
        self.dupont.active = False
        self.env.flush_all()
        before = self.rule.write_date, self.action.write_date
        with Form(self.settings) as form:
            form.module_partner_autocomplete = form.module_partner_autocomplete
        form.record.execute()
        self.env.flush_all()
        self.assertEqual(
            self.action.with_context(active_test=False).partner_ids, self.people
        )
        self.assertEqual(self.rule.filter_domain, "[('city', '=', 'Liège')]")
        self.assertEqual((self.rule.write_date, self.action.write_date), before)
        self.assertEqual(
            self.env["base.automation"]._follow_company_rule(self.company_admin),
            self.env["base.automation"],
        )

    def test_computed_filter_is_kept(self):
        self.rule.filter_domain = "[('create_uid', '=', uid)]"
        with Form(self.settings) as form:
            self.assertEqual(form.contact_follow_kind, "custom")
            form.contact_follow_partner_ids.remove(self.dupont.id)
        form.record.execute()
        self.assertEqual(self.rule.filter_domain, "[('create_uid', '=', uid)]")

    def test_per_company(self):
        """People for one company are a rule of their own, made when needed."""
        rules = self.env["base.automation"]
        self.rule.follow_partner_ids = False
        self.settings_user.write({"company_ids": [Command.link(self.company_2.id)]})
        in_company_2 = self.settings.with_company(self.company_2)
        settings = in_company_2.create(
            {
                "company_id": self.company_2.id,
                "contact_follow_company_partner_ids": [Command.set(self.dupont.ids)],
            }
        )
        settings.execute()
        rule = rules._follow_company_rule(self.company_2)
        self.assertEqual(rule.follow_partner_ids, self.dupont)
        self.assertEqual(rule.follow_company_id, self.company_2)
        self.assertFalse(self.rule.follow_partner_ids)
        partners = self.env["res.partner"]
        self.assertFollowed(
            partners.create({"name": "Ö", "company_id": self.company_2.id}), self.dupont
        )
        self.assertNotFollowed(
            partners.create({"name": "Ö", "company_id": self.company_admin.id})
        )
        # the settings show it, and only in that company
        self.assertEqual(
            in_company_2.create({}).contact_follow_company_partner_ids, self.dupont
        )
        self.assertFalse(self.settings.create({}).contact_follow_company_partner_ids)
        # nobody any more: the rule stays, for nobody
        in_company_2.create(
            {
                "company_id": self.company_2.id,
                "contact_follow_company_partner_ids": [Command.clear()],
            }
        ).execute()
        self.assertFalse(rule.follow_partner_ids)

    def test_rule_deleted(self):
        self.rule.unlink()
        settings = self.settings.create({})
        self.assertFalse(settings.contact_follow_rule_id)
        settings.execute()
        contact = self.env["res.partner"].create({"name": "Ö"})
        self.assertNotFollowed(contact)
        settings.action_contact_follow_restore()
        rule = self.env.ref("partner_default_follower.automation_new_partner")
        self.assertEqual(
            rule.action_server_ids,
            self.env.ref("partner_default_follower.action_add_followers"),
        )
        self.assertTrue(rule.active)
        self.assertFalse(rule.follow_partner_ids)
        data = self.env["ir.model.data"].search(
            [("module", "=", "partner_default_follower"), ("res_id", "=", rule.id)]
        )
        self.assertTrue(data.noupdate)
        with Form(self.settings) as form:
            form.contact_follow_partner_ids.add(self.nunez)
        form.record.execute()
        self.assertFollowed(self.env["res.partner"].create({"name": "Ü"}), self.nunez)

    def test_restore_twice(self):
        """Two administrators click: still one rule."""
        self.rule.unlink()
        self.settings.create({}).action_contact_follow_restore()
        rule = self.env.ref("partner_default_follower.automation_new_partner")
        self.settings.create({}).action_contact_follow_restore()
        self.assertEqual(
            self.env.ref("partner_default_follower.automation_new_partner"), rule
        )

    def test_open_rule(self):
        action = self.settings.create({}).action_contact_follow_rule()
        self.assertEqual(action["res_id"], self.rule.id)
