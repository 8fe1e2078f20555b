# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from collections import namedtuple

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

# what one default follower gives: ``company_ids`` is None for all companies
Grant = namedtuple(
    "Grant", ["follower_id", "team_id", "partner_id", "company_ids", "subtype_ids"]
)


class CrmTeamFollower(models.Model):
    """A person who follows every opportunity of a sales team, and for which events.

    Invariants: one record per team and person; the person could see the opportunities
    of the team's company; at least one event. An archived record means that the person
    ended it: nobody else starts it again. Archived people and users get nothing.
    """

    _name = "crm.team.follower"
    _description = "Default Follower"
    _order = "team_id, id"
    _rec_name = "partner_id"

    team_id = fields.Many2one(
        comodel_name="crm.team",
        string="Sales Team",
        required=True,
        index=True,
        ondelete="cascade",
    )
    # sudo'ed: people see the name of a team they follow, of whatever company it is
    team_name = fields.Char(related="team_id.name", string="Sales Team Name")
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Person",
        required=True,
        index=True,
        ondelete="cascade",
        domain=lambda self: self._restriction_domain(),
    )
    active = fields.Boolean(default=True, readonly=True)
    subtype_ids = fields.Many2many(
        comodel_name="mail.message.subtype",
        relation="crm_team_follower_mail_message_subtype_rel",
        column1="follower_id",
        column2="subtype_id",
        string="Events",
        required=True,
        domain=lambda self: self._subtype_domain(),
        default=lambda self: self._default_subtype_ids(),
        help="What the person is notified of, on each opportunity of the team.",
    )
    customer_messages_only = fields.Boolean(
        string="Customers' Messages Only",
        help="Of the discussions, only what customers write: e-mails, messages from "
        "the portal. What colleagues write is left out.",
    )
    notification_type = fields.Selection(
        selection=[("email", "By Emails"), ("inbox", "In Odoo")],
        string="Notified",
        compute="_compute_notification_type",
        inverse="_inverse_notification_type",
        compute_sudo=True,
        help="Each person chooses in their preferences; an external contact is always "
        "notified by e-mail.",
    )
    source = fields.Selection(
        selection=[
            ("manual", "Added by hand"),
            ("leader", "Team leader"),
            ("member", "Team member"),
        ],
        default="manual",
        required=True,
        readonly=True,
    )
    to_apply = fields.Boolean(
        string="Not yet on Open Opportunities", default=True, readonly=True
    )
    company_id = fields.Many2one(related="team_id.company_id", store=True, index=True)
    is_mine = fields.Boolean(compute="_compute_is_mine")
    is_external = fields.Boolean(
        related="partner_id.partner_share", string="External Contact"
    )

    _team_partner_uniq = models.Constraint(
        "unique(team_id, partner_id)",
        "This person is already in the list of this sales team.",
    )

    # ------------------------------------------------------------
    # DEFAULTS
    # ------------------------------------------------------------

    @api.model
    def _default_subtype_ids(self):
        return self.env["mail.message.subtype"].default_subtypes("crm.lead")[0]

    @api.model
    def _subtype_domain(self):
        customer_message = self.env["ir.model.data"]._xmlid_to_res_id(
            "crm_team_followers.mt_lead_customer_message"
        )
        return Domain("res_model", "in", [False, "crm.lead"]) & Domain(
            "id", "!=", customer_message
        )

    @api.model
    def _restriction_domain(self):
        """Who may follow opportunities at all: addons restrict it on this field."""
        lead = self.env["crm.lead"]
        return lead._fields["message_partner_ids"].get_comodel_domain(lead)

    # ------------------------------------------------------------
    # COMPUTES
    # ------------------------------------------------------------

    @api.depends("partner_id.user_ids.notification_type")
    def _compute_notification_type(self):
        for follower in self:
            users = follower.partner_id.user_ids.sorted("share")
            follower.notification_type = users[:1].notification_type or "email"

    def _inverse_notification_type(self):
        for follower in self:
            if follower.notification_type == self._notification_type_of(follower):
                continue
            if follower.partner_id != self.env.user.partner_id:
                raise AccessError(
                    self.env._(
                        "Only %(person)s can choose how they are notified.",
                        person=follower.partner_id.sudo().name,
                    )
                )
            self.env.user.notification_type = follower.notification_type

    @api.model
    def _notification_type_of(self, follower):
        # sudo: how a person is notified is shown to everyone who sees the list
        users = follower.partner_id.sudo().user_ids.sorted("share")
        return users[:1].notification_type or "email"

    @api.depends("partner_id")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        for follower in self:
            follower.is_mine = follower.partner_id == self.env.user.partner_id

    # ------------------------------------------------------------
    # CONSTRAINTS
    # ------------------------------------------------------------

    @api.constrains("team_id", "partner_id")
    def _check_company_visible(self):
        # sudo: the companies of other users decide; nothing of them is shown
        for follower in self.sudo():
            company = follower.team_id.company_id
            companies = follower._visible_companies()
            # nothing reaches people of whom all users are archived: no harm either
            if company and companies and company not in companies:
                raise ValidationError(
                    self.env._(
                        "%(person)s cannot see the opportunities of %(company)s, so "
                        "they cannot follow those of the sales team %(team)s.",
                        person=follower.partner_id.name,
                        company=company.display_name,
                        team=follower.team_id.name,
                    )
                )

    @api.constrains("partner_id", "subtype_ids", "customer_messages_only")
    def _check_subtypes(self):
        for follower in self:
            wrong = follower.subtype_ids.filtered(
                lambda subtype: subtype.res_model not in (False, "crm.lead")
            )
            if wrong:
                raise ValidationError(
                    self.env._(
                        "These events do not happen to opportunities: %(events)s.",
                        events=", ".join(wrong.mapped("name")),
                    )
                )
            if follower._granted_subtypes():
                continue
            person = follower.partner_id.sudo().name
            if not follower.subtype_ids:
                message = self.env._(
                    "Choose at least one event for %(person)s.", person=person
                )
            else:
                message = self.env._(
                    "With these choices, %(person)s would be notified of nothing. "
                    "Choose at least one more event; internal ones never reach an "
                    "external contact.",
                    person=person,
                )
            raise ValidationError(message)

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        followers = super().create(vals_list)
        if not self._is_used():
            # it was asked before there was a first one
            self.env.registry.clear_cache()
        return followers

    def write(self, vals):
        """Managers change the list of a team; everyone else narrows or ends their own,
        with effect on all opportunities at once."""
        if {"team_id", "partner_id"} & vals.keys():
            raise UserError(
                self.env._(
                    "Remove this default follower and add the right one instead: "
                    "opportunities remember who gave them which follower."
                )
            )
        mine = self.filtered("is_mine")
        if not self.env.su:
            self._check_own_choice(mine, vals)
        events_changed = {"subtype_ids", "customer_messages_only"} & vals.keys()
        if events_changed and "to_apply" not in vals:
            vals = dict(vals, to_apply=True)
        result = super().write(vals)
        # sudo: people decide on what they receive, also on what they cannot open
        if mine and (events_changed or "active" in vals):
            mine.sudo()._apply_own_choice()
        if mine and vals.get("active"):
            mine.sudo()._give_to_open_opportunities()
        return result

    def _check_own_choice(self, mine, vals):
        """
        :raise AccessError: on a choice that is not the current user's to make
        """
        if "active" in vals and self - mine:
            raise AccessError(
                self.env._(
                    "Only the person can stop, or start again, to follow a team this "
                    "way. "
                    "You can remove them from the list."
                )
            )
        if self.env.user.has_group("sales_team.group_sale_manager"):
            return
        allowed = {
            "active",
            "subtype_ids",
            "customer_messages_only",
            "notification_type",
        }
        if vals.keys() - allowed:
            raise AccessError(
                self.env._("Only a sales administrator can change default followers.")
            )
        if self.env["crm.lead"].has_access("read"):
            return
        narrowing = {"subtype_ids", "customer_messages_only"}
        for follower in mine:
            wanted = follower.new(origin=follower)
            wanted.update({name: vals[name] for name in vals.keys() & narrowing})
            had = follower._granted_subtypes()
            if self.env.ref("mail.mt_comment") in had:
                # what customers write is a part of the discussions
                had |= self.env.ref("crm_team_followers.mt_lead_customer_message")
            if wanted._granted_subtypes()._origin - had:
                raise AccessError(
                    self.env._(
                        "You can leave out events, not add any: ask a sales "
                        "administrator."
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_automatic(self):
        automatic = self.filtered(
            lambda follower: follower.source in follower.team_id._automatic_sources()
        )
        if automatic and not self.env.context.get("crm_team_followers_automatic"):
            raise UserError(
                self.env._(
                    "%(people)s are here as leader or member of the sales team. They "
                    "can stop it in their preferences, or you can untick the option.",
                    people=", ".join(automatic.partner_id.mapped("name")),
                )
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_stop(self):
        """The current user ends their own: nothing more, and off what was given.

        :raise AccessError: when it is somebody else's
        """
        return self.write({"active": False})

    def action_resume(self):
        """The current user starts their own again, on open opportunities too.

        :raise AccessError: when it is somebody else's
        """
        return self.write({"active": True})

    # ------------------------------------------------------------
    # GRANTS
    # ------------------------------------------------------------

    @api.model
    @tools.ormcache()
    def _is_used(self):
        """Whether anything was ever given, so that plain Odoo costs nothing more."""
        self.env.cr.execute(
            """
        SELECT EXISTS (SELECT FROM crm_team_follower)
            OR EXISTS (SELECT FROM mail_followers
                        WHERE crm_team_grant IN ('full', 'part')
                          AND crm_team_follower_id IS NULL)
            """
        )
        return self.env.cr.fetchone()[0]

    def _granted_subtypes(self):
        """Events that the follower rows get: the chosen ones, without the internal ones
        for people from outside, and with customers' messages in place of discussions
        and notes where only these are wanted."""
        self.ensure_one()
        subtypes = self.subtype_ids._origin
        if self.customer_messages_only:
            comment = self.env.ref("mail.mt_comment")
            if comment in subtypes:
                subtypes |= self.env.ref("crm_team_followers.mt_lead_customer_message")
            subtypes -= comment | self.env.ref("mail.mt_note")
        if self.is_external:
            subtypes = subtypes.filtered(lambda subtype: not subtype.internal)
        return subtypes

    def _visible_companies(self):
        """
        :return: companies whose opportunities the person may follow; None for all of
        them,
            no company for a person who only has archived users
        """
        self.ensure_one()
        partner = self.partner_id
        users = partner.with_context(active_test=False).user_ids
        if users:
            return users.filtered("active").company_ids
        return partner.company_id or None

    def _prepare_grants(self):
        """What these default followers give now; nothing for those whom it cannot
        reach.

        :return: list of Grant
        """
        restriction = self._restriction_domain()
        followers = self.filtered(
            lambda follower: follower.active and follower.partner_id.active
        )
        if followers and not restriction.is_true():
            partners = followers.partner_id.filtered_domain(restriction)
            followers = followers.filtered(
                lambda follower: follower.partner_id in partners
            )
        grants = []
        for follower in followers:
            companies = follower._visible_companies()
            if companies is not None and not companies:
                continue
            grants.append(
                Grant(
                    follower.id,
                    follower.team_id.id,
                    follower.partner_id.id,
                    None if companies is None else companies.ids,
                    follower._granted_subtypes().ids,
                )
            )
        return grants

    @api.model
    def _grants_sql(self, grants):
        """The grants as two relations, ``wanted`` and ``event``."""
        return SQL(
            """
            wanted (follower_id, team_id, partner_id, company_ids) AS (VALUES %s),
            event (follower_id, subtype_id) AS (
                SELECT * FROM unnest(%s::int[], %s::int[])
            )
            """,
            SQL(", ").join(
                SQL("(%s::int, %s::int, %s::int, %s::int[])", *grant[:4])
                for grant in grants or [Grant(None, None, None, None, ())]
            ),
            [grant.follower_id for grant in grants for _id in grant.subtype_ids],
            [subtype_id for grant in grants for subtype_id in grant.subtype_ids],
        )

    @api.model
    def _flush_followers(self):
        self.env["mail.followers"].flush_model()

    @api.model
    def _give(self, leads, grants):
        """Subscribe default followers to opportunities, in one statement.

        Only what is missing: a row that is there keeps its events, and gets those of
        the team on top, which are noted as ours.

        :param leads: crm.lead
        :param list grants: see :meth:`_prepare_grants`
        :return: number of rows added or extended
        :rtype: int
        """
        self._flush_followers()
        self.env.cr.execute(
            SQL(
                """
        WITH %(grants)s, given AS (
            SELECT lead.id AS lead_id, wanted.follower_id, wanted.partner_id
              FROM unnest(%(lead_ids)s::int[], %(team_ids)s::int[],
                          %(company_ids)s::int[]) AS lead (id, team_id, company_id)
              JOIN wanted ON wanted.team_id = lead.team_id
             WHERE (lead.company_id IS NULL OR wanted.company_ids IS NULL
                    OR lead.company_id = ANY(wanted.company_ids))
               AND NOT EXISTS (
                   SELECT FROM crm_lead_team_unfollow_rel declined
                    WHERE declined.lead_id = lead.id
                      AND declined.partner_id = wanted.partner_id)
        ), added AS (
            INSERT INTO mail_followers (res_model, res_id, partner_id,
                                        crm_team_follower_id, crm_team_grant)
                 SELECT 'crm.lead', lead_id, partner_id, follower_id, 'full'
                   FROM given
            ON CONFLICT DO NOTHING
              RETURNING id, crm_team_follower_id AS follower_id
        ), added_event AS (
            INSERT INTO mail_followers_mail_message_subtype_rel
                        (mail_followers_id, mail_message_subtype_id)
                 SELECT added.id, event.subtype_id
                   FROM added JOIN event USING (follower_id)
        ), met AS (
            UPDATE mail_followers fol
               SET crm_team_follower_id = given.follower_id, crm_team_grant = 'part'
              FROM given
             WHERE fol.res_model = 'crm.lead' AND fol.res_id = given.lead_id
               AND fol.partner_id = given.partner_id AND fol.crm_team_grant IS NULL
         RETURNING fol.id, fol.crm_team_follower_id AS follower_id
        ), met_event AS (
            INSERT INTO mail_followers_mail_message_subtype_rel
                        (mail_followers_id, mail_message_subtype_id)
                 SELECT met.id, event.subtype_id
                   FROM met JOIN event USING (follower_id)
            ON CONFLICT DO NOTHING
              RETURNING mail_followers_id, mail_message_subtype_id
        ), noted AS (
            INSERT INTO mail_followers_crm_team_subtype_rel
                        (mail_followers_id, mail_message_subtype_id)
                 SELECT mail_followers_id, mail_message_subtype_id FROM met_event
            ON CONFLICT DO NOTHING
        )
        SELECT (SELECT count(*) FROM added) + (SELECT count(*) FROM met)
                """,
                grants=self._grants_sql(grants),
                # from the cache: no opportunity is written earlier than without us
                lead_ids=list(leads._ids),
                team_ids=[lead.team_id.id or None for lead in leads],
                company_ids=[lead.company_id.id or None for lead in leads],
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _take_back(self, scope, grants):
        """Withdraw what was given and is not granted any more, in one statement.

        :param SQL scope: condition on the rows ``fol`` of mail_followers
        :param list grants: what stays, see :meth:`_prepare_grants`
        :return: number of rows removed or reduced
        :rtype: int
        """
        self._flush_followers()
        self.env.cr.execute(
            SQL(
                """
        WITH %(grants)s, stale AS (
            SELECT fol.id, fol.crm_team_grant
              FROM mail_followers fol
             WHERE fol.res_model = 'crm.lead' AND %(scope)s
               AND fol.crm_team_grant IN ('full', 'part')
               AND NOT EXISTS (
                   SELECT FROM crm_lead lead JOIN wanted USING (team_id)
                    WHERE lead.id = fol.res_id
                      AND wanted.follower_id = fol.crm_team_follower_id
                      AND (lead.company_id IS NULL OR wanted.company_ids IS NULL
                           OR lead.company_id = ANY(wanted.company_ids)))
        ), removed AS (
            DELETE FROM mail_followers fol
             USING stale
             WHERE fol.id = stale.id AND stale.crm_team_grant = 'full'
        ), reduced AS (
            DELETE FROM mail_followers_mail_message_subtype_rel rel
             USING stale, mail_followers_crm_team_subtype_rel noted
             WHERE stale.crm_team_grant = 'part'
               AND noted.mail_followers_id = stale.id
               AND rel.mail_followers_id = stale.id
               AND rel.mail_message_subtype_id = noted.mail_message_subtype_id
        ), forgotten AS (
            DELETE FROM mail_followers_crm_team_subtype_rel noted
             USING stale
             WHERE noted.mail_followers_id = stale.id AND stale.crm_team_grant = 'part'
        ), released AS (
            UPDATE mail_followers fol
               SET crm_team_follower_id = NULL, crm_team_grant = NULL
              FROM stale
             WHERE fol.id = stale.id AND stale.crm_team_grant = 'part'
        )
        SELECT count(*) FROM stale
                """,
                grants=self._grants_sql(grants),
                scope=scope,
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _renew(self, scope, grants):
        """Bring the events of earlier grants up to date, in one statement.

        :param SQL scope: condition on the rows ``fol`` of mail_followers
        :param list grants: see :meth:`_prepare_grants`
        :return: number of rows changed
        :rtype: int
        """
        self._flush_followers()
        self.env.cr.execute(
            SQL(
                """
        WITH %(grants)s, earlier AS (
            SELECT fol.id, fol.crm_team_grant, fol.crm_team_follower_id AS follower_id
              FROM mail_followers fol
              JOIN wanted ON wanted.follower_id = fol.crm_team_follower_id
             WHERE fol.res_model = 'crm.lead' AND %(scope)s
               AND fol.crm_team_grant IN ('full', 'part')
        ), dropped AS (
            DELETE FROM mail_followers_mail_message_subtype_rel rel
             USING earlier
             WHERE rel.mail_followers_id = earlier.id
               AND NOT EXISTS (
                   SELECT FROM event
                    WHERE event.follower_id = earlier.follower_id
                      AND event.subtype_id = rel.mail_message_subtype_id)
               AND (earlier.crm_team_grant = 'full' OR EXISTS (
                   SELECT FROM mail_followers_crm_team_subtype_rel noted
                    WHERE noted.mail_followers_id = earlier.id
                      AND noted.mail_message_subtype_id = rel.mail_message_subtype_id))
         RETURNING rel.mail_followers_id, rel.mail_message_subtype_id
        ), forgotten AS (
            DELETE FROM mail_followers_crm_team_subtype_rel noted
             USING dropped
             WHERE noted.mail_followers_id = dropped.mail_followers_id
               AND noted.mail_message_subtype_id = dropped.mail_message_subtype_id
        ), added AS (
            INSERT INTO mail_followers_mail_message_subtype_rel
                        (mail_followers_id, mail_message_subtype_id)
                 SELECT earlier.id, event.subtype_id
                   FROM earlier JOIN event USING (follower_id)
            ON CONFLICT DO NOTHING
              RETURNING mail_followers_id, mail_message_subtype_id
        ), noted AS (
            INSERT INTO mail_followers_crm_team_subtype_rel
                        (mail_followers_id, mail_message_subtype_id)
                 SELECT added.mail_followers_id, added.mail_message_subtype_id
                   FROM added JOIN earlier ON earlier.id = added.mail_followers_id
                  WHERE earlier.crm_team_grant = 'part'
            ON CONFLICT DO NOTHING
        )
        SELECT count(*) FROM (
            SELECT mail_followers_id FROM dropped
             UNION
            SELECT mail_followers_id FROM added) AS changed
                """,
                grants=self._grants_sql(grants),
                scope=scope,
            )
        )
        return self.env.cr.fetchone()[0]

    def _withdraw(self, everything=False):
        """Take back what these default followers gave, where they may not give it any
        more.

        :param bool everything: take all of it back, for default followers about to go
        """
        if not self:
            return
        grants = [] if everything else self._prepare_grants()
        scope = SQL("fol.crm_team_follower_id = ANY(%s)", list(self._ids))
        if self._take_back(scope, grants):
            self.env["mail.followers"].invalidate_model(flush=False)
            self.env["crm.lead"].invalidate_model(
                ["message_follower_ids", "message_partner_ids", "message_is_follower"],
                flush=False,
            )

    def _apply_own_choice(self):
        """A person changed their own: all opportunities follow suit at once."""
        self._withdraw()
        grants = self._prepare_grants()
        if not grants:
            return
        scope = SQL("fol.crm_team_follower_id = ANY(%s)", list(self._ids))
        if self._renew(scope, grants):
            self.env["mail.followers"].invalidate_model(flush=False)

    def _give_to_open_opportunities(self):
        """Give these default followers the open opportunities of their team: now, or in
        the background when there are many."""
        for team, followers in self.grouped("team_id").items():
            team._apply_default_followers(followers)
