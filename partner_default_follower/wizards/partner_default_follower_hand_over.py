# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models


class PartnerDefaultFollowerHandOver(models.TransientModel):
    """Ask who is to follow, by default, in the place of somebody who leaves."""

    _name = "partner.default.follower.hand.over"
    _description = "Hand Over What a Person Follows by Default"

    person_id = fields.Many2one("res.partner", required=True, readonly=True)
    new_person_id = fields.Many2one(
        "res.partner",
        string="Hand Over to",
        domain="[('id', '!=', person_id)]",
        help="Empty: nobody follows in their place.",
    )
    follows = fields.Text(string="Follows by Default", compute="_compute_follows")
    given_count = fields.Integer(
        string="Contacts Followed by Default", compute="_compute_given_count"
    )

    @api.depends("person_id")
    def _compute_follows(self):
        for wizard in self:
            person = wizard.person_id
            wizard.follows = "\n".join(person and person._get_follows_by_default())

    @api.depends("person_id")
    def _compute_given_count(self):
        for wizard in self:
            # sudo: the followers that were given
            wizard.given_count = (
                self.env["mail.followers"]
                .sudo()
                .search_count(
                    [
                        ("default_follower", "=", True),
                        ("partner_id", "=", wizard.person_id.id),
                    ]
                )
            )

    @api.onchange("new_person_id")
    def _onchange_new_person_id(self):
        return self.new_person_id._follow_warn_external()

    def action_hand_over(self):
        """Do it."""
        self.ensure_one()
        self.person_id._hand_over_follows(self.new_person_id)
        return {"type": "ir.actions.act_window_close"}
