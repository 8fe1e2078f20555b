# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is noted of rules and of those who go past them, and who is told."""

from importlib.util import module_from_spec, spec_from_file_location

from odoo.exceptions import AccessError
from odoo.modules.module import get_module_path
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import WIZARD, StandInCase
from .stand_ins import COOPERATOR


@tagged("post_install", "-at_install")
class TestTrace(StandInCase):
    stand_ins = COOPERATOR

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Log = cls.env["partner.merge.guard.log"]
        cls.rule = cls.env.ref(
            "partner_merge_guard.partner_merge_guard_rule_share_line"
        )

    def _override(self):
        self._give_shares(self.holder, 4321)
        wizard = self._wizard(self.overrider, self.holder + self.free, dst=self.free)
        wizard.write({"guard_override": True, "guard_override_reason": "Deed 7"})
        wizard.action_merge()
        return self.Log.search([], limit=1)

    def test_override(self):
        log = self._override()
        self.assertRecordValues(
            log,
            [
                {
                    "kind": "override",
                    "create_uid": self.overrider.id,
                    "partner_id": self.free.id,
                    "reason": "Deed 7",
                }
            ],
        )
        self.assertIn("Marguerite Núñez", log.contacts)
        self.assertEqual(log.facts[0]["quantity"], 4321)

    def test_numbers_only_for_those_who_may(self):
        log = self._override()
        reader = log.with_user(self.overrider)
        self.assertIn("Cooperator shares", reader.held)
        self.assertNotRegex(reader.held, r"4\D?321")
        with self.assertRaises(AccessError):
            reader.read(["facts"])
        self._grant("share.line", "base.group_user")
        self.env.invalidate_all()
        self.assertIn("4,321", reader.held)
        self.env["ir.rule"].create(
            {
                "name": "Shares of one's companies",
                "model_id": self.env["ir.model"]._get_id("share.line"),
                "domain_force": "[('company_id', 'in', company_ids)]",
            }
        )
        self.env.invalidate_all()
        self.assertNotRegex(reader.held, r"4\D?321")
        for message in self.free.message_ids:
            self.assertNotRegex(message.body, r"(?<!ID )\b4\D?321\b")

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_nobody_writes_the_log(self):
        log = self._override()
        for user in (self.administrator, self.overrider):
            mine = log.with_user(user)
            self.assertTrue(mine.reason)
            for method, args in (
                ("write", ({"reason": "x"},)),
                ("unlink", ()),
                ("create", ({"kind": "override"},)),
            ):
                with self.assertRaises(AccessError):
                    getattr(mine, method)(*args)
        with self.assertRaises(AccessError):
            log.with_user(self.contact_manager).read(["reason"])

    def test_rule_changes(self):
        """Off, merged, on: it is all there, whatever the context says."""
        rule = self.rule.with_user(self.administrator)
        self.env.cr.precommit.run()  # what was tracked so far
        before = rule.message_ids
        for active in (False, True):
            rule.with_context(tracking_disable=True, mail_notrack=True).active = active
            self.env.flush_all()
            self.env.cr.precommit.run()
        tracked = (rule.message_ids - before).sudo().tracking_value_ids
        self.assertEqual(tracked.field_id.mapped("name"), ["active"])
        self.assertEqual(len(tracked), 2)
        employee = new_test_user(self.env, "mg_reader", groups="base.group_user")
        with (
            mute_logger("odoo.addons.base.models.ir_rule"),
            self.assertRaises(AccessError),
        ):
            (rule.message_ids - before).with_user(employee).read(["body"])

    def test_deleted_rule(self):
        self.rule.with_user(self.administrator).unlink()
        log = self.Log.search([], limit=1)
        self.assertEqual((log.kind, log.create_uid), ("rule", self.administrator))
        self.assertIn("share.line", log.details)

    def test_upgrade(self):
        """From 19.0.1.0.0: rules and what was switched stay, new seeds come once."""
        self.rule.active = False
        requests = self.env.ref(
            "partner_merge_guard.partner_merge_guard_rule_subscription_request"
        )
        requests.write({"active": True, "scope": "lost"})
        self.env.ref(
            "partner_merge_guard.partner_merge_guard_rule_membership_line"
        ).unlink()
        new = self.env.ref(
            "partner_merge_guard.partner_merge_guard_rule_tax_shelter_certificate"
        )
        new.unlink()
        own = self._tag_rule(self.holder)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE partner_merge_guard_rule SET source_table = NULL,"
            " model_name = model_name || ' ' WHERE id = %s",
            [own.id],
        )
        self.env.invalidate_all()
        path = get_module_path("partner_merge_guard")
        spec = spec_from_file_location(
            "post", f"{path}/migrations/19.0.2.0.0/post-migration.py"
        )
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        module.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertFalse(self.rule.active)
        self.assertRecordValues(requests, [{"active": True, "scope": "lost"}])
        self.assertRecordValues(
            own, [{"model_name": "res.partner", "source_table": "res_partner"}]
        )
        for name, there in (("membership_line", False), ("loan_issue_line", True)):
            found = self.env.ref(
                f"partner_merge_guard.partner_merge_guard_rule_{name}",
                raise_if_not_found=False,
            )
            self.assertEqual(bool(found), there)
        seed = self.env.ref(
            "partner_merge_guard.partner_merge_guard_rule_tax_shelter_certificate"
        )
        self.assertFalse(seed.active)


