# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Odoo's merge would delete is found, shown and confirmed before it does."""

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from .. import lost_rows
from ..models.res_config_settings import PARAMETER
from .common import WIZARD, MergeGuardCase

KEYS = (
    ("constraint", "", "UNIQUE (partner_id, kind)", ""),
    ("index", "", "", "CREATE UNIQUE INDEX ON guard_row (partner_id, kind)"),
    (
        "partial",
        "",
        "",
        "CREATE UNIQUE INDEX ON guard_row (partner_id) WHERE kind = 'a'",
    ),
    (
        "expression",
        "",
        "",
        "CREATE UNIQUE INDEX ON guard_row (lower(kind), (partner_id + 0))",
    ),
    (
        "odd names",
        "",
        "",
        'CREATE UNIQUE INDEX "an index %s" ON guard_row (partner_id, kind)',
    ),
)


@tagged("post_install", "-at_install")
class TestLostRows(MergeGuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule.search([]).active = False
        cls.kept, cls.lost, cls.third = cls.holder, cls.free, cls.other_free
        cls.ids = (cls.kept + cls.lost).ids

    def _table(self, *constraints, index="", name="guard_row"):
        table = SQL('"%s"' % name)  # noqa: UP031  # the name is of this test
        parts = [
            "id serial PRIMARY KEY",
            "partner_id int REFERENCES res_partner ON DELETE CASCADE",
            "kind varchar",
            "note varchar",
            *constraints,
        ]
        self.env.cr.execute(SQL("CREATE TABLE %s (%s)", table, SQL(", ".join(parts))))
        if index:
            self.env.cr.execute(SQL(index.replace("%", "%%")))
        return table

    def _insert(self, table, *rows):
        for partner, kind, note in rows:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO %s (partner_id, kind, note) VALUES (%s, %s, %s)",
                    table,
                    partner.id,
                    kind,
                    note,
                )
            )

    def _rows(self, table):
        return self.env.execute_query(
            SQL("SELECT partner_id, kind, note FROM %s ORDER BY kind, note", table)
        )

    def _merge(self, user=None):
        Wizard = self.env[WIZARD].with_user(user or self.contact_manager)
        # one environment, or Odoo's merge reads what the user may not
        return Wizard._merge(self.ids, self.kept.with_env(Wizard.env))

    def _tick(self, user=None):
        partners = self.kept + self.lost
        wizard = self._wizard(user or self.overrider, partners, dst=self.kept)
        wizard.write({"guard_override": True, "guard_override_reason": "Deed 7"})
        return wizard

    def test_keys(self):
        """A unique key of every kind, whoever merges; then confirmed."""
        for kind, _name, constraint, index in KEYS:
            with self.subTest(kind=kind), self.env.cr.savepoint() as savepoint:
                table = self._table(*filter(None, [constraint]), index=index)
                self._insert(
                    table,
                    (self.kept, "a", "kept"),
                    (self.lost, "a", "lost"),
                    (self.lost, "b", "harmless"),
                )
                for user in (self.contact_manager, self.administrator, self.superuser):
                    text = self.assertRefused(self._merge, user)
                    self.assertIn("guard_row", text)
                wizard = self._wizard(
                    self.contact_manager, self.kept + self.lost, dst=self.kept
                )
                self.assertTrue(wizard.guard_locked)
                self.assertIn("guard_row", wizard.guard_warning)
                self.assertFalse(wizard.guard_removable)
                self.assertRefused(wizard.action_merge)
                self._tick().action_merge()
                self.assertFalse(self.lost.exists())
                rows = self._rows(table)
                self.assertIn((self.kept.id, "a", "kept"), rows)
                self.assertNotIn((self.kept.id, "a", "lost"), rows)
                log = self.env["partner.merge.guard.log"].search([], limit=1)
                self.assertEqual(log.reason, "Deed 7")
                self.assertIn("guard_row", log.details)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_nothing_in_the_way(self):
        """The same keys, and rows that do not collide."""
        for kind, _name, constraint, index in KEYS:
            with self.subTest(kind=kind), self.env.cr.savepoint() as savepoint:
                table = self._table(*filter(None, [constraint]), index=index)
                self._insert(
                    table,
                    (self.kept, "a", "kept"),
                    (self.lost, "b", "moves"),
                    (self.third, "a", "another"),
                )
                self._merge()
                self.assertIn((self.kept.id, "b", "moves"), self._rows(table))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_two_that_go(self):
        """Two that go collide with each other."""
        table = self._table("UNIQUE (partner_id, kind)")
        self._insert(table, (self.lost, "a", "one"), (self.third, "a", "other"))
        ids = (self.kept + self.lost + self.third).ids
        self.assertRefused(self.env[WIZARD]._merge, ids, self.kept)

    def test_check(self):
        """A check that the moved row would not pass makes Odoo delete it."""
        table = self._table(
            "other_id int REFERENCES res_partner", "CHECK (partner_id != other_id)"
        )
        self._insert(table, (self.lost, "a", "one"))
        self.env.cr.execute("UPDATE guard_row SET other_id = %s", [self.kept.id])
        self.assertRefused(self._merge)

    def test_two_columns_of_one_key(self):
        table = self._table(
            "other_id int REFERENCES res_partner", "UNIQUE (partner_id, other_id)"
        )
        self._insert(table, (self.lost, "a", "one"), (self.kept, "b", "two"))
        self.env.cr.execute("UPDATE guard_row SET other_id = partner_id")
        self.assertRefused(self._merge)

    def test_null_does_not_collide(self):
        table = self._table("UNIQUE (partner_id, kind)")
        self._insert(table, (self.kept, None, "one"), (self.lost, None, "two"))
        self._merge()
        self.assertEqual(len(self._rows(table)), 2)

    def test_null_that_collides(self):
        table = self._table("UNIQUE NULLS NOT DISTINCT (partner_id, kind)")
        self._insert(table, (self.kept, None, "one"), (self.lost, None, "two"))
        self.assertRefused(self._merge)

    def test_odd_names(self):
        """Names with spaces, quotes and percent signs stop nobody."""
        table = SQL('"a table %%s"')
        self.env.cr.execute(
            SQL(
                'CREATE TABLE %s (id serial, "the partner %%" int REFERENCES'
                ' res_partner, "a ""k" varchar, UNIQUE ("the partner %%", "a ""k"))',
                table,
            )
        )
        losses = lost_rows.find(self.env, {self.lost.id: self.kept.id})
        self.assertFalse(losses)
        for partner in (self.kept, self.lost):
            self.env.cr.execute(
                SQL(
                    'INSERT INTO %s ("the partner %%", "a ""k") VALUES (%s, %s)',
                    table,
                    partner.id,
                    "x",
                )
            )
        # the two say the same: the second goes, nothing is lost
        self.assertTrue(lost_rows.find(self.env, {self.lost.id: self.kept.id}))

    def test_same_rows_make_way(self):
        """Where both say the same, the second one goes and the others move."""
        table = self._table("UNIQUE (partner_id, kind)")
        self._insert(
            table,
            (self.kept, "a", "same"),
            (self.lost, "a", "same"),
            (self.lost, "b", "moves"),
        )
        self._merge()
        self.assertEqual(
            self._rows(table),
            [(self.kept.id, "a", "same"), (self.kept.id, "b", "moves")],
        )

    def test_records_below(self):
        """The same words, but something hangs on the row: not the same."""
        table = self._table("UNIQUE (partner_id, kind)")
        self.env.cr.execute(
            "CREATE TABLE guard_below (id serial, name varchar, row_id int"
            " REFERENCES guard_row ON DELETE CASCADE)"
        )
        self._insert(table, (self.kept, "a", "same"), (self.lost, "a", "same"))
        self.assertRefused(self._merge)

    def test_followers_and_tags(self):
        """Both follow the same, one follows more: nothing is asked, nothing lost."""
        documents = self.Partner.create([{"name": "Un"}, {"name": "Deux"}])
        documents[0].message_subscribe((self.kept + self.lost + self.third).ids)
        documents[1].message_subscribe(self.lost.ids)
        colleague = self.contact_manager.partner_id
        self.kept.message_subscribe(colleague.ids)
        self.lost.message_subscribe((colleague + self.third).ids)
        tags = self.env["res.partner.category"].create([{"name": "A"}, {"name": "B"}])
        self.kept.category_id = tags[0]
        self.lost.category_id = tags
        self._merge()
        self.env.invalidate_all()
        self.assertIn(self.kept, documents[0].message_partner_ids)
        self.assertIn(self.kept, documents[1].message_partner_ids)
        self.assertLessEqual(colleague + self.third, self.kept.message_partner_ids)
        self.assertEqual(self.kept.category_id, tags)

    def test_channel_members(self):
        """For one channel that both are in, Odoo would delete all memberships."""
        channels = self.env["discuss.channel"].create(
            [
                {"name": "Deux", "channel_type": "group"},
                {"name": "Un", "channel_type": "group"},
            ]
        )
        channels[0].add_members((self.kept + self.lost).ids)
        channels[1].add_members(self.lost.ids)
        member = channels[0].channel_member_ids.filtered(
            lambda m: m.partner_id == self.lost
        )
        member.custom_channel_name = "À moi"
        self.env.flush_all()
        text = self.assertRefused(self._merge)
        self.assertIn("Channel Member", text)

    def test_bank_accounts(self):
        """Odoo merges accounts with the same number; not archived ones."""
        accounts = self.env["res.partner.bank"].create(
            [
                {"partner_id": partner.id, "acc_number": number}
                for partner, number in (
                    (self.kept, "BE71 0961 2345 6769"),
                    (self.lost, "BE71096123456769"),
                    (self.lost, "BE68539007547034"),
                )
            ]
        )
        with self.env.cr.savepoint() as savepoint:
            self._merge(self.administrator)
            self.assertEqual(len(self.kept.bank_ids), 2)
            savepoint.rollback()
            self.env.invalidate_all()
        for archived in (accounts[0], accounts[:2], accounts[1]):
            with self.subTest(archived=archived.ids):
                accounts.active = True
                archived.active = False
                text = self.assertRefused(self._merge, self.administrator)
                self.assertIn("BE71096123456769", text)
                self.assertNotIn("BE68539007547034", text)
                with self.env.cr.savepoint() as savepoint:
                    self._tick().action_merge()
                    found = self.kept.with_context(active_test=False).bank_ids
                    self.assertEqual(found, accounts[0] + accounts[2])
                    savepoint.rollback()
                    self.env.invalidate_all()

    def test_switched_off(self):
        table = self._table("UNIQUE (partner_id, kind)")
        self._insert(
            table,
            (self.kept, "a", "kept"),
            (self.lost, "a", "lost"),
            (self.lost, "b", ""),
        )
        settings = self.env["res.config.settings"].with_user(self.administrator)
        self.assertTrue(settings.create({}).merge_guard_lost_records)
        settings.create({"merge_guard_lost_records": False}).execute()
        self.assertEqual(self.env["ir.config_parameter"].get_param(PARAMETER), "0")
        log = self.env["partner.merge.guard.log"].search([], limit=1)
        self.assertEqual((log.kind, log.create_uid), ("switch", self.administrator))
        self._merge()
        self.assertEqual(self._rows(table), [(self.kept.id, "a", "kept")])

    def test_second_barrier(self):
        """Code with a merge of its own."""
        table = self._table("UNIQUE (partner_id, kind)")
        self._insert(table, (self.kept, "a", "kept"), (self.lost, "a", "lost"))
        Wizard = self.env[WIZARD]
        self.assertRefused(Wizard._update_foreign_keys, self.lost, self.kept)

    def test_automatic_run(self):
        """Such groups are left out and counted, the others merged."""
        self.patch(self.env.cr, "commit", lambda: None)
        self._keep_only_these_duplicates()
        others = self.Partner.create([{"name": n, "vat": "MG-2"} for n in "AB"])
        (self.other_holder + self.third).vat = False
        self.env.flush_all()
        table = self._table("UNIQUE (partner_id, kind)")
        self._insert(table, (self.kept, "a", "kept"), (self.lost, "a", "lost"))
        wizard = self.env[WIZARD].with_user(self.contact_manager)
        wizard = wizard.create({"group_by_vat": True})
        wizard.action_start_automatic_process()
        self.assertEqual(len((self.kept + self.lost).exists()), 2)
        self.assertEqual(len(others.exists()), 1)
        self.assertEqual(wizard.guard_case_count, 1)
        self.assertEqual(wizard.guard_left_out_count, 2)
        case = wizard.guard_case_ids
        self.assertEqual(case.partner_ids, self.kept + self.lost)
        self.assertIn("guard_row", case.reason)
        # with somebody there the group is shown, and why it cannot be merged
        wizard = wizard.create({"group_by_vat": True})
        wizard.action_start_manual_process()
        self.assertIn("guard_row", wizard.guard_warning)

    def test_as_many_queries_for_many(self):
        """The catalogue, which tables have rows, and one for each that does."""
        table = self._table("UNIQUE (partner_id, kind)")
        many = self.Partner.create([{"name": f"N {n}"} for n in range(200)])
        for partner in many:
            self._insert(table, (partner, "a", str(partner.id)))
        self.env.flush_all()
        for number in (2, 200):
            pairs = dict(zip(many.ids[1:number:2], many.ids[:number:2], strict=True))
            with self.subTest(number=number), self.assertQueryCount(3):
                found = lost_rows.find(self.env, pairs)
                self.assertEqual(len(found), len(pairs))

    def test_only_who_may(self):
        """Neither a tick without the right nor a reason of blanks."""
        table = self._table("UNIQUE (partner_id, kind)")
        self._insert(table, (self.kept, "a", "kept"), (self.lost, "a", "lost"))
        wizard = self._tick()
        wizard.guard_override_reason = "  "
        self.assertRefused(wizard.action_merge)
        wizard = self._wizard(self.administrator, self.kept + self.lost, dst=self.kept)
        wizard.sudo().write({"guard_override": True, "guard_override_reason": "X"})
        self.assertRefused(wizard.action_merge)


