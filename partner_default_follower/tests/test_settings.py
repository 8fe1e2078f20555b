# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from itertools import product

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
        self.assertFalse(self.settings.create({}).contact_follow_company_rule_id)

    def test_computed_filter_is_kept(self):
        self.rule.filter_domain = "[('create_uid', '=', uid)]"
        with Form(self.settings) as form:
            self.assertEqual(form.contact_follow_kind, "custom")
            form.contact_follow_partner_ids.remove(self.dupont.id)
        form.record.execute()
        self.assertEqual(self.rule.filter_domain, "[('create_uid', '=', uid)]")

    def test_per_company(self):
        """People for one company are a rule of their own, made when needed."""
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
        rule = in_company_2.create({}).contact_follow_company_rule_id
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
            [
                ("module", "=", "partner_default_follower"),
                ("model", "=", "base.automation"),
                ("res_id", "=", rule.id),
            ]
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

    # --------------------------------------------------
    # What the page says is what is
    # --------------------------------------------------

    def _set_up(self, seeded, limit, company_rule):
        """One row of the table.

        :param seeded: whether the seeded rule is on; None if it was deleted
        :param limit: the company that the seeded rule is limited to
        :param company_rule: the same of the rule of this company
        """
        if seeded is None:
            self.rule.unlink()
        else:
            self.rule.write(
                {
                    "active": seeded,
                    "follow_company_id": limit.id,
                    "follow_partner_ids": self.nunez.ids,
                }
            )
        if company_rule is None:
            return
        rule = self.env["base.automation"].create(
            {
                "name": "Société",
                "is_default_follower": True,
                "follow_company_id": self.company_admin.id,
                "follow_partner_ids": self.dupont.ids,
            }
        )
        rule.active = company_rule

    def _shown(self):
        """Who, by what the page says, follows a new contact of this company."""
        page = self.settings.create({})
        people = page.contact_follow_company_partner_ids
        if page.contact_follow_rule_company_id in (
            self.env["res.company"],
            self.company_admin,
        ):
            people |= page.contact_follow_partner_ids
        if not page.contact_follow_active:
            self.assertFalse(people)
        return people

    def _added(self):
        contact = self.env["res.partner"].create(
            {"name": "Ö", "company_id": self.company_admin.id}
        )
        return contact.message_partner_ids & (self.people + self.manager.partner_id)

    def _edit(self, **values):
        with Form(self.settings.with_user(self.settings_user)) as form:
            for name, value in values.items():
                if isinstance(value, bool):
                    form[name] = value
                else:
                    field = form[name]
                    field.clear()
                    for person in value:
                        field.add(person)
        form.record.execute()
        self.env.invalidate_all()

    def test_page_is_true(self):
        """In every combination of the two rules, before and after each edit."""
        self.settings_user.group_ids += self.env.ref("base.group_multi_company")
        manager = self.manager.partner_id
        no_company = self.env["res.company"]
        edits = {
            "nothing": {},
            "off": {"contact_follow_active": False},
            "on": {"contact_follow_active": True},
            "nobody": {"contact_follow_partner_ids": no_company.partner_id},
            "somebody else": {"contact_follow_partner_ids": manager},
            "nobody here": {"contact_follow_company_partner_ids": manager.browse()},
            "somebody else here": {"contact_follow_company_partner_ids": manager},
        }
        for seeded, limit, company_rule, edit in product(
            (True, False, None),
            (no_company, self.company_admin, self.company_2),
            (True, False, None),
            edits,
        ):
            if seeded is None and limit:
                continue
            with (
                self.subTest(
                    seeded=seeded,
                    limit=limit.name,
                    company_rule=company_rule,
                    edit=edit,
                ),
                self.env.cr.savepoint() as savepoint,
            ):
                try:
                    self._check_page(seeded, limit, company_rule, edits[edit])
                finally:
                    savepoint.rollback()
                    self.env.invalidate_all()

    def _check_page(self, seeded, limit, company_rule, values):
        self._set_up(seeded, limit, company_rule)
        shown = self._shown()
        self.assertEqual(shown, self._added())
        page = self.settings.create({})
        if not page.contact_follow_active and (
            {"contact_follow_partner_ids", "contact_follow_company_partner_ids"}
            & values.keys()
        ):
            # hidden while all is off
            return
        if not page.contact_follow_rule_id and ("contact_follow_partner_ids" in values):
            return
        self._edit(**values)
        self.assertEqual(self._shown(), self._added())
        page = self.settings.create({})
        for name, value in values.items():
            if name != "contact_follow_active" or seeded or company_rule:
                self.assertEqual(page[name], value)
        if values.get("contact_follow_active") is False:
            self.assertFalse(self._added())
        elif not values:
            self.assertEqual(self._shown(), shown)

    def test_off_and_on_again(self):
        """Who was shown before comes back."""
        self._set_up(True, self.env["res.company"], True)
        self.settings_user.group_ids += self.env.ref("base.group_multi_company")
        self._edit(contact_follow_active=False)
        self.assertFalse(self._added())
        self._edit(contact_follow_active=True)
        self.assertEqual(self._added(), self.people)

    def test_other_rules_are_told(self):
        self.rule.copy({"name": "Belgique", "follow_domain": "[('city', '=', 'Ath')]"})
        self.assertEqual(self.settings.create({}).contact_follow_other_count, 1)
