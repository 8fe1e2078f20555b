# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import DefaultFollowerCommon

LIEGE = "['|', ('city', '=', 'Liège'), ('zip', '=like', '4%')]"


@tagged("post_install", "-at_install")
class TestRules(DefaultFollowerCommon):
    """The form of default followers is a view on the automation rule."""

    def _create(self, **values):
        return self.env["res.partner"].create({"name": "Œuvre & Cie", **values})

    def _new_rule(self):
        rules = self.env["base.automation"].with_user(self.settings_user)
        return Form(
            rules.with_context(default_is_default_follower=True),
            view="partner_default_follower.base_automation_view_form_default_follower",
        )

    def test_seeded_rule(self):
        self.assertEqual(self.rule.trigger, "on_create")
        self.assertEqual(self.rule.model_name, "res.partner")
        self.assertEqual(self.rule.action_server_ids, self.action)
        self.assertEqual(self.action.state, "followers")
        self.assertEqual(self.action.followers_type, "specific")
        self.assertTrue(self.rule.active)
        self.assertFalse(self.rule.filter_domain)
        self.assertEqual(self.rule.follow_kind, "all")

    def test_new_rule(self):
        self.rule.follow_partner_ids = False
        belgium = self.env.ref("base.be")
        with self._new_rule() as form:
            form.name = "Belgique"
            form.follow_partner_ids.add(self.nunez)
            form.follow_kind = "company"
            form.follow_domain = repr([("country_id", "=", belgium.id)])
            form.follow_subtype_ids.add(self.note)
        rule = form.record
        self.assertEqual(rule.model_name, "res.partner")
        self.assertEqual(rule.trigger, "on_create")
        self.assertEqual(rule.action_server_ids.partner_ids, self.nunez)
        self.assertEqual(rule.action_server_ids.follow_subtype_ids, self.note)
        self.assertFollowed(
            self._create(is_company=True, country_id=belgium.id), self.nunez
        )
        self.assertNotFollowed(self._create(country_id=belgium.id))
        self.assertNotFollowed(self._create(is_company=True))

    def test_kinds(self):
        company = {"is_company": True}
        person = {}
        parent = self.env["res.partner"].create({"name": "P", "is_company": True}).id
        employee = {"parent_id": parent}
        address = {"parent_id": parent, "type": "delivery"}
        cases = {
            "all": (company, person, employee, address),
            "contact": (company, person, employee),
            "company": (company,),
            "person": (person, employee),
        }
        for kind, followed in cases.items():
            with self.subTest(kind=kind):
                self.rule.follow_kind = kind
                self.rule.invalidate_recordset()
                self.assertEqual(self.rule.follow_kind, kind)
                for values in (company, person, employee, address):
                    self.assertFollowed(
                        self._create(**values),
                        self.people if values in followed else self.people.browse(),
                    )

    def test_filter_round_trip(self):
        """Kind, company and conditions can be changed one without the others."""
        company = self.company_2
        self.rule.write(
            {
                "follow_kind": "person",
                "follow_company_id": company.id,
                "follow_domain": LIEGE,
            }
        )
        self.rule.follow_kind = "company"
        self.rule.invalidate_recordset()
        self.assertEqual(self.rule.follow_company_id, company)
        self.assertEqual(
            self.rule.follow_domain,
            LIEGE,
        )
        self.rule.follow_company_id = False
        self.rule.follow_kind = "all"
        self.rule.invalidate_recordset()
        self.assertEqual(
            self.rule.filter_domain,
            LIEGE,
        )
        self.rule.follow_domain = False
        self.assertFalse(self.rule.filter_domain)

    def test_edited_by_hand(self):
        """What is changed under Technical shows in the form, and the reverse."""
        self.rule.filter_domain = "[('is_company', '=', True), ('city', '=', 'Liège')]"
        self.assertEqual(self.rule.follow_kind, "custom")
        self.assertFalse(self.rule.follow_domain)
        self.assertFollowed(self._create(is_company=True, city="Liège"))
        self.assertNotFollowed(self._create(city="Liège"))
        self.action.partner_ids = self.nunez
        self.assertEqual(self.rule.follow_partner_ids, self.nunez)
        self.action.follow_subtype_ids = self.note
        self.assertEqual(self.rule.follow_subtype_ids, self.note)

    def test_computed_filter_is_left_alone(self):
        text = "[('create_uid', '=', uid)]"
        self.rule.filter_domain = text
        self.assertEqual(self.rule.follow_kind, "custom")
        with Form(
            self.rule.with_user(self.settings_user),
            view="partner_default_follower.base_automation_view_form_default_follower",
        ) as form:
            form.follow_partner_ids.remove(self.dupont.id)
        self.assertEqual(self.rule.filter_domain, text)
        self.assertFollowed(self._create(), self.nunez)

    def test_other_filters_are_kept_whole(self):
        """A filter that only resembles a kind is not taken for it."""
        for text in (
            "['!', ('is_company', '=', True)]",
            "['|', ('is_company', '=', True), ('city', '=', 'Liège')]",
            "[('company_id', 'in', [False, 0])]",
            "[('company_id', '=', False)]",
            "[(0, '=', 1)]",
        ):
            with self.subTest(text=text):
                self.rule.filter_domain = text
                self.assertEqual(self.rule.follow_kind, "custom")
                self.assertFalse(self.rule.follow_company_id)
                # write the same again through the form's fields
                self.rule.write({"follow_kind": "custom", "follow_domain": False})
                self.assertEqual(self.rule.filter_domain, text)

    def test_from_custom_to_a_kind(self):
        """Choosing a kind replaces a filter that was written by hand."""
        self.rule.filter_domain = "[('city', '=', 'Liège')]"
        self.rule.follow_kind = "company"
        self.assertEqual(self.rule.filter_domain, "[('is_company', '=', True)]")
        self.rule.filter_domain = False
        self.assertEqual(self.rule.follow_kind, "all")

    def test_bad_conditions(self):
        for text in ("[('city', '=', ", "Liège", "[1, 2]", "{}"):
            with self.subTest(text=text), self.assertRaises(ValidationError):
                self.rule.follow_domain = text

    def test_several_actions(self):
        """People of all actions are shown; removing one removes them from each."""
        other = self.env["res.partner"].create({"name": "Ångström"})
        self.rule.action_server_ids = [
            Command.create(self._follow_action_values(self.nunez + other))
        ]
        self.assertEqual(self.rule.follow_partner_ids, self.people + other)
        self.rule.follow_partner_ids = self.dupont + other
        first, second = self.rule.action_server_ids
        self.assertEqual(first.partner_ids + second.partner_ids, self.dupont + other)

    def test_action_deleted(self):
        self.action.unlink()
        self.assertNotFollowed(self._create())
        self.rule.follow_partner_ids = self.people
        self.assertEqual(len(self.rule.action_server_ids), 1)
        self.assertFollowed(self._create())

    def test_archived_person_is_shown_and_kept(self):
        self.dupont.active = False
        self.rule.invalidate_recordset()
        with Form(
            self.rule.with_user(self.settings_user),
            view="partner_default_follower.base_automation_view_form_default_follower",
        ) as form:
            self.assertEqual(len(form.follow_partner_ids), 2)
            form.name = "Autre nom"
        self.dupont.active = True
        self.assertFollowed(self._create())

    def test_hand_made_rule_is_listed_and_can_be_adopted(self):
        self.rule.active = False
        rule = self._create_hand_made_rule(self.people)
        rules = self.env["base.automation"]
        self.assertIn(rule, rules.search(rules._follow_rule_domain()))
        self.assertFalse(rule.is_default_follower)
        self.assertEqual(rule.follow_partner_ids, self.people)
        with Form(
            rule.with_user(self.settings_user),
            view="partner_default_follower.base_automation_view_form_default_follower",
        ) as form:
            form.is_default_follower = True
            form.follow_subtype_ids.add(self.note)
        contact = self._create()
        # notes are internal: nothing is left for Zoé, who is no employee
        self.assertFollowed(contact, self.nunez)
        follower = contact.message_follower_ids.filtered(
            lambda f: f.partner_id == self.nunez
        )
        self.assertEqual(follower.subtype_ids, self.note)
        self.assertEqual(rule.follow_unreached_ids, self.dupont)

    def test_only_for_contacts(self):
        message = "its model cannot be anything but Contact"
        with self.assertRaisesRegex(ValidationError, message):
            self.env["base.automation"].create(
                {
                    "name": "Ailleurs",
                    "model_id": self.env["ir.model"]._get_id("mail.blacklist"),
                    "trigger": "on_create",
                    "is_default_follower": True,
                }
            )

    def test_copy(self):
        self.rule.follow_kind = "company"
        copy = self.rule.copy()
        self.assertTrue(copy.is_default_follower)
        self.assertEqual(copy.follow_partner_ids, self.people)
        self.assertEqual(copy.follow_kind, "company")
        self.assertNotEqual(copy.action_server_ids, self.rule.action_server_ids)

    def test_list_of_rules(self):
        """The menu lists our rules and hand-made ones, also those switched off."""
        hand_made = self._create_hand_made_rule(self.people)
        self.rule.active = False
        elsewhere = self.env["base.automation"].create(
            {
                "name": "Ailleurs",
                "model_id": self.env["ir.model"]._get_id("mail.blacklist"),
                "trigger": "on_create",
            }
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "partner_default_follower.base_automation_action_default_follower"
        )
        rules = (
            self.env["base.automation"]
            .with_context(**safe_eval(action["context"]))
            .search(safe_eval(action["domain"]))
        )
        self.assertLessEqual(self.rule + hand_made, rules)
        self.assertNotIn(elsewhere, rules)

    def test_external_people_are_named(self):
        self.assertEqual(self.rule.follow_external_ids, self.dupont)
        # without an active user, Inés is not external: she is not added at all
        self.nunez.user_ids.active = False
        self.rule.invalidate_recordset()
        self.assertEqual(self.rule.follow_external_ids, self.dupont)
        self.assertEqual(self.rule.follow_unreached_ids, self.nunez)

    def test_only_event_is_deleted(self):
        """A rule for one event does not become one for Odoo's default events."""
        event = self.env["mail.message.subtype"].create(
            {"name": "Signé", "res_model": "res.partner"}
        )
        self.rule.follow_subtype_ids = event
        with self.assertRaisesRegex(UserError, "Choose other events"):
            event.unlink()
        self.rule.follow_subtype_ids += self.note
        event.unlink()
        self.assertEqual(self.rule.follow_subtype_ids, self.note)
