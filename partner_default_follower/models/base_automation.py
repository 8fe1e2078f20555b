# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from ast import literal_eval

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from .ir_actions_server import FollowBatch

NOT_AN_ADDRESS = Domain("parent_id", "=", False) | Domain("type", "=", "contact")
IS_COMPANY = Domain("is_company", "=", True)
IS_PERSON = Domain("is_company", "=", False)

# What each kind of contact means in the filter of a rule. A kind comes before
# those whose parts it contains.
KINDS = {
    "company": [IS_COMPANY],
    "person": [IS_PERSON, NOT_AN_ADDRESS],
    "contact": [NOT_AN_ADDRESS],
    "all": [],
}

# Existing contacts are treated at once up to this number (about a second),
# above it in the background
FOLLOW_AT_ONCE = 2000
# One commit of the background job: about a second
FOLLOW_BATCH = 5000


class BaseAutomation(models.Model):
    """Automation rules, among them the default follower rules of contacts.

    A default follower rule is an automation rule like any other, with one or
    more "Add Followers" actions. The ``follow_…`` fields are a view on its
    actions and its filter: what they show is read from these, and what is
    written to them is written there.
    """

    _inherit = "base.automation"

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
        compute="_compute_follow_kind",
        inverse="_inverse_follow_filter",
        help="An address is an invoice, delivery or other address inside a contact.",
    )
    follow_company_id = fields.Many2one(
        "res.company",
        string="Company",
        compute="_compute_follow_company_id",
        inverse="_inverse_follow_filter",
        help="Only for contacts of this company and for contacts that all companies "
        "share. Empty: for contacts of any company.",
    )
    follow_domain = fields.Char(
        string="Further Conditions",
        compute="_compute_follow_domain",
        inverse="_inverse_follow_filter",
        help="For example a country or a tag.",
    )
    follow_missing_count = fields.Integer(
        string="Contacts to Follow", compute="_compute_follow_missing_count"
    )
    follow_backfill = fields.Selection(
        [("running", "Running"), ("stopped", "Stopped")],
        string="Existing Contacts",
        copy=False,
        readonly=True,
        help="Whether the existing contacts are being treated in the background.",
    )
    follow_progress_ids = fields.One2many(
        "default.follower.progress", "automation_id", readonly=True
    )
    follow_state = fields.Selection(
        [
            ("none", "Not Started"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("done", "Done"),
        ],
        string="State of Existing Contacts",
        compute="_compute_follow_state",
    )
    follow_done = fields.Integer(
        string="Contacts Done", compute="_compute_follow_state"
    )
    follow_total = fields.Integer(
        string="Contacts at the Start", compute="_compute_follow_state"
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
    def _compute_follow_kind(self):
        for rule in self:
            rule.follow_kind = rule._follow_split_filter()[0]

    @api.depends("filter_domain")
    def _compute_follow_company_id(self):
        for rule in self:
            rule.follow_company_id = rule._follow_split_filter()[1]

    @api.depends("filter_domain")
    def _compute_follow_domain(self):
        for rule in self:
            rule.follow_domain = rule._follow_split_filter()[2]

    @api.depends("follow_partner_ids", "filter_domain", "is_default_follower")
    def _compute_follow_missing_count(self):
        for rule in self:
            rule.follow_missing_count = rule._origin._follow_count_missing()

    @api.depends("follow_backfill", "follow_progress_ids")
    def _compute_follow_state(self):
        for rule in self:
            progress = rule.follow_progress_ids[:1]
            rule.follow_done = progress.done
            rule.follow_total = progress.total
            if progress.finished:
                rule.follow_state = "done"
            else:
                rule.follow_state = progress and rule.follow_backfill or "none"

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
                actions[0].partner_ids = [Command.link(person.id) for person in new]

    def _inverse_follow_subtype_ids(self):
        for rule in self:
            subtypes = rule.follow_subtype_ids
            actions = rule._follow_actions()
            if not actions and subtypes:
                actions = rule._follow_create_action(self.env["res.partner"])
            actions.follow_subtype_ids = subtypes

    def _inverse_follow_filter(self):
        for rule in self:
            if rule.follow_kind == "custom":
                continue
            parts = list(KINDS[rule.follow_kind or "all"])
            if rule.follow_company_id:
                parts.append(
                    Domain("company_id", "in", [False, rule.follow_company_id.id])
                )
            try:
                parts.append(Domain(literal_eval(rule.follow_domain or "[]")))
            except (SyntaxError, TypeError, ValueError) as error:
                raise ValidationError(
                    rule.env._(
                        "The conditions of the rule “%(rule)s” are not a valid filter.",
                        rule=rule.display_name,
                    )
                ) from error
            domain = Domain.AND(parts)
            rule.filter_domain = False if domain.is_true() else repr(list(domain))

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
        rules = super().create(vals_list)
        self.env.registry.clear_cache()  # _follow_is_idle
        return rules

    def write(self, vals):
        result = super().write(vals)
        if {"is_default_follower", *self.CRITICAL_FIELDS} & set(vals):
            self.env.registry.clear_cache()  # _follow_is_idle
        return result

    def unlink(self):
        self.env.registry.clear_cache()  # _follow_is_idle
        return super().unlink()

    # --------------------------------------------------
    # Processing
    # --------------------------------------------------

    def _get_actions(self, records, triggers):
        if records._name == "res.partner" and self._follow_is_idle(tuple(triggers)):
            return self.browse()
        rules = super()._get_actions(records, triggers)
        if records._name == "res.partner":
            # Read the people now: once contacts are created, and not yet flushed,
            # reading any partner would first write them all.
            # sudo: the rules are for Settings only
            rules.sudo().follow_partner_ids.mapped("partner_share")
        return rules

    @api.model
    @tools.ormcache("triggers")
    def _follow_is_idle(self, triggers):
        """Return whether no rule for these triggers has anything to do on contacts.

        So that contacts cost nothing more while nobody is chosen: the rule is
        seeded without people.
        """
        rules = self.sudo().with_context(active_test=False)
        rules = rules.search(
            [
                ("active", "=", True),
                ("model_name", "=", "res.partner"),
                ("trigger", "in", triggers),
            ]
        )
        return all(
            rule.is_default_follower
            and not rule.follow_partner_ids
            and len(rule._follow_actions()) == len(rule.action_server_ids)
            for rule in rules
        )

    def _process(self, records, domain_post=None):
        # What is to be done, for which records, and in which order stays Odoo's
        # decision. Only when a rule does nothing but make named people follow is
        # each action put off until all records of this pass are known, and then
        # run once on them all.
        actions = self.sudo().action_server_ids
        if len(records) < 2 or not all(a._follows_people() for a in actions):
            return super()._process(records, domain_post=domain_post)
        batch = FollowBatch()
        result = super(
            BaseAutomation, self.with_context(partner_default_follower_batch=batch)
        )._process(records, domain_post=domain_post)
        for action, record_ids in batch.items():
            try:
                action.with_context(
                    active_ids=record_ids, partner_default_follower_batch=None
                ).run()
            except Exception as error:
                self._add_postmortem(error)
                raise
        return result

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
    def _follow_seeded_rule(self):
        """Return the rule that came with the addon, empty if it was deleted."""
        return (
            self.env.ref(
                "partner_default_follower.automation_new_partner",
                raise_if_not_found=False,
            )
            or self.browse()
        )

    @api.model
    def _follow_company_rule(self, company):
        """Return the first default follower rule that is for one company only.

        :param company: ``res.company`` record
        """
        rules = self.with_context(active_test=False).search(
            [("is_default_follower", "=", True)], order="id"
        )
        return rules.filtered(
            lambda rule: (
                rule.follow_company_id == company
                and rule.follow_domain in (False, "[]")
            )
        )[:1]

    @api.model
    def _follow_create_seeded_rule(self):
        """Create the rule that came with the addon again, after it was deleted."""
        rule = self.create(
            {
                "name": self.env._("Default followers of new contacts"),
                "is_default_follower": True,
            }
        )
        action = rule._follow_create_action(self.env["res.partner"])
        self.env["ir.model.data"]._update_xmlids(
            [
                {
                    "xml_id": f"partner_default_follower.{name}",
                    "record": record,
                    "noupdate": True,
                }
                for name, record in (
                    ("automation_new_partner", rule),
                    ("action_add_followers", action),
                )
            ]
        )
        return rule

    def _follow_create_action(self, people):
        """Give this rule an action that makes people follow."""
        self.ensure_one()
        action = self.env["ir.actions.server"].create(
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
        return action

    def _follow_actions(self):
        """Return the actions of these rules that add named people."""
        return self.action_server_ids.filtered(lambda a: a._follows_people())

    def _follow_split_filter(self):
        """Split the filter of this rule into what its form asks for.

        :return: kind (key of ``follow_kind``), company (``res.company`` record)
            and the text of all other conditions. A filter that computes something
            cannot be split: its kind is ``custom``.
        """
        self.ensure_one()
        company = self.env["res.company"]
        try:
            domain = Domain(literal_eval(self.filter_domain or "[]"))
        except (SyntaxError, TypeError, ValueError):
            return "custom", company, self.filter_domain
        if domain.is_true():
            return "all", company, "[]"
        parts = list(getattr(domain, "children", [domain]))
        if domain != Domain.AND(parts):
            parts = [domain]
        for part in parts:
            ids = getattr(part, "value", None)
            if (
                getattr(part, "field_expr", None) == "company_id"
                and part.operator == "in"
                and isinstance(ids, (list, tuple))
                and len(ids) == 2
                and False in ids
            ):
                company = company.browse([id_ for id_ in ids if id_]).exists()
                if company:
                    parts.remove(part)
                    break
        kind = next(
            kind
            for kind, kind_parts in KINDS.items()
            if all(part in parts for part in kind_parts)
        )
        rest = Domain.AND([part for part in parts if part not in KINDS[kind]])
        return kind, company, "[]" if rest.is_true() else repr(list(rest))

    # --------------------------------------------------
    # Existing contacts
    # --------------------------------------------------

    def action_follow_existing(self):
        """Make the people of this rule follow the existing contacts too.

        At once for a few, in the background for many.

        :raises UserError: if the rule has nobody to add, or is switched off
        """
        self.ensure_one()
        self.check_access("write")
        if not self.follow_partner_ids:
            raise UserError(
                self.env._("Choose first who is to follow contacts by default.")
            )
        if not self.active:
            raise UserError(
                self.env._(
                    "The rule “%(rule)s” is switched off. Switch it on first.",
                    rule=self.display_name,
                )
            )
        count = self._follow_count_missing()
        if count <= FOLLOW_AT_ONCE:
            contacts = self._follow_search_missing()
            contacts._follow_by_default(
                self.follow_partner_ids, self.follow_subtype_ids
            )
            message = self.env._(
                "%(count)s contacts got their default followers.", count=len(contacts)
            )
        else:
            # sudo: nobody but this method and the scheduled action writes it
            progress = self.env["default.follower.progress"].sudo()
            self.follow_progress_ids.sudo().unlink()
            progress.create(
                {
                    "automation_id": self.id,
                    "total": self.env["res.partner"]
                    .sudo()
                    .search_count(self._follow_contact_domain()),
                }
            )
            self._follow_set_backfill("running")
            message = self.env._(
                "%(count)s contacts get their default followers in the background.",
                count=count,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_follow_stop(self):
        """Stop treating the existing contacts after the batch under way."""
        self.check_access("write")
        self._follow_set_backfill("stopped")

    def action_follow_resume(self):
        """Go on with the existing contacts where they were stopped."""
        self.check_access("write")
        self._follow_set_backfill("running")

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

    def _follow_get_action(self):
        """Return the action that opens this rule under Contacts."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "partner_default_follower.base_automation_action_default_follower"
        )
        form = self.env.ref(
            "partner_default_follower.base_automation_view_form_default_follower"
        )
        return {**action, "res_id": self.id, "views": [(form.id, "form")]}

    def _follow_set_backfill(self, state):
        self.follow_backfill = state
        if state == "running":
            # sudo: scheduled actions are out of reach even for Settings' users
            self.env.ref(
                "partner_default_follower.ir_cron_follow_existing"
            ).sudo()._trigger()

    def _follow_contact_domain(self):
        """Return the domain of existing contacts that this rule is about."""
        self.ensure_one()
        return safe_eval(self.filter_domain or "[]", self._get_eval_context())

    def _follow_missing_sql(self):
        """Return the existing contacts whom somebody of this rule may follow,
        but does not, as a query on their identifiers.
        """
        self.ensure_one()
        # sudo: all contacts, whatever the companies of the user
        partners = self.env["res.partner"].sudo()
        people = self.follow_partner_ids.sudo().filtered("active")
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        companies = companies.search(Domain.TRUE)  # there are few
        pairs = [
            (company.id or 0, person.id)
            for company in [companies.browse(), *companies]
            for person in people._follow_filter_company(company)
        ]
        self.env["mail.followers"].flush_model(["res_model", "res_id", "partner_id"])
        query = partners._search(self._follow_contact_domain())
        table = SQL.identifier(query.table)
        query.add_where(
            SQL(
                """
                EXISTS (
                    SELECT FROM unnest(%(companies)s::int[], %(people)s::int[])
                                AS pair(company_id, partner_id)
                     WHERE pair.company_id = COALESCE(%(table)s.company_id, 0)
                       AND NOT EXISTS (
                           SELECT FROM mail_followers follower
                            WHERE follower.res_model = 'res.partner'
                              AND follower.res_id = %(table)s.id
                              AND follower.partner_id = pair.partner_id
                       )
                )
                """,
                companies=[company for company, _person in pairs],
                people=[person for _company, person in pairs],
                table=table,
            )
        )
        return query

    def _follow_count_missing(self):
        """Return how many existing contacts lack somebody of this rule."""
        if not self.follow_partner_ids:
            return 0
        return len(self._follow_missing_sql())

    def _follow_search_missing(self):
        """Return the existing contacts that lack somebody of this rule."""
        return self.env["res.partner"].browse(self._follow_missing_sql())

    @api.model
    def _cron_follow_existing(self):
        """Treat the existing contacts of the rules that asked for it.

        Each batch is committed with its progress, so that the work goes on where
        it was after a stop, a time limit or a crash.
        """
        cron = self.env["ir.cron"]
        rules = self.search([("follow_backfill", "=", "running")])
        todo = rules.follow_progress_ids.filtered(lambda p: not p.finished)
        cron._commit_progress(remaining=sum(p.total - p.done for p in todo))
        for progress in todo:
            while progress.exists() and self._follow_goes_on(progress):
                count = progress.automation_id._follow_next_batch(progress)
                if not cron._commit_progress(count):
                    return

    @api.model
    def _follow_goes_on(self, progress):
        progress.automation_id.invalidate_recordset(["follow_backfill", "active"])
        rule = progress.automation_id
        return (
            not progress.finished and rule.active and rule.follow_backfill == "running"
        )

    def _follow_next_batch(self, progress):
        """Treat the next contacts of this rule.

        :return: how many were treated; none when the rule has finished
        """
        self.ensure_one()
        contacts = self.env["res.partner"].search(
            Domain(self._follow_contact_domain())
            & Domain("id", ">", progress.last_contact_id),
            order="id",
            limit=FOLLOW_BATCH,
        )
        contacts._follow_by_default(self.follow_partner_ids, self.follow_subtype_ids)
        progress.write(
            {
                "last_contact_id": contacts[-1:].id or progress.last_contact_id,
                "done": progress.done + len(contacts),
                "finished": len(contacts) < FOLLOW_BATCH,
            }
        )
        return len(contacts)
