# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rules as an administrator writes, breaks and mends them."""

from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import SQL
from odoo.tools.convert import convert_file

from .common import WIZARD, MergeGuardCase

DATA_FILE = "data/partner_merge_guard_rule_data.xml"


@tagged("post_install", "-at_install")
class TestRule(MergeGuardCase):
    def _break(self, rule, **values):
        """Write what the checks on saving would refuse, as a later change would."""
        self.env.flush_all()
        for name, value in values.items():
            self.env.cr.execute(
                SQL(
                    "UPDATE partner_merge_guard_rule SET %s = %s WHERE id = %s",
                    SQL.identifier(name),
                    value,
                    rule.id,
                )
            )
        self.env.invalidate_all()

    def test_rule_without_code(self):
        """Pick model and field, write the domain, see how many it protects."""
        self.holder.function = "Sociétaire"
        form = Form(self.Rule.with_user(self.administrator))
        form.name = "Staff"
        form.model_id = self.env["ir.model"]._get("res.partner")
        self.assertEqual(form.partner_field, "id")
        form.domain = "[('function', '=', 'Sociétaire'), ('vat', '=', 'MG-TEST-VAT')]"
        self.assertEqual(form.state, "protecting")
        self.assertEqual(form.protected_count, 1)
        rule = form.save()
        self.assertRecordValues(
            rule, [{"model_name": "res.partner", "partner_field": "id"}]
        )
        self.assertRefused(self.env[WIZARD]._merge, (self.holder + self.free).ids)
        found = self.Partner.search(rule.action_open_protected_contacts()["domain"])
        self.assertEqual(found, self.holder)

    def test_any_model(self):
        """A model of Odoo, chosen in the form: its usual field is proposed."""
        form = Form(self.Rule.with_user(self.administrator))
        form.name = "People with a log-in"
        form.model_id = self.env["ir.model"]._get("res.users")
        self.assertEqual(form.partner_field, "partner_id")
        form.domain = "[('name', '!=', False)]"  # inherited from the contact
        form.save()
        archived = self.contact_manager.partner_id
        self.contact_manager.active = False
        self.assertRefused(self.env[WIZARD]._merge, (archived + self.free).ids)
        self.env[WIZARD]._merge((self.free + self.other_free).ids)

    def test_many2many_field(self):
        """Each contact of the field is protected, and nobody else."""
        tag = self.env["res.partner.category"].create({"name": "Conseil"})
        tag.partner_ids = self.holder + self.other_holder
        rule = self.Rule.create(
            {
                "name": "Board",
                "model_name": "res.partner.category",
                "partner_field": "partner_ids",
                "domain": f"[('id', '=', {tag.id})]",
            }
        )
        self.assertEqual(rule.protected_count, 2)
        self.assertRefused(self.env[WIZARD]._merge, (self.holder + self.free).ids)
        self.env[WIZARD]._merge((self.free + self.other_free).ids)

    def test_quantity_is_added_up(self):
        self.holder.child_ids = [
            Command.create({"name": "Un", "partner_latitude": 1.5}),
            Command.create({"name": "Deux", "partner_latitude": 2}),
        ]
        rule = self.Rule.create(
            {
                "name": "Weight",
                "model_name": "res.partner",
                "partner_field": "parent_id",
                "quantity_field": "partner_latitude",
            }
        )
        hits, problems = self.Rule._get_protections(self.holder.ids)
        self.assertFalse(problems)
        self.assertIn((rule, self.holder.id, 3.5), hits[self.holder.id])
        self.assertIn("Weight: 3.50", self.holder.merge_protection_reason)

    def test_validation(self):
        good = {
            "name": "R",
            "model_name": "res.partner",
            "partner_field": "id",
            "domain": "[]",
        }
        for values in (
            {"partner_field": "name"},
            {"partner_field": "nothing"},
            {"partner_field": "country_id"},
            {"partner_field": "child_ids"},
            {"partner_field": "commercial_partner_id.id"},
            {"model_name": "res.users", "partner_field": "id"},
            {"model_name": WIZARD, "partner_field": "dst_partner_id"},
            {"model_name": "mail.thread", "partner_field": "message_partner_ids"},
            {"quantity_field": "name"},
            {"quantity_field": "nothing"},
            {"domain": "[('nothing', '=', 1)]"},
            {"domain": "[('country_id.nothing', '=', 1)]"},
            {"domain": "[('merge_protected', '=', True)]"},  # itself, calculated
            {"domain": "[('child_ids', 'any', [('nothing', '=', 1)])]"},
            {"domain": "[('child_ids', 'any', 5)]"},
            {"domain": "[('name', 'resembles', 'x')]"},
            {"domain": "[('name',)]"},
            {"domain": "['|', ('name', '=', 'x')]"},
            {"domain": "[(1, 2, 3, 4)]"},
            {"domain": "{'a': 1}"},
            {"domain": "True"},
            {"domain": "not a domain"},
            {"domain": "["},
            {"domain": "[('id', '>', 'abc')]"},
            {"domain": "[('create_date', '>', 'never')]"},
            {"domain": "[('id', 'in', [10**99999])]"},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self.Rule.create({**good, **values})
        self.Rule.create(good)

    def test_domain_is_data(self):
        """Nothing in a domain is run."""
        with patch("builtins.open") as opened:
            for domain in (
                "[('id', '=', open('/etc/hostname'))]",
                "__import__('os').system('true')",
                "[('id', '=', env.uid)]",
                "[('id', '=', uid)]",
                "[('create_date', '<', context_today())]",
                "(lambda: [])()",
                "[x for x in []]",
            ):
                with self.subTest(domain=domain), self.assertRaises(ValidationError):
                    self._tag_rule(self.holder, domain=domain)
            opened.assert_not_called()

    def test_broken_rule_fails_closed(self):
        rule = self._tag_rule(self.Partner, name="Sociétaires")
        for values in (
            {"domain": "[('gone', '=', 1)]"},
            {"domain": "__import__('os')"},
            {"domain": "[('id', '=like', [1])]"},
            {"partner_field": "gone"},
            {"quantity_field": "gone"},
            {"model_name": "base"},
        ):
            with self.subTest(values=values), self.env.cr.savepoint() as savepoint:
                self._break(rule, **values)
                self.assertEqual(rule.state, "broken")
                self.assertTrue(rule.state_info)
                wizard = self._wizard(self.contact_manager, self.free + self.other_free)
                self.assertTrue(wizard.guard_locked)
                text = self.assertRefused(wizard.action_merge)
                self.assertIn("Sociétaires", text)
                self.assertIn("administrator", text)
                self.assertNotIn("gone", text)
                wizard = self._wizard(self.administrator, self.free + self.other_free)
                text = self.assertRefused(wizard.action_merge)
                self.assertIn("Contacts ‣ Configuration ‣ Contact merge rules", text)
                self.assertIn(rule.state_info, text)
                wizard = self.env[WIZARD].with_user(self.contact_manager)
                wizard = wizard.create({"group_by_vat": True})
                with self.assertRaises(UserError):
                    wizard.action_start_automatic_process()
                self.assertTrue(self.free.merge_protected)
                found = self.Partner.search(
                    rule.action_open_protected_contacts()["domain"]
                )
                self.assertIn(self.free, found)
                found = self.Partner.search([("merge_protected", "=", True)])
                self.assertIn(self.free, found)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_query_that_the_database_refuses(self):
        """PostgreSQL's own no: the transaction lives on, and every page opens."""
        rule = self._tag_rule(self.Partner, name="Sociétaires")
        for domain in (
            "[('id', '>', 'abc')]",
            "[('id', 'in', [10**99999])]",
            "[('name', '=', 'a\\x00b')]",
            "[('partner_latitude', '=', 'x')]",
        ):
            with self.subTest(domain=domain):
                self._break(rule, domain=domain)
                self.assertEqual(rule.state, "broken")
                text = self.assertRefused(
                    self.env[WIZARD].with_user(self.contact_manager)._merge,
                    (self.free + self.other_free).ids,
                )
                self.assertIn("Sociétaires", text)
                form = Form(rule.with_user(self.administrator))
                self.assertEqual(form.state, "broken")
                form.name = "Sociétaires"
                form.save()
                self.assertTrue(Form(self.free.with_user(self.contact_manager)).name)
                found = self.Rule.search([("state", "=", "broken")])
                self.assertIn(rule, found)
        rule.active = False
        self.assertFalse(self.free.merge_protected)
        rule.active = True
        self.assertTrue(self.free.merge_protected)
        rule.unlink()
        self.assertFalse(self.free.merge_protected)

    def test_whatever_is_raised(self):
        rule = self._tag_rule(self.holder, name="Sociétaires")
        for error in (AssertionError, RecursionError, KeyError, MemoryError):
            with self.subTest(error=error):
                with patch.object(type(self.Partner), "_search", side_effect=error):
                    self.env.invalidate_all()
                    _found, problems = self.Rule._get_protections(self.free.ids)
                self.assertIn(rule, [found for found, _text in problems])

    def test_rule_by_model(self):
        """As an import does: by the model, spaces included."""
        rule = self.Rule.create(
            {
                "name": "Bank",
                "model_id": self.env["ir.model"]._get_id("res.partner.bank"),
                "partner_field": " partner_id ",
            }
        )
        self.assertEqual(rule.model_name, "res.partner.bank")
        self.assertEqual(rule.partner_field, "partner_id")
        self.assertEqual(rule.state, "protecting")

    def test_translated_names(self):
        """A name fits in whatever language it does."""
        self.env["res.lang"]._activate_lang("fr_FR")
        rule = self._tag_rule(self.holder)
        tag = self.holder.category_id
        tag.name = "Member"
        tag.with_context(lang="fr_FR").name = "Sociétaire"
        for domain in (
            [("category_id.name", "=", "Member")],
            [("category_id.name", "=", "Sociétaire")],
            [("category_id", "ilike", "sociétaire")],
            [("category_id", "child_of", "Sociétaire")],
        ):
            rule.domain = repr(domain)
            self.assertEqual(rule.protected_count, 1)
            self.assertRefused(self.env[WIZARD]._merge, (self.holder + self.free).ids)

    def test_never_stale(self):
        """A rule that changes, and what it looks at, in one transaction."""
        self.assertFalse(self.holder.merge_protected)
        rule = self._tag_rule(self.holder)
        self.assertTrue(self.holder.merge_protected)
        rule.active = False
        self.assertFalse(self.holder.merge_protected)
        rule.active = True
        self.holder.category_id = False
        self.assertFalse(self.holder.merge_protected)
        self.assertFalse(self.holder.merge_protection_reason)
        rule.write(
            {
                "model_name": "res.partner.bank",
                "partner_field": "partner_id",
                "domain": "[('acc_number', 'ilike', 'yes')]",
            }
        )
        bank = self.env["res.partner.bank"].create(
            {"partner_id": self.holder.id, "acc_number": "no"}
        )
        for number, wanted in (("yes", True), ("no", False), ("yes 2", True)):
            bank.acc_number = number
            self.assertEqual(self.holder.merge_protected, wanted)
            self.assertEqual(bool(self.holder.merge_protection_reason), wanted)

    def test_mended_rule_works_again(self):
        rule = self._tag_rule(self.Partner)
        self._break(rule, domain="[('gone', '=', 1)]")
        ids = (self.free + self.other_free).ids
        self.assertRefused(self.env[WIZARD]._merge, ids)
        rule.with_user(self.administrator).active = False
        self.env[WIZARD]._merge(ids)

    def test_not_installed(self):
        rule = self.Rule.create(
            {"name": "Later", "model_name": "x.later", "partner_field": "partner_id"}
        )
        self.assertEqual(rule.state, "dormant")
        self.assertFalse(rule.model_id)
        self.assertFalse(
            self.Partner.search(rule.action_open_protected_contacts()["domain"])
        )
        self.env[WIZARD]._merge((self.free + self.other_free).ids)
        with self.assertRaises(ValidationError):
            rule.domain = "[('a', '=', b)]"

    def test_archived_rule(self):
        """Also where the caller asks for archived records, as Deduplicate does."""
        rule = self._tag_rule(self.holder)
        rule.active = False
        Wizard = self.env[WIZARD].with_context(active_test=False)
        Wizard._merge((self.holder + self.free).ids)

    def test_archived_rows_and_contacts(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "BE71 0961 2345 6769", "partner_id": self.holder.id}
        )
        self.Rule.create(
            {
                "name": "Bank",
                "model_name": "res.partner.bank",
                "partner_field": "partner_id",
            }
        )
        bank.active = False
        self.assertRefused(self.env[WIZARD]._merge, (self.holder + self.free).ids)

    def test_seeds(self):
        seeds = self._get_seeds()
        self.assertEqual(len(seeds), 16)
        on = seeds.filtered("active").mapped("model_name")
        self.assertEqual(
            set(on),
            {
                "share.line",
                "cooperative.membership",
                "subscription.register",
                "res.partner.owned.share",
                "res.partner",
            },
        )

    def _upgrade(self):
        """Load the seeds the way an upgrade of the addon does."""
        convert_file(self.env, "partner_merge_guard", DATA_FILE, {}, mode="update")
        self.env.invalidate_all()

    def _get_seeds(self):
        data = self.env["ir.model.data"].search(
            [
                ("module", "=", "partner_merge_guard"),
                ("model", "=", "partner.merge.guard.rule"),
                ("name", "not like", "\\_demo"),
            ]
        )
        self.assertTrue(all(data.mapped("noupdate")))
        return self.Rule.browse(data.mapped("res_id")).exists()

    def test_upgrade_keeps_what_the_administrator_did(self):
        """Switched off stays off, deleted stays deleted, written stays written."""
        seeds = self._get_seeds()
        off, deleted, changed, on = seeds.sorted("active", reverse=True)[:4]
        off.active = False
        deleted.unlink()
        changed.write({"name": "Parts sociales", "scope": "lost"})
        self._upgrade()
        self.assertFalse(off.active)
        self.assertFalse(deleted.exists())
        self.assertEqual(len(self._get_seeds()), len(seeds) - 1)
        self.assertRecordValues(changed, [{"name": "Parts sociales", "scope": "lost"}])
        self.assertTrue(on.active)

    def test_guard_is_the_same_after_upgrade(self):
        self._tag_rule(self.holder)
        self._upgrade()
        self.assertRefused(self.env[WIZARD]._merge, (self.holder + self.free).ids)
