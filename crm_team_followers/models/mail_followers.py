# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.mail.tools.discuss import Store


class MailFollowers(models.Model):
    """A follower row remembers what a sales team gave, so that it can be taken back.

    Invariants, for the rows of ``crm.lead``:

    * ``crm_team_grant`` empty: the row has nothing to do with a team's list;
    * ``full``: the row is there for the team only, and goes with it;
    * ``part``: the person follows for another reason too; only the events of
      ``crm_team_subtype_ids`` came from the team, and only these go with it;
    * ``own``: somebody chose the events on this very opportunity; the team's list never
      touches the row again.

    ``full`` or ``part`` without ``crm_team_follower_id`` is what a removed default
    follower leaves behind, until it is taken back.
    """

    _inherit = "mail.followers"

    crm_team_follower_id = fields.Many2one(
        comodel_name="crm.team.follower",
        string="Default Follower",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
    )
    crm_team_grant = fields.Selection(
        selection=[
            ("full", "Follows because of the team"),
            ("part", "The team added events"),
            ("own", "Chose events here"),
        ],
        string="Share of the Team",
        readonly=True,
    )
    crm_team_subtype_ids = fields.Many2many(
        comodel_name="mail.message.subtype",
        relation="mail_followers_crm_team_subtype_rel",
        column1="mail_followers_id",
        column2="mail_message_subtype_id",
        string="Events Added by the Team",
        readonly=True,
    )

    _crm_team_leftover_idx = models.Index(
        "(res_id) WHERE crm_team_grant IN ('full', 'part') "
        "AND crm_team_follower_id IS NULL"
    )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    def write(self, vals):
        """Merging opportunities moves the rows of those who took part: they stay, and
        what the former opportunity's team gave them is settled anew."""
        moved = "res_id" in vals and self.filtered(
            lambda follower: follower.crm_team_grant in ("full", "part")
        )
        if not moved:
            return super().write(vals)
        moved._crm_team_claim_default()
        result = super().write(vals)
        self.env["crm.lead"].browse(
            moved.mapped("res_id")
        ).exists()._sync_team_followers()
        return result

    def unlink(self):
        """Whoever is taken off an opportunity is not put back by the team's list."""
        declined = [
            (follower.res_id, follower.partner_id.id)
            for follower in self
            if follower.crm_team_grant
        ]
        result = super().unlink()
        if declined:
            self.env["crm.lead"]._decline_team_followers(declined)
        return result

    # ------------------------------------------------------------
    # SUBSCRIPTION
    # ------------------------------------------------------------

    def _insert_followers(
        self,
        res_model,
        res_ids,
        partner_ids,
        subtypes=None,
        customer_ids=None,
        check_existing=True,
        existing_policy="skip",
    ):
        """Every other subscription of Odoo passes here: when it meets a row that only a
        team's list made, the person now has a reason of their own."""
        if res_model == "crm.lead" and res_ids and partner_ids:
            settled = (
                self.env["crm.lead"].browse(res_ids)._filter_settled_team_followers()
            )
            if settled:
                # core only skips the check for rows it knows to be absent
                check_existing = True
                self._crm_team_claim(
                    settled.ids,
                    partner_ids,
                    subtypes,
                    chosen=existing_policy in ("replace", "force"),
                )
        return super()._insert_followers(
            res_model,
            res_ids,
            partner_ids,
            subtypes=subtypes,
            customer_ids=customer_ids,
            check_existing=check_existing,
            existing_policy=existing_policy,
        )

    def _crm_team_claim_default(self):
        """Claim these rows with the events that Odoo gives by default."""
        for res_id, followers in self.grouped("res_id").items():
            self._crm_team_claim([res_id], followers.partner_id.ids)

    def _crm_team_claim(self, lead_ids, partner_ids, subtypes=None, chosen=False):
        """Record that people follow opportunities for a reason other than the team's
        list.

        The rows get the claimed events as they would have had without us, and what is
        left for the team is only what it added to them.

        :param list lead_ids: opportunities
        :param list partner_ids: people
        :param dict subtypes: ids of the claimed events by partner; by default the
        events
            Odoo gives to a new follower
        :param bool chosen: the events were chosen for these opportunities; the team's
            list keeps off from now on
        """
        if not self.env["crm.team.follower"]._is_used():
            return
        self.flush_model()
        scope = SQL(
            "fol.res_model = 'crm.lead' AND fol.res_id = ANY(%s)"
            " AND fol.partner_id = ANY(%s) AND fol.crm_team_grant IN ('full', 'part')",
            list(lead_ids),
            list(partner_ids),
        )
        if chosen:
            self.env.cr.execute(
                SQL(
                    """
        WITH chosen AS (
            UPDATE mail_followers fol
               SET crm_team_grant = 'own', crm_team_follower_id = NULL
             WHERE %s
         RETURNING fol.id
        ), forgotten AS (
            DELETE FROM mail_followers_crm_team_subtype_rel given
             USING chosen
             WHERE given.mail_followers_id = chosen.id
        )
        SELECT id FROM chosen
                    """,
                    scope,
                )
            )
        else:
            claims = [
                (partner_id, subtype_id)
                for partner_id, subtype_ids in (
                    subtypes or self._crm_team_default_claims(partner_ids)
                ).items()
                for subtype_id in subtype_ids or ()
            ]
            self.env.cr.execute(
                SQL(
                    """
        WITH claim AS (
            SELECT * FROM unnest(%(partners)s::int[], %(subtypes)s::int[])
                AS claim (partner_id, subtype_id)
        ), met AS (
            SELECT fol.id, fol.partner_id, fol.crm_team_grant
              FROM mail_followers fol
             WHERE %(scope)s
        ), released AS (
            DELETE FROM mail_followers_crm_team_subtype_rel given
             USING met JOIN claim USING (partner_id)
             WHERE given.mail_followers_id = met.id
               AND given.mail_message_subtype_id = claim.subtype_id
        ), left_to_team AS (
            INSERT INTO mail_followers_crm_team_subtype_rel
                        (mail_followers_id, mail_message_subtype_id)
                 SELECT rel.mail_followers_id, rel.mail_message_subtype_id
                   FROM mail_followers_mail_message_subtype_rel rel
                   JOIN met ON met.id = rel.mail_followers_id
                  WHERE met.crm_team_grant = 'full'
                    AND NOT EXISTS (
                        SELECT FROM claim
                         WHERE claim.partner_id = met.partner_id
                           AND claim.subtype_id = rel.mail_message_subtype_id)
        ), claimed AS (
            INSERT INTO mail_followers_mail_message_subtype_rel
                        (mail_followers_id, mail_message_subtype_id)
                 SELECT met.id, claim.subtype_id
                   FROM met JOIN claim USING (partner_id)
            ON CONFLICT DO NOTHING
        ), shared AS (
            UPDATE mail_followers fol
               SET crm_team_grant = 'part'
              FROM met
             WHERE fol.id = met.id AND met.crm_team_grant = 'full'
        )
        SELECT id FROM met
                    """,
                    partners=[partner_id for partner_id, _subtype_id in claims],
                    subtypes=[subtype_id for _partner_id, subtype_id in claims],
                    scope=scope,
                )
            )
        if self.env.cr.rowcount:
            self.invalidate_model(flush=False)

    def _crm_team_default_claims(self, partner_ids):
        """Events that Odoo gives to new followers of an opportunity.

        :return: ids of events by partner id
        :rtype: dict
        """
        default, _internal, external = self.env[
            "mail.message.subtype"
        ].default_subtypes("crm.lead")
        # sudo: whether a person is external decides what they may receive, whoever asks
        shared = (
            self.env["res.partner"]
            .sudo()
            .browse(partner_ids)
            .exists()
            .filtered("partner_share")
        )
        return {
            partner_id: external.ids if partner_id in shared._ids else default.ids
            for partner_id in partner_ids
        }

    def _get_recipient_data(self, records, message_type, subtype_id, pids=None):
        """Who follows an opportunity depends on its team: settle that first."""
        if records and records._name == "crm.lead":
            records._settle_team_followers()
        return super()._get_recipient_data(records, message_type, subtype_id, pids=pids)

    # ------------------------------------------------------------
    # STORE
    # ------------------------------------------------------------

    def _to_store_defaults(self, target):
        return super()._to_store_defaults(target) + [
            Store.Attr(
                "crm_team_name",
                # sudo: the name of the team behind a follower one may see
                lambda follower: (
                    follower.sudo().crm_team_follower_id.team_id.display_name
                ),
                predicate=lambda follower: follower.crm_team_grant in ("full", "part"),
            )
        ]
