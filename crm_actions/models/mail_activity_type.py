# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import models
from odoo.exceptions import UserError

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from ..tools import as_engine


class MailActivityType(models.Model):
    _inherit = "mail.activity.type"

    def write(self, vals):
        res = super().write(vals)
        if vals.get("res_model") not in (None, False, "crm.lead"):
            # sudo: the actions of others and of all companies count.
            in_use = (
                self.env["crm.action"]
                .sudo()
                .search([("activity_type_id", "in", self.ids)])
                ._open()
            )
            if in_use:
                raise UserError(
                    self.env._(
                        "These activity types are used by actions of opportunities "
                        "that are still open: %(types)s.",
                        types=", ".join(in_use.activity_type_id.mapped("name")),
                    )
                )
        return res

    def unlink(self):
        # First: who may not delete types learns nothing of the actions.
        self.check_access("unlink")
        # Not @api.ondelete, which comes too late: Odoo turns the activities of the
        # type into to-dos first, and the current actions follow them.
        # sudo: the actions of others and of all companies count.
        actions = (
            self.env["crm.action"].sudo().search([("activity_type_id", "in", self.ids)])
        )
        in_use = actions._open()
        if in_use and not self.env.context.get(MODULE_UNINSTALL_FLAG):
            raise UserError(  # pylint: disable=no-raise-unlink
                self.env._(
                    "These activity types are used by actions that are still open: "
                    "%(types)s. Archive them instead.",
                    types=", ".join(in_use.activity_type_id.mapped("name")),
                )
            )
        # As Odoo does with open activities of a type that is deleted.
        todo = {"activity_type_id": self.env.ref("mail.mail_activity_data_todo").id}
        actions._write_by_engine(todo)
        as_engine(actions.activity_ids).write(todo)
        return super().unlink()
