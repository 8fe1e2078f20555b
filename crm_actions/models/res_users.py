# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import models

from .crm_action import OPEN_STATES


class ResUsers(models.Model):
    _inherit = "res.users"

    def write(self, vals):
        res = super().write(vals)
        if "active" in vals and not vals["active"]:
            self._crm_actions_hand_over()
        return res

    def action_archive(self):
        # Before Odoo deletes the activities of the users, which would skip actions.
        self._crm_actions_hand_over()
        return super().action_archive()

    def unlink(self):
        self._crm_actions_hand_over()
        return super().unlink()

    def _crm_actions_hand_over(self):
        """Open actions go to the salesperson of the opportunity, or to nobody."""
        # sudo: in all companies, whoever manages the users.
        self.env["crm.action"].sudo().search(
            [("user_id", "in", self.ids), ("state", "in", OPEN_STATES)]
        )._hand_over()
