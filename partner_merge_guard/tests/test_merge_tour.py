# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from odoo.tests import HttpCase, tagged

from .common import MergeGuardCase


@tagged("post_install", "-at_install")
class TestMergeTour(MergeGuardCase, HttpCase):
    def test_tour(self):
        """A member and two other contacts: see why, remove the member, merge."""
        self._tag_rule(self.holder)
        self.contact_manager.lang = "en_US"
        # an addon may give the action to some contact managers only
        self.contact_manager.group_ids += self.env.ref(
            "base.action_partner_merge"
        ).group_ids
        partners = self.holder + self.free + self.other_free
        action = self.env["ir.actions.act_window"].create(
            {
                "name": "Contacts of the test",
                "res_model": "res.partner",
                "view_mode": "list,form",
                "domain": [("id", "in", partners.ids)],
            }
        )
        self.start_tour(
            f"/odoo/action-{action.id}",
            "partner_merge_guard_tour",
            login=self.contact_manager.login,
        )
        self.assertTrue(self.holder.exists())
        self.assertEqual(len((self.free + self.other_free).exists()), 1)
