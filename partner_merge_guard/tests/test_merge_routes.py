# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every way into a merge that Odoo 19 has, each with its test.

==========================================================  ==========================
Route                                                       Test
==========================================================  ==========================
List or kanban of contacts, Action ‣ Merge                  test_list_action
The same, destination chosen by the user                    test_list_action
Deduplicate, Merge with Manual Check                        test_manual_check
Deduplicate, Skip these contacts, then Merge                test_skip_to_next_group
Deduplicate, Merge Automatically                            test_automatic
Deduplicate, Merge Automatically all process                test_all_processes
Parents merged with their contacts                          test_parent_migration
  (``parent_migration_process_cb``)
Wizard with lines that somebody wrote                       test_lines_made_by_hand
Wizard of the group to check, group written by hand         test_skip_to_next_group
``_merge`` from code (Enterprise's data cleaning, addons),  test_code_empty_wizard
  on an empty wizard
``_merge`` with a destination outside the set               test_destination_outside
``_merge`` with ``extra_checks``, sudo                      test_code_empty_wizard
Code that has its own ``_merge`` and calls                  test_own_merge
  ``_update_foreign_keys``
Code that calls ``_update_foreign_keys_generic``            test_own_merge
Crafted context keys                                        test_crafted_context
RPC: ``action_merge`` and the other buttons                 test_merge_rpc.py
RPC: private methods                                        test_merge_rpc.py
Browser                                                     test_merge_tour.py
==========================================================  ==========================

No other addon of Odoo 19 merges contacts: account, loyalty, mail and website only
extend the wizard, and call ``super()``.
"""

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..wizards.base_partner_merge_automatic_wizard import Approval
from .common import WIZARD, StandInCase
from .stand_ins import COOPERATOR


@tagged("post_install", "-at_install")
class TestMergeRoutes(StandInCase):
    stand_ins = COOPERATOR

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._give_shares(cls.holder, 12)
        cls._give_shares(cls.other_holder, 3)
        cls.env["cooperative.membership"].create(
            [
                {"partner_id": partner.id, "member": True, "cooperator": True}
                for partner in (cls.holder, cls.other_holder)
            ]
        )
        cls._register(cls.holder)
        cls.env["res.partner.bank"].create(
            {"acc_number": "BE71096123456769", "partner_id": cls.holder.id}
        )
        cls.users = cls.contact_manager, cls.administrator, cls.superuser
        # a holder as the one that goes, as the one that stays, and as both
        cls.sets = [
            (cls.holder + cls.free, cls.free),
            (cls.holder + cls.free, cls.holder),
            (cls.holder + cls.other_holder, cls.holder),
            (cls.other_holder + cls.free + cls.other_free, cls.other_free),
        ]

    def _each(self):
        for user in self.users:
            for partners, dst in self.sets:
                with self.subTest(
                    user=user.login, partners=partners.mapped("name"), dst=dst.name
                ):
                    yield user, partners, dst

    def test_list_action(self):
        for user, partners, dst in self._each():
            wizard = self._wizard(user, partners)
            self.assertEqual(wizard.partner_ids, partners)
            self.assertRefused(wizard.action_merge)
            wizard.dst_partner_id = dst
            self.assertRefused(wizard.action_merge)

    def test_list_action_form(self):
        """The same as the form does it, contacts removed by the user included."""
        Wizard = self.env[WIZARD].with_user(self.contact_manager)
        partners = self.holder + self.free + self.other_free
        form = Form(
            Wizard.with_context(active_model="res.partner", active_ids=partners.ids)
        )
        self.assertTrue(form.guard_locked)
        self.assertIn("Marguerite Núñez", form.guard_warning)
        form.partner_ids.remove(id=self.holder.id)
        form.dst_partner_id = self.free
        self.assertFalse(form.guard_locked)
        self.assertFalse(form.guard_warning)
        wizard = form.save()
        wizard.action_merge()
        self.assertTrue(self.free.exists())
        self.assertFalse(self.other_free.exists())
        self.assertTrue(self.holder.exists())

    def test_manual_check(self):
        """Protected contacts are not proposed; adding them by hand does not help."""
        for user, partners, dst in self._each():
            wizard = self.env[WIZARD].with_user(user).create({"group_by_vat": True})
            wizard.action_start_manual_process()
            self.assertFalse(
                wizard.line_ids.filtered(
                    lambda line: str(self.holder.id) in line.aggr_ids
                )
            )
            self.assertGreaterEqual(wizard.guard_left_out_count, 2)
            wizard.write({"partner_ids": partners.ids, "dst_partner_id": dst.id})
            self.assertRefused(wizard.action_merge)

    def test_skip_to_next_group(self):
        for user, partners, dst in self._each():
            wizard = self.env[WIZARD].with_user(user).create({"state": "selection"})
            first, second = self.env["base.partner.merge.line"].create(
                [
                    {"wizard_id": wizard.id, "min_id": 1, "aggr_ids": [dst.id]},
                    {"wizard_id": wizard.id, "min_id": 2, "aggr_ids": partners.ids},
                ]
            )
            wizard.current_line_id = first
            wizard.action_skip()
            self.assertEqual(wizard.current_line_id, second)
            self.assertEqual(wizard.partner_ids, partners)
            self.assertRefused(wizard.action_merge)

    def _prepare_automatic(self):
        self.patch(self.env.cr, "commit", lambda: None)
        self._keep_only_these_duplicates()
        # Odoo's last step sets this on every contact person, merge or no merge
        self.env.cr.execute(
            "UPDATE res_partner SET is_company = NULL WHERE parent_id IS NOT NULL"
        )
        self.env.invalidate_all()

    def test_automatic(self):
        self._prepare_automatic()
        self.other_free.vat = False
        for user in self.users:
            with self.subTest(user=user.login):
                wizard = self.env[WIZARD].with_user(user).create({"group_by_vat": True})
                self.assertLeftOut(wizard.action_start_automatic_process, wizard, 2)

    def test_all_processes(self):
        self._prepare_automatic()
        (self.free + self.other_free).vat = False
        # also a pair for the first of the two processes
        self.other_holder.write({"parent_id": self.holder.id, "name": self.holder.name})
        self.env.cr.execute(
            "UPDATE res_partner SET is_company = NULL WHERE parent_id IS NOT NULL"
        )
        self.env.invalidate_all()
        for user in self.users:
            with self.subTest(user=user.login):
                wizard = self.env[WIZARD].with_user(user).create({})
                self.assertLeftOut(wizard.action_update_all_process, wizard, 2)

    def test_parent_migration(self):
        self._prepare_automatic()
        self.other_holder.write({"parent_id": self.holder.id, "name": self.holder.name})
        for user in self.users:
            with self.subTest(user=user.login):
                wizard = self.env[WIZARD].with_user(user).create({})
                self.assertLeftOut(wizard.parent_migration_process_cb, wizard, 2)

    def test_lines_made_by_hand(self):
        """Neither the automatic run nor the manual one trusts what is in a line."""
        self._prepare_automatic()
        (self.holder + self.other_holder + self.free + self.other_free).vat = False
        for user, partners, _dst in self._each():
            wizard = self.env[WIZARD].with_user(user).create({"group_by_vat": True})
            values = {"wizard_id": wizard.id, "min_id": 1, "aggr_ids": partners.ids}
            line = self.env["base.partner.merge.line"].with_user(user).create(values)
            if partners > self.free + self.other_free:
                wizard.action_start_manual_process()
                self.assertEqual(wizard.partner_ids, self.free + self.other_free)
                continue
            holders = partners & (self.holder + self.other_holder)
            self.assertLeftOut(
                wizard.action_start_automatic_process, wizard, len(holders)
            )
            self.assertFalse(line.exists())

    def test_unreadable_line(self):
        wizard = self.env[WIZARD].with_user(self.contact_manager)
        wizard = wizard.create({"group_by_vat": True})
        for text in ("__import__('os').getpid()", "[1, 'x']", "[1, (2,)]", "7", "["):
            line = self.env["base.partner.merge.line"].create(
                {"wizard_id": wizard.id, "min_id": 1, "aggr_ids": text}
            )
            with self.subTest(text=text), self.assertRaises(UserError):
                wizard.action_start_automatic_process()
            line.unlink()

    def test_code_empty_wizard(self):
        for user, partners, dst in self._each():
            Wizard = self.env[WIZARD].with_user(user)
            wizards = Wizard, Wizard.sudo(), Wizard.create({})
            before = self._snapshot()
            for wizard in wizards:
                for args in (
                    (partners.ids,),
                    (partners.ids, dst),
                    (partners.ids, dst, False),
                    (partners.ids, None, True),
                    (tuple(partners.ids), dst.with_user(user)),
                    ([float(partner_id) for partner_id in partners.ids],),
                    (partners.ids * 2, dst),
                    ((partner_id for partner_id in partners.ids), dst),
                ):
                    self._get_refusal(wizard._merge, *args)
            self.assertUntouched(before)

    def test_destination_outside(self):
        """Odoo ignores such a destination, and keeps the oldest of the contacts."""
        outside = self.Partner.create({"name": "Ailleurs"})
        for user, partners, _dst in self._each():
            Wizard = self.env[WIZARD].with_user(user)
            self.assertRefused(Wizard._merge, partners.ids, outside)
            wizard = self._wizard(user, partners, outside)
            self.assertRefused(wizard.action_merge)

    def test_own_merge(self):
        """An addon that skips ``_merge`` meets the second barrier."""
        for user, partners, dst in self._each():
            Wizard = self.env[WIZARD].with_user(user)
            for wizard in (Wizard, Wizard.sudo()):
                src = partners - dst
                self.assertRefused(wizard._update_foreign_keys, src, dst)
                self.assertRefused(
                    wizard._update_foreign_keys_generic, "res.partner", src, dst
                )

    def test_second_barrier_free_contacts(self):
        self.env[WIZARD]._update_foreign_keys(self.free, self.other_free)

    def test_everything_is_moved(self):
        """Columns are only passed by if nothing there points to a lost contact: not
        one of another addon, and not what waits to be written."""
        lost, kept = self.free, self.other_free
        self.env.cr.execute(
            """
            CREATE TABLE guard_test (
                id serial,
                lost_id int REFERENCES res_partner,
                other_id int REFERENCES res_partner,
                empty_id int REFERENCES res_partner
            );
            CREATE TABLE guard_test_rel (
                partner_id int REFERENCES res_partner ON DELETE CASCADE,
                country_id int REFERENCES res_country,
                UNIQUE (partner_id, country_id)
            )
            """
        )
        self.env.cr.execute(
            "INSERT INTO guard_test (lost_id, other_id) VALUES (%s, %s)",
            [lost.id, self.holder.id],
        )
        country = self.env.ref("base.be")
        self.env.cr.execute(
            "INSERT INTO guard_test_rel VALUES (%s, %s)", [lost.id, country.id]
        )
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "GUARD-1", "partner_id": self.holder.id}
        )
        self.env.flush_all()
        bank.partner_id = lost
        self.env[WIZARD]._update_foreign_keys(lost, kept)
        self.assertEqual(bank.partner_id, kept)
        self.env.cr.execute("SELECT lost_id, other_id, empty_id FROM guard_test")
        self.assertEqual(self.env.cr.fetchall(), [(kept.id, self.holder.id, None)])
        self.env.cr.execute("SELECT partner_id, country_id FROM guard_test_rel")
        self.assertEqual(self.env.cr.fetchall(), [(kept.id, country.id)])

    def test_crafted_columns(self):
        """Nothing but a merge under way narrows the columns that Odoo moves."""
        Wizard = self.env[WIZARD]
        columns = Wizard._get_fk_on("res_partner")
        self.assertGreater(len(columns), 10)
        for lost in (True, [], self.free.ids, ["res_partner", self.free.ids]):
            crafted = Wizard.with_context(partner_merge_guard_lost=lost)
            self.assertEqual(crafted._get_fk_on("res_partner"), columns)
        self.assertEqual(Wizard._get_fk_on("no_such_table"), [])

    def test_crafted_context(self):
        """Nothing a request can put into the context opens the gate."""
        self.env["res.lang"]._activate_lang("fr_FR")
        for key, value in (
            ("partner_merge_guard_approval", True),
            ("partner_merge_guard_approval", [self.holder.ids, None, None]),
            ("partner_merge_guard_approval", {"partner_ids": self.holder.ids}),
            ("install_mode", True),
            ("active_test", True),
            ("active_test", False),
            ("allowed_company_ids", [self.company_b.id]),
            ("lang", "fr_FR"),
            ("tz", "Pacific/Auckland"),
            ("module_uninstall", True),
            ("partner_merge_guard_reporter", [1]),
            ("default_guard_override", True),
        ):
            for user in (self.contact_manager, self.administrator, self.superuser):
                if key == "allowed_company_ids":
                    user.company_ids += self.company_b
                if key == "default_guard_override" and user != self.superuser:
                    continue  # not theirs to write: test_override
                with self.subTest(key=key, value=value, user=user.login):
                    wizard = self._wizard(user, self.holder + self.free, **{key: value})
                    self.assertRefused(wizard.action_merge)
                    self.assertRefused(
                        self.env[WIZARD]
                        .with_user(user)
                        .with_context(**{key: value})
                        ._merge,
                        (self.holder + self.free).ids,
                    )

    def test_approval_is_for_its_contacts_only(self):
        """The gate's own pass does not let other contacts through."""
        free_ids = frozenset((self.free + self.other_free).ids)
        wizard = self.env[WIZARD].with_context(
            partner_merge_guard_approval=Approval(free_ids, None, None)
        )
        self.assertRefused(wizard._update_foreign_keys, self.holder, self.free)
        self.assertRefused(wizard._update_foreign_keys, self.free, self.holder)
        wizard._update_foreign_keys(self.free, self.other_free)

    def test_nothing_to_merge(self):
        """One contact, a contact that is gone, nobody: as Odoo, no refusal."""
        gone = self.Partner.create({"name": "Disparue"})
        gone.unlink()
        before = self._snapshot()
        for ids in ([], self.holder.ids, self.holder.ids * 2, (self.holder + gone).ids):
            with self.subTest(ids=ids):
                self.assertFalse(self.env[WIZARD]._merge(ids))
        self.assertUntouched(before)

    def test_core_limit_still_speaks(self):
        partners = self.free + self.other_free
        partners += self.Partner.create([{"name": "Trois"}, {"name": "Quatre"}])
        with self.assertRaisesRegex(UserError, "more than 3"):
            self.env[WIZARD]._merge(partners.ids)

    def test_free_contacts_merge(self):
        wizard = self._wizard(self.contact_manager, self.free + self.other_free)
        self.assertFalse(wizard.guard_locked)
        wizard.dst_partner_id = self.free
        wizard.action_merge()
        self.assertTrue(self.free.exists())
        self.assertFalse(self.other_free.exists())
