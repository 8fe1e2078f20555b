# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    """Settings: the default followers, which are the seeded rule itself."""

    _inherit = "res.config.settings"

    contact_follow_rule_id = fields.Many2one(
        "base.automation",
        string="Default Followers Rule",
        default=lambda self: self.env["base.automation"]._follow_seeded_rule(),
    )
    contact_follow_active = fields.Boolean(
        related="contact_follow_rule_id.active",
        string="Default Followers",
        readonly=False,
    )
    contact_follow_partner_ids = fields.Many2many(
        related="contact_follow_rule_id.follow_partner_ids",
        context={"active_test": False},
        readonly=False,
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
    contact_follow_company_partner_ids = fields.Many2many(
        "res.partner",
        relation="res_config_settings_contact_follow_company_rel",
        string="People of This Company",
        compute="_compute_contact_follow_company_partner_ids",
        readonly=False,
        store=True,
        context={"active_test": False},
        help="They follow only new contacts of this company, and those that all "
        "companies share.",
    )

    @api.depends("company_id")
    def _compute_contact_follow_company_partner_ids(self):
        rules = self.env["base.automation"]
        for settings in self:
            settings.contact_follow_company_partner_ids = rules._follow_company_rule(
                settings.company_id
            ).follow_partner_ids

    def set_values(self):
        result = super().set_values()
        rules = self.env["base.automation"]
        people = self.contact_follow_company_partner_ids
        rule = rules._follow_company_rule(self.company_id)
        if people and not rule:
            rules.create(
                {
                    "name": self.env._(
                        "Default followers of new contacts (%(company)s)",
                        company=self.company_id.name,
                    ),
                    "is_default_follower": True,
                    "follow_company_id": self.company_id.id,
                    "follow_partner_ids": people.ids,
                }
            )
        elif people != rule.follow_partner_ids:
            rule.follow_partner_ids = people
        return result

    def action_contact_follow_restore(self):
        """Create the deleted rule again, without people."""
        self.env["base.automation"].check_access("create")
        if not self.env["base.automation"]._follow_seeded_rule():
            self.env["base.automation"]._follow_create_seeded_rule()
        return {"type": "ir.actions.client", "tag": "reload"}

    def action_contact_follow_rule(self):
        """Open the rule as the default follower rule that it is."""
        return self.env["base.automation"]._follow_seeded_rule()._follow_get_action()