@tagged("post_install", "-at_install")
class TestTelling(StandInCase):
    stand_ins = COOPERATOR

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.administrator.lang = "en_US"
        cls.Rule.search([]).active = False
        cls.rule = cls._tag_rule(cls.holder)

    def _told(self):
        self.env.invalidate_all()
        self.Rule._cron_check()
        mine = self.rule.activity_ids.filtered(
            lambda activity: activity.user_id == self.administrator
        )
        return mine.mapped("summary")

    def test_protects_nobody_any_more(self):
        self.assertFalse(self._told())
        self.holder.category_id = False
        for _number in range(2):
            self.assertEqual(
                self._told(), ["This merge rule does not protect anybody any more"]
            )
        users = self.rule.activity_ids.user_id
        self.assertNotIn(self.contact_manager, users)
        self.free.category_id = self.env["res.partner.category"].search(
            [("name", "=", "Sociétaire")], limit=1
        )
        self.rule.domain = repr([("id", "=", self.free.id)])
        self.assertFalse(self._told())

    def test_never_protected(self):
        """A rule that waits for its addon is no news."""
        rule = self.Rule.create(
            {"name": "L", "model_name": "x.later", "partner_field": "partner_id"}
        )
        self.Rule._cron_check()
        self.assertFalse(rule.activity_ids)

    def test_broken(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE partner_merge_guard_rule SET domain = '[(1' WHERE id = %s",
            [self.rule.id],
        )
        self.assertEqual(
            self._told(), ["This merge rule does not work: no contact can be merged"]
        )

    def test_gone_to_sleep(self):
        self._give_shares(self.holder)
        self.rule = self.env.ref(
            "partner_merge_guard.partner_merge_guard_rule_share_line"
        )
        self.rule.active = True
        self.assertFalse(self._told())
        self.env.flush_all()
        model = self.registry["share.line"]
        self.addCleanup(self.registry.__setitem__, "share.line", model)
        del self.registry["share.line"]
        self.env.cr.execute("DROP TABLE share_line CASCADE")
        self.assertEqual(
            self._told(), ["This merge rule has gone to sleep: its model is gone"]
        )

    def test_reading_tells_nobody(self):
        self.holder.category_id = False
        self.Rule._cron_check()
        before = self.env["mail.activity"].search_count([])
        self.rule.invalidate_recordset()
        self.assertEqual(self.rule.protected_count, 0)
        self.env[WIZARD]._guard_get_protections(self.free.ids)
        self.assertEqual(self.env["mail.activity"].search_count([]), before)
