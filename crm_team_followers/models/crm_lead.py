# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, fields, models
from odoo.tools import SQL, email_normalize

from .mail_followers import GIVEN

# cache key, on the cursor: opportunities of this transaction that are being created and
# whose default followers are still to be subscribed
UNSETTLED = "crm_team_followers.unsettled_leads"

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
        if not self.env["crm.team.follower"]._is_used():
            return super().create(vals_list)
        unsettled = self.env.cr.cache.setdefault(UNSETTLED, set())
        outer = set(unsettled)
        try:
            leads = super().create(vals_list)
            leads._settle_team_followers()
        finally:
            unsettled &= outer
        return leads

    @api.model
    def _create(self, data_list):
        """Note the new opportunities. They are settled once core has subscribed those
        who follow for their own reasons, and before the first message goes out."""
        leads = super()._create(data_list)
        unsettled = self.env.cr.cache.get(UNSETTLED)
        if unsettled is not None:
            unsettled.update(leads._ids)
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
        unsettled = self.env.cr.cache.get(UNSETTLED)
        if not unsettled:
            return self
        return self.filtered(lambda lead: lead.id not in unsettled)

    def _settle_team_followers(self):
        """Bring pending changes of teams to the followers, before somebody reads these.

        Constant for the whole batch that is being created, whichever of its
        opportunities asks first.
        """
        if not self.env["crm.team.follower"]._is_used():
            return
        # teams may have been set, in ``create``, since the opportunities were inserted
        self.env["crm.lead"].flush_model(["team_id", "company_id"])
        unsettled = self.env.cr.cache.get(UNSETTLED)
        if unsettled and not unsettled.isdisjoint(self._ids):
            leads = self.env["crm.lead"].browse(sorted(unsettled))
            unsettled.clear()
            leads._sync_team_followers(new=True)

    def _sync_team_followers(self, new=False, followers=None):
        """Bring the followers of these opportunities in line with the lists of their
        teams.

        Runs in a constant number of queries. Idempotent. What people chose themselves
        is kept: their own events, and that they left. Reads the teams from the
        database: pending changes have to be there already.

        :param bool new: nothing can have been given yet, so nothing is taken back
        :param followers: only these ``crm.team.follower`` records; all by default
        :return: number of rows of followers added, changed or taken back
        :rtype: int
        """
        if not self:
            return 0
        # sudo: the list of a team holds for whoever moves an opportunity to it
        teams = self.sudo().team_id.filtered("default_follower_count")
        Grant = self.env["crm.team.grant"]
        grants = Grant._prepare(
            self.env["crm.team.follower"]._get_listed(teams, followers)
        )
        ids = list(self._ids)
        changed = 0
        if not new:
            scope = SQL("fol.res_id = ANY(%s)", ids)
            if followers is not None:
                scope = SQL(
                    "%s AND fol.crm_team_follower_id = ANY(%s)", scope, followers.ids
                )
            changed += Grant._correct(grants, scope)
        changed += Grant._give(grants, SQL("lead.id = ANY(%s)", ids))
        if changed:
            Grant._invalidate(self)
        return changed

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

    @property
    def _partner_unfollow_enabled(self):
        """Core's switch for the *Unfollow* link in the mails of external followers:
        where a team can add them, they can leave."""
        return self.env["crm.team.follower"]._is_used()

    def _notify_get_classified_recipients_iterator(
        self, message, recipients_data, *args, **kwargs
    ):
        """The mail of external followers has the footer with that link."""
        batches = super()._notify_get_classified_recipients_iterator(
            message, recipients_data, *args, **kwargs
        )
        external_ids = [
            recipient["id"]
            for recipient in recipients_data
            if recipient["share"] and recipient["is_follower"]
        ]
        if external_ids and self.env["crm.team.follower"]._is_used():
            # sudo: what the mail of a follower says does not depend on who writes
            given = self.env["mail.followers"].sudo()
            given = given.search(
                [
                    ("res_model", "=", "crm.lead"),
                    ("res_id", "=", self.id),
                    ("partner_id", "in", external_ids),
                    ("crm_team_grant", "in", GIVEN),
                ]
            )
            external_ids = given.partner_id.ids
        for lang, values, group in batches:
            if any(r["id"] in external_ids for r in group["recipients_data"]):
                values = dict(
                    values, show_unfollow=True, email_notification_force_footer=True
                )
            yield lang, values, group

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """What a customer writes also reaches those who asked for just that."""
        lead = self
        if (
            self.env["mail.message.subtype"]._crm_team_customer_wanted()
            and not kwargs.get("notify_skip_followers")
            and self._is_customer_message(message, msg_vals)
        ):
            lead = self.with_context(crm_team_followers_customer_message=True)
        return super(CrmLead, lead)._notify_get_recipients(
            message, msg_vals=msg_vals, **kwargs
        )

    def _is_customer_message(self, message, msg_vals):
        """Whether a customer wrote this, for all followers to read.

        Neither a machine (see ``mail.thread._is_automatic_mail``), nor somebody of
        ours: a colleague, a former one, an address or a mail domain of the companies.
        """
        msg_vals = msg_vals or {}
        # sudo: judged for all recipients alike, whoever posts
        message_sudo = message.sudo()

        def value(name):
            if name in msg_vals:
                return msg_vals[name]
            field = message_sudo._fields[name]
            found = message_sudo[name]
            return found.id if field.relational else found

        if (
            self.env.context.get("crm_team_followers_automatic_mail")
            or value("message_type") in MACHINE_MESSAGES
        ):
            return False
        author = message_sudo.author_id.browse(value("author_id") or ())
        if author and not author.partner_share:
            return False
        subtype = message_sudo.subtype_id.browse(value("subtype_id") or ())
        if not subtype or subtype.internal:
            return False
        address = email_normalize(value("email_from") or "") or author.email_normalized
        return not self._is_of_ours(author, address or "")

    @api.model
    def _is_of_ours(self, person, address):
        """Whether a person, or an address, belongs to the companies themselves.

        :param person: res.partner, empty when unknown
        :param str address: normalized
        """
        self.env["res.users"].flush_model(["login", "partner_id", "share"])
        self.env["res.partner"].flush_model(["email_normalized"])
        self.env.cr.execute(
            SQL(
                """
        SELECT EXISTS (SELECT FROM mail_alias_domain WHERE lower(name) = %(domain)s)
            OR EXISTS (SELECT FROM res_company company
                         JOIN res_partner partner ON partner.id = company.partner_id
                        WHERE partner.id = %(person)s
                           OR partner.email_normalized = %(address)s)
            OR EXISTS (SELECT FROM res_users
                         JOIN res_partner partner ON partner.id = res_users.partner_id
                        WHERE res_users.share IS NOT TRUE
                          AND (partner.id = %(person)s
                               OR partner.email_normalized = %(address)s
                               OR lower(res_users.login) = %(address)s))
                """,
                domain=address.partition("@")[2],
                person=person.id or None,
                address=address or None,
            )
        )
        return self.env.cr.fetchone()[0]
