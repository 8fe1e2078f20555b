# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rules of scope *lost*: the protected contact may only be the one that is kept."""

from datetime import datetime

from odoo.tests import tagged

from .common import WIZARD, MergeGuardCase


@tagged("post_install", "-at_install")
class TestMergeScope(MergeGuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._tag_rule(cls.holder + cls.other_holder, scope="lost")
        # Odoo keeps the oldest active contact, unless told otherwise
        people = cls.free + cls.holder + cls.other_holder + cls.other_free
        cls.env.flush_all()
        for day, partner in enumerate(people, start=1):
            cls.env.cr.execute(
                "UPDATE res_partner SET create_date = %s WHERE id = %s",
                [datetime(2026, 1, day), partner.id],
            )
        cls.env.invalidate_all()

    def test_kept(self):
        wizard = self._wizard(
            self.contact_manager, self.holder + self.free, dst=self.holder
        )
        self.assertFalse(wizard.guard_locked)
        wizard.action_merge()
        self.assertTrue(self.holder.exists())
        self.assertFalse(self.free.exists())

    def test_lost(self):
        wizard = self._wizard(
            self.contact_manager, self.holder + self.free, dst=self.free
        )
        self.assertTrue(wizard.guard_locked)
        self.assertRefused(wizard.action_merge)

    def test_two_holders(self):
        for dst in self.holder + self.other_holder:
            wizard = self._wizard(
                self.contact_manager, self.holder + self.other_holder, dst=dst
            )
            text = self.assertRefused(wizard.action_merge)
            self.assertNotIn(f"{dst.name} (", text)

    def test_kept_is_worked_out(self):
        """What Odoo will keep counts, not what the caller says."""
        outside = self.other_holder
        Wizard = self.env[WIZARD].with_user(self.contact_manager)
        self.assertRefused(Wizard._merge, (self.holder + self.free).ids)
        self.assertRefused(Wizard._merge, (self.holder + self.free).ids, outside)
        # here the holder is the oldest, so Odoo keeps it by itself
        Wizard._merge((self.holder + self.other_free).ids, self.free)
        self.assertTrue(self.holder.exists())
        self.assertFalse(self.other_free.exists())

    def test_archived_holder_is_not_kept(self):
        self.holder.active = False
        self.assertRefused(self.env[WIZARD]._merge, (self.holder + self.other_free).ids)

    def test_second_barrier(self):
        self.assertRefused(
            self.env[WIZARD]._update_foreign_keys, self.holder, self.free
        )
        self.assertRefused(
            self.env[WIZARD]._update_foreign_keys, self.holder, self.holder
        )
        self.env[WIZARD]._update_foreign_keys(self.free, self.holder)

    def test_merged_with_itself(self):
        """Odoo deletes a contact that stands twice in the list; the guard does not."""
        for partner in self.holder + self.free:
            self.env[WIZARD]._merge([partner.id, partner.id])
            self.assertTrue(partner.exists())

    def test_form_follows_the_destination(self):
        wizard = self._wizard(
            self.contact_manager, self.holder + self.free, dst=self.free
        )
        self.assertTrue(wizard.guard_locked)
        wizard.dst_partner_id = self.holder
        self.assertFalse(wizard.guard_locked)

    def test_proposals(self):
        """A holder stays in a group only as the contact that is kept."""
        self.free.vat = False
        self._keep_only_these_duplicates()
        wizard = self.env[WIZARD].with_user(self.contact_manager)
        wizard = wizard.create({"group_by_vat": True})
        wizard.action_start_manual_process()
        lines = wizard.line_ids.filtered(
            lambda line: str(self.holder.id) in line.aggr_ids
        )
        self.assertEqual(
            set(self.env[WIZARD]._guard_parse_line(lines)),
            set((self.holder + self.other_free).ids),
        )
        self.assertEqual(lines.min_id, self.holder.id)

    def test_remove_protected(self):
        """Only those that would be lost are removed."""
        wizard = self._wizard(
            self.contact_manager,
            self.holder + self.other_holder + self.other_free,
            dst=self.holder,
        )
        wizard.action_remove_protected()
        self.assertEqual(wizard.partner_ids, self.holder + self.other_free)
        self.assertEqual(wizard.dst_partner_id, self.holder)
        self.assertFalse(wizard.guard_locked)
