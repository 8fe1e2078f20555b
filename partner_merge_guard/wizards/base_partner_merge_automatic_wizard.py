# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from ast import literal_eval
from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from .. import lost_rows
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
    losses: tuple = ()


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    guard_locked = fields.Boolean(
        compute="_compute_guard_warning",
        help="Merging these contacts would be refused.",
    )
    guard_warning = fields.Text(string="Warning", compute="_compute_guard_warning")
    guard_removable = fields.Boolean(
        compute="_compute_guard_warning",
        help="Without the protected contacts the rest can be merged.",
    )
    guard_overridable = fields.Boolean(
        string="Can Be Confirmed",
        compute="_compute_guard_warning",
        help="Somebody with the right can merge these contacts for a written reason.",
    )
    guard_override = fields.Boolean(
        string="Merge them all the same", groups=OVERRIDE_GROUP
    )
    guard_override_reason = fields.Char(string="Reason", groups=OVERRIDE_GROUP)
    # the names of the tables make Odoo's merge skip them, as it skips the wizard's own
    guard_left_out_ids = fields.Many2many(
        "res.partner",
        relation="base_partner_merge_guard_left_out_rel",
        string="Contacts of Groups Left Out",
        readonly=True,
    )
    guard_left_out_count = fields.Integer(
        string="Contacts Left Out", compute="_compute_guard_left_out_count"
    )
    guard_case_ids = fields.Many2many(
        "partner.merge.guard.case",
        relation="base_partner_merge_guard_wizard_case_rel",
        string="Groups Left Out",
        readonly=True,
    )
    guard_case_count = fields.Integer(
        string="Groups to Handle by Hand", compute="_compute_guard_left_out_count"
    )

    @api.depends(
        "partner_ids",
        "dst_partner_id",
        "state",
        "guard_override",
        "guard_override_reason",
    )
    def _compute_guard_warning(self):
        self.guard_locked = self.guard_removable = self.guard_overridable = False
        self.guard_warning = False
        for wizard in self.filtered(lambda wizard: wizard.state == "selection"):
            partners = wizard.partner_ids._origin
            kept = wizard._guard_get_kept(partners, wizard.dst_partner_id._origin)
            try:
                found = wizard._guard_find(partners, partners - kept, kept)
            except BrokenRulesRefusal as error:
                wizard.guard_locked = True
                wizard.guard_warning = str(error)
                continue
            wizard.guard_warning = wizard._guard_get_refusal(*found)
            if wizard.guard_warning:
                wizard.guard_overridable = True
                wizard.guard_removable = bool(found[0])
                wizard.guard_locked = not wizard._guard_is_overridden(partners.ids)
            elif len(partners) == 1:
                wizard.guard_warning = self.env._(
                    "One contact is left: there is nothing to merge it with."
                )

    @api.depends("guard_left_out_ids", "guard_case_ids")
    def _compute_guard_left_out_count(self):
        for wizard in self:
            wizard.guard_left_out_count = len(wizard.guard_left_out_ids)
            wizard.guard_case_count = len(wizard.guard_case_ids)

    def action_remove_protected(self):
        """Take the contacts that block the merge out of this wizard.

        :return: action that shows this wizard again
        """
        self.ensure_one()
        partners = self.partner_ids._origin
        kept = self._guard_get_kept(partners, self.dst_partner_id._origin)
        protections = self._guard_get_protections(partners.ids)
        blocking = self._guard_filter_blocking(protections, partners, partners - kept)
        partners = partners.filtered(lambda partner: partner.id not in blocking)
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

    def action_handle_by_hand(self):
        """Open the contacts of this wizard side by side, as a case of their own."""
        self.ensure_one()
        partners = self.partner_ids
        kept = self._guard_get_kept(partners, self.dst_partner_id)
        reason = self._guard_get_reason(
            *self._guard_find(partners, partners - kept, kept)
        )
        cases = self.env["partner.merge.guard.case"]._open_cases(
            {frozenset(partners.ids): reason}, reopen=True
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": cases._name,
            "res_id": cases.id,
            "view_mode": "form",
        }

    def action_open_cases(self):
        """Open the groups that the run has left out."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "partner_merge_guard.partner_merge_guard_case_action"
        )
        return {**action, "domain": [("id", "in", self.guard_case_ids.ids)]}

    def action_start_manual_process(self):
        """As many groups as asked for, of those that can be merged."""
        self.ensure_one()
        wanted = self.maximum_group
        if not wanted:
            return super().action_start_manual_process()
        for limit in (wanted, wanted * 4, wanted * 16, 0):
            self.line_ids.unlink()
            self.maximum_group = limit
            action = super().action_start_manual_process()
            # nothing was left out: what is missing is not there
            if len(self.line_ids) >= wanted or not self.guard_left_out_ids:
                break
        self.maximum_group = wanted
        self.line_ids[wanted:].unlink()
        self.number_group = len(self.line_ids)
        return action

    def action_start_automatic_process(self):
        wizard = self.with_context(partner_merge_guard_automatic=True)
        return super(
            BasePartnerMergeAutomaticWizard, wizard
        ).action_start_automatic_process()

    def parent_migration_process_cb(self):
        wizard = self.with_context(partner_merge_guard_automatic=True)
        return super(
            BasePartnerMergeAutomaticWizard, wizard
        ).parent_migration_process_cb()

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
        """Refuse if a rule protects one of the contacts, or rows would be lost.

        Every merge passes here, whatever the button. Neither the superuser nor
        ``extra_checks`` changes that.

        :raise UserError: if the merge is refused, or a rule is broken
        """
        # Odoo deletes a contact that it is asked to merge with itself
        partner_ids = list(dict.fromkeys(partner_ids))
        approval = None
        partners = self.env["res.partner"].browse(partner_ids)
        if not dst_partner or dst_partner not in partners:
            partners = partners.exists()
        if len(partners) > 1:
            kept = self._guard_get_kept(partners, dst_partner)
            try:
                approval = self._guard_check(partners, partners - kept, kept)
            except UserError:
                if len(partners.exists()) > 1:
                    raise
                # Odoo will find nothing to merge
        wizard = self.with_context(partner_merge_guard_approval=approval)
        return super(BasePartnerMergeAutomaticWizard, wizard)._merge(
            partner_ids, dst_partner=dst_partner, extra_checks=extra_checks
        )

    @api.model
    def _merge_bank_accounts(self, src_partners, dst_partner):
        """The first rows that Odoo moves, after all its own checks."""
        approval = self._guard_get_approval()
        if approval is not None and approval.kept_id == dst_partner.id:
            lost_rows.delete(self.env, approval.losses)
        return super()._merge_bank_accounts(src_partners, dst_partner)

    @api.model
    def _update_foreign_keys_generic(self, model, src_records, dst_record):
        """The second barrier, for code that does not merge by :meth:`_merge`.

        :raise UserError: if the merge is refused, or a rule is broken
        """
        if model == "res.partner":
            approval = self._guard_get_approval()
            if (
                approval is None
                or not approval.partner_ids.issuperset((src_records | dst_record).ids)
                or approval.kept_id not in (None, dst_record.id)
            ):
                approval = self._guard_check(
                    src_records | dst_record, src_records, dst_record, moved_only=True
                )
                lost_rows.delete(self.env, approval.losses)
        return super()._update_foreign_keys_generic(model, src_records, dst_record)

    def _log_merge_operation(self, src_partners, dst_partner):
        res = super()._log_merge_operation(src_partners, dst_partner)
        approval = self._guard_get_approval()
        if approval is not None and approval.note:
            dst_partner.message_post(body=approval.note)
        return res

    def _guard_get_approval(self):
        approval = self.env.context.get("partner_merge_guard_approval")
        return approval if isinstance(approval, Approval) else None

    def _guard_check(self, partners, lost, kept, moved_only=False):
        """Check contacts that are about to be merged.

        :param lost: those of the contacts that would disappear
        :param moved_only: see :meth:`_guard_get_protections`
        :return: an :class:`Approval`
        :raise UserError: if the merge is refused, or a rule is broken
        """
        blocking, losses = self._guard_find(partners, lost, kept, moved_only)
        refusal = self._guard_get_refusal(blocking, losses)
        note = None
        if refusal:
            if not self._guard_is_overridden(partners.ids):
                raise UserError(refusal)
            note = self.env["partner.merge.guard.log"]._log_override(
                self.guard_override_reason.strip(), partners, kept, blocking, losses
            )
        return Approval(frozenset(partners.ids), kept.id, note, tuple(losses))

    @api.model
    def _guard_get_refusal(self, blocking, losses):
        """:return: what a refused user reads, empty if nothing is in the way"""
        texts = [lost_rows.describe(self.env, losses)]
        if blocking:
            texts.insert(0, self.env["partner.merge.guard.rule"]._get_refusal(blocking))
        return "\n".join(filter(None, texts))

    @api.model
    def _guard_find(self, partners, lost, kept, moved_only=False):
        """:return: the protections and the losses that stand in the way of a merge
        :raise BrokenRulesRefusal: if a rule is broken
        """
        protections = self._guard_get_protections(partners.ids, moved_only)
        losses = []
        if lost and self._guard_checks_losses():
            losses = lost_rows.find(self.env, dict.fromkeys(lost.ids, kept.id))
            losses = [loss for found in losses.values() for loss in found]
        return self._guard_filter_blocking(protections, partners, lost), losses

    @api.model
    def _guard_checks_losses(self):
        return self.env["res.config.settings"]._merge_guard_checks_lost_records()

    @api.model
    def _guard_get_protections(self, partner_ids, moved_only=False):
        """:param moved_only: leave out rules whose table is not touched. OCA's versions
            of addresses repoint some documents to a new contact, and none disappears.
        :raise BrokenRulesRefusal: if a rule is broken
        """
        Rule = self.env["partner.merge.guard.rule"]
        protections, problems = Rule._get_protections(partner_ids)
        if problems:
            raise BrokenRulesRefusal(Rule._get_problem_message(problems))
        if moved_only and protections:
            moved = {table for table, _column in self._get_fk_on("res_partner")}
            protections = {
                partner_id: [p for p in found if p.rule._get_place()[0] in moved]
                for partner_id, found in protections.items()
            }
        return protections

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
    def _guard_get_reason(self, blocking, losses):
        """:return: what a case says, which people with other rights read too"""
        rules = [p.rule.name for found in blocking.values() for p in found]
        labels = [lost_rows.get_model(self.env, loss)[0] for loss in losses if loss.ids]
        return ", ".join(dict.fromkeys(rules + labels))

    # ------------------------------------------------------------------
    # Proposals
    # ------------------------------------------------------------------

    def _process_query(self, query):
        res = super()._process_query(query)
        self._guard_clean_proposals()
        return res

    def _guard_clean_proposals(self):
        """Take what the gate would refuse out of the groups that are to be merged.

        After Odoo's own search, so that no addon's query is touched, and in one go
        for all groups. A group that is left with one contact is dropped. In a run
        without anybody watching so is one whose merge would lose records.

        :raise UserError: if a rule is broken
        """
        self.ensure_one()
        groups = {line: self._guard_parse_line(line) for line in self.line_ids}
        everybody = {partner_id for ids in groups.values() for partner_id in ids}
        protections = self._guard_get_protections(everybody)
        # what Odoo orders by, read for all groups at once
        self.env["res.partner"].browse(everybody).fetch(["active", "create_date"])
        left_out, reasons = set(), {}
        merges = {}
        for line, partner_ids in groups.items():
            kept_ids = self._guard_get_mergeable(partner_ids, protections)
            if len(kept_ids) < len(partner_ids):
                out = [pid for pid in partner_ids if pid not in kept_ids]
                left_out.update(out)
                reasons[frozenset(partner_ids)] = self._guard_get_reason(
                    {pid: protections[pid] for pid in out}, []
                )
            if len(kept_ids) > 1:
                merges[line] = kept_ids
        if self.env.context.get("partner_merge_guard_automatic"):
            for line, labels in self._guard_find_losing(merges).items():
                reasons.setdefault(frozenset(groups[line]), labels)
                left_out.update(merges.pop(line))
        for line, kept_ids in merges.items():
            if len(kept_ids) < len(groups[line]):
                line.write({"min_id": min(kept_ids), "aggr_ids": kept_ids})
        (self.line_ids - self.line_ids.browse([ln.id for ln in merges])).unlink()
        self.number_group = len(merges)
        reporter = self.env.context.get("partner_merge_guard_reporter")
        if not isinstance(reporter, models.BaseModel):
            reporter = self.browse()
        cases = self.env["partner.merge.guard.case"]._open_cases(reasons)
        (self | reporter.with_env(self.env)).write(
            {
                "guard_left_out_ids": [Command.link(pid) for pid in left_out],
                "guard_case_ids": [Command.link(case.id) for case in cases],
            }
        )

    def _guard_get_mergeable(self, partner_ids, protections):
        """:return: those of the contacts that the rules let be merged together"""
        if protections.keys().isdisjoint(partner_ids):
            return partner_ids
        kept_ids = [
            pid
            for pid in partner_ids
            if all(p.rule.scope != "any" for p in protections.get(pid, ()))
        ]
        if protections.keys().isdisjoint(kept_ids):
            return kept_ids
        # these may stay only as the contact that the others are merged into
        final = self._get_ordered_partner(kept_ids)[-1:].id
        return [pid for pid in kept_ids if pid == final or pid not in protections]

    def _guard_find_losing(self, merges):
        """:return: dict from the lines whose merge would lose records to a text"""
        if not merges or not self._guard_checks_losses():
            return {}
        kept_by_lost, line_by_kept = {}, {}
        for line, partner_ids in merges.items():
            kept_id = self._get_ordered_partner(partner_ids)[-1:].id
            line_by_kept[kept_id] = line
            kept_by_lost.update({pid: kept_id for pid in partner_ids if pid != kept_id})
        losing = {}
        for kept_id, losses in lost_rows.find(self.env, kept_by_lost).items():
            if reason := self._guard_get_reason({}, losses):
                losing[line_by_kept[kept_id]] = reason
        return losing

    @api.model
    def _guard_parse_line(self, line):
        """:raise UserError: if somebody wrote something else than ids into it"""
        try:
            return [int(partner_id) for partner_id in literal_eval(line.aggr_ids)]
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as e:
            raise UserError(
                self.env._("A group of contacts to merge cannot be read.")
            ) from e