@tagged("post_install", "-at_install")
class TestAsPlainOdoo(MergeGuardCase):
    def test_every_table(self):
        """Without collisions the guard leaves every row of every table as Odoo does."""
        documents = self.Partner.create([{"name": "Un"}, {"name": "Deux"}])
        documents[0].message_subscribe(self.free.ids)
        documents[1].message_subscribe(self.holder.ids)
        self.free.child_ids = [Command.create({"name": "Enfant"})]
        self.free.message_post(body="Note")
        self.env["res.partner.bank"].create(
            {"partner_id": self.free.id, "acc_number": "BE71096123456769"}
        )
        channel = self.env["discuss.channel"].create(
            {"name": "Un", "channel_type": "group"}
        )
        channel.add_members(self.free.ids)
        self.env.flush_all()
        names = ("_merge", "_update_foreign_keys_generic", "_log_merge_operation")
        with freeze_time("2026-11-25 12:00:00"):
            guarded = self._merge_and_read(())
            plain = self._merge_and_read(names)
        self.assertEqual(guarded.keys(), plain.keys())
        for table, rows in plain.items():
            self.assertEqual(guarded[table], rows, table)

    def _merge_and_read(self, without):
        guard = next(
            cls
            for cls in self.registry[WIZARD].mro()
            if cls.__module__.startswith("odoo.addons.partner_merge_guard")
            and "_merge" in vars(cls)
        )
        originals = {name: vars(guard)[name] for name in without}
        for name in without:
            delattr(guard, name)
        try:
            with self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(
                    "SELECT sequencename, last_value FROM pg_sequences"
                    " WHERE last_value IS NOT NULL"
                )
                sequences = self.env.cr.fetchall()
                ids = (self.holder + self.free).ids
                self.env[WIZARD]._merge(ids, self.holder)
                self.env.flush_all()
                rows = self._read_everything()
                savepoint.rollback()
                for name, value in sequences:
                    self.env.cr.execute("SELECT setval(%s, %s)", [f'"{name}"', value])
        finally:
            for name, function in originals.items():
                setattr(guard, name, function)
        return rows

    def _read_everything(self):
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = current_schema()::regnamespace"
        )
        return {
            table: self.env.execute_query(
                SQL(
                    # the number of a message in an e-mail is random
                    "SELECT (to_jsonb(t) - '{message_id,access_token}'::text[])::text"
                    " FROM %s AS t ORDER BY 1",
                    SQL.identifier(table),
                )
            )
            for (table,) in self.env.cr.fetchall()
        }


