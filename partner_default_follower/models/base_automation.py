# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import logging
from ast import literal_eval

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools.safe_eval import safe_eval

from odoo.addons.base_automation.models.base_automation import CREATE_TRIGGERS

_logger = logging.getLogger(__name__)

NOT_AN_ADDRESS = Domain("parent_id", "=", False) | Domain("type", "=", "contact")
IS_COMPANY = Domain("is_company", "=", True)
IS_PERSON = Domain("is_company", "=", False)

# What each kind of contact means in the filter of a rule
KINDS = {
    "all": Domain.TRUE,
    "contact": NOT_AN_ADDRESS,
    "company": IS_COMPANY,
    "person": IS_PERSON & NOT_AN_ADDRESS,
}

FILTER_DEFAULTS = {
    "follow_kind": "all",
    "follow_company_id": False,
    "follow_domain": False,
}


class BaseAutomation(models.Model):
    """Automation rules, among them the default follower rules of contacts.

    A default follower rule is an automation rule like any other, with one or more
    "Add Followers" actions. Its people and events are read from these actions and
    written there. Which contacts are fields of their own, from which the filter is
    made; a filter that was written by hand is shown as such.
    """

    _name = "base.automation"
    _inherit = ("base.automation", "partner.default.follower.mixin")

    is_default_follower = fields.Boolean(
        string="Default Followers",
        help="The people of this rule follow new contacts with the chosen events, at "
        "a cost that does not grow with the number of contacts. Nobody follows a "
        "contact of a company they have no access to.",
    )
    follow_partner_ids = fields.Many2many(
        "res.partner",
        string="People",
        compute="_compute_follow_partner_ids",
        inverse="_inverse_follow_partner_ids",
        context={"active_test": False},
        help="They follow every new contact that this rule is about. Archived people "
        "are shown, but not added.",
    )
    follow_subtype_ids = fields.Many2many(
        "mail.message.subtype",
        string="Events",
        compute="_compute_follow_subtype_ids",
        inverse="_inverse_follow_subtype_ids",
        domain="[('res_model', 'in', (False, 'res.partner')), ('hidden', '=', False)]",
        help="What they are told about. Empty: the events that Odoo proposes by "
        "default.",
    )
    follow_kind = fields.Selection(
        [
            ("all", "Contacts and addresses"),
            ("contact", "Contacts, not addresses"),
            ("company", "Companies only"),
            ("person", "Individuals only"),
            ("custom", "Filter of the rule"),
        ],
        string="Which Contacts",
        compute="_compute_follow_filter",
        store=True,
        readonly=False,
        help="An address is an invoice, delivery or other address inside a contact.",
    )
    follow_company_id = fields.Many2one(
        "res.company",
        string="Company",
        compute="_compute_follow_filter",
        store=True,
        readonly=False,
        ondelete="restrict",
        help="Only for contacts of this company and for contacts that all companies "
        "share. Empty: for contacts of any company.",
    )
    follow_domain = fields.Char(
        string="Further Conditions",
        compute="_compute_follow_filter",
        store=True,
        readonly=False,
        help="For example a country or a tag.",
    )
    follow_external_ids = fields.Many2many(
        "res.partner",
        string="External People",
        compute="_compute_follow_people",
        help="They are not employees, and receive e-mails about these contacts.",
    )
    follow_unreached_ids = fields.Many2many(
        "res.partner",
        string="Not Added",
        compute="_compute_follow_people",
        context={"active_test": False},
        help="Archived, without any user left, or external without any event that is "
        "not internal: nothing is given to them.",
    )

    @api.depends("action_server_ids.partner_ids", "action_server_ids.state")
    def _compute_follow_partner_ids(self):
        for rule in self:
            actions = rule.with_context(active_test=False)._follow_actions()
            rule.follow_partner_ids = actions.partner_ids

    @api.depends("action_server_ids.follow_subtype_ids", "action_server_ids.state")
    def _compute_follow_subtype_ids(self):
        for rule in self:
            rule.follow_subtype_ids = rule._follow_actions().follow_subtype_ids

    @api.depends("filter_domain")
    def _compute_follow_filter(self):
        for rule in self:
            filters = [
                (rule.follow_kind, rule.follow_company_id, rule.follow_domain),
                *((kind, rule.follow_company_id.browse(), False) for kind in KINDS),
            ]
            rule.follow_kind, rule.follow_company_id, rule.follow_domain = next(
                (
                    parts
                    for parts in filters
                    if parts[0] in KINDS
                    and self._follow_make_filter(*parts) == rule.filter_domain
                ),
                ("custom", False, False),
            )

    @api.depends("follow_partner_ids", "follow_subtype_ids")
    def _compute_follow_people(self):
        for rule in self:
            people = rule.follow_partner_ids._origin
            subtypes = rule.follow_subtype_ids._origin
            subtypes = subtypes or subtypes.default_subtypes("res.partner")[0]
            internal_only = all(subtypes.mapped("internal"))
            reach = people._follow_reach()
            reached = people.filtered(
                lambda p, reach=reach, internal_only=internal_only: (
                    p in reach and not (internal_only and p.partner_share)
                )
            )
            rule.follow_external_ids = reached.filtered("partner_share")
            rule.follow_unreached_ids = people - reached

    def _inverse_follow_partner_ids(self):
        for rule in self:
            people = rule.follow_partner_ids
            actions = rule.with_context(active_test=False)._follow_actions()
            if not actions:
                if people:
                    rule._follow_create_action(people)
                continue
            for action in actions:
                if gone := action.partner_ids - people:
                    action.partner_ids = [Command.unlink(person.id) for person in gone]
            if new := people - actions.partner_ids:
                # sudo: nobody else writes the field
                new.sudo().filtered("follow_user_deleted").follow_user_deleted = False
                actions[0].partner_ids = [Command.link(person.id) for person in new]

    def _inverse_follow_subtype_ids(self):
        for rule in self:
            subtypes = rule.follow_subtype_ids
            actions = rule._follow_actions()
            if not actions and subtypes:
                actions = rule._follow_create_action(self.env["res.partner"])
            actions.follow_subtype_ids = subtypes

    @api.onchange("follow_partner_ids")
    def _onchange_follow_partner_ids(self):
        people = self.follow_partner_ids._origin - self._origin.follow_partner_ids
        return people._follow_warn_external()

    @api.constrains("is_default_follower", "model_id")
    def _check_is_default_follower(self):
        for rule in self:
            if rule.is_default_follower and rule.model_name != "res.partner":
                raise ValidationError(
                    rule.env._(
                        "The rule “%(rule)s” gives contacts their default followers: "
                        "its model cannot be anything but Contact.",
                        rule=rule.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        follow = self.env.context.get("default_is_default_follower")
        for vals in vals_list:
            if vals.get("is_default_follower", follow):
                vals.setdefault("model_id", self.env["ir.model"]._get_id("res.partner"))
                vals.setdefault("trigger", "on_create")
            if FILTER_DEFAULTS.keys() & vals.keys():
                vals.update({**FILTER_DEFAULTS, **vals})
        rules = super().create(vals_list)
        for rule, vals in zip(rules, vals_list, strict=True):
            rule._follow_write_filter(vals)
        return rules

    def write(self, vals):
        result = super().write(vals)
        self._follow_write_filter(vals)
        if {"active", "is_default_follower"} & vals.keys():
            self._follow_refresh()
        return result

    # --------------------------------------------------
    # Actions
    # --------------------------------------------------

    def action_open_automation_rule(self):
        """Open this rule as Settings ‣ Technical ‣ Automation Rules shows it."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [
                (self.env.ref("base_automation.view_base_automation_form").id, "form")
            ],
        }

    # --------------------------------------------------
    # Processing
    # --------------------------------------------------

    def _register_hook(self):
        result = super()._register_hook()
        model_class = type(self.env["res.partner"])
        if "create" not in vars(model_class):
            return result
        if self._follow_needs_create():
            # Odoo keeps the method that it found, and so passes by whatever replaces it
            # afterwards, as tests do.
            model_class.create.origin = lambda contacts, vals_list, **kw: super(
                model_class, contacts
            ).create(vals_list, **kw)
        else:
            # the seeded rule has nobody at first: contacts then cost nothing more
            del model_class.create
        return result

    def _get_actions(self, records, triggers):
        rules = super()._get_actions(records, triggers)
        if records._name == "res.partner":
            # Read the people now: once contacts are created, and not yet flushed,
            # reading any partner would first write them all.
            # sudo: the rules are for Settings only
            ours = rules.sudo().filtered("is_default_follower")
            ours._follow_actions()._follow_grants()
        return rules

    def _filter_post_export_domain(self, records, feedback=False):
        # sudo: the rules are for Settings only
        if self.sudo().is_default_follower:
            try:
                self.sudo()._follow_contact_domain()
            except UserError as error:
                # the form of the rule says so: contacts are created nonetheless
                _logger.info("Default followers are not given: %s", error)
                return records.browse(), None
        return super()._filter_post_export_domain(records, feedback=feedback)

    def _process(self, records, domain_post=None):
        # Odoo runs each action once for each record. These do the same for many.
        # sudo: the rules are for Settings only
        actions = self.sudo().action_server_ids
        if not records or actions != self.sudo()._follow_actions():
            return super()._process(records, domain_post=domain_post)
        done = self.env.context.get("__action_done", {})
        records -= done.get(self, records.browse())
        if self.env.context.get("old_values") is not None:
            records = records.filtered(self._check_trigger_fields)
        for action in actions:
            try:
                action.with_context(
                    active_model=records._name,
                    active_ids=records.ids,
                    active_id=records[:1].id,
                    domain_post=domain_post,
                ).run()
            except Exception as error:
                self._add_postmortem(error)
                raise

    @api.model
    def _follow_needs_create(self):
        """Return whether any rule has something to do when contacts are created."""
        rules = self.sudo().search(
            [
                ("active", "=", True),
                ("model_name", "=", "res.partner"),
                ("trigger", "in", CREATE_TRIGGERS),
            ]
        )
        return any(
            not rule._follow_is_plain() or rule.follow_partner_ids for rule in rules
        )

    @api.model
    @tools.ormcache(cache="stable")
    def _follow_is_used(self):
        """Return whether a rule that is on names people, or any gave followers."""
        # sudo: whoever's rules and followers
        rules = self.sudo().with_context(active_test=False)
        named = [
            ("is_default_follower", "=", True),
            ("active", "=", True),
            ("action_server_ids.partner_ids", "!=", False),
        ]
        return bool(
            rules.search_count(named, limit=1)
            or rules.env["mail.followers"].search_count(
                [("default_follower", "=", True)], limit=1
            )
        )

    @api.model
    def _follow_refresh(self):
        """Take note that the people of rules have changed."""
        self.env.registry.clear_cache("stable")  # _follow_is_used
        patched = "create" in vars(type(self.env["res.partner"]))
        if patched != self._follow_needs_create():
            self._update_registry()

    def _follow_is_plain(self):
        """Return whether this rule does nothing but add named followers."""
        actions = self.action_server_ids
        return self.is_default_follower and actions == self._follow_actions()

    # --------------------------------------------------
    # The rule behind the fields
    # --------------------------------------------------

    @api.model
    def _follow_rule_domain(self):
        """Return the domain of rules that make people follow new contacts.

        Rules that were built by hand are among them.
        """
        return [
            ("model_name", "=", "res.partner"),
            ("trigger", "in", ["on_create", "on_create_or_write"]),
            ("action_server_ids.state", "=", "followers"),
            ("action_server_ids.followers_type", "=", "specific"),
        ]

    @api.model
    def _follow_make_filter(self, kind, company, conditions):
        """Return the text of a filter on contacts, False for all of them.

        :param kind: key of ``KINDS``
        :param company: ``res.company`` record, empty for any
        :param conditions: text of a domain
        :raise ValidationError: if the conditions are no domain
        """
        try:
            rest = Domain(literal_eval(conditions or "[]"))
        except (SyntaxError, TypeError, ValueError) as error:
            raise ValidationError(
                self.env._("“%(text)s” is not a valid filter.", text=conditions)
            ) from error
        domain = KINDS[kind or "all"]
        if company:
            domain &= Domain("company_id", "in", [False, company.id])
        domain &= rest
        return False if domain.is_true() else repr(list(domain))

    def _follow_write_filter(self, vals):
        """Make the filter of these rules what was just written to its parts."""
        if not FILTER_DEFAULTS.keys() & vals.keys():
            return
        for rule in self:
            parts = rule.follow_kind, rule.follow_company_id, rule.follow_domain
            if rule.follow_kind == "custom":
                if any(parts[1:]):
                    rule.write({**FILTER_DEFAULTS, "follow_kind": "custom"})
                continue
            text = self._follow_make_filter(*parts)
            if text != rule.filter_domain:
                rule.filter_domain = text
            rule._follow_contact_domain()

    @api.model
    def _follow_rules(self):
        """Return the default follower rules, without those built by hand."""
        rules = self.with_context(active_test=True)
        return rules.search([("is_default_follower", "=", True)])

    def _follow_actions(self):
        """Return the actions of these rules that add named people."""
        return self.action_server_ids.filtered(
            lambda a: a.state == "followers" and a.followers_type == "specific"
        )

    def _follow_create_action(self, people):
        """Give this rule an action that makes people follow."""
        self.ensure_one()
        return self.env["ir.actions.server"].create(
            {
                "name": self.env._("Add the default followers"),
                "model_id": self.model_id.id,
                "state": "followers",
                "followers_type": "specific",
                "partner_ids": [Command.set(people.ids)],
                "usage": "base_automation",
                "base_automation_id": self.id,
            }
        )

    def _follow_contact_domain(self):
        """Return the domain of the contacts that this rule is about.

        :raise UserError: if the filter cannot be used, for example because it names a
            field that is gone
        """
        self.ensure_one()
        try:
            domain = Domain(
                safe_eval(self.filter_domain or "[]", self._get_eval_context())
            )
            domain.validate(self.env["res.partner"])
        except Exception as error:
            raise UserError(
                self.env._(
                    "The filter of the rule “%(rule)s” cannot be used: %(error)s",
                    rule=self.display_name,
                    error=error,
                )
            ) from error
        return domain

    def _follow_give(self, contacts, people=None):
        """Make the people of this rule, or some of them, follow those of the contacts
        that the rule is about; nobody if its filter cannot be used."""
        try:
            domain = self._follow_contact_domain()
        except UserError:
            return
        contacts = contacts.sudo().filtered_domain(domain)
        self._follow_actions()._follow_give(contacts, people)
