# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain

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
    follow_missing_count = fields.Integer(
        string="Contacts to Follow", compute="_compute_follow_pending"
    )
    follow_excess_count = fields.Integer(
        string="Followers to Take Back", compute="_compute_follow_pending"
    )
    follow_given_count = fields.Integer(
        string="Followers Given", compute="_compute_follow_pending"
    )
    follow_error = fields.Char(string="Error", compute="_compute_follow_pending")
    follow_job_ids = fields.One2many(
        "partner.default.follower.job", "automation_id", string="Runs", readonly=True
    )
    follow_state = fields.Selection(
        [
            ("none", "Not Started"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        string="State of Existing Contacts",
        compute="_compute_follow_state",
    )
    follow_done = fields.Integer(
        string="Contacts Done", compute="_compute_follow_state"
    )
    follow_total = fields.Integer(
        string="Contacts in Total", compute="_compute_follow_state"
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
            grants = rule._origin._follow_actions()._follow_grants()
            rule.follow_external_ids = people.filtered("partner_share")
            rule.follow_unreached_ids = people - people.browse().union(*grants)

    @api.depends(
        "follow_partner_ids",
        "follow_subtype_ids",
        "filter_domain",
        "follow_job_ids.state",
    )
    def _compute_follow_pending(self):
        jobs = self.env["partner.default.follower.job"]
        # sudo: whoever's followers
        followers = self.env["mail.followers"].sudo()
        for rule in self:
            origin = rule._origin
            rule.follow_given_count = origin and followers.search_count(
                [("default_follower_rule_id", "=", origin.id)]
            )
            rule.follow_missing_count = rule.follow_excess_count = 0
            rule.follow_error = rule.follow_job_ids.sorted("id")[-1:].error
            if origin.model_name != "res.partner":
                continue
            try:
                excess, missing = jobs._find(origin)
                rule.follow_missing_count = len(missing)
                rule.follow_excess_count = len(excess)
            except UserError as error:
                rule.follow_error = str(error)

    @api.depends("follow_job_ids.state", "follow_job_ids.done_count")
    def _compute_follow_state(self):
        for rule in self:
            job = rule.follow_job_ids.sorted("id")[-1:]
            rule.follow_state = job.state or "none"
            rule.follow_done = job.done_count
            rule.follow_total = job.total_count

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
        return self._follow_warn_external(
            self.follow_partner_ids._origin - self._origin.follow_partner_ids
        )

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

    def action_follow_existing(self):
        """Give and take back on the existing contacts what this rule says.

        At once for a few, in the background for many.

        :raises UserError: if the rule has nobody to add, or is switched off
        """
        self.ensure_one()
        self.check_access("write")
        if not (self.follow_partner_ids or self.follow_excess_count):
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
        return self._follow_start()

    def action_follow_confirm(self):
        """Show what *Also follow the existing contacts* would do, before it is done."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Existing Contacts"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [
                (
                    self.env.ref(
                        "partner_default_follower.base_automation_view_form_follow_existing"
                    ).id,
                    "form",
                )
            ],
            "target": "new",
        }

    def action_follow_take_back(self):
        """Switch this rule off and take back the followers that it gave.

        What another rule gives as well stays.
        """
        self.ensure_one()
        self.check_access("write")
        self.active = False
        return self._follow_start(take_back=True)

    def action_follow_stop(self):
        """Stop treating the existing contacts after the batch under way."""
        self.check_access("write")
        self.follow_job_ids._stop()

    def action_follow_resume(self):
        """Go on with the existing contacts: with what is missing by now."""
        self.check_access("write")
        self.follow_job_ids._resume()

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

    def _follow_start(self, take_back=False):
        job = self.env["partner.default.follower.job"]._start(self, take_back)
        if job.state == "running":
            message = self.env._(
                "%(count)s contacts are treated in the background.",
                count=job.total_count,
            )
        elif take_back:
            message = self.env._(
                "%(count)s followers were taken back.", count=job.done_count
            )
        else:
            message = self.env._(
                "%(count)s contacts got their default followers.", count=job.done_count
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if job.error else "success",
                "message": job.error or message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

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
    def _follow_warn_external(self, people):
        """Warn whoever has just chosen people who are not employees.

        :return: the result of an onchange
        """
        external = people.filtered("partner_share")
        if not external:
            return None
        return {
            "warning": {
                "title": self.env._("External Contact"),
                "message": self.env._(
                    "%(people)s: not an employee. External contacts receive by e-mail "
                    "what colleagues and customers write on the contacts they follow. "
                    "Remove them from the list unless this is what you want.",
                    people=", ".join(external.mapped("display_name")),
                ),
            }
        }

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
