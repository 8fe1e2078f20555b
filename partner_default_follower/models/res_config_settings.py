# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    """Settings: who follows new contacts, of all companies and of this one.

    The page shows two rules and no store of its own: the seeded one, and that of the
    company. Who is shown is who is added: the people of a rule that is switched off
    are not shown.
    """

    _inherit = "res.config.settings"

    contact_follow_rule_id = fields.Many2one(
        "base.automation",
        string="Default Followers Rule",
        default=lambda self: self._contact_follow_seeded_rule(),
    )
    contact_follow_company_rule_id = fields.Many2one(
        "base.automation",
        string="Rule of This Company",
        compute="_compute_contact_follow_company_rule_id",
    )
    contact_follow_active = fields.Boolean(
        string="Default Followers",
        compute="_compute_contact_follow_active",
        store=True,
        readonly=False,
        help="Switches the rule of all companies and that of this company on and off.",
    )
    contact_follow_partner_ids = fields.Many2many(
        "res.partner",
        relation="res_config_settings_contact_follow_rel",
        string="People",
        compute="_compute_contact_follow_partner_ids",
        store=True,
        readonly=False,
        context={"active_test": False},
    )
    contact_follow_company_partner_ids = fields.Many2many(
        "res.partner",
        relation="res_config_settings_contact_follow_company_rel",
        string="People of This Company",
        compute="_compute_contact_follow_company_partner_ids",
        store=True,
        readonly=False,
        context={"active_test": False},
        help="They follow only new contacts of this company, and those that all "
        "companies share.",
    )
    contact_follow_kind = fields.Selection(
        related="contact_follow_rule_id.follow_kind", readonly=False
    )
    contact_follow_subtype_ids = fields.Many2many(
        related="contact_follow_rule_id.follow_subtype_ids", readonly=False
    )
    contact_follow_rule_company_id = fields.Many2one(
        related="contact_follow_rule_id.follow_company_id", string="Company of the Rule"
    )
    contact_follow_domain = fields.Char(related="contact_follow_rule_id.follow_domain")
    contact_follow_other_count = fields.Integer(
        string="Other Rules", compute="_compute_contact_follow_company_rule_id"
    )
    contact_follow_external_ids = fields.Many2many(
        related="contact_follow_rule_id.follow_external_ids"
    )
    contact_follow_unreached_ids = fields.Many2many(
        related="contact_follow_rule_id.follow_unreached_ids"
    )

    @api.depends("company_id", "contact_follow_rule_id")
    def _compute_contact_follow_company_rule_id(self):
        # a rule with further conditions is one for its own page
        rules = self.env["base.automation"].with_context(active_test=False)
        rules = rules.search([("is_default_follower", "=", True)], order="id")
        for settings in self:
            others = rules - settings.contact_follow_rule_id._origin
            company_rule = others.filtered(
                lambda rule, company=settings.company_id: (
                    rule.follow_company_id == company
                    and rule.follow_domain in (False, "[]")
                )
            ).sorted("active", reverse=True)[:1]
            settings.contact_follow_company_rule_id = company_rule
            settings.contact_follow_other_count = len(
                (others - company_rule).filtered(lambda r: r.active)
            )

    @api.depends("contact_follow_rule_id", "company_id")
    def _compute_contact_follow_active(self):
        for settings in self:
            settings.contact_follow_active = settings._contact_follow_is_on()

    # one method each: else reading one field would undo what was typed in the other
    @api.depends("contact_follow_active", "contact_follow_rule_id")
    def _compute_contact_follow_partner_ids(self):
        for settings in self:
            seeded = settings.contact_follow_rule_id._origin
            rule = settings._contact_follow_shown() & seeded
            settings.contact_follow_partner_ids = rule.follow_partner_ids

    @api.depends("contact_follow_active", "contact_follow_rule_id", "company_id")
    def _compute_contact_follow_company_partner_ids(self):
        for settings in self:
            seeded = settings.contact_follow_rule_id._origin
            rule = settings._contact_follow_shown() - seeded
            settings.contact_follow_company_partner_ids = rule.follow_partner_ids

    @api.onchange("contact_follow_partner_ids", "contact_follow_company_partner_ids")
    def _onchange_contact_follow_people(self):
        people = self.env["res.partner"]
        for name, rule in self._contact_follow_rules().items():
            people |= self[name]._origin - rule.follow_partner_ids
        return people._follow_warn_external()

    def set_values(self):
        result = super().set_values()
        shown = self._contact_follow_shown()
        was_on = self._contact_follow_is_on()
        for name, rule in self._contact_follow_rules().items():
            people = self[name]
            if people != (
                rule.follow_partner_ids if rule in shown else people.browse()
            ):
                if not rule:
                    rule = self._contact_follow_create_rule(name)
                rule.follow_partner_ids = people
                # whom the page names is added
                rule.active = self.contact_follow_active
            elif rule and self.contact_follow_active != was_on:
                rule.active = self.contact_follow_active
        return result

    def action_contact_follow_restore(self):
        """Create the deleted rule again, without people."""
        self.env["base.automation"].check_access("create")
        if not self._contact_follow_seeded_rule():
            self._contact_follow_create_rule("contact_follow_partner_ids")
        return {"type": "ir.actions.client", "tag": "reload"}

    def action_contact_follow_rule(self):
        """Open the rule as the default follower rule that it is."""
        rule = self._contact_follow_seeded_rule()
        rule.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "partner_default_follower.base_automation_action_default_follower"
        )
        form = self.env.ref(
            "partner_default_follower.base_automation_view_form_default_follower"
        )
        return {**action, "res_id": rule.id, "views": [(form.id, "form")]}

    @api.model
    def _contact_follow_seeded_rule(self):
        """Return the rule that came with the addon, empty if it was deleted."""
        return (
            self.env.ref(
                "partner_default_follower.automation_new_partner",
                raise_if_not_found=False,
            )
            or self.env["base.automation"]
        )

    def _contact_follow_rules(self):
        """Return the field of the page for each rule that it shows."""
        return {
            "contact_follow_partner_ids": self.contact_follow_rule_id._origin,
            "contact_follow_company_partner_ids": (
                self.contact_follow_company_rule_id._origin
            ),
        }

    def _contact_follow_is_on(self):
        """Return whether any rule of the page is on."""
        return any(rule.active for rule in self._contact_follow_rules().values())

    def _contact_follow_shown(self):
        """Return the rules whose people the page shows: those that are on, and when all
        were off and are to be switched on, all of them."""
        rules = self.env["base.automation"].union(
            *self._contact_follow_rules().values()
        )
        if not self.contact_follow_active:
            return rules.browse()
        return rules.filtered("active") or rules

    def _contact_follow_create_rule(self, name):
        """Create the rule behind a field of the page."""
        rules = self.env["base.automation"]
        if name == "contact_follow_company_partner_ids":
            return rules.create(
                {
                    "name": self.env._(
                        "Default followers of new contacts (%(company)s)",
                        company=self.company_id.name,
                    ),
                    "is_default_follower": True,
                    "follow_company_id": self.company_id.id,
                }
            )
        rule = rules.create(
            {
                "name": self.env._("Default followers of new contacts"),
                "is_default_follower": True,
            }
        )
        action = rule._follow_create_action(self.env["res.partner"])
        self.env["ir.model.data"]._update_xmlids(
            [
                {
                    "xml_id": f"partner_default_follower.{xmlid}",
                    "record": record,
                    "noupdate": True,
                }
                for xmlid, record in (
                    ("automation_new_partner", rule),
                    ("action_add_followers", action),
                )
            ]
        )
        return rule
