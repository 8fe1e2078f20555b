# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain

from .. import lost_rows


class PartnerMergeGuardLog(models.Model):
    """Who went past the guard, when and why; written by the guard, never changed.

    What the contacts held is kept apart from the text, and told only to those who
    may read every record of the model that it was counted on.
    """

    _name = "partner.merge.guard.log"
    _description = "Contact Merge Log"
    _order = "id desc"

    create_uid = fields.Many2one("res.users", string="Who", readonly=True)
    create_date = fields.Datetime(string="When", readonly=True)
    kind = fields.Selection(
        [
            ("override", "Contacts merged all the same"),
            ("rule", "Merge rule deleted"),
            ("switch", "Check for lost records switched"),
        ],
        required=True,
    )
    reason = fields.Char()
    partner_id = fields.Many2one(
        "res.partner", string="Contact Kept", ondelete="set null", index=True
    )
    contacts = fields.Text(help="The contacts as they were before.")
    details = fields.Text()
    facts = fields.Json(groups=fields.NO_ACCESS)
    held = fields.Text(
        string="Held Before",
        compute="_compute_held",
        help="What protected the contacts. A quantity is shown to users who may read "
        "every record of its model.",
    )

    @api.depends("facts")
    @api.depends_context("uid", "lang")
    def _compute_held(self):
        Rule = self.env["partner.merge.guard.rule"]
        # sudo: nobody reads the facts themselves; each quantity is judged here
        for log, log_sudo in zip(self, self.sudo(), strict=True):
            log.held = "\n".join(
                self.env._(
                    "%(contact)s: %(rule)s: %(quantity)s",
                    contact=fact["contact"],
                    rule=fact["rule"],
                    quantity=Rule._format_quantity(fact["quantity"])
                    if self._may_read_all(fact["model"])
                    else "…",
                )
                for fact in log_sudo.facts or ()
            )

    @api.depends("kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for log in self:
            log.display_name = labels.get(log.kind)

    def _may_read_all(self, model_name):
        if model_name not in self.env:
            return self.env.user.has_group("base.group_system")
        return self.env[model_name].sudo(False).has_access("read") and (
            Domain(self.env["ir.rule"]._compute_domain(model_name, "read"))
            .optimize_full(self.env[model_name].sudo())
            .is_true()
        )

    @api.model
    def _write_log(self, kind, **values):
        # sudo: nobody may write the log; create_uid is the user all the same
        return self.sudo().create({"kind": kind, **values})

    @api.model
    def _log_override(self, reason, partners, kept, protections, losses):
        """Record who decided and on what facts.

        :return: what the chatter of the kept contact says, without the quantities
        """
        # sudo: the record must be complete, whatever the user may read
        partners = partners.sudo()
        contacts = [
            self.env._("%(contact)s (ID %(id)s)", contact=p.display_name, id=p.id)
            for p in partners
        ]
        self._write_log(
            "override",
            reason=reason,
            partner_id=kept.id,
            contacts="\n".join(contacts),
            details="\n".join(
                f"{lost_rows.get_model(self.env, loss)[0]}: "
                + ", ".join(map(str, loss.ids))
                for loss in losses
                if loss.ids
            ),
            facts=[
                {
                    "contact": partner.display_name,
                    "rule": protection.rule.name,
                    "model": protection.rule.model_name,
                    "quantity": float(protection.quantity),
                }
                for partner in partners
                for protection in protections.get(partner.id, ())
            ],
        )
        rows = [
            Markup("<li>%s: %s</li>")
            % (text, ", ".join(p.rule.name for p in protections.get(partner.id, ())))
            for text, partner in zip(contacts, partners, strict=True)
        ]
        return Markup("<p>%s<br/>%s</p><p>%s</p><ul>%s</ul>") % (
            self.env._("%(user)s merged protected contacts.", user=self.env.user.name),
            self.env._("Reason: %s", reason),
            self.env._("Before the merge:"),
            Markup().join(rows),
        )

    @api.model
    def _log_deleted_rules(self, rules):
        for rule in rules:
            values = rule.read([])[0]
            self._write_log(
                "rule",
                details="\n".join(
                    f"{field['string']}: {values[name]}"
                    for name, field in rule.fields_get(
                        ["name", "active", "model_name", "partner_field", "domain"]
                        + ["quantity_field", "condition_field", "message", "scope"],
                        ["string"],
                    ).items()
                ),
            )
