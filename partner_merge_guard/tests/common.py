# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.orm.model_classes import add_to_registry
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL

from .stand_ins import ProductProduct

WIZARD = "base.partner.merge.automatic.wizard"


class MergeGuardCase(TransactionCase):
    """Users, contacts and what every test of the guard compares."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context={**cls.env.context, "lang": "en_US", "tracking_disable": True}
        )
        cls.env["res.lang"]._activate_lang("en_US")
        cls.company_b = cls.env["res.company"].create({"name": "Œuvre & Cie"})
        cls.contact_manager = new_test_user(
            cls.env,
            "mg_contact_manager",
            groups="base.group_user,base.group_partner_manager",
            name="Zoë Contact Manager",
        )
        cls.administrator = new_test_user(
            cls.env,
            "mg_administrator",
            groups="base.group_system,base.group_partner_manager",
            name="Ann Administrator",
        )
        cls.overrider = new_test_user(
            cls.env,
            "mg_overrider",
            groups="base.group_user,base.group_partner_manager,"
            "partner_merge_guard.group_override",
            name="Odile Overrider",
        )
        cls.superuser = cls.env["res.users"].browse(SUPERUSER_ID)
        cls.Rule = cls.env["partner.merge.guard.rule"]
        cls.Partner = cls.env["res.partner"]
        cls.holder, cls.other_holder, cls.free, cls.other_free = cls.Partner.create(
            [
                {"name": name, "email": "maria@example.com", "vat": "MG-TEST-VAT"}
                for name in (
                    "Marguerite Núñez",
                    "Nunez Marguerite",
                    "Mme Núñez",
                    "M. Nunez (Œuvre & Cie)",
                )
            ]
        )

    @classmethod
    def _tag_rule(cls, partners, **values):
        """:return: a rule that protects the given contacts, by a tag of theirs"""
        tag = cls.env["res.partner.category"].create({"name": "Sociétaire"})
        partners.write({"category_id": [Command.link(tag.id)]})
        return cls.Rule.create(
            {
                "name": "Tagged Sociétaire",
                "model_name": "res.partner",
                "partner_field": "id",
                "domain": f"[('category_id', 'in', [{tag.id}])]",
                **values,
            }
        )

    def _wizard(self, user, partners, dst=None, **context):
        """:return: the wizard as opened from the list of contacts by ``user``"""
        Wizard = self.env[WIZARD].with_user(user)
        wizard = Wizard.with_context(
            active_model="res.partner", active_ids=partners.ids, **context
        ).create({})
        if dst is not None:
            wizard.dst_partner_id = dst
        return wizard

    def _snapshot(self):
        """:return: every row a merge could touch, with its physical place

        Place and transaction are part of it: a row that was rewritten with the same
        values counts as touched.
        """
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            """
            SELECT DISTINCT source.relname
            FROM pg_constraint
            JOIN pg_class source ON source.oid = pg_constraint.conrelid
            JOIN pg_class target ON target.oid = pg_constraint.confrelid
            WHERE pg_constraint.contype = 'f'
              AND target.relname IN ('res_partner', 'res_partner_bank')
              AND source.relname NOT LIKE 'base\\_partner\\_merge\\_%'
            """
        )
        tables = {row[0] for row in cr.fetchall()}
        tables |= {"res_partner", "ir_attachment", "ir_default"}
        tables |= {"mail_message", "mail_followers", "mail_activity"}
        tables |= set(self._get_extra_tables())
        # of this one only what a merge could rewrite: it is large
        selects = [
            SQL(
                "SELECT 'ir_model_data', ctid::text, xmin::text, t.*::text"
                " FROM ir_model_data AS t WHERE model LIKE 'res.partner%%'"
            )
        ]
        selects += [
            SQL(
                "SELECT %s, ctid::text, xmin::text, t.*::text FROM %s AS t",
                table,
                SQL.identifier(table),
            )
            for table in sorted(tables - {"ir_model_data"})
        ]
        rows = {table: [] for table in tables | {"ir_model_data"}}
        cr.execute(SQL(" UNION ALL ").join(selects))
        for table, *row in cr.fetchall():
            rows[table].append(row)
        self.assertGreater(len(rows), 10)
        return rows

    def _get_extra_tables(self):
        return ()

    def assertUntouched(self, before):
        self.env.invalidate_all()
        after = self._snapshot()
        self.assertEqual(before.keys(), after.keys())
        for table, rows in before.items():
            self.assertEqual(rows, after[table], f"{table} has changed")

    def assertRefused(self, function, *args, **kwargs):
        """The call raises before it has written anything.

        Without a savepoint around, so that nothing written is hidden by its rollback.

        :return: what the user reads
        """
        before = self._snapshot()
        text = self._get_refusal(function, *args, **kwargs)
        self.assertUntouched(before)
        return text

    def _get_refusal(self, function, *args, **kwargs):
        try:
            function(*args, **kwargs)
        except UserError as error:
            self.assertNotIsInstance(error, AccessError)
            return str(error)
        raise self.failureException("The merge was not refused.")

    def _keep_only_these_duplicates(self):
        """No other contact of the database has a VAT number to be found by."""
        others = self.Partner.with_context(active_test=False).search(
            [("vat", "!=", "MG-TEST-VAT")]
        )
        others.with_context(no_vat_validation=True).vat = False
        self.env.flush_all()  # Odoo's own query does not

    def assertLeftOut(self, function, wizard, count):
        """The call runs through, merges nothing, and says how many it left out."""
        before = self._snapshot()
        function()
        self.assertUntouched(before)
        self.assertEqual(wizard.guard_left_out_count, count)


class StandInCase(MergeGuardCase):
    """Adds models to the registry, and tables to the transaction, of one class."""

    stand_ins = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._install_stand_ins(cls.stand_ins)

    @classmethod
    def _install_stand_ins(cls, stand_ins):
        registry = cls.registry
        definitions = list(stand_ins)
        if "product.product" not in registry:
            definitions.insert(0, ProductProduct)
        added = [d._name for d in definitions if not d._inherit]
        extended = [d._name for d in definitions if d._inherit]
        bases = {name: registry[name]._base_classes__ for name in extended}
        names = added + extended

        def uninstall():
            for name, base_classes in bases.items():
                registry[name]._base_classes__ = base_classes
                registry[name]._setup_done__ = False
            for name in added:
                del registry[name]
            registry._setup_models__(cls.env.cr)
            registry.clear_all_caches()

        cls.addClassCleanup(uninstall)
        for definition in definitions:
            for table_object in definition._table_object_definitions:
                table_object._module = "partner_merge_guard"  # whose it is, in Odoo
            add_to_registry(registry, definition)
        cls.env.flush_all()
        registry._setup_models__(cls.env.cr, names)
        registry.init_models(
            cls.env.cr, names, {"module": "partner_merge_guard"}, install=True
        )
        registry.clear_all_caches()
        cls.env.invalidate_all()
        cls.share_product = cls.env["product.product"].create({"name": "Part A"})

    @classmethod
    def _grant(cls, model_name, group):
        cls.env["ir.model.access"].create(
            {
                "name": model_name,
                "model_id": cls.env["ir.model"]._get_id(model_name),
                "group_id": cls.env.ref(group).id,
                "perm_read": True,
            }
        )

    @classmethod
    def _give_shares(cls, partner, number=12, **values):
        return cls.env["share.line"].create(
            {
                "partner_id": partner.id,
                "share_product_id": cls.share_product.id,
                "share_number": number,
                "share_unit_price": 25,
                "effective_date": "2026-01-15",
                **values,
            }
        )

    @classmethod
    def _register(cls, partner, partner_to=None):
        return cls.env["subscription.register"].create(
            {
                "name": "7",
                "register_number_operation": 7,
                "partner_id": partner.id,
                "partner_id_to": partner_to and partner_to.id,
                "date": "2026-02-01",
                "quantity": 12,
                "share_product_id": cls.share_product.id,
                "type": "transfer" if partner_to else "subscription",
                "company_id": cls.env.company.id,
            }
        )

    def _merge(self, *partners):
        return self.env[WIZARD]._merge([partner.id for partner in partners])
