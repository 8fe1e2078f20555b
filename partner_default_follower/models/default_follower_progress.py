# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import fields, models


class DefaultFollowerProgress(models.Model):
    """How far the existing contacts of one rule have got, in the background.

    Written by the scheduled action only, while the wish to go on or to stop is
    on the rule and written by people only: neither ever waits for the other.
    """

    _name = "default.follower.progress"
    _description = "Progress of Default Followers on Existing Contacts"
    _rec_name = "automation_id"

    automation_id = fields.Many2one(
        "base.automation", required=True, ondelete="cascade", readonly=True
    )
    last_contact_id = fields.Integer(
        readonly=True, help="All contacts up to this identifier are done."
    )
    done = fields.Integer(readonly=True, help="Number of contacts done.")
    total = fields.Integer(
        readonly=True, help="Number of contacts there were at the start."
    )
    finished = fields.Boolean(readonly=True)

    _automation_unique = models.Constraint(
        "UNIQUE(automation_id)",
        "A rule can treat the existing contacts only once at a time.",
    )
