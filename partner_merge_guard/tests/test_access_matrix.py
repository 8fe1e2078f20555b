# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.service.model import call_kw, get_public_method
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import WIZARD, MergeGuardCase

ADDON = "partner_merge_guard"

KINDS = (
    "public",
    "portal",
    "employee",
    "salesperson",
    "sales manager",
    "contact manager",
    "overrider",  # a contact manager, who may merge protected contacts for a reason
    "settings",
    "other company",  # Settings, of another company only
)
# What they are is in an addon that need not be there.
SALES_KINDS = {
    "salesperson": "sales_team.group_sale_salesman",
    "sales manager": "sales_team.group_sale_manager",
}

# model -> kind of user -> read, write, create, unlink
RIGHTS = {
    "partner.merge.guard.rule": {
        **dict.fromkeys(KINDS, "----"),
        "settings": "rwcu",
        # rules protect the contacts of all companies, and are of none
        "other company": "rwcu",
    },
    # written by the guard alone
    "partner.merge.guard.log": {
        **dict.fromkeys(KINDS, "----"),
        "overrider": "r---",
        "settings": "r---",
        "other company": "r---",
    },
    "partner.merge.guard.case": {
        **dict.fromkeys(KINDS, "----"),
        "contact manager": "rwcu",
        "overrider": "rwcu",
        "settings": "rwcu",
        "other company": "rwcu",
    },
}

# who manages contacts, as in Odoo; Settings includes it
MERGERS = ("contact manager", "overrider", "settings", "other company")

# model -> method -> who may call it
METHODS = {
    "partner.merge.guard.rule": {
        "action_open_protected_contacts": ("settings", "other company"),
    },
    "partner.merge.guard.case": {
        "action_open_contacts": MERGERS,
        "action_merge": MERGERS,
        "action_archive_others": MERGERS,
        "action_done": MERGERS,
        "action_reopen": MERGERS,
    },
    WIZARD: {
        "action_handle_by_hand": MERGERS,
        "action_open_cases": MERGERS,
        "action_remove_protected": MERGERS,
        "action_start_automatic_process": MERGERS,
        "action_start_manual_process": MERGERS,
        "action_update_all_process": MERGERS,
        "parent_migration_process_cb": MERGERS,
    },
}

# These tell the web client what to show, and change nothing whoever calls them.
SHOWING = {
    ("partner.merge.guard.rule", "action_open_protected_contacts"),
    ("partner.merge.guard.case", "action_open_contacts"),
    (WIZARD, "action_open_cases"),
}

# Not in METHODS: their rights are those of the model.
ORM_OVERRIDES = {"create", "write", "unlink", "set_values"}


