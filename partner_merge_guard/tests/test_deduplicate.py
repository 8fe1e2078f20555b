# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Proposals of the deduplication, and runs without anybody watching."""

from odoo.tests import tagged

from .common import WIZARD, MergeGuardCase


@tagged("post_install", "-at_install")
class TestDeduplicate(MergeGuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.everybody = cls.Partner.with_context(active_test=False).search([])
        cls.everybody.with_context(no_vat_validation=True).vat = False
        # per group: who is in it; P is protected
        cls.groups = {
            key: cls.Partner.create(
                [
                    {"name": f"Œuvre {key} {number}", "vat": f"MG-{key}"}
                    for number, _kind in enumerate(key)
                ]
            )
            for key in ("FF", "FP", "PP", "FFP", "PFF", "FFF", "PPF")
        }
        protected = cls.Partner
        for key, partners in cls.groups.items():
            for kind, partner in zip(key, partners, strict=True):
                if kind == "P":
                    protected += partner
        cls.protected = protected
        cls._tag_rule(protected)

    def test_automatic_run(self):
        """Free ones are merged, protected ones stay, nothing is raised, all is told."""
        commits = []
        self.patch(self.env.cr, "commit", lambda: commits.append(1))
        wizard = self.env[WIZARD].with_user(self.contact_manager)
        wizard = wizard.create({"group_by_vat": True})
        action = wizard.action_start_automatic_process()
        self.assertEqual(action["res_id"], wizard.id)
        self.assertEqual(wizard.state, "finished")
        self.assertEqual(self.protected.exists(), self.protected)
        left = {key: len(partners.exists()) for key, partners in self.groups.items()}
        self.assertEqual(
            left,
            {"FF": 1, "FP": 2, "PP": 2, "FFP": 2, "PFF": 2, "FFF": 1, "PPF": 3},
        )
        self.assertEqual(len(commits), 4)
        self.assertEqual(wizard.guard_left_out_count, len(self.protected))
        self.assertEqual(wizard.number_group, 4)

    def test_manual_check(self):
        wizard = self.env[WIZARD].with_user(self.contact_manager)
        wizard = wizard.create({"group_by_vat": True})
        wizard.action_start_manual_process()
        self.assertEqual(wizard.number_group, 4)
        self.assertEqual(wizard.guard_left_out_count, len(self.protected))
        seen = self.Partner
        while wizard.state == "selection":
            self.assertFalse(wizard.guard_locked)
            self.assertEqual(wizard.current_line_id.min_id, min(wizard.partner_ids.ids))
            seen += wizard.partner_ids
            wizard.action_merge()
        self.assertFalse(seen & self.protected)
        self.assertEqual(len(seen), 9)

    def test_nothing_protected(self):
        self.protected.category_id = False
        wizard = self.env[WIZARD].with_user(self.contact_manager)
        wizard = wizard.create({"group_by_vat": True})
        wizard.action_start_manual_process()
        self.assertEqual(wizard.number_group, 7)
        self.assertFalse(wizard.guard_left_out_count)

    def test_maximum_of_groups(self):
        wizard = self.env[WIZARD].with_user(self.contact_manager)
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = now() - make_interval(days => id)"
        )
        for number, wanted in enumerate((["FF"], ["FF", "FFP"], ["FF", "FFP", "PFF"])):
            maximum = number + 1
            wizard = wizard.create({"group_by_vat": True, "maximum_group": maximum})
            wizard.action_start_manual_process()
            self.assertEqual(wizard.number_group, maximum)
            self.assertEqual(wizard.maximum_group, maximum)
            self.assertEqual(
                [line.min_id for line in wizard.line_ids],
                [min((self.groups[key] - self.protected).ids) for key in wanted],
            )

    def test_all_processes_count_once(self):
        """Both halves of this run meet the contact; it is one contact left out."""
        self.patch(self.env.cr, "commit", lambda: None)
        self.everybody.write({"email": False})
        for partners in self.groups.values():
            partners.vat = False
        mother, daughter = self.groups["PP"]
        daughter.parent_id = mother
        (mother + daughter).write(
            {"name": "Deux fois", "email": "deux@example.com", "vat": "MG-2"}
        )
        wizard = self.env[WIZARD].with_user(self.contact_manager).create({})
        wizard.action_update_all_process()
        self.assertEqual(len((mother + daughter).exists()), 2)
        self.assertEqual(wizard.guard_left_out_count, 2)

    def test_left_out_contacts_merge_later(self):
        """The note of what was left out does not hold a contact back."""
        wizard = self.env[WIZARD].with_user(self.contact_manager)
        wizard = wizard.create({"group_by_vat": True})
        wizard.action_start_manual_process()
        self.protected.category_id = False
        first, second = self.groups["PP"]
        self.env[WIZARD]._merge((first + second).ids, first)
        self.assertFalse(second.exists())
        self.assertIn(first, wizard.guard_left_out_ids)
