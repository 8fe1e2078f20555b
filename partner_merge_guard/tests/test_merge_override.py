# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A protected contact merged on purpose: who may, how, and what remains of it."""

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import WIZARD, MergeGuardCase


@tagged("post_install", "-at_install")
class TestMergeOverride(MergeGuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._tag_rule(cls.holder + cls.other_holder)
        cls.group = cls.env.ref("partner_merge_guard.group_override")

    def _tick(self, user, partners, **values):
        wizard = self._wizard(user, partners)
        wizard.write(
            {"guard_override": True, "guard_override_reason": "Deed 2026/7", **values}
        )
        return wizard

    def test_given_to_nobody(self):
        self.assertEqual(self.group.all_user_ids, self.overrider)
        implying = self.env["res.groups"].search(
            [("all_implied_ids", "in", self.group.id)]
        )
        self.assertLessEqual(implying, self.group)
        for user in (self.contact_manager, self.administrator, self.superuser):
            self.assertFalse(user.has_group("partner_merge_guard.group_override"))
        new_user = self.env["res.users"].create({"name": "Neuve", "login": "mg_new"})
        self.assertFalse(new_user.has_group("partner_merge_guard.group_override"))

    def test_override(self):
        partners = self.holder + self.free
        wizard = self._tick(self.overrider, partners)
        wizard.dst_partner_id = self.free
        self.assertTrue(wizard.guard_warning)
        self.assertFalse(wizard.guard_locked)
        holder_id = self.holder.id
        wizard.action_merge()
        self.assertFalse(self.holder.exists())
        note = self.free.message_ids.filtered(lambda m: "Deed 2026/7" in m.body)
        self.assertEqual(len(note), 1)
        self.assertTrue(note.subtype_id.internal)
        self.assertEqual(note.author_id, self.overrider.partner_id)
        for text in (
            "Odile Overrider",
            "Marguerite Núñez",
            f"(ID {holder_id})",
            "Tagged Sociétaire",
        ):
            self.assertIn(text, note.body)
        self.assertNotIn("Sociétaire: 1", note.body)  # numbers are not for everybody

    def test_form(self):
        """*Merge* goes on with the tick and the reason, and off with either."""
        Wizard = self.env[WIZARD].with_user(self.overrider)
        partners = self.holder + self.free
        form = Form(
            Wizard.with_context(active_model="res.partner", active_ids=partners.ids)
        )
        self.assertTrue(form.guard_locked)
        form.guard_override = True
        self.assertTrue(form.guard_locked)
        form.guard_override_reason = "  "
        self.assertTrue(form.guard_locked)
        form.guard_override_reason = "Deed 2026/7"
        self.assertFalse(form.guard_locked)
        form.guard_override = False
        self.assertTrue(form.guard_locked)

    def test_reason_and_tick_are_needed(self):
        partners = self.holder + self.free
        for values in (
            {"guard_override": False},
            {"guard_override_reason": False},
            {"guard_override_reason": "   "},
        ):
            wizard = self._tick(self.overrider, partners, **values)
            with self.subTest(values=values):
                self.assertRefused(wizard.action_merge)

    def test_group_is_asked_again(self):
        """A tick made by, or for, somebody without the group opens nothing."""
        partners = self.holder + self.free
        for user in (self.contact_manager, self.administrator):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    self._tick(user, partners)
                wizard = self._wizard(user, partners)
                wizard.sudo().write(
                    {"guard_override": True, "guard_override_reason": "Deed 2026/7"}
                )
                self.assertRefused(wizard.action_merge)
                self.assertRefused(wizard.sudo().action_merge)
        self.assertRefused(self._tick(self.superuser, partners).action_merge)
        wizard = self._tick(self.overrider, partners)
        self.overrider.group_ids -= self.group
        self.assertRefused(wizard.action_merge)

    def test_only_for_the_contacts_shown(self):
        """One wizard, one selection: not what code, or a line, passes beside it."""
        wizard = self._tick(self.overrider, self.holder + self.free)
        self.assertRefused(wizard._merge, (self.other_holder + self.free).ids)
        self.assertRefused(
            wizard._merge, (self.holder + self.other_holder + self.free).ids
        )
        self.assertRefused(wizard._update_foreign_keys, self.other_holder, self.free)
        self.assertRefused(
            self.env[WIZARD].with_user(self.overrider)._merge,
            (self.holder + self.free).ids,
        )

    def test_used_up(self):
        """The next group of the same wizard needs a decision of its own."""
        wizard = self._tick(self.overrider, self.holder + self.free)
        self.env["base.partner.merge.line"].create(
            {
                "wizard_id": wizard.id,
                "min_id": 1,
                "aggr_ids": (self.other_holder + self.other_free).ids,
            }
        )
        wizard.action_merge()
        self.assertEqual(wizard.partner_ids, self.other_holder + self.other_free)
        self.assertRecordValues(
            wizard, [{"guard_override": False, "guard_override_reason": False}]
        )
        self.assertRefused(wizard.action_merge)

    def test_not_for_automatic_runs(self):
        self.patch(self.env.cr, "commit", lambda: None)
        wizard = self.env[WIZARD].with_user(self.overrider)
        wizard = wizard.create(
            {
                "group_by_vat": True,
                "guard_override": True,
                "guard_override_reason": "Deed 2026/7",
            }
        )
        (self.free + self.other_free).unlink()
        self._keep_only_these_duplicates()
        wizard.action_start_automatic_process()
        self.assertEqual(len((self.holder + self.other_holder).exists()), 2)
        self.assertGreaterEqual(wizard.guard_left_out_count, 2)

    def test_own_merge_has_its_pass(self):
        """Within the merge of the wizard the second barrier does not ask again."""
        wizard = self._tick(self.overrider, self.holder + self.free)
        wizard._update_foreign_keys(self.holder, self.free)
