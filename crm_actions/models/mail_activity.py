# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models
from odoo.exceptions import AccessError

from .crm_action import CLOSED_STATES, MIRROR_FIELDS, OPEN_STATES


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
        if not self.env.su and any(vals.get("crm_action_id") for vals in vals_list):
            self._raise_crm_action_access()
        return super().create(vals_list)

    def write(self, vals):
        if "crm_action_id" in vals and not self.env.su:
            self._raise_crm_action_access()
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
        undone._undo()
        return res

    def unlink(self):
        mirrors = self.sudo().filtered(
            lambda mirror: mirror.active and mirror.crm_action_id
        )
        # What the engine itself deletes mirrors an action that waits or is closed.
        skipped = mirrors.filtered(
            lambda mirror: mirror.crm_action_id.state == "todo"
        )._crm_actions_close("skipped")
        leads = skipped.lead_id
        res = super().unlink()
        if leads:
            leads._actions_reconcile()
        return res

    def _action_done(self, feedback=False, attachment_ids=None):
        mirrors = self.sudo().filtered("crm_action_id")
        if not mirrors:
            return super()._action_done(
                feedback=feedback, attachment_ids=attachment_ids
            )
        actions = mirrors.filtered("active")._crm_actions_close(
            "done", feedback=feedback
        )
        # A double click arrives here a second time: nothing is left to be done,
        # and nothing is posted again.
        again = mirrors.filtered(
            lambda mirror: (
                not mirror.active and mirror.crm_action_id.state in CLOSED_STATES
            )
        )
        messages, next_activities = super(
            MailActivity, self - self.browse(again.ids)
        )._action_done(feedback=feedback, attachment_ids=attachment_ids)
        if actions:
            actions._apply_outcomes()
            current = actions.lead_id._actions_reconcile()
            # Without a next activity the web client asks for one.
            next_activities |= (
                self.browse(current.activity_ids.filtered("active").ids) - self
            )
        return messages, next_activities

    @api.model
    def get_activity_data(
        self, res_model, domain, limit=None, offset=0, fetch_done=False
    ):
        """For ``crm.action``: a row per action, with the activity that mirrors it."""
        if res_model != "crm.action":
            return super().get_activity_data(
                res_model, domain, limit=limit, offset=offset, fetch_done=fetch_done
            )
        # The columns are those of the activities of opportunities; no lead: no rows.
        data = super().get_activity_data("crm.lead", [("id", "=", False)])
        actions = self.env["crm.action"].search(
            domain or [], limit=limit, offset=offset
        )
        # The mirrors of what the user may see; whoever they are assigned to.
        mirrors = actions.sudo().activity_ids.filtered("active")
        rows = {
            mirror.crm_action_id.id: {
                mirror.activity_type_id.id: {
                    "count_by_state": {mirror.state: 1},
                    "ids": mirror.ids,
                    "reporting_date": mirror.date_deadline,
                    "state": mirror.state,
                    "user_assigned_ids": mirror.user_id.ids,
                    "summaries": [mirror.summary or ""],
                }
            }
            for mirror in mirrors.sorted(lambda m: (m.date_deadline, m.id))
        }
        return {
            **data,
            "activity_res_ids": list(rows),
            "grouped_activities": rows,
        }

    def _crm_actions_close(self, state, feedback=False):
        """Close the open actions of these mirrors, which are returned."""
        actions = self.crm_action_id.filtered(
            lambda action: action.state in OPEN_STATES
        )
        if actions:
            actions.lead_id._actions_lock()
            actions._close(state, feedback=feedback)
        return actions

    def _crm_actions_follow(self, vals):
        """Let the actions follow what was written to their mirrors."""
        if {"res_id", "res_model_id", "res_model"} & vals.keys():
            self._crm_actions_follow_document()
        names = [name for name in MIRROR_FIELDS if name in vals]
        rescheduled = []
        for mirror in self if names else ():
            action = mirror.crm_action_id
            if action.state != "todo" or not mirror.active:
                continue
            diff = {
                name: mirror[name].id if name.endswith("_id") else mirror[name]
                for name in names
                if (mirror[name] or False) != (action[name] or False)
            }
            if not diff:
                continue
            if "date_deadline" in diff:
                diff["date_auto"] = False
                rescheduled.append(mirror.id)
            if "user_id" in diff:
                diff["user_auto"] = False
            action._engine_write({**diff, "touched": True})
        if "feedback" in vals:
            self.filtered(lambda mirror: not mirror.active).crm_action_id.filtered(
                lambda action: (
                    action.state == "done" and action.feedback != vals["feedback"]
                )
            )._engine_write({"feedback": vals["feedback"]})
        if rescheduled:
            actions = self.browse(rescheduled).sudo().crm_action_id
            actions.lead_id._actions_reconcile()

    def _crm_actions_follow_document(self):
        """A mirror that was moved to another lead takes its action along."""
        for mirror in self:
            action = mirror.crm_action_id
            if mirror.res_model != "crm.lead":
                mirror.crm_action_id = False
                action.lead_id._actions_reconcile()
            elif mirror.res_id != action.lead_id.id:
                action._move_to(action.lead_id.browse(mirror.res_id))

    def _raise_crm_action_access(self):
        raise AccessError(
            self.env._("Only the list of actions links activities to its actions.")
        )
