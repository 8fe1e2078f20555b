# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Members as cooperator 14 and 16 store them: several companies, memberships."""

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import StandInCase
from .stand_ins import AWESOME_FOOD_COOPS, COOPERATOR


@tagged("post_install", "-at_install")
class TestCooperator(StandInCase):
    stand_ins = COOPERATOR

    @classmethod
    def _join(cls, partner, **values):
        return cls.env["cooperative.membership"].create(
            {"partner_id": partner.id, "cooperator": True, "member": True, **values}
        )

    def test_free_contacts(self):
        self._merge(self.free, self.other_free)
        self.assertEqual(len((self.free + self.other_free).exists()), 1)

    def test_shares(self):
        self._give_shares(self.holder)
        self.assertRefused(self._merge, self.holder, self.free)

    def test_shares_in_another_company(self):
        self._give_shares(self.holder, company_id=self.company_b.id)
        self.assertNotIn(self.company_b, self.contact_manager.company_ids)
        for user in (self.contact_manager, self.administrator, self.superuser):
            wizard = self._wizard(user, self.holder + self.free)
            self.assertRefused(wizard.action_merge)

    def test_membership_in_another_company(self):
        """The member flag of the contact answers for one company; the rows do not."""
        self._join(self.holder, company_id=self.company_b.id)
        self.assertFalse(self.holder.member)
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertIn("Cooperative membership", text)

    def test_former_member(self):
        self._join(self.holder, member=False, old_member=True)
        self._merge(self.holder, self.free)

    def test_plain_odoo_would_delete_memberships(self):
        """What this addon is for: a row that the merge of Odoo would delete."""
        kept = self._join(self.holder)
        lost = self._join(self.other_holder)
        self.assertRefused(self._merge, self.holder, self.other_holder)
        self.assertEqual(len((kept + lost).exists()), 2)

    def test_archived_holder(self):
        self._give_shares(self.holder)
        self.holder.active = False
        self.assertRefused(self._merge, self.holder, self.free)
        found = self.Partner.with_context(active_test=False).search(
            [("merge_protected", "=", True), ("vat", "=", "MG-TEST-VAT")]
        )
        self.assertEqual(found, self.holder)

    def test_zero_shares_after_transfer(self):
        """The giver has 0 shares left; the register protects both all the same."""
        self._give_shares(self.holder, 0)
        self.assertFalse(self.holder.merge_protected)
        self._register(self.holder, self.other_holder)
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertNotIn("Cooperator shares", text)
        self.assertIn("Cooperator register", text)
        self.assertRefused(self._merge, self.other_holder, self.free)

    def test_company_member_and_its_contact_person(self):
        company = self.Partner.create({"name": "Œuvre & Cie SC", "is_company": True})
        person, double = self.Partner.create(
            [{"name": "Zoë Ménard", "parent_id": company.id}, {"name": "Z. Ménard"}]
        )
        self._join(company)
        self._give_shares(company)
        self.assertRefused(self._merge, company, self.free)
        self._merge(person, double)

    def test_member_flag_rule_sleeps(self):
        """The flag is calculated here, for one company: the rule must not use it."""
        rule = self.env.ref(
            "partner_merge_guard.partner_merge_guard_rule_res_partner_member"
        )
        self.assertEqual(rule.state, "dormant")
        with self.assertRaisesRegex(ValidationError, "“member”"):
            rule.condition_field = False

    def test_numbers_only_where_readable(self):
        """A number covers all companies, or is not shown at all."""
        self._give_shares(self.holder, 1234)
        self._grant("share.line", "base.group_user")
        wizard = self._wizard(self.contact_manager, self.holder + self.free)
        text = self.assertRefused(wizard.action_merge)
        self.assertIn("Cooperator shares: 1,234", text)
        self.assertIn(
            "1,234", self.holder.with_user(self.contact_manager).merge_protection_reason
        )
        self.env["ir.rule"].create(
            {
                "name": "Shares of one's companies",
                "model_id": self.env["ir.model"]._get_id("share.line"),
                "domain_force": "[('company_id', 'in', company_ids)]",
            }
        )
        self._give_shares(self.holder, 10, company_id=self.company_b.id)
        self.env.invalidate_all()
        text = self.assertRefused(wizard.action_merge)
        self.assertIn("Marguerite Núñez (Cooperator shares)", text)
        self.assertNotRegex(text, r"1.?2[34]4|10")

    def test_no_number_without_access(self):
        self._give_shares(self.holder, 4321)
        wizard = self._wizard(self.contact_manager, self.holder + self.free)
        text = self.assertRefused(wizard.action_merge)
        self.assertIn("Marguerite Núñez (Cooperator shares)", text)
        self.assertNotIn("321", text)
        # sudo is for the code, not for the reader
        self.assertNotIn("321", self.assertRefused(wizard.sudo().action_merge))

    def test_contact_of_another_company(self):
        self._give_shares(self.holder)
        self._give_shares(self.other_holder)
        (self.holder + self.other_holder).company_id = self.company_b
        Wizard = self.env["base.partner.merge.automatic.wizard"]
        Wizard = Wizard.with_user(self.contact_manager)
        ids = (self.holder + self.free).ids
        for wizard in (Wizard, Wizard.sudo()):
            text = self.assertRefused(wizard._merge, ids)
            self.assertIn("one contact that you are not allowed to see", text)
            for secret in ("Núñez", "shares", "12", str(self.holder.id)):
                self.assertNotIn(secret, text)
        text = self.assertRefused(Wizard._merge, [*ids, self.other_holder.id])
        self.assertIn("2 contacts that you are not allowed to see", text)

    def test_readable_text(self):
        """No technical name, no traceback; the same in French."""
        self._give_shares(self.holder)
        self._join(self.holder)
        self._register(self.holder)
        wizard = self._wizard(self.contact_manager, self.holder + self.free)
        self.env["res.lang"]._activate_lang("fr_FR")
        for lang, first_line in (
            ("en_US", "Protected contacts cannot be merged:"),
            ("fr_FR", "Les contacts protégés ne peuvent pas être fusionnés :"),
        ):
            text = self.assertRefused(wizard.with_context(lang=lang).action_merge)
            self.assertIn("Marguerite Núñez", text)
            self.assertEqual(text.splitlines()[0], first_line)
            for technical in ("share.line", "share_line", "partner_id", "Traceback"):
                self.assertNotIn(technical, text)


@tagged("post_install", "-at_install")
class TestAwesomeFoodCoops(StandInCase):
    stand_ins = AWESOME_FOOD_COOPS

    def test_owned_shares(self):
        self.env["res.partner.owned.share"].create(
            [
                {"partner_id": self.holder.id, "owned_share": 10},
                {"partner_id": self.other_holder.id, "owned_share": 0},
            ]
        )
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertIn("Owned shares: 10", text)
        self._merge(self.other_holder, self.free)
