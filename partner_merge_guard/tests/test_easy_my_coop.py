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
        self._give_shares(self.holder, 12)
        self._give_shares(self.other_holder, 0)
        self._leave("share.line")
        rule = self.env.ref("partner_merge_guard.partner_merge_guard_rule_share_line")
        self.assertRecordValues(rule, [{"state": "protecting", "protected_count": 1}])
        self.assertTrue(rule.state_info)
        text = self.assertRefused(self._merge, self.holder, self.free)
        self.assertIn("Cooperator shares", text)
        self.assertEqual(
            self.Partner.search([("merge_protected", "=", True)]) & self.other_holder,
            self.Partner,
        )
        self._merge(self.other_holder, self.other_free)

    def test_register_table_without_model(self):
        self._register(self.holder, self.other_holder)
        self._leave("subscription.register")
        self.assertRefused(self._merge, self.holder, self.free)
        self.assertRefused(self._merge, self.other_holder, self.free)

    def test_selection_in_table_without_model(self):
        request = self.env["subscription.request"].create(
            {"name": "Zoë", "partner_id": self.holder.id, "state": "paid"}
        )
        rule = self.env.ref(
            "partner_merge_guard.partner_merge_guard_rule_subscription_request"
        )
        rule.active = True
        self._leave("subscription.request")
        self.assertFalse(self.holder.merge_protected)
        self.env.cr.execute(
            "UPDATE subscription_request SET state = 'waiting' WHERE id = %s",
            [request.id],
        )
        self.assertRefused(self._merge, self.holder, self.free)

    def test_condition_that_needs_the_model(self):
        """What only the model could tell is not guessed: every row protects."""
        self._give_shares(self.holder, 0)
        rule = self.env.ref("partner_merge_guard.partner_merge_guard_rule_share_line")
        for domain in (
            "[('share_product_id.name', '=', 'Part B')]",
            "[('share_number', '>', 'many')]",
            "[('gone', '=', 1)]",
            "[('share_number', '=like', '1%')]",
            "['|', ('share_number', '>', 0), ('effective_date', '>', '2030-01-01')]",
        ):
            with self.subTest(domain=domain):
                self.env.cr.execute(
                    "UPDATE partner_merge_guard_rule SET domain = %s WHERE id = %s",
                    [domain, rule.id],
                )
                self.env.invalidate_all()
                model = self.registry["share.line"]
                del self.registry["share.line"]
                try:
                    self.assertRefused(self._merge, self.holder, self.free)
                finally:
                    self.registry["share.line"] = model

    def test_conditions_on_table_without_model(self):
        """Conditions mean the same with the model and without it."""
        self._give_shares(self.holder, 3)
        self._give_shares(self.other_holder, 0, effective_date=False)
        self._register(self.holder)
        rule = self.env.ref("partner_merge_guard.partner_merge_guard_rule_share_line")
        people = self.holder + self.other_holder
        for domain, expected in (
            ("[]", people),
            ("[('share_number', '=', 3)]", self.holder),
            ("[('share_number', '!=', 3)]", self.other_holder),
            ("[('share_number', 'in', [3, 4])]", self.holder),
            ("[('share_number', 'not in', [3, 4])]", self.other_holder),
            ("['!', ('share_number', '>=', 1)]", self.other_holder),
            ("[('effective_date', '=', False)]", self.other_holder),
            ("[('effective_date', '!=', False)]", self.holder),
            ("[('share_unit_price', '>', 24.5), ('share_number', '<', 1)]", people[1:]),
            ("['|', ('share_number', '<=', 0), ('share_number', '=', 3)]", people),
            ("[(1, '=', 1)]", people),
            ("[(0, '=', 1)]", self.Partner),
        ):
            rule.domain = domain
            self.env.flush_all()
            live = self.Rule._get_protections(people.ids)[0]
            model = self.registry["share.line"]
            del self.registry["share.line"]
            try:
                left = self.Rule._get_protections(people.ids)[0]
            finally:
                self.registry["share.line"] = model
            with self.subTest(domain=domain):
                found = [
                    {
                        pid
                        for pid, plist in hits.items()
                        if rule in [p.rule for p in plist]
                    }
                    for hits in (live, left)
                ]
                self.assertEqual(found, [set(expected.ids)] * 2)

    def test_boolean_on_table_without_model(self):
        rule = self._tag_rule(self.Partner, name="Former flag")
        rule.write({"condition_field": "member", "domain": "[('member', '=', False)]"})
        self.env.flush_all()
        columns = {"res_partner": {"id": "int4", "member": "bool"}}
        condition = rule._get_leftover_condition(
            rule._parse_domain(), columns["res_partner"]
        )
        self.assertIn("IS NOT TRUE", condition.code)

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
