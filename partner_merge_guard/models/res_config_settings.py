# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from odoo import api, fields, models

# "0" switches it off; anything else, nothing too, leaves it on
PARAMETER = "partner_merge_guard.check_lost_records"


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    merge_guard_lost_records = fields.Boolean(
        string="No Merge Deletes Records Unseen",
        default=lambda self: self._merge_guard_checks_lost_records(),
    )

    def set_values(self):
        res = super().set_values()
        if self.merge_guard_lost_records != self._merge_guard_checks_lost_records():
            on = self.merge_guard_lost_records
            self.env["ir.config_parameter"].sudo().set_param(
                PARAMETER, "1" if on else "0"
            )
            self.env["partner.merge.guard.log"]._write_log(
                "switch", details=self.env._("On") if on else self.env._("Off")
            )
        return res

    @api.model
    def _merge_guard_checks_lost_records(self):
        # sudo: who merges contacts need not read the parameters
        return self.env["ir.config_parameter"].sudo().get_param(PARAMETER) != "0"
