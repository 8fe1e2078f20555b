"""Who may do what in an addon: no more, and no less."""

from typing import ClassVar

from odoo.exceptions import AccessError
from odoo.service.model import call_kw, get_public_method
from odoo.tools import SQL, mute_logger

_REFUSALS = ("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")


class AccessMatrix:
    """The tests of an addon's access table; mixed into one of its test cases.

    A model or a public method that the table lacks fails a test. ``setUpClass`` of the
    table fills ``users`` (kind → user), ``records`` (model → the record that is tried)
    and ``values`` (model → the values of a real ``create``; without them only the right
    to create is asked).
    """

    allow_inherited_tests_method = True

    # The kinds of users; one whose group is in an addon that is absent is left out.
    KINDS: tuple[str, ...]
    # model → kind → what the kind may do with the record: "rwcu", "r---", …
    RIGHTS: dict[str, dict[str, str]]
    # model → method → the kinds that may call it
    METHODS: dict[str, dict[str, tuple[str, ...]]]
    # (model, method) → its arguments
    ARGUMENTS: ClassVar[dict[tuple[str, str], list]] = {}
    # (model, method) that tell the web client what to show, and change nothing.
    SHOWING: ClassVar[set[tuple[str, str]]] = set()
    # Public methods whose rights are those of the model.
    ORM_OVERRIDES: ClassVar[set[str]] = {"create", "write", "unlink"}
    # What a method could change, beside the addon's own tables.
    TABLES: ClassVar[set[str]] = set()
    users: dict
    records: dict
    values: ClassVar[dict] = {}

    def call(self, kind, records, method, *args, **kwargs):
        """Call as a request of this user does: by RPC, with nothing in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        model = self.env[records._name].with_user(self.users[kind])
        if not getattr(get_public_method(model, method), "_api_model", False):
            args = (records.ids, *args)
        return call_kw(model, method, list(args), kwargs)

    def snapshot(self):
        """A digest of all rows of each table, read past every right."""
        self.env.flush_all()
        tables = self.TABLES | {
            self.env[model]._table for model in self.RIGHTS if self.env[model]._auto
        }
        query = SQL(" UNION ALL ").join(
            SQL(
                "SELECT %s, md5(string_agg(t::text, '|' ORDER BY t::text))"
                " FROM %s AS t",
                table,
                SQL.identifier(table),
            )
            for table in sorted(tables)
        )
        return dict(self.env.execute_query(query))

    def attempt(self, kind, records, method, *args, **kwargs):
        """Call, compare, and roll back: in this order.

        :return: what the call returned or the AccessError that it raised, and the
            tables of which it had changed rows by then
        """
        with self.env.cr.savepoint() as savepoint:
            before = self.snapshot()
            try:
                result = self.call(kind, records, method, *args, **kwargs)
            except AccessError as error:
                result = error
            after = self.snapshot()
            savepoint.rollback()
        return result, [table for table in before if before[table] != after[table]]

    def assertDenied(self, kind, records, method, *args, **kwargs):
        """The call raises AccessError, and has changed nothing by then."""
        with (
            self.subTest(user=kind, model=records._name, method=method),
            mute_logger(*_REFUSALS),
        ):
            result, changed = self.attempt(kind, records, method, *args, **kwargs)
            self.assertIsInstance(result, AccessError)
            self.assertFalse(changed)

    def get_values(self, kind, model):
        return self.values.get(model)

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
        values = self.get_values(kind, model)
        if values is None:
            return self.env[model].with_user(self.users[kind]).has_access("create")
        result, _changed = self.attempt(kind, self.env[model], "create", values)
        return not isinstance(result, AccessError)

    def _methods(self):
        for model, methods in self.METHODS.items():
            for method, callers in methods.items():
                yield model, method, callers, self.ARGUMENTS.get((model, method), [])

    def _is_public(self, model, method):
        try:
            return bool(get_public_method(self.env[model], method))
        except AccessError:
            return False

    def test_every_model_is_in_the_table(self):
        own = {
            name
            for name, model in self.registry.items()
            if model._original_module == self.test_module and not model._abstract
        }
        self.assertEqual(own, set(self.RIGHTS))
        for model, rights in self.RIGHTS.items():
            self.assertEqual(set(rights), set(self.KINDS), model)

    def test_every_public_method_is_in_the_table(self):
        public = {}
        for name, model in self.registry.items():
            for definition in model.mro():
                if (
                    vars(definition).get("_module") != self.test_module
                    or definition._name != name
                ):
                    continue
                for method in vars(definition):
                    if (
                        callable(getattr(definition, method))
                        and method not in self.ORM_OVERRIDES
                        and self._is_public(name, method)
                    ):
                        public.setdefault(name, set()).add(method)
        self.assertEqual(
            public, {model: set(methods) for model, methods in self.METHODS.items()}
        )

    @mute_logger(*_REFUSALS)
    def test_rights(self):
        for model, rights in self.RIGHTS.items():
            with self.subTest(model=model):
                self.assertEqual(
                    {kind: self._rights(kind, model) for kind in self.users},
                    {kind: rights[kind] for kind in self.users},
                )

    def test_methods_of_those_who_may_not(self):
        for model, method, callers, args in self._methods():
            for kind in self.users.keys() - set(callers):
                self.assertDenied(kind, self.records[model], method, *args)

    def test_methods_of_those_who_may(self):
        for model, method, callers, args in self._methods():
            for kind in self.users.keys() & set(callers):
                with self.subTest(user=kind, model=model, method=method):
                    record = self.records[model]
                    result, changed = self.attempt(kind, record, method, *args)
                    self.assertNotIsInstance(result, AccessError)
                    if (model, method) in self.SHOWING:
                        self.assertIsInstance(result, dict)
                        self.assertFalse(changed)
