# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Members as easy_my_coop 9–12 stores them: one company, flags on the contact."""

from odoo.tests import tagged

from .common import StandInCase
from .stand_ins import EASY_MY_COOP, EmcResPartner


@tagged("post_install", "-at_install")
class TestEasyMyCoop(StandInCase):
    stand_ins = EASY_MY_COOP

    def test_free_contacts(self):
        self._merge(self.free, self.other_free)
        self.assertEqual(len((self.free + self.other_free).exists()), 1)

    def test_shares(self):
        self._give_shares(self.holder, 7)
        self._give_shares(self.holder, 5)
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertIn("Marguerite Núñez (Cooperator shares: 12)", text)

    def test_member_flag_alone(self):
        """The flag is stored here, so it protects; without shares, too."""
        self.holder.member = True
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertIn("Effective cooperator", text)
        self.holder.write({"member": False, "old_member": True, "cooperator": True})
        self._merge(self.holder, self.free)

    def test_archived_holder(self):
        self._give_shares(self.holder)
        self.holder.active = False
        self.assertRefused(self._merge, self.holder, self.free)

    def test_archived_member(self):
        self.holder.write({"member": True, "active": False})
        self.assertRefused(self._merge, self.holder, self.free)

    def test_zero_shares_after_transfer(self):
        """The giver keeps a line of 0 shares, and stays in the register."""
        line = self._give_shares(self.holder)
        line.share_number = 0
        self._give_shares(self.other_holder)
        self._merge(self.holder, self.free)
        self.assertEqual(len((self.holder + self.free).exists()), 1)

    def test_register_only(self):
        self._register(self.holder, self.other_holder)
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertIn("Cooperator register", text)
        text = self.assertRefused(self._merge, self.other_holder, self.free)
        self.assertIn("Cooperator register (transferred to)", text)

    def test_company_member_and_its_contact_person(self):
        company = self.Partner.create({"name": "Œuvre & Cie SC", "is_company": True})
        person, double = self.Partner.create(
            [
                {"name": "Zoë Ménard", "parent_id": company.id, "representative": True},
                {"name": "Z. Ménard"},
            ]
        )
        self._give_shares(company)
        self.assertRefused(self._merge, company, self.free)
        self.assertFalse(person.merge_protected)
        self.assertTrue(company.merge_protected)
        self._merge(person, double)
        self.assertEqual(len((person + double).exists()), 1)

    def test_requests_are_off_until_switched_on(self):
        request = self.env["subscription.request"].create(
            {"name": "Zoë", "partner_id": self.holder.id}
        )
        operation = self.env["operation.request"].create(
            {"partner_id": self.other_holder.id, "partner_id_to": self.free.id}
        )
        self.assertFalse(self.holder.merge_protected)
        rules = self.Rule.with_context(active_test=False).search(
            [("model_name", "in", ("subscription.request", "operation.request"))]
        )
        self.assertEqual(len(rules), 3)
        self.assertEqual(rules.mapped("active"), [False] * 3)
        rules.active = True
        everybody = self.holder + self.other_holder + self.free
        self.env.invalidate_all()
        self.assertEqual(everybody.mapped("merge_protected"), [True] * 3)
        request.state = "paid"
        operation.state = "refused"
        self.env.invalidate_all()
        self.assertEqual(everybody.mapped("merge_protected"), [False] * 3)

    def test_column_without_field(self):
        """The flag's field is gone from the contact, its column is not."""
        self.holder.member = True
        self.env.flush_all()
        partner_class = self.registry["res.partner"]
        fields = partner_class._fields__
        field = fields.pop("member")
        self.addCleanup(fields.__setitem__, "member", field)
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertIn("Effective cooperator", text)
        self.assertFalse(self.free.merge_protected)

    def test_rules_protect_now(self):
        self._give_shares(self.holder)
        self.holder.member = True
        for xmlid in ("share_line", "res_partner_member"):
            rule = self.env.ref(f"partner_merge_guard.partner_merge_guard_rule_{xmlid}")
            self.assertRecordValues(
                rule, [{"state": "protecting", "protected_count": 1}]
            )
            action = rule.action_open_protected_contacts()
            found = self.Partner.search(action["domain"])
            self.assertEqual(found, self.holder)


