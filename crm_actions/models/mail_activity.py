# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import clean_context

from ..tools import as_engine, takes_pass
from .crm_action_engine import CLOSED_STATES, MIRROR_FIELDS


class MailActivity(models.Model):
    """An activity with ``crm_action_id`` is the mirror of that action.

    Whatever happens to it happens to the action, whoever does it: the assignee of
    an activity may change it without any right on the opportunity, so the action
    follows in superuser mode, under the user's name.
    """

    _inherit = "mail.activity"

    crm_action_id = fields.Many2one(
        "crm.action",
        string="CRM Action",
        ondelete="set null",
        index="btree_not_null",
        copy=False,
        readonly=True,
    )
    # What follows a mirror is the next action: no second activity from its type.
    chaining_type = fields.Selection(
        selection=[
            ("suggest", "Suggest Next Activity"),
            ("trigger", "Trigger Next Activity"),
        ],
        related=None,
        compute="_compute_chaining_type",
        compute_sudo=True,
    )

    @api.depends("activity_type_id.chaining_type", "crm_action_id")
    def _compute_chaining_type(self):
        for activity in self:
            activity.chaining_type = (
                "suggest"
                if activity.crm_action_id
                else activity.activity_type_id.chaining_type
            )

    @api.model_create_multi
    def create(self, vals_list):
        if not takes_pass(self.env, len(vals_list)):
            self._check_crm_action_id(
                "default_crm_action_id" in self.env.context, *vals_list
            )
        return super().create(vals_list)

    def write(self, vals):
        if takes_pass(self.env, len(self)):
            return super().write(vals)
        self._check_crm_action_id(False, vals)
        mirrors = self.sudo().filtered("crm_action_id")
        if not mirrors:
            return super().write(vals)
        done = undone = self.env["crm.action"].sudo()
        if "active" in vals:
            if vals["active"]:
                undone = mirrors.filtered(
                    lambda mirror: not mirror.active
                ).crm_action_id
            else:
                done = mirrors.filtered("active")._crm_actions_close("done")
        res = super().write(vals)
        mirrors._crm_actions_follow(vals)
        if done:
            done.lead_id._actions_reconcile()
        undone.filtered(lambda action: action.state in CLOSED_STATES)._undo()
        return res

    def unlink(self):
        skipped = self.env["crm.action"].sudo()
        if not takes_pass(self.env, len(self)):
            skipped = (
                self.sudo()
                .filtered(lambda mirror: mirror.active and mirror.crm_action_id)
                ._crm_actions_close("skipped")
            )
        res = super().unlink()
        if skipped:
            skipped.lead_id._actions_reconcile()
        return res

    def _action_done(self, feedback=False, attachment_ids=None):
        mirrors = self.sudo().filtered("crm_action_id")
        if not mirrors:
            return super()._action_done(
                feedback=feedback, attachment_ids=attachment_ids
            )
        # A double click arrives here a second time: nothing is left to be done,
        # and nothing is posted again.
        again = mirrors.filtered(
            lambda mirror: (
                not mirror.active and mirror.crm_action_id.state in CLOSED_STATES
            )
        )
        actions = mirrors.filtered("active")._crm_actions_close(
            "done", feedback=feedback
        )
        messages, next_activities = super(
            MailActivity, self - self.browse(again.ids)
        )._action_done(feedback=feedback, attachment_ids=attachment_ids)
        if actions:
            current = actions.lead_id._actions_reconcile()
            # Without a next activity the web client asks for one.
            next_activities |= (
                self.browse(current.activity_ids.filtered("active").ids) - self
            )
        return messages, next_activities

    @api.model
    def _crm_actions_create(self, vals_list, notify):
        """Create mirrors.

        :param bool notify: Odoo mails the assignees, but never the user
        """
        context = clean_context(self.env.context)
        if not notify:
            context["mail_activity_quick_update"] = True
        model_id = self.env["ir.model"]._get_id("crm.lead")
        activities = as_engine(self.with_env(self.env(context=context)), len(vals_list))
        return activities.create(
            [
                {**vals, "res_model_id": model_id, "automated": False}
                for vals in vals_list
            ]
        ).with_env(self.env)

    def _crm_actions_close(self, state, **vals):
        """Close the open actions of these mirrors, which are returned."""
        actions = self.crm_action_id._open()
        if actions:
            actions.lead_id._actions_lock()
            actions._close(state, **vals)
        return actions

    def _crm_actions_follow(self, vals):
        """Let the actions follow what was written to their mirrors."""
        if {"res_id", "res_model_id", "res_model"} & vals.keys():
            self._crm_actions_follow_document()
        names = [name for name in MIRROR_FIELDS if name in vals]
        by_vals = defaultdict(self.browse)
        for mirror in self.filtered("active") if names else ():
            if mirror.crm_action_id.state == "todo":
                diff = mirror._crm_action_diff(names)
                by_vals[tuple(diff.items())] |= mirror
        for diff, mirrors in by_vals.items():
            if diff:
                mirrors.crm_action_id._write_by_engine(dict(diff))
        if "feedback" in vals:
            self.filtered(lambda mirror: not mirror.active).crm_action_id.filtered(
                lambda action: (
                    action.state == "done" and action.feedback != vals["feedback"]
                )
            )._write_by_engine({"feedback": vals["feedback"]})
        if "date_deadline" in vals:
            self.crm_action_id.lead_id._actions_reconcile()

    def _crm_action_diff(self, names):
        """What the action of the mirror must take over.

        :param list names: of the fields that somebody has written
        """
        action = self.crm_action_id
        diff = {
            name: self[name].id if name.endswith("_id") else self[name]
            for name in names
            if (self[name] or False) != (action[name] or False)
        }
        if "date_deadline" in diff:
            diff.update(date_origin="chosen", date_set_on=False)
        if "user_id" in diff:
            diff["responsible_type"] = "fixed"
        return diff

    def _crm_actions_follow_document(self):
        """A mirror that was moved to another lead takes its action along."""
        for mirror in self:
            action = mirror.crm_action_id
            if mirror.res_model != "crm.lead":
                as_engine(mirror).crm_action_id = False
                action.lead_id._actions_reconcile()
            elif mirror.res_id != action.lead_id.id:
                action._move_to(action.lead_id.browse(mirror.res_id))

    def _check_crm_action_id(self, by_default, *vals_list):
        """Only the engine makes mirrors, and it keeps them."""
        if by_default or any("crm_action_id" in vals for vals in vals_list):
            raise AccessError(
                self.env._("Only the list of actions links activities to its actions.")
            )
