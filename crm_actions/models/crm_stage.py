# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import fields, models


class CrmStage(models.Model):
    _inherit = "crm.stage"

    action_plan_id = fields.Many2one(
        "mail.activity.plan",
        string="Plan on Entry",
        ondelete="set null",
        domain=[("res_model", "=", "crm.lead"), ("sequential", "=", True)],
        help="Starts by itself on opportunities that enter this stage. The plan of "
        "the stage that they come from is stopped then, unless that plan says Keep "
        "When the Stage Changes.",
    )
