# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models


class FollowBatch(dict):
    """The follow actions that one pass of a rule put off: action → record ids.

    A class of its own, so that nothing that comes over RPC in a context can
    pass for one.
    """


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    follow_subtype_ids = fields.Many2many(
        "mail.message.subtype",
        relation="ir_act_server_follow_subtype_rel",
        string="Events to Follow",
        domain="[('res_model', 'in', (False, model_name)), ('hidden', '=', False)]",
        help="What the added people are told about. Empty: the events that Odoo "
        "proposes by default. Used by default follower rules of contacts.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        actions = super().create(vals_list)
        if actions.base_automation_id:
            self.env.registry.clear_cache()  # base.automation._follow_is_idle
        return actions

    def write(self, vals):
        result = super().write(vals)
        if {"base_automation_id", "partner_ids", "state", "followers_type"} & set(
            vals
        ) and ("base_automation_id" in vals or self.base_automation_id):
            self.env.registry.clear_cache()  # base.automation._follow_is_idle
        return result

    def unlink(self):
        if self.base_automation_id:
            self.env.registry.clear_cache()  # base.automation._follow_is_idle
        return super().unlink()

    def run(self):
        if not self.env.su:
            self._follow_check_run()
        batch = self.env.context.get("partner_default_follower_batch")
        if not isinstance(batch, FollowBatch):
            return super().run()
        for action in self:
            batch.setdefault(action, []).extend(self.env.context["active_ids"])
        return False

    def _follow_check_run(self):
        """Check that the current user may run these actions by hand.

        Rules run them as the superuser. Odoo looks at the rights on the records only
        when the request also names their model, and portal users can leave it out.

        :raise AccessError: if it is an action of a default follower rule and the
            user may not write the contacts
        """
        # sudo: actions and rules are for Settings only
        if self.sudo().base_automation_id.filtered("is_default_follower"):
            self._follow_contacts().check_access("write")

    def _follow_contacts(self):
        """Return the contacts that the context names, as the current user."""
        return self.env["res.partner"].browse(
            self.env.context.get("active_ids", self.env.context.get("active_id"))
        )

    def _follows_people(self):
        """Return whether this action does nothing but add named followers."""
        self.ensure_one()
        return self.state == "followers" and self.followers_type == "specific"

    def _run_action_followers_multi(self, eval_context=None):
        if not (self.base_automation_id.is_default_follower and self._follows_people()):
            return super()._run_action_followers_multi(eval_context=eval_context)
        self._follow_contacts()._follow_by_default(
            self.partner_ids, self.follow_subtype_ids
        )
        return False
