# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models
from odoo.exceptions import UserError


class PartnerDefaultFollowerMixin(models.AbstractModel):
    """What a default follower rule does on the contacts that exist already.

    Part of ``base.automation``, which says who follows which contacts.
    """

    _name = "partner.default.follower.mixin"
    _description = "Existing Contacts of a Default Follower Rule"

    follow_missing_count = fields.Integer(
        string="Contacts to Follow", compute="_compute_follow_pending"
    )
    follow_excess_count = fields.Integer(
        string="Followers to Take Back", compute="_compute_follow_pending"
    )
    follow_given_count = fields.Integer(
        string="Followers Given", compute="_compute_follow_pending"
    )
    follow_error = fields.Char(string="Error", compute="_compute_follow_pending")
    follow_job_ids = fields.One2many(
        "partner.default.follower.job", "automation_id", string="Runs", readonly=True
    )
    follow_state = fields.Selection(
        [
            ("none", "Not Started"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        string="State of Existing Contacts",
        compute="_compute_follow_state",
    )
    follow_done = fields.Integer(
        string="Contacts Done", compute="_compute_follow_state"
    )
    follow_total = fields.Integer(
        string="Contacts in Total", compute="_compute_follow_state"
    )

    @api.depends(
        "follow_partner_ids",
        "follow_subtype_ids",
        "filter_domain",
        "follow_job_ids.state",
    )
    def _compute_follow_pending(self):
        jobs = self.env["partner.default.follower.job"]
        # sudo: whoever's followers
        followers = self.env["mail.followers"].sudo()
        for rule in self:
            origin = rule._origin
            rule.follow_given_count = origin and followers.search_count(
                [("default_follower_rule_id", "=", origin.id)]
            )
            rule.follow_missing_count = rule.follow_excess_count = 0
            rule.follow_error = rule.follow_job_ids.sorted("id")[-1:].error
            if origin.model_name != "res.partner":
                continue
            try:
                excess, missing = jobs._find(origin)
                rule.follow_missing_count = len(missing)
                rule.follow_excess_count = len(excess)
            except UserError as error:
                rule.follow_error = str(error)

    @api.depends("follow_job_ids.state", "follow_job_ids.done_count")
    def _compute_follow_state(self):
        for rule in self:
            job = rule.follow_job_ids.sorted("id")[-1:]
            rule.follow_state = job.state or "none"
            rule.follow_done = job.done_count
            rule.follow_total = job.total_count

    # --------------------------------------------------
    # Actions
    # --------------------------------------------------

    def action_follow_existing(self):
        """Give and take back on the existing contacts what this rule says.

        At once for a few, in the background for many.

        :raises UserError: if the rule has nobody to add, or is switched off
        """
        self.ensure_one()
        self.check_access("write")
        if not (self.follow_partner_ids or self.follow_excess_count):
            raise UserError(
                self.env._("Choose first who is to follow contacts by default.")
            )
        if not self.active:
            raise UserError(
                self.env._(
                    "The rule “%(rule)s” is switched off. Switch it on first.",
                    rule=self.display_name,
                )
            )
        return self._follow_start()

    def action_follow_confirm(self):
        """Show what *Also follow the existing contacts* would do, before it is done."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Existing Contacts"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [
                (
                    self.env.ref(
                        "partner_default_follower.base_automation_view_form_follow_existing"
                    ).id,
                    "form",
                )
            ],
            "target": "new",
        }

    def action_follow_take_back(self):
        """Switch this rule off and take back the followers that it gave.

        What another rule gives as well stays.
        """
        self.ensure_one()
        self.check_access("write")
        self.active = False
        return self._follow_start(take_back=True)

    def action_follow_stop(self):
        """Stop treating the existing contacts after the batch under way."""
        self.check_access("write")
        self.follow_job_ids._stop()

    def action_follow_resume(self):
        """Go on with the existing contacts: with what is missing by now."""
        self.check_access("write")
        self.follow_job_ids._resume()

    def _follow_start(self, take_back=False):
        job = self.env["partner.default.follower.job"]._start(self, take_back)
        if job.state == "running":
            message = self.env._(
                "%(count)s contacts are treated in the background.",
                count=job.total_count,
            )
        elif take_back:
            message = self.env._(
                "%(count)s followers were taken back.", count=job.done_count
            )
        else:
            message = self.env._(
                "%(count)s contacts got their default followers.", count=job.done_count
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if job.error else "success",
                "message": job.error or message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    @api.model
    def _cron_follow_existing(self):
        """Go on with the existing contacts of all rules that asked for it."""
        self.env["partner.default.follower.job"]._run()
