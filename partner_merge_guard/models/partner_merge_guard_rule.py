# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..exceptions import BrokenRuleError
from .partner_merge_guard_source import DEFINITION


class Protection(NamedTuple):
    """One rule protects one contact."""

    rule: models.BaseModel
    partner_id: int
    quantity: float


class PartnerMergeGuardRule(models.Model):
    """What makes a contact unfit for merging.

    A rule names the model whose records protect contacts, the field of that model that
    points to the contact, and which of the records count. While a rule in force is
    broken every merge is refused, and every page opens.
    """

    _name = "partner.merge.guard.rule"
    _inherit = ("partner.merge.guard.source", "mail.thread", "mail.activity.mixin")
    _description = "Contact Merge Rule"
    _order = "sequence, id"

    name = fields.Char(
        required=True,
        translate=True,
        tracking=True,
        help="Users read this name when a merge is refused.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(
        default=True,
        tracking=True,
        help="An archived rule protects nobody.",
    )
    model_id = fields.Many2one(
        "ir.model",
        compute="_compute_model_id",
        inverse="_inverse_model_id",
        domain=[("transient", "=", False), ("abstract", "=", False)],
        help="Its records protect the contacts they point to.",
    )
    message = fields.Text(
        translate=True,
        tracking=True,
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
        tracking=True,
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
        search="_search_state",
    )
    state_info = fields.Char(string="Remark", compute="_compute_state")
    protected_count = fields.Integer(
        string="Protected Contacts",
        compute="_compute_state",
        help="How many contacts the rule protects now, archived contacts included.",
    )
    was_protecting = fields.Boolean(
        copy=False,
        readonly=True,
        help="It protected somebody when the scheduled check last looked.",
    )

    @api.depends("model_name")
    def _compute_model_id(self):
        for rule in self:
            rule.model_id = self.env["ir.model"]._get(rule.model_name)

    def _inverse_model_id(self):
        for rule in self.filtered("model_id"):
            rule.model_name = rule.model_id.model

    @api.depends(*DEFINITION)
    def _compute_state(self):
        self.state = self.state_info = False
        self.protected_count = 0
        rules = self.filtered(lambda rule: rule.model_name and rule.partner_field)
        rows, problems = rules._evaluate(count=True)
        counts = {rule: count for rule, _partner_id, count in rows}
        leftovers = rules._get_leftovers()
        for rule in rules:
            if rule in problems:
                rule.state = "broken"
                rule.state_info = problems[rule]
            elif rule not in counts:
                rule.state = "dormant"
            else:
                rule.state = "protecting"
                rule.protected_count = counts[rule]
                if rule in leftovers:
                    rule.state_info = self.env._(
                        "The model is not installed, but what it stored is still in "
                        "the database: every record of it protects its contact, "
                        "whatever the conditions."
                    )

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        rules = self.search([("active", "in", [True, False])])
        return [("id", "in", rules.filtered(lambda rule: rule.state in value).ids)]

    @api.constrains(*DEFINITION)
    def _check_definition(self):
        """:raise ValidationError: if a rule cannot be evaluated"""
        if self.env.context.get("install_mode"):
            # a seed that does not fit another addon's model must not stop the
            # installation: the rule shows as broken, and stops merges instead
            return
        for rule in self:
            problem = rule._evaluate(count=True)[1].get(rule)
            try:
                rule._parse_domain()
            except BrokenRuleError as error:
                problem = str(error)
            if problem:
                raise ValidationError(
                    self.env._(
                        "The merge rule “%(rule)s” does not work: %(problem)s",
                        rule=rule.name,
                        problem=problem,
                    )
                )

    @api.onchange("model_id")
    def _onchange_model_id(self):
        """Another model: what was chosen inside the old one means nothing."""
        if self.model_id.model == self.model_name:
            return
        self.model_name = self.model_id.model
        self.domain = "[]"
        self.quantity_field = self.condition_field = False
        if self.model_name == "res.partner":
            self.partner_field = "id"
            return
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
        usual = candidates.filtered(lambda field: field.name == "partner_id")
        self.partner_field = (usual or candidates[:1]).name

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._clean_values(vals) for vals in vals_list]
        rules = super(PartnerMergeGuardRule, self._traced()).create(vals_list)
        rules._remember_source()
        return rules.with_env(self.env)

    def write(self, vals):
        vals = self._clean_values(vals)
        res = super(PartnerMergeGuardRule, self._traced()).write(vals)
        if not vals.keys().isdisjoint(DEFINITION):
            self._remember_source()
        self.env["res.partner"]._invalidate_merge_protection()
        return res

    def unlink(self):
        # the chatter goes with the rule
        self.env["partner.merge.guard.log"]._log_deleted_rules(self)
        self.env["res.partner"]._invalidate_merge_protection()
        return super().unlink()

    def action_open_protected_contacts(self):
        """Open the contacts this rule protects now, archived ones included."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "res.partner",
            "view_mode": "list,form",
            "domain": [("merge_protection_rule_ids", "in", self.ids)],
            "context": {"active_test": False},
        }

    @api.model
    def _cron_check(self):
        """Tell administrators of rules that have stopped protecting.

        A scheduled action, because nothing else is sure to be there: a rule stops
        when an addon is changed or removed, and a refused merge writes nothing.
        """
        todo = self.env.ref("mail.mail_activity_data_todo", raise_if_not_found=False)
        admins = self.env.ref("base.group_system").all_user_ids.filtered(
            lambda user: user.active and not user.share
        )
        for rule in self.search([("active", "=", True)]):
            rule._remember_source()
            works = rule.state == "protecting" and rule.protected_count > 0
            told = rule.activity_ids.filtered("automated")
            if works or (rule.state != "broken" and not rule.was_protecting):
                told.unlink()
                rule.was_protecting = works
                continue
            for admin in admins - told.user_id if todo else ():
                lang_rule = rule.with_context(lang=admin.lang)
                rule.activity_schedule(
                    activity_type_id=todo.id,
                    automated=True,
                    user_id=admin.id,
                    summary=lang_rule._get_stopped_summary(),
                    note=rule.state_info or "",
                )

    def _get_stopped_summary(self):
        if self.state == "broken":
            return self.env._("This merge rule does not work: no contact can be merged")
        if self.state == "dormant":
            return self.env._("This merge rule has gone to sleep: its model is gone")
        return self.env._("This merge rule does not protect anybody any more")

    # ------------------------------------------------------------------
    # Checking contacts
    # ------------------------------------------------------------------

    @api.model
    def _get_protections(self, partner_ids=None):
        """Tell which contacts are protected.

        Costs one query for the rules, one for what is left of models that are gone,
        and one (within a savepoint) for all rules, whatever the number of contacts.

        :param partner_ids: ids of contacts, None for everybody
        :return: ``(protections, problems)``: a dict from the id of a protected
            contact to its list of :class:`Protection`, and a list of ``(rule, text)``
            of rules that cannot be evaluated (the caller must then refuse)
        """
        if partner_ids is not None:
            partner_ids = list(partner_ids)
            if not partner_ids:
                return {}, []
        # contact managers may not read the rules, and are bound by them; the domain
        # is explicit because the merge wizard's action carries active_test=False
        rules = self.sudo().search_fetch(
            [("active", "=", True)], ["name", "scope", *DEFINITION, "source_table"]
        )
        rows, problems = rules._evaluate(partner_ids)
        protections = defaultdict(list)
        for rule, partner_id, quantity in rows:
            protections[partner_id].append(Protection(rule, partner_id, quantity or 0))
        return dict(protections), list(problems.items())

    @api.model
    def _get_problem_message(self, problems):
        """:return: why nothing can be merged; the cause only for administrators"""
        if not self.env.user.has_group("base.group_system"):
            return self.env._(
                "No contact can be merged at the moment, because this merge rule does "
                "not work: %(rules)s.\nPlease ask your administrator to correct it.",
                rules=", ".join(rule.name for rule, _problem in problems),
            )
        return self.env._(
            "No contact can be merged at the moment, because a merge rule does not "
            "work. Correct or archive it in Contacts ‣ Configuration ‣ Contact merge "
            "rules.\n%(problems)s",
            problems="\n".join(
                f"• {rule.name}: {problem}" for rule, problem in problems
            ),
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
        by_rule = defaultdict(list)
        for protection in (p for plist in protections.values() for p in plist):
            by_rule[protection.rule].append(protection.partner_id)
        visible = {
            rule: rule._get_visible_quantities(env, partner_ids)
            for rule, partner_ids in by_rule.items()
        }
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
    def _get_refusal(self, protections):
        """:return: what a refused user reads"""
        # whoever reads the text is the user, also when sudo is on
        partners = self.env["res.partner"].sudo(False).browse(protections)
        readable = partners._filtered_access("read")
        texts = self._describe_protections(
            {partner.id: protections[partner.id] for partner in readable}
        )
        lines = [self.env._("Protected contacts cannot be merged:")]
        lines += [
            f"• {partner.display_name} ({', '.join(texts[partner.id])})"
            for partner in readable
        ]
        hidden = len(partners) - len(readable)
        if hidden == 1:
            lines.append(self.env._("• one contact that you are not allowed to see"))
        elif hidden:
            lines.append(
                self.env._("• %s contacts that you are not allowed to see", hidden)
            )
        lines += dict.fromkeys(
            protection.rule.message
            for partner in readable
            for protection in protections[partner.id]
            if protection.rule.message
        )
        lines.append(self.env._("Remove them to merge the other contacts."))
        return "\n".join(lines)

    @api.model
    def _format_quantity(self, quantity):
        return formatLang(
            self.env, quantity, digits=0 if quantity == int(quantity) else 2
        )

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
                    "SELECT partner_id, SUM(quantity) FROM (%s) AS source"
                    " GROUP BY partner_id",
                    source,
                )
            )
        )

    def _traced(self):
        """A context key sent along must not keep a change out of the chatter."""
        return self.with_context(
            tracking_disable=False, mail_notrack=False, mail_create_nolog=False
        )

    @api.model
    def _clean_values(self, vals):
        vals = {
            name: value.strip()
            if name in DEFINITION and isinstance(value, str)
            else value
            for name, value in vals.items()
        }
        if vals.get("model_id") and not vals.get("model_name"):
            vals["model_name"] = self.env["ir.model"].browse(vals["model_id"]).model
        return vals

    def _remember_source(self):
        for rule in self:
            place = rule._get_place()
            if place and (rule.source_table, rule.source_column) != place:
                rule.source_table, rule.source_column = place