@tagged("post_install", "-at_install")
class TestCase(MergeGuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule.search([]).active = False
        cls.rule = cls._tag_rule(cls.holder + cls.other_holder)

    def test_run_opens_cases_once(self):
        self._keep_only_these_duplicates()
        (self.free + self.other_free).vat = False
        self.env.flush_all()
        Wizard = self.env[WIZARD].with_user(self.contact_manager)
        cases = []
        for _number in range(2):
            wizard = Wizard.create({"group_by_vat": True})
            wizard.action_start_manual_process()
            self.assertEqual(wizard.guard_case_count, 1)
            cases.append(wizard.guard_case_ids)
            action = wizard.action_open_cases()
            found = self.env["partner.merge.guard.case"].search(action["domain"])
            self.assertEqual(found, cases[-1])
        self.assertEqual(*cases)
        cases[0].action_done()
        wizard = Wizard.create({"group_by_vat": True})
        wizard.action_start_manual_process()
        self.assertFalse(wizard.guard_case_count)  # somebody has handled it
        self.assertEqual(wizard.guard_left_out_count, 2)
        self.assertEqual(self._case(), cases[0])
        self.assertEqual(cases[0].state, "open")
        self.assertEqual(cases[0].partner_ids, self.holder + self.other_holder)
        self.assertEqual(cases[0].reason, "Tagged Sociétaire")

    def _case(self):
        wizard = self._wizard(self.contact_manager, self.holder + self.other_holder)
        action = wizard.action_handle_by_hand()
        case = self.env[action["res_model"]].browse(action["res_id"])
        return case.with_user(self.contact_manager)

    def test_compare(self):
        case = self._case()
        self.assertEqual(case.partner_ids, self.holder + self.other_holder)
        self.other_holder.category_id = False
        mixed = case.create({"partner_ids": (self.other_holder + self.holder).ids})
        self.assertEqual(mixed.kept_id, self.holder)
        for text in ("Marguerite Núñez", "MG-TEST-VAT", "Tagged Sociétaire"):
            self.assertIn(text, case.comparison)
        action = case.action_open_contacts()
        self.other_holder.active = False
        found = self.Partner.with_context(**action["context"]).search(action["domain"])
        self.assertEqual(found, self.holder + self.other_holder)

    def test_finish_by_archiving(self):
        case = self._case()
        case.write({"kept_id": self.holder.id, "note": "Transferred, no. 118"})
        case.action_archive_others()
        self.assertEqual(case.state, "done")
        self.assertTrue(self.holder.active)
        self.assertFalse(self.other_holder.active)
        for partner in self.holder + self.other_holder:
            self.assertIn("no. 118", partner.message_ids[0].body)

    def test_finish_by_merging(self):
        case = self._case()
        case.write({"kept_id": self.holder.id, "note": "Transferred, no. 118"})
        self.assertRefused(case.action_merge)
        self.assertEqual(case.state, "open")
        self.holder.category_id = self.other_holder.category_id = False
        case.action_merge()
        self.assertFalse(self.other_holder.exists())
        self.assertEqual(case.state, "done")
        self.assertIn("no. 118", self.holder.message_ids[0].body)

    def test_one_contact_is_left(self):
        wizard = self._wizard(self.contact_manager, self.holder + self.free)
        wizard.action_remove_protected()
        self.assertIn("One contact is left", wizard.guard_warning)
        self.assertFalse(wizard.guard_locked)

    def test_nothing_to_keep(self):
        case = self._case()
        case.partner_ids = self.holder
        with self.assertRaises(UserError):
            case.action_archive_others()
