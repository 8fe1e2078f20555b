# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from ast import literal_eval
from collections import defaultdict

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, mute_logger

from ..exceptions import BrokenRuleError

NUMBER_TYPES = ("integer", "float", "monetary")
NUMBER_COLUMNS = ("int2", "int4", "int8", "float4", "float8", "numeric")
# what says which contacts are protected
DEFINITION = (
    "model_name",
    "partner_field",
    "domain",
    "quantity_field",
    "condition_field",
)


class PartnerMergeGuardSource(models.AbstractModel):
    """Where a rule gets its contacts from.

    Invariants: one query (:meth:`_get_rows`) answers for every screen, search and gate,
    as the superuser in no company sees it, archived contacts and records included; the
    domain is data, no code in it ever runs, and nothing is added to it; a rule that
    cannot be evaluated, for whatever reason, is broken.
    """

    _name = "partner.merge.guard.source"
    _description = "Source of Protected Contacts"

    model_name = fields.Char(
        required=True,
        tracking=True,
        help="Technical name of the model whose records protect contacts. "
        "The model may be installed later: the rule waits for it.",
    )
    partner_field = fields.Char(
        string="Contact Field",
        required=True,
        tracking=True,
        help="The field of the model that points to the contact, or “id” when the "
        "rule is about the contacts themselves.",
    )
    domain = fields.Char(
        string="Records That Count",
        required=True,
        default="[]",
        tracking=True,
        help="Only records that fit these conditions protect a contact.",
    )
    quantity_field = fields.Char(
        string="Quantity",
        tracking=True,
        help="A number to add up and show, such as the number of shares. "
        "Only users who may read the records see it.",
    )
    condition_field = fields.Char(
        string="Only With Field",
        tracking=True,
        help="Technical name of a field. The rule sleeps where the model has no such "
        "field, or does not store it.",
    )
    # where the contacts stood when the model was last seen: a leftover table of a
    # many2many field cannot be told from the names of model and field
    source_table = fields.Char(copy=False, readonly=True)
    source_column = fields.Char(copy=False, readonly=True)

    def _evaluate(self, partner_ids=None, count=False):
        """Run the rules together, and one by one if that fails.

        :return: ``(rows, problems)``: see :meth:`_get_rows`, and a dict from the
            rules that are broken to the reason
        """
        try:
            return self._get_rows(partner_ids, count), {}
        except BrokenRuleError as error:
            if len(self) == 1:
                return [], {self: str(error)}
        rows, problems = [], {}
        for rule in self:
            found, broken = rule._evaluate(partner_ids, count)
            rows += found
            problems.update(broken)
        return rows, problems

    def _get_rows(self, partner_ids=None, count=False):
        """Ask which contacts the rules protect: the only place that does.

        :param partner_ids: only look at these contacts, None for everybody
        :param count: how many contacts for each rule that is not dormant, instead of
            one row a contact
        :return: list of ``(rule, contact id, quantity)``
        :raise BrokenRuleError: if Python or PostgreSQL raises anything
        """
        # nothing may be pending that a rollback below would lose
        self.env.flush_all()
        try:
            with (
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(flush=False),
            ):
                sources = self._get_sources(partner_ids)
                if not sources:
                    return []
                query = SQL(
                    "SELECT number, partner_id, SUM(quantity) FROM (%s) AS source"
                    # a leftover table may name contacts that are gone
                    " WHERE EXISTS (SELECT FROM res_partner"
                    " WHERE res_partner.id = partner_id) GROUP BY number, partner_id",
                    SQL(" UNION ALL ").join(sources.values()),
                )
                if count:
                    query = SQL(
                        "SELECT number, COUNT(*) FROM (%s) AS c GROUP BY 1", query
                    )
                    counts = dict(self.env.execute_query(query))
                    return [(self[n], None, counts.get(n, 0)) for n in sources]
                return [
                    (self[number], partner_id, quantity)
                    for number, partner_id, quantity in self.env.execute_query(query)
                ]
        except (BrokenRuleError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise
        except Exception as error:  # pylint: disable=broad-except  # see above
            text = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise BrokenRuleError(text) from error

    def _get_sources(self, partner_ids):
        """:return: dict from the place in ``self`` of a rule to SQL, without the
        dormant ones
        """
        leftovers = self._get_leftovers()
        # every company, no record rule, archived rows too; and nothing of the caller
        env = self.env(user=SUPERUSER_ID, su=True, context={"active_test": False})
        sources = {}
        for number, rule in enumerate(self):
            if rule._is_live():
                source = rule._get_live_source(env, partner_ids)
            elif rule in leftovers:
                source = rule._get_leftover_source(*leftovers[rule], partner_ids)
            else:
                continue
            sources[number] = SQL(
                "SELECT %s AS number, partner_id, quantity FROM (%s) AS rule",
                number,
                source,
            )
        return sources

    def _get_live_source(self, env, partner_ids):
        """:return: SQL of the records that protect, as ``id, partner_id, quantity``"""
        self._check_live_fields()
        domain = self._parse_domain()
        self._check_domain_fields(env[self.model_name], domain)
        # A name that is translated fits if it does so in one of the languages. In most
        # domains there is none, and all queries are the same.
        queries = []
        for lang in {"en_US", *dict(env["res.lang"].get_installed())}:
            Model = env[self.model_name].with_context(lang=lang)
            query = self._get_live_query(Model, domain, partner_ids)
            if query not in queries:
                queries.append(query)
        return SQL(" UNION ").join(queries)

    def _get_live_query(self, Model, domain, partner_ids):
        query = Model._search(domain)
        field = Model._fields[self.partner_field]
        if field.type == "many2many":
            alias = query.join(
                query.table, "id", field.relation, field.column1, field.name
            )
            partner = SQL.identifier(alias, field.column2, to_flush=field)
        else:
            partner = Model._field_to_sql(query.table, field.name, query)
        query.add_where(self._only(partner, partner_ids))
        quantity = SQL("1")
        if self.quantity_field:
            quantity = Model._field_to_sql(query.table, self.quantity_field, query)
        return query.select(
            SQL.identifier(query.table, "id"),
            SQL("%s AS partner_id", partner),
            SQL("%s AS quantity", quantity),
        )

    def _get_leftover_source(self, table, column, quantity, flag, partner_ids):
        condition = self._only(SQL.identifier(column), partner_ids)
        if flag:
            condition = SQL("%s AND %s", condition, SQL.identifier(flag))
        return SQL(
            "SELECT %s AS partner_id, %s AS quantity FROM %s WHERE %s",
            SQL.identifier(column),
            SQL.identifier(quantity) if quantity else SQL("1"),
            SQL.identifier(table),
            condition,
        )

    @api.model
    def _only(self, partner, partner_ids):
        if partner_ids is None:
            return SQL("%s IS NOT NULL", partner)
        return SQL("%s = ANY(%s)", partner, partner_ids)

    def _get_leftovers(self):
        """Look at the tables of models that are not there (any more).

        :return: dict from rule to ``(table, contact column, quantity column, flag)``,
            without the rules of which nothing is left
        """
        places = {
            rule: rule._get_leftover_places() for rule in self if not rule._is_live()
        }
        tables = {table for found in places.values() for table, _column in found}
        if not tables:
            return {}
        columns = defaultdict(dict)
        for table, column, column_type in self.env.execute_query(
            SQL(
                """
                SELECT pg_class.relname, pg_attribute.attname, pg_type.typname
                FROM pg_class
                JOIN pg_attribute ON pg_attribute.attrelid = pg_class.oid
                JOIN pg_type ON pg_type.oid = pg_attribute.atttypid
                WHERE pg_class.relname = ANY(%s)
                  AND pg_class.relnamespace = current_schema()::regnamespace
                  AND pg_class.relkind IN ('r', 'p')
                  AND pg_attribute.attnum > 0
                  AND NOT pg_attribute.attisdropped
                """,
                list(tables),
            )
        ):
            columns[table][column] = column_type
        leftovers = {}
        for rule, found in places.items():
            table, column = next(
                ((t, c) for t, c in found if columns[t].get(c) in ("int4", "int8")),
                (None, None),
            )
            there = columns[table]
            if not table or (rule.condition_field or "id") not in {"id", *there}:
                continue
            quantity = rule.quantity_field
            leftovers[rule] = (
                table,
                column,
                quantity if there.get(quantity) in NUMBER_COLUMNS else None,
                rule._get_leftover_flag(there),
            )
        return leftovers

    def _get_leftover_places(self):
        """:return: list of ``(table, column)`` where the contacts may stand"""
        Model = self.env.get(self.model_name or "")
        table = (
            (self.model_name or "").replace(".", "_") if Model is None else Model._table
        )
        places = [(table, self.partner_field)]
        if Model is None:
            # a many2many field: where it was seen, or what Odoo would have called it
            relation = "_".join(sorted([table, "res_partner"])) + "_rel"
            places.append((relation, "res_partner_id"))
            if self.source_table:
                places.insert(0, (self.source_table, self.source_column))
        return places

    def _get_leftover_flag(self, columns):
        """The column of a flag that is gone from a model that is still there.

        Elsewhere every row of a leftover counts; here that would be every record of
        the model, so a condition that the flag is set is taken as it is.
        """
        name = self.condition_field
        if self.env.get(self.model_name or "") is None or columns.get(name) != "bool":
            return None
        domain = self._parse_domain()
        conditions = getattr(domain, "children", [domain])
        if getattr(domain, "OPERATOR", "&") == "&" and any(
            getattr(condition, "field_expr", None) == name
            and (condition.operator, condition.value) == ("=", True)
            for condition in conditions
        ):
            return name
        return None

    def _is_live(self):
        """Whether the model is installed, with the field that the rule depends on."""
        Model = self.env.get(self.model_name or "")
        if Model is None:
            return False
        if not self.condition_field:
            return True
        field = Model._fields.get(self.condition_field)
        return field is not None and bool(field.store and field.column_type)

    def _get_place(self):
        """:return: table and column of the contacts, None where they are gone"""
        Model = self.env.get(self.model_name)
        field = None if Model is None else Model._fields.get(self.partner_field)
        if field is None:
            leftover = self._get_leftovers().get(self)
            return leftover and leftover[:2]
        if field.type == "many2many" and field.store:
            return field.relation, field.column2
        return Model._table, field.name

    def _parse_domain(self):
        """:raise BrokenRuleError: if it is not a list of plain conditions"""
        try:
            value = literal_eval((self.domain or "").strip() or "[]")
            # anything else Domain would take too, but no screen can show it
            if isinstance(value, list):
                return Domain(value)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as e:
            raise BrokenRuleError(self._get_unreadable_text()) from e
        raise BrokenRuleError(self._get_unreadable_text())

    def _get_unreadable_text(self):
        return self.env._(
            "The conditions cannot be read. They may only hold plain values, "
            "no formula."
        )

    def _check_live_fields(self):
        Model = self.env[self.model_name]
        if Model._abstract or Model._transient:
            raise BrokenRuleError(
                self.env._("The model “%s” keeps no records.", self.model_name)
            )
        field = Model._fields.get(self.partner_field)
        to_itself = self.model_name == "res.partner" and self.partner_field == "id"
        if not to_itself and (
            field is None
            or not field.store
            or field.company_dependent
            or field.type not in ("many2one", "many2many")
            or field.comodel_name != "res.partner"
        ):
            raise BrokenRuleError(
                self.env._(
                    "“%s” is not a stored field that points to a contact.",
                    self.partner_field,
                )
            )
        if not self.quantity_field:
            return
        field = Model._fields.get(self.quantity_field)
        if (
            field is None
            or not field.store
            or field.company_dependent
            or field.type not in NUMBER_TYPES
        ):
            raise BrokenRuleError(
                self.env._("“%s” is not a stored number.", self.quantity_field)
            )

    def _check_domain_fields(self, Model, domain):
        """Refuse what could depend on who asks: the answer is the same for everybody.

        A calculated field that can be searched (such as the ``member`` flag of
        cooperator 14 and later) usually answers for one company only. A list such as
        the contacts of a company has a condition of its own that archived records do
        not fit: they count all the same, so it cannot be used either.
        """
        for condition in domain.iter_conditions():
            value = condition.value
            if (
                condition.operator.endswith(("=like", "=ilike"))
                and isinstance(value, str)
                and (len(value) - len(value.rstrip("\\"))) % 2
            ):
                # PostgreSQL would say so only of some contacts
                raise BrokenRuleError(self.env._("“%s” ends with a backslash.", value))
            CurrentModel = Model
            for name in condition.field_expr.split("."):
                field = CurrentModel._fields.get(name)
                if (
                    field is None
                    or field.company_dependent
                    or not (field.store or field.inherited)
                ):
                    raise BrokenRuleError(
                        self.env._(
                            "The conditions use “%(field)s”, which is not a stored "
                            "field of “%(model)s”.",
                            field=name,
                            model=CurrentModel._name,
                        )
                    )
                if field.type == "binary" and (
                    condition.operator not in ("=", "!=") or condition.value
                ):
                    # Odoo would leave the condition out
                    raise BrokenRuleError(
                        self.env._("“%s” can only be set or not.", field.name)
                    )
                if not field.relational:
                    break  # what follows is a part of a date, or a property
                self._check_list(CurrentModel, field)
                CurrentModel = CurrentModel.env[field.comodel_name]
            if condition.operator in ("any", "not any"):
                self._check_domain_fields(CurrentModel, Domain(condition.value))

    def _check_list(self, Model, field):
        if field.type not in ("one2many", "many2many"):
            return
        active_name = Model.env[field.comodel_name]._active_name
        if field.context.get("active_test") or any(
            condition.field_expr == active_name
            for condition in field.get_comodel_domain(Model).iter_conditions()
        ):
            raise BrokenRuleError(
                self.env._(
                    "“%(field)s” leaves archived records out, and they count here. "
                    "Write a rule on “%(model)s” instead, with the field that points "
                    "back to the contact.",
                    field=field.name,
                    model=field.comodel_name,
                )
            )
