# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, fields, models


class CrmTeamFollowerHandover(models.TransientModel):
    """What a person follows by default, and to whom it is handed over.

    Shows and hands over all of it, that of other addons too: see
    ``res.partner._get_follows_by_default``.
    """

    _name = "crm.team.follower.handover"
    _description = "Hand Over What a Person Follows"

    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Person", required=True, readonly=True
    )
    follows = fields.Text(string="Follows by Default", compute="_compute_follows")
    new_partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Hand over to",
        domain="[('partner_share', '=', False), ('id', '!=', partner_id)]",
    )

    @api.depends("partner_id")
    def _compute_follows(self):
        for handover in self:
            lines = handover.partner_id and (
                handover.partner_id._get_follows_by_default()
            )
            handover.follows = "\n".join(lines or ())

    def action_hand_over(self):
        """Hand it all over; without a new person, nobody follows in their place.

        :raise AccessError: when the user may not change one of the lists
        """
        self.ensure_one()
        self.partner_id._hand_over_follows(self.new_partner_id)
        return {"type": "ir.actions.act_window_close"}
