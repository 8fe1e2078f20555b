# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from odoo import api, fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    merge_protected = fields.Boolean(
        string="Protected From Merging",
        compute="_compute_merge_protected",
        search="_search_merge_protected",
        groups="base.group_user",
        help="A contact merge rule protects this contact.",
    )
    merge_protection_reason = fields.Char(
        string="Why It Is Protected",
        compute="_compute_merge_protected",
        groups="base.group_user",
    )

    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_merge_protected(self):
        Rule = self.env["partner.merge.guard.rule"]
        protections, problems = Rule._get_protections(self._origin.ids)
        texts = Rule._describe_protections(protections)
        # a broken rule stops every merge, so every contact counts as protected
        problem = Rule._get_problem_message(problems) if problems else False
        for partner in self:
            reasons = texts.get(partner._origin.id)
            partner.merge_protected = bool(reasons or problem)
            partner.merge_protection_reason = ", ".join(reasons) if reasons else problem

    def _search_merge_protected(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Odoo asks this of stored fields only
        self._check_field_access(self._fields["merge_protected"], "read")
        domain = self.env["partner.merge.guard.rule"]._get_protected_domain()
        if False in value:
            return ~domain if True not in value else Domain.TRUE
        return domain