@tagged("post_install", "-at_install")
class TestAccessMatrix(MergeGuardCase):
    """Who may do what, as the tables above say: no more, and no less.

    A model or a public method that the tables do not have fails a test.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            "public": cls.env.ref("base.public_user"),
            "portal": cls._user("mg_portal", "base.group_portal"),
            "employee": cls._user("mg_employee", "base.group_user"),
            "contact manager": cls.contact_manager,
            "overrider": cls.overrider,
            "settings": cls._user("mg_settings", "base.group_system"),
            "other company": cls._user(
                "mg_stranger",
                "base.group_system",
                company_id=cls.company_b.id,
                company_ids=[Command.set(cls.company_b.ids)],
            ),
        }
        for kind, group in SALES_KINDS.items():
            if cls.env.ref(group, raise_if_not_found=False):
                cls.users[kind] = cls._user(f"mg_{group}", group)
        wizard = cls.env[WIZARD].with_user(cls.contact_manager)
        wizard = wizard.create(
            {
                "state": "selection",
                "partner_ids": [Command.set((cls.holder + cls.free).ids)],
                "dst_partner_id": cls.free.id,
                "group_by_email": True,
            }
        )
        cls.records = {
            "partner.merge.guard.rule": cls._tag_rule(cls.holder),
            "partner.merge.guard.log": cls.env["partner.merge.guard.log"]._write_log(
                "override"
            ),
            "partner.merge.guard.case": cls.env["partner.merge.guard.case"].create(
                {"partner_ids": (cls.free + cls.other_free).ids}
            ),
            WIZARD: wizard.with_env(cls.env),
        }
        cls.values = {
            "partner.merge.guard.rule": {
                "name": "Neuve",
                "model_name": "res.partner",
                "partner_field": "id",
            },
            "partner.merge.guard.log": {"kind": "override"},
            "partner.merge.guard.case": {"partner_ids": cls.free.ids},
        }

    @classmethod
    def _user(cls, login, groups, **values):
        return new_test_user(cls.env, login, groups=groups, **values)

    def setUp(self):
        super().setUp()
        # Odoo commits between the merges
        self.patch(self.env.cr, "commit", lambda: None)

    def _get_extra_tables(self):
        return {self.env[model]._table for model in (*RIGHTS, WIZARD)}

    def _call(self, kind, records, method, *args):
        """Call as a request of this user does: by RPC, with nothing in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        model = self.env[records._name].with_user(self.users[kind])
        if not getattr(get_public_method(model, method), "_api_model", False):
            args = (records.ids, *args)
        return call_kw(model, method, list(args), {})

    def _try(self, kind, records, method, *args):
        """Call, compare, and roll back: in this order.

        :return: what the call returned or the AccessError that it raised, and the
            tables of which it had changed rows by then
        """
        with self.env.cr.savepoint() as savepoint:
            before = self._snapshot()
            try:
                result = self._call(kind, records, method, *args)
            except AccessError as error:
                result = error
            after = self._snapshot()
            savepoint.rollback()
        return result, [table for table in before if before[table] != after[table]]

    def assertDenied(self, kind, records, method, *args):
        """The call raises AccessError, and has changed nothing by then."""
        with self.subTest(user=kind, model=records._name, method=method):
            result, changed = self._try(kind, records, method, *args)
            self.assertIsInstance(result, AccessError)
            self.assertFalse(changed)

    def _rights(self, kind, model):
        """What a user may do with the record of the model, as in RIGHTS."""
        self.env.flush_all()
        self.env.invalidate_all()
        record = self.records[model].with_user(self.users[kind])
        rights = {
            "r": record.has_access("read"),
            "w": record.has_access("write"),
            "c": self._may_create(kind, model),
            "u": record.has_access("unlink"),
        }
        return "".join(letter if right else "-" for letter, right in rights.items())

    def _may_create(self, kind, model):
        """Whether a real ``create`` passes."""
        result, _changed = self._try(
            kind, self.env[model], "create", self.values[model]
        )
        return not isinstance(result, AccessError)

    def test_every_model_is_in_the_table(self):
        data = self.env["ir.model.data"].search(
            [("module", "=", ADDON), ("model", "=", "ir.model")]
        )
        models = self.env["ir.model"].browse(data.mapped("res_id"))
        own = {
            model.model
            for model in models
            if not model.abstract
            and self.registry[model.model]._original_module == ADDON
        }
        self.assertEqual(own, set(RIGHTS))
        for model, rights in RIGHTS.items():
            self.assertEqual(set(rights), set(KINDS), model)

    def test_every_public_method_is_in_the_table(self):
        public = {}
        for name, model_class in self.registry.items():
            for definition in model_class.mro():
                if vars(definition).get("_module") != ADDON or definition._name != name:
                    continue
                for method in vars(definition):
                    if (
                        callable(getattr(definition, method))
                        and method not in ORM_OVERRIDES
                        and self._is_public(name, method)
                    ):
                        public.setdefault(name, set()).add(method)
        self.assertEqual(
            public, {model: set(methods) for model, methods in METHODS.items()}
        )

    def _is_public(self, model, method):
        try:
            return bool(get_public_method(self.env[model], method))
        except AccessError:
            return False

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_rights(self):
        for model, rights in RIGHTS.items():
            with self.subTest(model=model):
                self.assertEqual(
                    {kind: self._rights(kind, model) for kind in self.users},
                    {kind: rights[kind] for kind in self.users},
                )

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_methods_of_those_who_may_not(self):
        for model, methods in METHODS.items():
            for method, callers in methods.items():
                for kind in self.users:
                    if kind not in callers:
                        self.assertDenied(kind, self.records[model], method)

    def test_methods_of_those_who_may(self):
        for model, methods in METHODS.items():
            for method, callers in methods.items():
                for kind in self.users.keys() & set(callers):
                    with self.subTest(user=kind, model=model, method=method):
                        result, changed = self._try(kind, self.records[model], method)
                        self.assertNotIsInstance(result, AccessError)
                        if (model, method) in SHOWING:
                            self.assertIsInstance(result, dict)
                            self.assertFalse(changed)
