# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from odoo import api, fields, models
from odoo.fields import Domain

PROTECTION = ("merge_protected", "merge_protection_reason", "merge_protection_rule_ids")


class Fresh:
    """A value that is looked up anew once anything has happened in the transaction.

    What it depends on is in the rules, where Odoo's triggers cannot follow.
    """

    def __get__(self, record, owner=None):
        if record is None or not record:
            return super().__get__(record, owner)
        env = record.env
        if env.cr.cache.get(Fresh) != self._get_stamp(env):
            env["res.partner"]._invalidate_merge_protection()
        value = super().__get__(record, owner)
        env.cr.cache[Fresh] = self._get_stamp(env)
        return value

    @staticmethod
    def _get_stamp(env):
        # what is written waits as dirty, until a statement takes it to the database
        dirty = env.transaction.field_dirty.values()
        return env.cr.sql_log_count, sum(map(len, dirty))


class FreshBoolean(Fresh, fields.Boolean):
    pass


class FreshChar(Fresh, fields.Char):
    pass


class ResPartner(models.Model):
    _inherit = "res.partner"

    merge_protected = FreshBoolean(
        string="Protected From Merging",
        compute="_compute_merge_protected",
        search="_search_merge_protected",
        groups="base.group_user",
        help="A contact merge rule protects this contact.",
    )
    merge_protection_reason = FreshChar(
        string="Why It Is Protected",
        compute="_compute_merge_protected",
        groups="base.group_user",
    )
    merge_protection_rule_ids = fields.Many2many(
        "partner.merge.guard.rule",
        string="Contact Merge Rules",
        compute="_compute_merge_protection_rule_ids",
        search="_search_merge_protection_rule_ids",
        groups="base.group_system",
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

    def _compute_merge_protection_rule_ids(self):
        Rule = self.env["partner.merge.guard.rule"]
        protections, problems = Rule._get_protections(self._origin.ids)
        broken = [rule.id for rule, _problem in problems]
        for partner in self:
            found = protections.get(partner._origin.id, ())
            partner.merge_protection_rule_ids = [p.rule.id for p in found] + broken

    def _search_merge_protected(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Odoo asks this of stored fields only
        self._check_field_access(self._fields["merge_protected"], "read")
        protections, problems = self.env["partner.merge.guard.rule"]._get_protections()
        domain = Domain.TRUE if problems else Domain("id", "in", list(protections))
        if False in value:
            return ~domain if True not in value else Domain.TRUE
        return domain

    def _search_merge_protection_rule_ids(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._check_field_access(self._fields["merge_protection_rule_ids"], "read")
        rules = self.env["partner.merge.guard.rule"].sudo().browse(value)
        rows, problems = rules.exists()._evaluate()
        if problems:
            return Domain.TRUE
        return Domain("id", "in", [partner_id for _rule, partner_id, _q in rows])

    @api.model
    def _invalidate_merge_protection(self):
        self.env["res.partner"].invalidate_model(PROTECTION, flush=False)

    @api.model
    def _get_merged_tables(self):
        """Names of the tables whose rows an addon brings together when contacts are
        merged, so that Odoo deletes none of them unseen.

        An addon adds its own, by a method of this name that looks for the next one in
        line: it need not depend on this one.

        :rtype: list
        """
        return getattr(super(), "_get_merged_tables", list)()
