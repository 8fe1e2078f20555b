# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from ast import literal_eval
from collections import defaultdict
from typing import NamedTuple

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, mute_logger
from odoo.tools.misc import formatLang

from ..exceptions import BrokenRuleError

NUMBER_TYPES = ("integer", "float", "monetary")
# column types of a leftover table, by the Python type a condition may compare with
COMPARABLE_COLUMNS = {
    bool: {"bool"},
    int: {"int2", "int4", "int8", "float4", "float8", "numeric"},
    float: {"int2", "int4", "int8", "float4", "float8", "numeric"},
    str: {"varchar", "text", "bpchar"},
}
COMPARISONS = {
    "=": SQL("="),
    "<": SQL("<"),
    ">": SQL(">"),
    "<=": SQL("<="),
    ">=": SQL(">="),
}


class Protection(NamedTuple):
    """One rule protects one contact."""

    rule: models.BaseModel
    partner_id: int
    quantity: float


class PartnerMergeGuardRule(models.Model):
    """What makes a contact unfit for merging.

    A rule names the model whose records protect contacts, the field of that model
    that points to the contact, and which of the records count. It is resolved each
    time contacts are checked, so the model may be installed later, or be gone and
    have left its table behind. Invariants: every company, archived contacts and
    archived records always count; the domain is data, no code in it ever runs; a
    rule that cannot be evaluated stops every merge.
    """

    _name = "partner.merge.guard.rule"
    _description = "Contact Merge Rule"
    _order = "sequence, id"

    name = fields.Char(
        required=True,
        translate=True,
        help="Users read this name when a merge is refused.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(
        default=True,
        help="An archived rule protects nobody.",
    )
    model_name = fields.Char(
        required=True,
        help="Technical name of the model whose records protect contacts. "
        "The model may be installed later: the rule waits for it.",
    )
    model_id = fields.Many2one(
        "ir.model",
        compute="_compute_model_id",
        inverse="_inverse_model_id",
        domain=[("transient", "=", False), ("abstract", "=", False)],
        help="Its records protect the contacts they point to.",
    )
    partner_field = fields.Char(
        string="Contact Field Name",
        required=True,
        help="Technical name of the field that points to the contact, "
        "or “id” when the rule is about the contacts themselves.",
    )
    partner_field_id = fields.Many2one(
        "ir.model.fields",
        string="Contact Field",
        compute="_compute_partner_field_id",
        inverse="_inverse_partner_field_id",
        domain="""[
            ('model', '=', model_name), ('store', '=', True),
            ('company_dependent', '=', False),
            '|',
            '&', ('relation', '=', 'res.partner'),
                 ('ttype', 'in', ('many2one', 'many2many')),
            '&', ('model', '=', 'res.partner'), ('name', '=', 'id'),
        ]""",
        help="The field of the model that points to the contact.",
    )
    domain = fields.Char(
        string="Records That Count",
        required=True,
        default="[]",
        help="Only records that fit these conditions protect a contact.",
    )
    quantity_field = fields.Char(
        string="Quantity Field Name",
        help="Technical name of the number to add up, such as the number of shares.",
    )
    quantity_field_id = fields.Many2one(
        "ir.model.fields",
        string="Quantity",
        compute="_compute_quantity_field_id",
        inverse="_inverse_quantity_field_id",
        domain="""[
            ('model', '=', model_name), ('store', '=', True),
            ('company_dependent', '=', False),
            ('ttype', 'in', ('integer', 'float', 'monetary')), ('name', '!=', 'id'),
        ]""",
        help="A number to add up and show, such as the number of shares. "
        "Only users who may read the records see it.",
    )
    condition_field = fields.Char(
        string="Only With Field",
        help="Technical name of a field. The rule sleeps where the model has no such "
        "field, or does not store it.",
    )
    message = fields.Text(
        translate=True,
        help="What users read below the list of protected contacts, "
        "for instance whom to ask.",
    )
    scope = fields.Selection(
        [
            ("any", "Never merge it"),
            ("lost", "It may only be the contact that is kept"),
        ],
        required=True,
        default="any",
        help="Whether one protected contact blocks the merge, or only a merge that "
        "would make the protected contact disappear.",
    )
    state = fields.Selection(
        [
            ("protecting", "Protecting"),
            ("dormant", "Model not installed"),
            ("broken", "Broken"),
        ],
        compute="_compute_state",
    )
    state_info = fields.Char(string="Remark", compute="_compute_state")
    protected_count = fields.Integer(
        string="Protected Contacts",
        compute="_compute_state",
        help="How many contacts the rule protects now, archived contacts included.",
    )

    @api.depends("model_name")
    def _compute_model_id(self):
        for rule in self:
            rule.model_id = self.env["ir.model"]._get(rule.model_name)

    def _inverse_model_id(self):
        for rule in self.filtered("model_id"):
            rule.model_name = rule.model_id.model

    @api.depends("model_name", "partner_field")
    def _compute_partner_field_id(self):
        for rule in self:
            rule.partner_field_id = rule._get_field(rule.partner_field)

    def _inverse_partner_field_id(self):
        for rule in self.filtered("partner_field_id"):
            rule.partner_field = rule.partner_field_id.name

    @api.depends("model_name", "quantity_field")
    def _compute_quantity_field_id(self):
        for rule in self:
            rule.quantity_field_id = rule._get_field(rule.quantity_field)

    def _inverse_quantity_field_id(self):
        for rule in self.filtered("quantity_field_id"):
            rule.quantity_field = rule.quantity_field_id.name

    @api.depends(
        "model_name", "partner_field", "domain", "quantity_field", "condition_field"
    )
    def _compute_state(self):
        leftovers = self._get_leftover_columns()
        for rule in self:
            rule.state_info = False
            rule.protected_count = 0
            if not rule.model_name or not rule.partner_field:
                rule.state = False
                continue
            try:
                source = rule._get_source(leftovers)
                if source is None:
                    rule.state = "dormant"
                    continue
                rule.protected_count = len(rule._get_protected_ids(source))
            except BrokenRuleError as error:
                rule.state = "broken"
                rule.state_info = str(error)
                continue
            rule.state = "protecting"
            if not rule._is_live():
                rule.state_info = self.env._(
                    "The model is not installed, but what it stored is still in the "
                    "database and protects contacts."
                )

    @api.constrains(
        "model_name", "partner_field", "domain", "quantity_field", "condition_field"
    )
    def _check_definition(self):
        """:raise ValidationError: if a rule could not be evaluated"""
        if self.env.context.get("install_mode"):
            # a seed that does not fit another addon's model must not stop the
            # installation: the rule shows as broken, and stops merges instead
            return
        leftovers = self._get_leftover_columns()
        for rule in self:
            try:
                rule._parse_domain()
                source = rule._get_source(leftovers)
                if source is not None:
                    rule._get_protected_ids(source, limit=1)
            except BrokenRuleError as error:
                raise ValidationError(
                    self.env._(
                        "The merge rule “%(rule)s” does not work: %(problem)s",
                        rule=rule.name,
                        problem=str(error),
                    )
                ) from error

    @api.onchange("model_id")
    def _onchange_model_id(self):
        """Another model: what was chosen inside the old one means nothing."""
        if self.model_id.model == self.model_name:
            return
        self.model_name = self.model_id.model
        self.domain = "[]"
        self.quantity_field = self.condition_field = False
        candidates = self.env["ir.model.fields"].search(
            [
                ("model", "=", self.model_name),
                ("relation", "=", "res.partner"),
                ("ttype", "=", "many2one"),
                ("store", "=", True),
                ("company_dependent", "=", False),
            ],
            order="id",
        )
        if self.model_name == "res.partner":
            self.partner_field = "id"
        else:
            usual = candidates.filtered(lambda field: field.name == "partner_id")
            self.partner_field = (usual or candidates[:1]).name

    @api.onchange("partner_field_id")
    def _onchange_partner_field_id(self):
        if self.partner_field_id:
            self.partner_field = self.partner_field_id.name

    @api.onchange("quantity_field_id")
    def _onchange_quantity_field_id(self):
        self.quantity_field = self.quantity_field_id.name

    def action_open_protected_contacts(self):
        """Open the contacts this rule protects now, archived ones included."""
        self.ensure_one()
        try:
            source = self._get_source(self._get_leftover_columns())
            partner_ids = self._get_protected_ids(source) if source is not None else []
        except BrokenRuleError as error:
            raise UserError(str(error)) from error
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "res.partner",
            "view_mode": "list,form",
            "domain": [("id", "in", partner_ids)],
            "context": {"active_test": False},
        }

    # ------------------------------------------------------------------
    # Checking contacts
    # ------------------------------------------------------------------

    @api.model
    def _get_protections(self, partner_ids):
        """Tell which of the contacts are protected.

        Costs one query for the rules, one for what is left of models that are gone,
        and one per rule whose model is there, whatever the number of contacts.

        :param partner_ids: ids of contacts
        :return: ``(protections, problems)``: a dict from the id of a protected
            contact to its list of :class:`Protection`, and a list of ``(rule, text)``
            of rules that cannot be evaluated (the caller must then refuse)
        """
        partner_ids = list(partner_ids)
        protections, problems = defaultdict(list), []
        if not partner_ids:
            return {}, problems
        for rule, source in self._get_sources(problems, partner_ids):
            query = SQL(
                "SELECT source.partner_id, SUM(source.quantity) FROM (%s) AS source"
                " WHERE source.partner_id = ANY(%s) GROUP BY source.partner_id",
                source,
                partner_ids,
            )
            try:
                rows = self.env.execute_query(query)
            except (psycopg2.DataError, psycopg2.ProgrammingError) as error:
                # the transaction is lost: nothing more can be asked of the database,
                # not even who may know the cause (the rule's own screen shows it)
                raise UserError(self._get_problem_summary([(rule, None)])) from error
            for partner_id, quantity in rows:
                protections[partner_id].append(
                    Protection(rule, partner_id, quantity or 0)
                )
        return dict(protections), problems

    @api.model
    def _get_protected_domain(self):
        """:return: a domain on contacts, everybody while a rule is broken"""
        problems = []
        sources = [source for _rule, source in self._get_sources(problems)]
        if problems:
            return Domain.TRUE
        if not sources:
            return Domain.FALSE
        union = SQL(" UNION ALL ").join(
            SQL("SELECT partner_id FROM (%s) AS source", source) for source in sources
        )
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s IN (%s)", SQL.identifier(alias, "id"), union
            )
        )

    @api.model
    def _get_problem_message(self, problems):
        """:return: why nothing can be merged; the cause only for administrators"""
        if not self.env.user.has_group("base.group_system"):
            return self._get_problem_summary(problems)
        return self.env._(
            "No contact can be merged at the moment, because a merge rule does not "
            "work. Correct or archive it in Settings ‣ Technical ‣ Contact merge "
            "rules.\n%(problems)s",
            problems="\n".join(
                f"• {rule.name}: {problem}" for rule, problem in problems
            ),
        )

    @api.model
    def _get_problem_summary(self, problems):
        return self.env._(
            "No contact can be merged at the moment, because this merge rule does "
            "not work: %(rules)s.\nPlease ask your administrator to correct it.",
            rules=", ".join(rule.name for rule, _problem in problems),
        )

    @api.model
    def _describe_protections(self, protections):
        """Say why contacts are protected, as far as the current user may know.

        The name of a rule is written by the administrator for whoever may read the
        contact; a quantity is only for users who may read every record behind it.
        ``sudo`` changes nothing: whoever reads the text is the user.

        :param protections: dict as returned by :meth:`_get_protections`
        :return: dict from contact id to a list of short texts
        """
        env = self.env(su=False)
        visible = {}
        by_rule = defaultdict(list)
        for protection in (p for plist in protections.values() for p in plist):
            by_rule[protection.rule].append(protection.partner_id)
        for rule, partner_ids in by_rule.items():
            visible[rule] = rule._get_visible_quantities(env, partner_ids)
        texts = defaultdict(list)
        for partner_id, plist in protections.items():
            for rule, _partner_id, quantity in plist:
                text = rule.name
                if visible[rule].get(partner_id) == quantity:
                    text = env._(
                        "%(rule)s: %(quantity)s",
                        rule=text,
                        quantity=self._format_quantity(quantity),
                    )
                texts[partner_id].append(text)
        return dict(texts)

    @api.model
    def _format_quantity(self, quantity):
        return formatLang(
            self.env, quantity, digits=0 if quantity == int(quantity) else 2
        )

    # ------------------------------------------------------------------
    # Where a rule gets its contacts from
    # ------------------------------------------------------------------

    @api.model
    def _get_sources(self, problems, partner_ids=None):
        """Iterate over ``(rule, SQL)`` of the rules in force.

        :param problems: list, completed with ``(rule, text)`` of the broken ones
        """
        # contact managers may not read the rules, and are bound by them; the domain
        # is explicit because the merge wizard's action carries active_test=False
        rules = self.sudo().search_fetch(
            [("active", "=", True)],
            [
                "name",
                "model_name",
                "partner_field",
                "domain",
                "quantity_field",
                "condition_field",
                "scope",
            ],
        )
        leftovers = rules._get_leftover_columns()
        for rule in rules:
            try:
                source = rule._get_source(leftovers, partner_ids)
            except BrokenRuleError as error:
                problems.append((rule, str(error)))
                continue
            if source is not None:
                yield rule, source

    def _get_source(self, leftovers, partner_ids=None):
        """Resolve the rule to a query of ``partner_id, quantity``.

        :param leftovers: what :meth:`_get_leftover_columns` returned
        :param partner_ids: only look at these contacts
        :return: SQL, or None if there is nothing the rule could look at
        :raise BrokenRuleError: if it cannot be evaluated
        """
        self.ensure_one()
        if self._is_live():
            # every company, no record rule, archived rows too; and nothing of the
            # caller's context, which anybody can send along
            env = self.env(su=True, context={"active_test": False})
            return self._get_live_source(env, partner_ids)
        return self._get_leftover_source(
            leftovers.get(self._get_table(), {}), partner_ids
        )

    def _is_live(self):
        """Whether the model is installed, with the field that the rule depends on."""
        Model = self.env.get(self.model_name or "")
        if Model is None:
            return False
        if not self.condition_field:
            return True
        field = Model._fields.get(self.condition_field)
        return field is not None and bool(field.store and field.column_type)

    def _get_table(self):
        Model = self.env.get(self.model_name or "")
        return (
            (self.model_name or "").replace(".", "_") if Model is None else Model._table
        )

    def _get_live_source(self, env, partner_ids=None):
        self._check_live_fields()
        Model = env[self.model_name]
        domain = self._parse_domain()
        self._check_domain_fields(Model, domain)
        if partner_ids is not None:
            domain &= Domain(self.partner_field, "in", partner_ids)
        try:
            query = Model._search(domain)
        except (ValueError, TypeError, KeyError, UserError) as error:
            if isinstance(error, AccessError):
                raise
            raise BrokenRuleError(str(error)) from error
        if query.is_empty():
            # keeps the rule alive: it protects nobody, it is not dormant
            return SQL("SELECT NULL::integer AS partner_id, 0 AS quantity WHERE FALSE")
        field = Model._fields[self.partner_field]
        if field.type == "many2many":
            alias = query.join(
                query.table, "id", field.relation, field.column1, field.name
            )
            partner = SQL.identifier(alias, field.column2, to_flush=field)
        else:
            partner = Model._field_to_sql(query.table, field.name, query)
        if self.quantity_field:
            quantity = Model._field_to_sql(query.table, self.quantity_field, query)
        else:
            quantity = SQL("1")
        return query.select(
            SQL("%s AS partner_id", partner), SQL("%s AS quantity", quantity)
        )

    def _get_leftover_source(self, columns, partner_ids=None):
        if columns.get(self.partner_field) not in ("int4", "int8") or (
            self.condition_field and self.condition_field not in columns
        ):
            return None
        try:
            condition = self._get_leftover_condition(self._parse_domain(), columns)
        except NotImplementedError:
            # without its model a condition may not be expressible: every row counts
            condition = SQL("TRUE")
        quantity = SQL("1")
        if columns.get(self.quantity_field) in COMPARABLE_COLUMNS[int]:
            quantity = SQL.identifier(self.quantity_field)
        partner = SQL.identifier(self.partner_field)
        if partner_ids is not None:
            condition = SQL("(%s) AND %s = ANY(%s)", condition, partner, partner_ids)
        return SQL(
            "SELECT %s AS partner_id, %s AS quantity FROM %s WHERE %s",
            partner,
            quantity,
            SQL.identifier(self._get_table()),
            condition,
        )

    def _get_leftover_condition(self, domain, columns):
        """Write a domain as SQL on a table that has no model any more.

        :raise NotImplementedError: for what only the model could have told
        """
        if domain.is_true() or domain.is_false():
            return SQL("TRUE") if domain.is_true() else SQL("FALSE")
        operator = getattr(domain, "OPERATOR", None)
        if operator == "!":
            child = self._get_leftover_condition(domain.child, columns)
            return SQL("(%s) IS NOT TRUE", child)
        if operator in ("&", "|"):
            return SQL(" AND " if operator == "&" else " OR ").join(
                SQL("(%s)", self._get_leftover_condition(child, columns))
                for child in domain.children
            )
        name, operator, value = domain.field_expr, domain.operator, domain.value
        if operator in ("!=", "not in"):
            positive = Domain(name, "=" if operator == "!=" else "in", value)
            return SQL(
                "(%s) IS NOT TRUE", self._get_leftover_condition(positive, columns)
            )
        if operator == "in" and isinstance(value, list | tuple | set):
            return self._get_leftover_condition(
                Domain.OR(Domain(name, "=", item) for item in value), columns
            )
        if name not in columns:
            raise NotImplementedError
        column = SQL.identifier(name)
        if operator == "=" and value is False:
            if columns[name] == "bool":
                return SQL("%s IS NOT TRUE", column)
            return SQL("%s IS NULL", column)
        comparable = COMPARABLE_COLUMNS.get(type(value), ())
        if operator not in COMPARISONS or columns[name] not in comparable:
            raise NotImplementedError
        return SQL("%s %s %s", column, COMPARISONS[operator], value)

    def _get_leftover_columns(self):
        """Look at the tables of models that are not there (any more).

        :return: dict from table to a dict from column to type
        """
        tables = {rule._get_table() for rule in self if not rule._is_live()} - {""}
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
        return columns

    def _get_protected_ids(self, source, limit=None):
        """Run the source of one rule, and survive whatever the database says.

        :raise BrokenRuleError: if the database refuses it
        """
        query = SQL(
            "SELECT DISTINCT source.partner_id FROM (%s) AS source"
            " WHERE source.partner_id IS NOT NULL%s",
            source,
            SQL(" LIMIT %s", limit) if limit else SQL(),
        )
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                return [row[0] for row in self.env.execute_query(query)]
        except (psycopg2.DataError, psycopg2.ProgrammingError) as error:
            raise BrokenRuleError(str(error).splitlines()[0]) from error

    def _get_visible_quantities(self, env, partner_ids):
        """Add up what the user of ``env`` may read, archived records included.

        :return: dict from contact id to quantity, empty if there is nothing to tell
        """
        if not self.quantity_field or not self._is_live():
            return {}
        env = env(context={**env.context, "active_test": False})
        if not env[self.model_name].has_access("read"):
            return {}
        try:
            source = self._get_live_source(env, partner_ids)
        except AccessError:
            return {}
        return dict(
            env.execute_query(
                SQL(
                    "SELECT source.partner_id, SUM(source.quantity)"
                    " FROM (%s) AS source GROUP BY source.partner_id",
                    source,
                )
            )
        )

    # ------------------------------------------------------------------
    # Is a rule well made?
    # ------------------------------------------------------------------

    def _get_field(self, name):
        if not name or not self.model_name:
            return self.env["ir.model.fields"]
        return self.env["ir.model.fields"]._get(self.model_name, name)

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
        cooperator 14 and later) usually answers for one company only.
        """
        for condition in domain.iter_conditions():
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
                if not field.relational:
                    break  # what follows is a part of a date, or a property
                CurrentModel = CurrentModel.env[field.comodel_name]
            if condition.operator in ("any", "not any"):
                try:
                    subdomain = Domain(condition.value)
                except (ValueError, TypeError) as error:
                    raise BrokenRuleError(str(error)) from error
                self._check_domain_fields(CurrentModel, subdomain)
