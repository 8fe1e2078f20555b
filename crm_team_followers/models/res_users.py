# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, models

# what decides which companies somebody may see, or whether they are here at all
REACH_FIELDS = {"active", "company_ids", "partner_id"}


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.model_create_multi
    def create(self, vals_list):
        """A contact who becomes a user sees the companies of the user only."""
        users = super().create(vals_list)
        if self.env["crm.team.follower"]._is_used():
            users.partner_id._withdraw_team_followers()
        return users

    def write(self, vals):
        people = self.env["res.partner"]
        if REACH_FIELDS & vals.keys() and self.env["crm.team.follower"]._is_used():
            people = self.partner_id
        result = super().write(vals)
        if people:
            (people | self.partner_id)._withdraw_team_followers()
        return result

    def unlink(self):
        """Whoever has no user any more has left; a contact of that name is no reason
        to go on telling them what happens."""
        people = self.env["res.partner"]
        if self.env["crm.team.follower"]._is_used():
            people = self.partner_id
        result = super().unlink()
        # sudo: whoever deletes a user need not see the list of their contacts
        gone = people.sudo().with_context(active_test=False).exists()
        gone.filtered(lambda person: not person.user_ids)._remove_default_followers()
        people._withdraw_team_followers()
        return result
