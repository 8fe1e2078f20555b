# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, models


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    @api.model_create_multi
    def create(self, vals_list):
        events = super().create(vals_list)
        # A meeting that is itself the current action is no reason to pause.
        # sudo: the list of an opportunity pauses, whoever books the meeting.
        leads = (
            events.sudo()
            .filtered(
                lambda event: (
                    event.opportunity_id and not event.activity_ids.crm_action_id
                )
            )
            .opportunity_id
        )
        if leads:
            leads._actions_pause_by_plan("meeting")
        return events

    def unlink(self):
        # The database deletes the activities of a meeting, without a hook: the
        # action is still to be done, and gets another one.
        # sudo: whoever deletes the meeting.
        leads = self.sudo().activity_ids.crm_action_id.lead_id
        res = super().unlink()
        if leads:
            leads._actions_reconcile()
        return res
