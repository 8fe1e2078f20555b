# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, fields, models
from odoo.tools import SQL

# cache key, on the cursor: opportunities of this transaction that are being created,
# and whether their team has default followers still to be subscribed
NEW_LEADS = "crm_team_followers.new_leads"

# messages that a machine writes are not what a customer has to say
MACHINE_MESSAGES = (
    "auto_comment",
    "notification",
    "out_of_office",
    "user_notification",
)


class CrmLead(models.Model):
    """An opportunity is followed by what the list of its team says.

    The two methods that every route of the ORM passes keep this true: ``_create`` and
    ``_write_multi``. They see the team an opportunity *has*, so a computed team counts
    as much as a given one, with or without tracking.
    """

    _inherit = "crm.lead"

    team_unfollowed_partner_ids = fields.Many2many(
        comodel_name="res.partner",
        relation="crm_lead_team_unfollow_rel",
        column1="lead_id",
        column2="partner_id",
        string="Taken off as Followers",
        copy=False,
        groups="base.group_user",
        help="People who left this opportunity, or were taken off it: the default "
        "followers of a team do not bring them back.",
    )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        new_leads = self.env.cr.cache.setdefault(NEW_LEADS, {})
        outer_ids = set(new_leads)
        try:
            leads = super().create(vals_list)
            leads._settle_team_followers()
        finally:
            for lead_id in new_leads.keys() - outer_ids:
                del new_leads[lead_id]
        return leads

    @api.model
    def _create(self, data_list):
        """Note the new opportunities. They are settled once core has subscribed those
        who follow for their own reasons, and before the first message goes out."""
        leads = super()._create(data_list)
        new_leads = self.env.cr.cache.setdefault(NEW_LEADS, {})
        for lead in leads:
            # sudo: whoever creates an opportunity need not see the settings of its team
            new_leads[lead.id] = bool(lead.team_id.sudo().default_follower_count)
        return leads

    def _write_multi(self, vals_list):
        """All values reach the database here, those of computed fields too."""
        result = super()._write_multi(vals_list)
        moved = [
            lead.id
            for lead, vals in zip(self, vals_list, strict=True)
            if "team_id" in vals or "company_id" in vals
        ]
        if moved and self.env["crm.team.follower"]._is_used():
            self.browse(moved)._filter_settled_team_followers()._sync_team_followers()
        return result

    # ------------------------------------------------------------
    # TEAM FOLLOWERS
    # ------------------------------------------------------------

    def _filter_settled_team_followers(self):
        """The opportunities of which the followers a team gave are in place."""
        new_leads = self.env.cr.cache.get(NEW_LEADS)
        if not new_leads:
            return self
        return self.filtered(lambda lead: lead.id not in new_leads)

    def _settle_team_followers(self):
        """Bring pending changes of teams to the followers, before somebody reads these.

        One statement for the whole batch that is being created, whichever of its
        opportunities asks first.
        """
        new_leads = self.env.cr.cache.get(NEW_LEADS, {})
        if any(new_leads.get(lead_id) for lead_id in self._ids):
            pending = [lead_id for lead_id, waits in new_leads.items() if waits]
            for lead_id in pending:
                del new_leads[lead_id]
            self.env["crm.lead"].browse(pending)._sync_team_followers(new=True)
        elif self.env["crm.team.follower"]._is_used():
            self.env["crm.lead"].flush_model(["team_id"])

    def _sync_team_followers(self, new=False, followers=None, renew=False):
        """Give these opportunities the default followers of their team, and take back
        what other teams, or default followers who are gone, had given.

        Runs in a constant number of queries. Idempotent. What people chose themselves
        is kept: their own events, and that they left.

        :param bool new: nothing can have been given yet, so nothing is taken back
        :param followers: ``crm.team.follower`` records to give; all by default
        :param bool renew: also bring the events of earlier grants up to date
        :return: number of followers added, changed or taken back
        :rtype: int
        """
        if not self:
            return 0
        TeamFollower = self.env["crm.team.follower"].sudo()
        scope = SQL("fol.res_id = ANY(%s)", list(self._ids))
        # sudo: the list of a team holds for whoever moves an opportunity to it
        leads = self.sudo()
        listed = TeamFollower.search([("team_id", "in", leads.team_id.ids)])
        grants = listed._prepare_grants()
        changed = 0 if new else TeamFollower._take_back(scope, grants)
        if followers is not None:
            grants = [grant for grant in grants if grant.follower_id in followers._ids]
        if grants:
            changed += TeamFollower._give(leads, grants)
            if renew:
                changed += TeamFollower._renew(scope, grants)
        if changed:
            self._invalidate_team_followers()
        return changed

    def _invalidate_team_followers(self):
        self.env["mail.followers"].invalidate_model(flush=False)
        self.invalidate_recordset(
            ["message_follower_ids", "message_partner_ids", "message_is_follower"],
            flush=False,
        )

    @api.model
    def _decline_team_followers(self, declined):
        """Remember that people were taken off opportunities.

        :param list declined: pairs (id of the opportunity, id of the partner)
        """
        lead_ids, partner_ids = zip(*declined, strict=True)
        self.env.cr.execute(
            SQL(
                """
        INSERT INTO crm_lead_team_unfollow_rel (lead_id, partner_id)
             SELECT lead.id, declined.partner_id
               FROM unnest(%s::int[], %s::int[]) AS declined (lead_id, partner_id)
               JOIN crm_lead lead ON lead.id = declined.lead_id
        ON CONFLICT DO NOTHING
                """,
                list(lead_ids),
                list(partner_ids),
            )
        )
        self.browse(lead_ids).invalidate_recordset(
            ["team_unfollowed_partner_ids"], flush=False
        )

    # ------------------------------------------------------------
    # MAILING
    # ------------------------------------------------------------

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """What a customer writes also reaches those who asked for just that."""
        recipients = super()._notify_get_recipients(
            message, msg_vals=msg_vals, **kwargs
        )
        if kwargs.get("notify_skip_followers") or not self._is_customer_message(
            message, msg_vals
        ):
            return recipients
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "crm_team_followers.mt_lead_customer_message"
        )
        if not self._has_followers_of(subtype_id):
            return recipients
        known_ids = {recipient["id"] for recipient in recipients}
        customer_msg_vals = dict(
            msg_vals or {}, subtype_id=subtype_id, partner_ids=[], outgoing_email_to=""
        )
        return recipients + [
            recipient
            for recipient in super()._notify_get_recipients(
                message, msg_vals=customer_msg_vals, **kwargs
            )
            if recipient["id"] not in known_ids
        ]

    def _is_customer_message(self, message, msg_vals):
        """Whether somebody from outside wrote this, for all followers to read."""
        msg_vals = msg_vals or {}
        # sudo: judged for all recipients alike, whoever posts
        message_sudo = message.sudo()
        if msg_vals.get("message_type", message_sudo.message_type) in MACHINE_MESSAGES:
            return False
        if "author_id" in msg_vals:
            author = message_sudo.author_id.browse(msg_vals["author_id"] or ())
        else:
            author = message_sudo.author_id
        if author and not author.partner_share:
            return False
        if "subtype_id" in msg_vals:
            subtype = message_sudo.subtype_id.browse(msg_vals["subtype_id"] or ())
        else:
            subtype = message_sudo.subtype_id
        return bool(subtype) and not subtype.internal

    def _has_followers_of(self, subtype_id):
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                """
        SELECT 1
          FROM mail_followers fol
          JOIN mail_followers_mail_message_subtype_rel rel
            ON rel.mail_followers_id = fol.id
         WHERE fol.res_model = 'crm.lead' AND fol.res_id = %s
           AND rel.mail_message_subtype_id = %s
         LIMIT 1
                """,
                self.id,
                subtype_id,
            )
        )
        return bool(self.env.cr.rowcount)
