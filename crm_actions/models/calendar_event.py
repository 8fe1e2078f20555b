# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, models


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    @api.model_create_multi
    def create(self, vals_list):
        events = super().create(vals_list)
        events._crm_actions_pause()
        return events

    def write(self, vals):
        linked = self.browse()
        if vals.get("opportunity_id"):
            lead_id = vals["opportunity_id"]
            linked = self.filtered(lambda event: event.opportunity_id.id != lead_id)
        res = super().write(vals)
        linked._crm_actions_pause()
        if "start" in vals or "allday" in vals:
            self._crm_actions_follow()
        return res

    def unlink(self):
        # The database deletes the activities of a meeting, without a hook: the
        # action is still to be done, and gets another one.
        # sudo: whoever deletes the meeting.
        leads = self.sudo().activity_ids.crm_action_id.lead_id
        res = super().unlink()
        if leads:
            leads._actions_reconcile()
        return res

    def _crm_actions_pause(self):
        """Meetings were booked: pause the lists of which a plan asks for it."""
        # A meeting that is itself the current action is no reason to pause.
        # sudo: the list of an opportunity pauses, whoever books the meeting.
        events = self.sudo().filtered(
            lambda event: event.opportunity_id and not event.activity_ids.crm_action_id
        )
        if events:
            events.opportunity_id._actions_pause_by_plan("meeting")

    def _crm_actions_follow(self):
        """Actions that have no activity now are due when their meetings are."""
        # sudo: whoever moves the meeting.
        actions = (
            self.env["crm.action"]
            .sudo()
            .search(
                [
                    ("calendar_event_id", "in", self.ids),
                    ("state", "in", ("waiting", "paused")),
                ]
            )
        )
        for event, of_event in actions.grouped("calendar_event_id").items():
            of_event._write_by_engine(
                {
                    "date_deadline": event._crm_actions_day(),
                    "date_origin": "chosen",
                    "date_set_on": False,
                }
            )

    def _crm_actions_day(self):
        """The due date of an action for which the meeting was booked."""
        return self._get_activity_deadline_from_start(self.start, self.allday)
