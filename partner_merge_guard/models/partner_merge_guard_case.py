# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

WIZARD = "base.partner.merge.automatic.wizard"
COMPARED = ("email", "phone", "vat", "ref", "street", "zip", "city", "parent_id")
RECORDS_SHOWN = 20


class PartnerMergeGuardCase(models.Model):
    """Contacts that look like one and that no run merges: for somebody to handle.

    The guard moves no share. Once the share addon's own transfer has, the case is
    finished in one step: the contacts are merged, or all but one archived.
    """

    _name = "partner.merge.guard.case"
    _description = "Duplicates to Handle by Hand"
    _order = "state desc, id desc"
    # with this name Odoo's merge leaves the table alone, as it does the wizard's own
    _table = "base_partner_merge_guard_case"

    partner_ids = fields.Many2many(
        "res.partner",
        relation="base_partner_merge_guard_case_partner_rel",
        string="Contacts",
        required=True,
        context={"active_test": False},
    )
    kept_id = fields.Many2one(
        "res.partner",
        string="Contact to Keep",
        compute="_compute_kept_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', partner_ids), ('active', 'in', [True, False])]",
    )
    reason = fields.Text(string="Why They Were Left Out", readonly=True)
    note = fields.Text(help="Goes into the chatter of the contacts.")
    state = fields.Selection(
        [("open", "To Handle"), ("done", "Done")], default="open", required=True
    )
    comparison = fields.Html(compute="_compute_comparison", sanitize=False)

    @api.depends("partner_ids")
    def _compute_kept_id(self):
        everybody = self.partner_ids._origin
        protections, _problems = self.env["partner.merge.guard.rule"]._get_protections(
            everybody.ids
        )
        everybody.fetch(["active", "create_date"])  # what Odoo orders by
        for case in self:
            partners = case.partner_ids._origin
            if case.kept_id not in partners:
                # a member's contact, rather than the one that holds nothing
                best = partners.filtered(lambda p: p.id in protections) or partners
                ordered = self.env[WIZARD]._get_ordered_partner(best.ids)
                case.kept_id = ordered[-1:]

    @api.depends("partner_ids")
    @api.depends_context("uid", "lang")
    def _compute_comparison(self):
        """The contacts side by side, with the records that protect each."""
        labels = self.env["res.partner"].fields_get(COMPARED, ["string"])
        for case in self:
            partners = case.partner_ids._origin._filtered_access("read")
            Rule = self.env["partner.merge.guard.rule"]
            protections, _problems = Rule._get_protections(partners.ids)
            texts = Rule._describe_protections(protections)
            case.comparison = self.env["ir.qweb"]._render(
                "partner_merge_guard.case_comparison",
                {
                    "partners": partners,
                    "rows": [
                        (
                            labels[name]["string"],
                            [
                                p[name].display_name if name == "parent_id" else p[name]
                                for p in partners
                            ],
                        )
                        for name in COMPARED
                        if any(p[name] for p in partners)
                    ],
                    "reasons": texts,
                    "records": {
                        partner.id: [
                            (protection.rule.name, records)
                            for protection in protections.get(partner.id, ())
                            if (records := self._get_records(protection))
                        ]
                        for partner in partners
                    },
                },
            )

    @api.depends("partner_ids")
    def _compute_display_name(self):
        for case in self:
            partners = case.partner_ids._filtered_access("read")
            case.display_name = " · ".join(p.display_name or "" for p in partners)

    def action_open_contacts(self):
        """Open the contacts of the case, archived ones too."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "res.partner",
            "view_mode": "list,form",
            "domain": [("id", "in", self.partner_ids.ids)],
            "context": {"active_test": False},
        }

    def action_merge(self):
        """Merge the contacts into the one to keep, if nothing protects them any more.

        :raise UserError: as every merge
        """
        for case in self:
            others = case._get_others()
            names = case._get_names(others)
            self.env[WIZARD]._merge(case.partner_ids.ids, case.kept_id)
            case._finish(case.kept_id, self.env._("Merged with: %s", names))

    def action_archive_others(self):
        """Archive all contacts but the one to keep; what protects them stays theirs."""
        for case in self:
            others = case._get_others()
            others.action_archive()
            text = self.env._(
                "Archived: %(names)s. To use instead: %(kept)s",
                names=case._get_names(others),
                kept=case._get_names(case.kept_id),
            )
            case._finish(case.partner_ids, text)

    def action_done(self):
        """They are no duplicates, or were handled elsewhere."""
        self.state = "done"

    def action_reopen(self):
        """Handle the case again."""
        self.state = "open"

    def _get_others(self):
        others = self.partner_ids - self.kept_id
        if not others or self.kept_id not in self.partner_ids:
            raise UserError(
                self.env._("Choose the contact to keep, and one that is not kept.")
            )
        return others

    @api.model
    def _get_names(self, partners):
        return ", ".join(f"{p.display_name} (ID {p.id})" for p in partners)

    def _finish(self, partners, text):
        body = Markup("<p>%s</p><p>%s</p>") % (text, (self.note or "").strip())
        for partner in partners:
            partner.message_post(body=body)
        self.state = "done"

    @api.model
    def _get_records(self, protection):
        """:return: some of the records that protect, as far as the user may read"""
        rule = protection.rule
        if rule.model_name not in self.env or rule.partner_field == "id":
            return []
        Model = self.env[rule.model_name].sudo(False).with_context(active_test=False)
        if not Model.has_access("read"):
            return []
        domain = [(rule.partner_field, "in", [protection.partner_id])]
        return Model.search(domain, limit=RECORDS_SHOWN)

    @api.model
    def _open_cases(self, reasons, reopen=False):
        """Note groups of contacts that cannot be merged, each only once.

        What somebody has handled stays so: a run finds archived contacts again.

        :param reasons: dict from a frozenset of ids of contacts to a text
        :param reopen: open what was handled all the same
        :return: the cases that are open for these contacts
        """
        # sudo: the run may be of somebody who sees other contacts of the same case
        known = {
            frozenset(c.partner_ids.ids): c
            for c in self.sudo().search([("state", "!=", False)], order="id")
        }
        cases = self.sudo().create(
            [
                {"partner_ids": sorted(ids), "reason": reason}
                for ids, reason in reasons.items()
                if ids not in known
            ]
        )
        for ids in known.keys() & reasons.keys():
            if reopen:
                known[ids].state = "open"
            if known[ids].state == "open":
                known[ids].reason = reasons[ids]
                cases += known[ids]
        return cases.sudo(False)
