# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Query counts. Only counts are pinned, never times."""

from contextlib import contextmanager

from odoo.tests import tagged

from .common import WIZARD, MergeGuardCase


@tagged("post_install", "-at_install")
class TestPerformance(MergeGuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule.search([]).active = False
        cls.many = cls.Partner.create(
            [{"name": f"Membre {i}", "email": f"m{i}@example.com"} for i in range(2000)]
        )
        cls._tag_rule(cls.many[::20], name="One in twenty")
        for name, field in (
            ("res.partner.bank", "partner_id"),
            ("res.users", "partner_id"),
        ):
            cls.Rule.create({"name": name, "model_name": name, "partner_field": field})
        cls.Rule.create(
            {"name": "Not there", "model_name": "x.not", "partner_field": "partner_id"}
        )
        cls.rules = cls.Rule.search([])
        cls.env.flush_all()

    def _count(self, function, *args):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function(*args)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_check_does_not_grow(self):
        """The rules, what is left of models that are gone, and one for all rules, with
        the two of its savepoint: no error of a rule may cost the transaction."""
        self.Rule._get_protections(self.many.ids)
        for number in (2, 20, 2000):
            with self.subTest(number=number):
                self.env.flush_all()
                self.env.invalidate_all()
                with self.assertQueryCount(5):
                    hits, _problems = self.Rule._get_protections(self.many[:number].ids)
                self.assertEqual(len(hits), (number + 19) // 20)

    def test_flag_does_not_grow(self):
        """As the check, for as many contacts as Odoo reads at a time."""
        self.env.flush_all()
        self.many[:2].mapped("merge_protection_reason")
        counts = {
            number: self._count(self.many[:number].mapped, "merge_protection_reason")
            for number in (20, 1000)
        }
        self.assertEqual(counts[20], counts[1000])
        self.assertEqual(counts[20], 5)

    @contextmanager
    def _without(self, *names):
        """Odoo's methods and those of every other addon, without the guard's."""
        guard = next(
            cls
            for cls in self.registry[WIZARD].mro()
            if cls.__module__.startswith("odoo.addons.partner_merge_guard")
            and "_merge" in vars(cls)
        )
        originals = {name: vars(guard)[name] for name in names}
        for name in names:
            delattr(guard, name)
        try:
            yield
        finally:
            for name, function in originals.items():
                setattr(guard, name, function)

    def _count_merge(self, ids):
        kept = self.Partner.browse(ids[0])
        return self._count(self.env[WIZARD]._merge, ids, kept)

    def test_merge_costs_rules_plus_two(self):
        """Unprotected contacts: the check above, once, and nothing else."""
        free = [p.id for i, p in enumerate(self.many[:60]) if i % 20]
        self._count_merge(free[:2])  # warm up
        guarded = self._count_merge(free[2:4])
        with self._without(
            "_merge", "_update_foreign_keys_generic", "_log_merge_operation"
        ):
            self._count_merge(free[4:6])
            plain = self._count_merge(free[6:8])
        # the check above; the catalogue, and which tables have rows to move
        self.assertLessEqual(guarded - plain, 5 + 2)
        self.assertLess(guarded / plain, 1.05)

    def test_proposals_do_not_grow(self):
        """Groups are looked at together: 400 cost as many queries as 40."""
        Line = self.env["base.partner.merge.line"]

        def count(number):
            wizard = self.env[WIZARD].create({"state": "selection"})
            Line.create(
                [
                    {
                        "wizard_id": wizard.id,
                        "min_id": self.many[i * 3].id,
                        "aggr_ids": self.many[i * 3 : i * 3 + 3].ids,
                    }
                    for i in range(number)
                ]
            )
            return self._count(wizard._guard_clean_proposals)

        count(20)
        self.assertEqual(count(40), count(400))

    def test_search_is_one_query(self):
        """The rules, leftovers, one for all rules in its savepoint, and the search."""
        domain = [("merge_protected", "=", True)]
        self.Partner.search(domain)
        self.env.invalidate_all()
        with self.assertQueryCount(6):
            found = self.Partner.search(domain)
        self.assertGreaterEqual(len(found), 100)
