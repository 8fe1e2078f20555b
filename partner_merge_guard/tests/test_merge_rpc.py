# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The same routes as a program sees them, through Odoo's JSON-RPC."""

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import WIZARD, MergeGuardCase


@tagged("post_install", "-at_install")
class TestMergeRpc(MergeGuardCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._tag_rule(cls.holder + cls.other_holder)

    def _call(self, model, method, args, **kwargs):
        """:return: ``(result, error)`` of one call, as the current session"""
        response = self.opener.post(
            f"{self.base_url()}/web/dataset/call_kw/{model}/{method}",
            json={
                "jsonrpc": "2.0",
                "method": "call",
                "params": {
                    "model": model,
                    "method": method,
                    "args": args,
                    "kwargs": kwargs,
                },
            },
            timeout=30,
        )
        response.raise_for_status()
        answer = response.json()
        return answer.get("result"), answer.get("error")

    def _users(self):
        for user in (self.contact_manager, self.administrator):
            self.authenticate(user.login, user.login)
            with self.subTest(user=user.login):
                yield user

    @mute_logger("odoo.http")
    def test_action_merge(self):
        for _user in self._users():
            for context in (
                {},
                {"partner_merge_guard_approval": [self.holder.ids, None, None]},
                {"partner_merge_guard_approval": {"partner_ids": self.holder.ids}},
                {"install_mode": True, "active_test": False, "su": True},
            ):
                wizard_id, error = self._call(
                    WIZARD,
                    "create",
                    [
                        {
                            "state": "selection",
                            "partner_ids": (self.holder + self.free).ids,
                            "dst_partner_id": self.free.id,
                        }
                    ],
                    context=context,
                )
                self.assertFalse(error)
                before = self._snapshot()
                _result, error = self._call(
                    WIZARD, "action_merge", [[wizard_id]], context=context
                )
                self.assertUntouched(before)
                self.assertEqual(
                    error["data"]["name"], "odoo.exceptions.UserError", error
                )
                self.assertIn("Marguerite Núñez", error["data"]["message"])

    @mute_logger("odoo.http")
    def test_lines_made_by_hand(self):
        for _user in self._users():
            wizard_id, _error = self._call(
                WIZARD, "create", [{"group_by_vat": True, "state": "selection"}]
            )
            self._call(
                "base.partner.merge.line",
                "create",
                [
                    {
                        "wizard_id": wizard_id,
                        "min_id": 1,
                        "aggr_ids": str((self.holder + self.free).ids),
                    }
                ],
            )
            self._call(WIZARD, "action_skip", [[wizard_id]])
            before = self._snapshot()
            _result, error = self._call(WIZARD, "action_merge", [[wizard_id]])
            self.assertUntouched(before)
            self.assertIn("Marguerite Núñez", error["data"]["message"])

    @mute_logger("odoo.http")
    def test_override_is_not_theirs(self):
        for _user in self._users():
            before = self._snapshot()
            _result, error = self._call(
                WIZARD,
                "create",
                [
                    {
                        "state": "selection",
                        "partner_ids": (self.holder + self.free).ids,
                        "guard_override": True,
                        "guard_override_reason": "Because",
                    }
                ],
            )
            self.assertEqual(error["data"]["name"], "odoo.exceptions.AccessError")
            # a default does not pass where a value does not
            wizard_id, error = self._call(
                WIZARD,
                "create",
                [{"state": "selection", "partner_ids": (self.holder + self.free).ids}],
                context={
                    "default_guard_override": True,
                    "default_guard_override_reason": "Because",
                },
            )
            if not error:
                _result, error = self._call(WIZARD, "action_merge", [[wizard_id]])
            self.assertTrue(error)
            self.assertUntouched(before)

    @mute_logger("odoo.http", "odoo.service.model")
    def test_private_methods(self):
        ids = (self.holder + self.free).ids
        for _user in self._users():
            before = self._snapshot()
            for method, args in (
                ("_merge", [[], ids]),
                ("_update_foreign_keys", [self.holder.id, self.free.id]),
                (
                    "_update_foreign_keys_generic",
                    ["res.partner", self.holder.id, self.free.id],
                ),
                ("_guard_decide", [[], {}, [], []]),
            ):
                _result, error = self._call(WIZARD, method, args)
                self.assertEqual(error["data"]["name"], "odoo.exceptions.AccessError")
            self.assertUntouched(before)

    @mute_logger("odoo.http")
    def test_rules_are_not_theirs(self):
        self.authenticate(self.contact_manager.login, self.contact_manager.login)
        for method, args in (
            ("write", [self.rule.ids, {"active": False}]),
            ("unlink", [self.rule.ids]),
            ("search_read", [[]]),
            ("action_open_protected_contacts", [self.rule.ids]),
        ):
            _result, error = self._call("partner.merge.guard.rule", method, args)
            self.assertEqual(error["data"]["name"], "odoo.exceptions.AccessError")
        self.assertTrue(self.rule.active)
