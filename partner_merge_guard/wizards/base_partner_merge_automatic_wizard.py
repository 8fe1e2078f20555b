# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from ast import literal_eval
from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from ..exceptions import BrokenRulesRefusal

OVERRIDE_GROUP = "partner_merge_guard.group_override"


class Approval(NamedTuple):
    """What the gate has let through, for the code that the gate calls.

    Travels in the context. Nobody can send one along from outside: no request can
    carry a Python object of this class.
    """

    partner_ids: frozenset
    kept_id: int | None
    note: Markup | None


class Lost(NamedTuple):
    """The rows that a merge under way is about to remove. Travels as above."""

    table: str
    ids: list


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    guard_locked = fields.Boolean(
        compute="_compute_guard_warning",
        help="Merging these contacts would be refused.",
    )
    guard_warning = fields.Text(
        string="Protected Contacts", compute="_compute_guard_warning"
    )
    guard_removable = fields.Boolean(
        compute="_compute_guard_warning",
        help="Without the protected contacts the rest can be merged.",
    )
    guard_override = fields.Boolean(
        string="Merge them all the same", groups=OVERRIDE_GROUP
    )
    guard_override_reason = fields.Char(string="Reason", groups=OVERRIDE_GROUP)
    # the name of the table makes Odoo's merge skip it, as it skips the wizard's own
    guard_left_out_ids = fields.Many2many(
        "res.partner",
        relation="base_partner_merge_guard_left_out_rel",
        string="Contacts Left Out",
        readonly=True,
    )
    guard_left_out_count = fields.Integer(
        string="Protected Contacts Left Out", compute="_compute_guard_left_out_count"
    )

    @api.depends(
        "partner_ids",
        "dst_partner_id",
        "state",
        "guard_override",
        "guard_override_reason",
    )
    def _compute_guard_warning(self):
        self.guard_locked = self.guard_warning = self.guard_removable = False
        for wizard in self.filtered(lambda wizard: wizard.state == "selection"):
            try:
                blocking = wizard._guard_get_blocking()
            except BrokenRulesRefusal as error:
                wizard.guard_locked = True
                wizard.guard_warning = str(error)
                continue
            if blocking:
                partner_ids = wizard.partner_ids._origin.ids
                wizard.guard_locked = not wizard._guard_is_overridden(partner_ids)
                wizard.guard_removable = True
                wizard.guard_warning = wizard._guard_get_refusal(blocking)

    @api.depends("guard_left_out_ids")
    def _compute_guard_left_out_count(self):
        for wizard in self:
            wizard.guard_left_out_count = len(wizard.guard_left_out_ids)

    def action_remove_protected(self):
        """Take the contacts that block the merge out of this wizard.

        :return: action that shows this wizard again
        """
        self.ensure_one()
        blocking = self._guard_get_blocking()
        partners = self.partner_ids.filtered(lambda p: p.id not in blocking)
        self.partner_ids = partners
        if self.dst_partner_id not in partners:
            self.dst_partner_id = self._get_ordered_partner(partners.ids)[-1:]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_update_all_process(self):
        # the second half runs on another wizard, whose left out contacts the user
        # would never see; a recordset in the context cannot come from a request
        wizard = self.with_context(partner_merge_guard_reporter=self)
        return super(
            BasePartnerMergeAutomaticWizard, wizard
        ).action_update_all_process()

    def _action_next_screen(self):
        wizards = self.sudo()
        if any(wizards.mapped("guard_override")):
            # a permission is for the contacts it was given for, not for the next ones
            wizards.write({"guard_override": False, "guard_override_reason": False})
        return super()._action_next_screen()

    # ------------------------------------------------------------------
    # The gate
    # ------------------------------------------------------------------

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Refuse if a contact merge rule protects one of the contacts.

        Every merge passes here, whatever the button. Neither the superuser nor
        ``extra_checks`` changes that.

        :raise UserError: if a contact is protected, or a rule is broken
        """
        # Odoo deletes a contact that it is asked to merge with itself
        partner_ids = list(dict.fromkeys(partner_ids))
        approval = self._guard_check_merge(partner_ids, dst_partner)
        wizard = self.with_context(partner_merge_guard_approval=approval)
        return super(BasePartnerMergeAutomaticWizard, wizard)._merge(
            partner_ids, dst_partner=dst_partner, extra_checks=extra_checks
        )

    @api.model
    def _update_foreign_keys_generic(self, model, src_records, dst_record):
        """The second barrier, for code that does not merge by :meth:`_merge`.

        :raise UserError: if a contact is protected, or a rule is broken
        """
        if model == "res.partner":
            approval = self._guard_get_approval()
            if (
                approval is None
                or not approval.partner_ids.issuperset((src_records | dst_record).ids)
                or approval.kept_id not in (None, dst_record.id)
            ):
                self._guard_check_lost(src_records, dst_record)
        lost = Lost(src_records._table, src_records.ids)
        wizard = self.with_context(partner_merge_guard_lost=lost)
        return super(
            BasePartnerMergeAutomaticWizard, wizard
        )._update_foreign_keys_generic(model, src_records, dst_record)

    def _get_fk_on(self, table):
        """While records are merged, the columns that point to one of those that go.

        Odoo asks the catalogue about each column before it looks whether there is
        anything to move, which is most of what a merge takes. One query looks first.
        Nothing is spared that Odoo would move: it looks in the same transaction.
        """
        relations = super()._get_fk_on(table)
        lost = self.env.context.get("partner_merge_guard_lost")
        if not (relations and isinstance(lost, Lost) and lost.table == table):
            return relations
        looks = (
            SQL(
                "SELECT %s WHERE EXISTS (SELECT FROM %s WHERE %s = ANY(%s))",
                index,
                SQL.identifier(relation),
                SQL.identifier(column),
                lost.ids,
            )
            for index, (relation, column) in enumerate(relations)
        )
        # Odoo does so once it has the columns
        self.env.flush_all()
        found = self.env.execute_query(SQL(" UNION ALL ").join(looks))
        return [relations[index] for (index,) in found]

    def _log_merge_operation(self, src_partners, dst_partner):
        res = super()._log_merge_operation(src_partners, dst_partner)
        approval = self._guard_get_approval()
        if approval is not None and approval.note:
            dst_partner.message_post(body=approval.note)
        return res

    def _guard_get_approval(self):
        approval = self.env.context.get("partner_merge_guard_approval")
        return approval if isinstance(approval, Approval) else None

    def _guard_check_merge(self, partner_ids, dst_partner=None):
        """Check contacts that Odoo is about to merge.

        :return: an :class:`Approval`, or None if Odoo will find nothing to merge
        :raise UserError: if a contact is protected, or a rule is broken
        """
        if len(partner_ids) < 2:
            return None
        checked_ids = frozenset(int(partner_id) for partner_id in partner_ids)
        protections = self._guard_get_protections(checked_ids)
        if not protections:
            return Approval(checked_ids, None, None)
        partners = self.env["res.partner"].browse(partner_ids).exists()
        if len(partners) < 2:
            return None
        kept = self._guard_get_kept(partners, dst_partner)
        note = self._guard_decide(protections, partners, partners - kept)
        return Approval(frozenset(partners.ids), kept.id, note)

    @api.model
    def _guard_check_lost(self, src_partners, dst_partner):
        """Check contacts whose rows are about to be moved.

        :raise UserError: if a contact is protected, or a rule is broken
        """
        partners = src_partners | dst_partner
        protections = self._guard_get_protections(partners.ids)
        if protections:
            self._guard_decide(protections, partners, src_partners)

    def _guard_get_blocking(self):
        """:return: the protections that stand in the way of what is selected
        :raise UserError: if a rule is broken
        """
        self.ensure_one()
        partners = self.partner_ids._origin
        protections = self._guard_get_protections(partners.ids)
        if not protections:
            return {}
        kept = self._guard_get_kept(partners, self.dst_partner_id._origin)
        return self._guard_filter_blocking(protections, partners, partners - kept)

    @api.model
    def _guard_get_protections(self, partner_ids):
        """:raise UserError: if a rule is broken"""
        Rule = self.env["partner.merge.guard.rule"]
        protections, problems = Rule._get_protections(partner_ids)
        if problems:
            raise BrokenRulesRefusal(Rule._get_problem_message(problems))
        return protections

    def _guard_decide(self, protections, partners, lost):
        """Refuse, or say what is to be recorded.

        :param lost: those of the contacts that would disappear
        :return: what to write down about the merge, usually None
        :raise UserError: if one of the contacts is in the way
        """
        blocking = self._guard_filter_blocking(protections, partners, lost)
        if not blocking:
            return None
        if not self._guard_is_overridden(partners.ids):
            raise UserError(self._guard_get_refusal(blocking))
        return self._guard_get_note(blocking)

    def _guard_get_kept(self, partners, dst_partner):
        """:return: the contact that Odoo will keep, which need not be the one asked"""
        if dst_partner and dst_partner in partners:
            return dst_partner
        # looks at dates only, also of contacts the user may not read
        return self.sudo()._get_ordered_partner(partners.ids)[-1:]

    @api.model
    def _guard_filter_blocking(self, protections, partners, lost):
        """:return: the part of ``protections`` that stands in the way"""
        blocking = {
            partner.id: [
                protection
                for protection in protections.get(partner.id, ())
                if protection.rule.scope == "any" or partner in lost
            ]
            for partner in partners
        }
        return {partner_id: found for partner_id, found in blocking.items() if found}

    def _guard_is_overridden(self, partner_ids):
        """Whether somebody entitled to has asked for exactly these contacts."""
        if len(self) != 1 or not self.env.user.has_group(OVERRIDE_GROUP):
            return False
        return bool(
            self.guard_override
            and (self.guard_override_reason or "").strip()
            and set(self.partner_ids._origin.ids) == set(partner_ids)
        )

    @api.model
    def _guard_get_refusal(self, protections):
        """:return: what a refused user reads"""
        # whoever reads the text is the user, also when sudo is on
        partners = self.env["res.partner"].sudo(False).browse(protections)
        readable = partners._filtered_access("read")
        texts = self.env["partner.merge.guard.rule"]._describe_protections(
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

    def _guard_get_note(self, protections):
        """:return: what the chatter of the kept contact says about an override"""
        # the record of who decided and on what facts must be complete
        rows = []
        for partner in self.env["res.partner"].sudo().browse(protections):
            counts = ", ".join(
                self.env._(
                    "%(rule)s: %(quantity)s",
                    rule=protection.rule.name,
                    quantity=protection.rule._format_quantity(protection.quantity),
                )
                for protection in protections[partner.id]
            )
            rows.append(
                Markup("<li>%s</li>")
                % self.env._(
                    "%(contact)s (ID %(id)s): %(counts)s",
                    contact=partner.display_name,
                    id=partner.id,
                    counts=counts,
                )
            )
        return Markup("<p>%s<br/>%s</p><p>%s</p><ul>%s</ul>") % (
            self.env._("%(user)s merged protected contacts.", user=self.env.user.name),
            self.env._("Reason: %s", self.guard_override_reason.strip()),
            self.env._("Before the merge:"),
            Markup().join(rows),
        )

    # ------------------------------------------------------------------
    # Proposals
    # ------------------------------------------------------------------

    def _process_query(self, query):
        res = super()._process_query(query)
        self._guard_clean_proposals()
        return res

    def _guard_clean_proposals(self):
        """Take protected contacts out of the groups that are to be merged.

        After Odoo's own search, so that no addon's query is touched, and in one go
        for all groups. A group that is left with one contact is dropped.

        :raise UserError: if a rule is broken
        """
        self.ensure_one()
        groups = {line: self._guard_parse_line(line) for line in self.line_ids}
        protections = self._guard_get_protections(
            {partner_id for ids in groups.values() for partner_id in ids}
        )
        if not protections:
            return
        never = {
            partner_id
            for partner_id, found in protections.items()
            if any(protection.rule.scope == "any" for protection in found)
        }
        left_out = set()
        obsolete_lines = self.env["base.partner.merge.line"]
        for line, partner_ids in groups.items():
            if protections.keys().isdisjoint(partner_ids):
                continue
            kept_ids = [pid for pid in partner_ids if pid not in never]
            if not protections.keys().isdisjoint(kept_ids):
                # these may stay only as the contact that the others are merged into
                final = self._get_ordered_partner(kept_ids)[-1:].id
                kept_ids = [
                    pid for pid in kept_ids if pid == final or pid not in protections
                ]
            left_out.update(set(partner_ids) - set(kept_ids))
            if len(kept_ids) < 2:
                obsolete_lines += line
            elif len(kept_ids) < len(partner_ids):
                line.write({"min_id": min(kept_ids), "aggr_ids": kept_ids})
        obsolete_lines.unlink()
        self.number_group = len(groups) - len(obsolete_lines)
        reporter = self.env.context.get("partner_merge_guard_reporter")
        if not isinstance(reporter, models.BaseModel):
            reporter = self.browse()
        links = [Command.link(partner_id) for partner_id in left_out]
        (self | reporter.with_env(self.env)).write({"guard_left_out_ids": links})

    @api.model
    def _guard_parse_line(self, line):
        """:raise UserError: if somebody wrote something else than ids into it"""
        try:
            return [int(partner_id) for partner_id in literal_eval(line.aggr_ids)]
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as e:
            raise UserError(
                self.env._("A group of contacts to merge cannot be read.")
            ) from e
