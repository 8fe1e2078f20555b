# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import models


class MailActivitySchedule(models.TransientModel):
    _inherit = "mail.activity.schedule"

    def action_schedule_plan(self):
        if not (self.plan_id.sequential and self.res_model == "crm.lead"):
            return super().action_schedule_plan()
        leads = self._get_applied_on_records()
        # As for the activities that Odoo would create: one needs the right to
        # write the opportunities.
        leads.check_access("write")
        leads._actions_start_plan(
            self.plan_id,
            plan_date=self.plan_date,
            user=self.plan_on_demand_user_id,
        )
        if len(leads) == 1:
            return {"type": "ir.actions.client", "tag": "soft_reload"}
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "name": self.env._("Launch Plans"),
            "view_mode": "list,form",
            "target": "current",
            "domain": [("id", "in", leads.ids)],
        }

    def _check_plan_templates_warning(self, applied_on):
        warnings = list(super()._check_plan_templates_warning(applied_on))
        if self.plan_id.sequential and self.res_model == "crm.lead":
            busy = self.plan_id._leads_with_run(applied_on)
            if busy:
                warnings.append(
                    self.env._(
                        "The plan still runs on %(leads)s, and will not start there "
                        "again.",
                        leads=", ".join(busy.mapped("display_name")),
                    )
                )
        return warnings