@tagged("post_install", "-at_install")
class TestEasyMyCoopLeftovers(StandInCase):
    """The addon's code is gone; its tables and columns are still there."""

    def _leave(self, *definitions):
        """Install stand-ins, fill them, and take only the models away again."""
        self.env.flush_all()
        for name in definitions:
            model = self.registry[name]
            self.addCleanup(self.registry.__setitem__, name, model)
            del self.registry[name]
        self.env.invalidate_all()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # not the contact's own fields: they would go with the models
        cls._install_stand_ins(
            [model for model in EASY_MY_COOP if model is not EmcResPartner]
        )

    def test_table_without_model(self):
        """Every row protects: without its model nobody knows what a value meant."""
        self._give_shares(self.holder, 12)
        self._give_shares(self.other_holder, 0)
        rule = self.env.ref("partner_merge_guard.partner_merge_guard_rule_share_line")
        self._leave("share.line")
        self.assertRecordValues(rule, [{"state": "protecting", "protected_count": 2}])
        self.assertTrue(rule.state_info)
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertIn("Cooperator shares", text)
        self.assertRefused(self._merge, self.other_holder, self.free)
        self._merge(self.free, self.other_free)

    def test_register_table_without_model(self):
        self._register(self.holder, self.other_holder)
        self._leave("subscription.register")
        self.assertRefused(self._merge, self.holder, self.free)
        self.assertRefused(self._merge, self.other_holder, self.free)

    def test_conditions_on_table_without_model(self):
        """Whatever they are: never less than with the model."""
        self._give_shares(self.holder, 0, effective_date=False)
        self.env.cr.execute("UPDATE share_line SET share_unit_price = NULL")
        rule = self.env.ref("partner_merge_guard.partner_merge_guard_rule_share_line")
        self._leave("share.line")
        for domain in (
            "[('share_product_id.name', '=', 'Part B')]",
            "[('share_unit_price', '<', 100)]",
            "[('share_unit_price', '>=', 0)]",
            "[('share_unit_price', '=', False)]",
            "[('share_number', '>', 'many')]",
            "[('gone', '=', 1)]",
            "[(0, '=', 1)]",
        ):
            with self.subTest(domain=domain):
                rule.domain = domain
                self.env.invalidate_all()
                self.assertRefused(self._merge, self.holder, self.free)

    def test_many2many_of_a_gone_model(self):
        """Where the contacts stood is remembered from when the model was there."""
        self.env.cr.execute(
            "CREATE TABLE odd_link (board_id int, member_id int REFERENCES res_partner)"
        )
        self.env.cr.execute(
            "CREATE TABLE res_partner_x_board_rel (x_board_id int, res_partner_id int)"
        )
        self.env.cr.execute("INSERT INTO odd_link VALUES (1, %s)", [self.holder.id])
        self.env.cr.execute(
            "INSERT INTO res_partner_x_board_rel VALUES (1, %s)", [self.free.id]
        )
        rule = self.Rule.create(
            {"name": "B", "model_name": "x.board", "partner_field": "member_ids"}
        )
        self.assertEqual(rule.protected_count, 1)
        self.assertTrue(self.free.merge_protected)
        rule.write({"source_table": "odd_link", "source_column": "member_id"})
        self.env.invalidate_all()
        self.assertTrue(self.holder.merge_protected)
        self.assertFalse(self.free.merge_protected)
        rule = self.Rule.create(
            {
                "name": "Tags",
                "model_name": "res.partner.category",
                "partner_field": "partner_ids",
            }
        )
        self.assertRecordValues(
            rule,
            [
                {
                    "source_table": "res_partner_res_partner_category_rel",
                    "source_column": "partner_id",
                }
            ],
        )

    def test_no_model_no_table(self):
        """Nothing installed, nothing left: the rules sleep and nothing is refused."""
        for table in ("share_line", "subscription_register"):
            self.env.cr.execute(f'DROP TABLE "{table}" CASCADE')  # pylint: disable=E8103
        self._leave("share.line", "subscription.register")
        rule = self.env.ref("partner_merge_guard.partner_merge_guard_rule_share_line")
        self.assertRecordValues(rule, [{"state": "dormant", "protected_count": 0}])
        self._merge(self.holder, self.free)


@tagged("post_install", "-at_install")
class TestEasyMyCoopInstalledLater(StandInCase):
    def test_installed_after_the_guard(self):
        """A share addon that comes later is covered at once, with no step between."""
        rule = self.env.ref("partner_merge_guard.partner_merge_guard_rule_share_line")
        self.assertEqual(rule.state, "dormant")
        self._install_stand_ins(EASY_MY_COOP)
        self._give_shares(self.holder)
        self.assertRefused(self._merge, self.holder, self.free)
        rule.invalidate_recordset()
        self.assertEqual(rule.state, "protecting")
