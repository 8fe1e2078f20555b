# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import fields, models

from .. import schedule
from .crm_action_engine import OPEN_STATES

# The hours of a day in which the mail may still be sent.
MORNING = range(5, 18)


class ResUsers(models.Model):
    _inherit = "res.users"

    crm_action_mail = fields.Boolean(
        string="Morning E-mail of Actions",
        default=True,
        help="An e-mail of the actions that are due or overdue, when the company "
        "sends it.",
    )
    crm_action_mail_on = fields.Date(
        string="Last Morning E-mail",
        readonly=True,
        copy=False,
        help="Day of the user on which the morning e-mail was prepared last.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "crm_action_mail"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return [*super().SELF_WRITEABLE_FIELDS, "crm_action_mail"]

    def write(self, vals):
        res = super().write(vals)
        if "active" in vals and not vals["active"]:
            self._crm_actions_hand_over()
        return res

    def action_archive(self):
        # Before Odoo deletes the activities of the users, which would skip actions.
        self.check_access("write")
        self._crm_actions_hand_over()
        return super().action_archive()

    def unlink(self):
        self.check_access("unlink")
        self._crm_actions_hand_over()
        return super().unlink()

    def _crm_actions_hand_over(self):
        """Open actions go to the salesperson of the opportunity, or to nobody."""
        # sudo: in all companies, whoever manages the users.
        self.env["crm.action"].sudo().search(
            [("user_id", "in", self.ids), ("state", "in", OPEN_STATES)]
        )._hand_over()

    def _crm_action_mail_is_due(self):
        """Whether it is morning where the user lives, and no mail was sent today."""
        self.ensure_one()
        now = fields.Datetime.now()
        # sudo: the timezone of a colleague.
        hour = schedule.local_time(now, self.sudo().tz).hour
        return hour in MORNING and (
            not self.crm_action_mail_on
            or self.crm_action_mail_on < self._crm_action_today()
        )

    def _crm_action_today(self):
        """The date where the user is."""
        self.ensure_one()
        # sudo: the timezone of a colleague.
        return schedule.local_date(fields.Datetime.now(), self.sudo().tz)
