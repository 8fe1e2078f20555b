# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.mail.tools.discuss import Store

GIVEN = ("full", "kept", "part")


class MailFollowers(models.Model):
    """A follower row knows what a sales team gave, so that it can be taken back.

    For the rows of ``crm.lead``, ``crm_team_grant`` says what the team's list may do
    with the row:

    * empty: the person follows for reasons of their own. Where the list has events that
      the row lacks, it adds these, and the row becomes ``part``;
    * ``full``: the team put the person there. The row has the events of the list, and
      goes with the team;
    * ``kept``: like ``full``, but since then the person had a reason of their own to
      follow: a comment, an activity, an invitation. Odoo leaves the events of a row
      alone then. When the team's part ends, the events that Odoo gives by default stay;
    * ``part``: only the events of ``crm_team_subtype_ids`` came from the team, and only
      these go with it;
    * ``own``: somebody chose the events on this very opportunity. The list never
      touches the row.

    A ``full``, ``kept`` or ``part`` row without ``crm_team_follower_id`` is what a
    removed default follower leaves behind, until the list is applied.
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
            ("kept", "Because of the team, and stays without it"),
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
        "(res_id) WHERE crm_team_grant IN ('full', 'kept', 'part') "
        "AND crm_team_follower_id IS NULL"
    )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    def write(self, vals):
        """Merging opportunities moves the rows of those who took part: they stay, and
        what the former opportunity's team gave them is settled anew."""
        moved = self.browse()
        if "res_id" in vals and self.env["crm.team.follower"]._is_used():
            moved = self.filtered(lambda follower: follower.crm_team_grant in GIVEN)
            moved.filtered(lambda follower: follower.crm_team_grant == "full").write(
                {"crm_team_grant": "kept"}
            )
        result = super().write(vals)
        if moved:
            leads = self.env["crm.lead"].browse(set(moved.mapped("res_id"))).exists()
            leads._sync_team_followers()
        return result

    def unlink(self):
        """Whoever is taken off an opportunity is not put back by the team's list."""
        declined = []
        if self.env["crm.team.follower"]._is_used():
            declined = [
                (follower.res_id, follower.partner_id.id)
                for follower in self
                if follower.res_model == "crm.lead"
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
        """Every other subscription of Odoo passes here: whoever meets a row of the team
        has a reason of their own from now on, and events that somebody chooses are out
        of the team's reach."""
        leads = self.env["crm.lead"]
        chosen = False
        if res_model == "crm.lead" and res_ids and partner_ids:
            chosen = bool(subtypes) and existing_policy in ("replace", "force")
            if self.env["crm.team.follower"]._is_used():
                leads = leads.browse(res_ids)._filter_settled_team_followers()
        if leads:
            # core only skips the check for rows it knows to be absent
            check_existing = True
            if not chosen:
                self._crm_team_claim(leads, partner_ids, subtypes)
        result = super()._insert_followers(
            res_model,
            res_ids,
            partner_ids,
            subtypes=subtypes,
            customer_ids=customer_ids,
            check_existing=check_existing,
            existing_policy=existing_policy,
        )
        if chosen:
            self._crm_team_mark_chosen(res_ids, partner_ids, subtypes)
        return result

    @api.model
    def _crm_team_mark_chosen(self, lead_ids, partner_ids, subtypes):
        Subtype = self.env["mail.message.subtype"]
        wanted_id = Subtype._crm_team_customer_subtype_id()
        if any(wanted_id in events for events in subtypes.values()) and (
            not Subtype._crm_team_customer_wanted()
        ):
            self.env.registry.clear_cache()
        # sudo: people choose their events without seeing the rows of followers
        rows = self.sudo().search(
            [
                ("res_model", "=", "crm.lead"),
                ("res_id", "in", lead_ids),
                ("partner_id", "in", partner_ids),
                ("crm_team_grant", "!=", "own"),
            ]
        )
        rows.write(
            {
                "crm_team_grant": "own",
                "crm_team_follower_id": False,
                "crm_team_subtype_ids": [Command.clear()],
            }
        )

    @api.model
    def _crm_team_claim(self, leads, partner_ids, subtypes=None):
        """Record that people follow opportunities for a reason other than the list.

        Without events of its own (a comment, an activity, an invitation), the claim
        changes no event. With events (the salesperson, followers of the team itself),
        these are not the team's any more.

        :param leads: crm.lead
        :param list partner_ids: people
        :param dict subtypes: ids of the claimed events by partner
        """
        self.flush_model()
        scope = SQL(
            "fol.res_model = 'crm.lead' AND fol.res_id = ANY(%s)"
            " AND fol.partner_id = ANY(%s)",
            list(leads._ids),
            [pid for pid in partner_ids if not subtypes or subtypes.get(pid)],
        )
        self.env.cr.execute(
            SQL(
                "UPDATE mail_followers fol SET crm_team_grant = 'kept'"
                " WHERE %s AND fol.crm_team_grant = ANY(%s) RETURNING fol.id",
                scope,
                list(GIVEN[:2] if subtypes else GIVEN[:1]),
            )
        )
        kept_ids = [row_id for (row_id,) in self.env.cr.fetchall()]
        if subtypes:
            self._crm_team_share(scope, kept_ids, subtypes)
        self.env["crm.team.grant"]._invalidate()

    @api.model
    def _crm_team_share(self, scope, kept_ids, subtypes):
        """Give people the events they claim, and leave the team what it added."""
        claims = SQL(
            "claim (partner_id, subtype_id) AS (SELECT * FROM"
            " unnest(%s::int[], %s::int[]))",
            [pid for pid, events in subtypes.items() for _event in events or ()],
            [event for events in subtypes.values() for event in events or ()],
        )
        self.env.cr.execute(
            SQL(
                """
          WITH parted AS (
              UPDATE mail_followers SET crm_team_grant = 'part' WHERE id = ANY(%(ids)s)
          )
        INSERT INTO mail_followers_crm_team_subtype_rel
             SELECT mail_followers_id, mail_message_subtype_id
               FROM mail_followers_mail_message_subtype_rel
              WHERE mail_followers_id = ANY(%(ids)s)
                """,
                ids=kept_ids,
            )
        )
        for statement in (
            """
          WITH %s
        DELETE FROM mail_followers_crm_team_subtype_rel rel
              USING claim, mail_followers fol
              WHERE fol.partner_id = claim.partner_id AND fol.crm_team_grant = 'part'
                AND rel.mail_followers_id = fol.id AND %s
                AND rel.mail_message_subtype_id = claim.subtype_id
            """,
            """
          WITH %s
        INSERT INTO mail_followers_mail_message_subtype_rel
                    (mail_followers_id, mail_message_subtype_id)
             SELECT fol.id, claim.subtype_id
               FROM claim, mail_followers fol
              WHERE fol.partner_id = claim.partner_id AND fol.crm_team_grant = 'part'
                AND %s
        ON CONFLICT DO NOTHING
            """,
        ):
            self.env.cr.execute(SQL(statement, claims, scope))

    # ------------------------------------------------------------
    # MAILING
    # ------------------------------------------------------------

    def _get_recipient_data(self, records, message_type, subtype_id, pids=None):
        """Who follows an opportunity depends on its team: settle that first. What a
        customer writes also reaches those who asked for just that."""
        if not records or records._name != "crm.lead":
            return super()._get_recipient_data(
                records, message_type, subtype_id, pids=pids
            )
        records._settle_team_followers()
        recipients = super()._get_recipient_data(
            records, message_type, subtype_id, pids=pids
        )
        if self.env.context.get("crm_team_followers_customer_message"):
            Subtype = self.env["mail.message.subtype"]
            more = super()._get_recipient_data(
                records, message_type, Subtype._crm_team_customer_subtype_id()
            )
            for res_id, people in more.items():
                recipients[res_id] = {**people, **recipients[res_id]}
        return recipients

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
                predicate=lambda follower: follower.crm_team_grant in GIVEN,
            )
        ]
