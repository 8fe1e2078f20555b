# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL


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
        copy=False,
    )
    to_confirm = fields.Boolean(
        readonly=True,
        help="Nothing is given to an external contact before a manager confirms it.",
    )
    status = fields.Selection(
        selection=[
            # nothing is given
            ("stopped", "Stopped by the person"),
            ("archived", "Archived: gets nothing"),
            ("company", "Cannot see the company: gets nothing"),
            ("restricted", "May not follow: gets nothing"),
            ("to_confirm", "External: to be confirmed"),
            ("no_event", "No event left: gets nothing"),
            # given, but worth knowing
            ("external", "External contact"),
            ("no_access", "Cannot open opportunities"),
            ("own_only", "Opens only their own opportunities"),
        ],
        compute="_compute_status",
        compute_sudo=True,
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
        customer_id = self.env["mail.message.subtype"]._crm_team_customer_subtype_id()
        return Domain("res_model", "in", [False, "crm.lead"]) & Domain(
            "id", "!=", customer_id
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
            wanted = follower.notification_type
            if follower.partner_id == self.env.user.partner_id:
                self.env.user.notification_type = wanted
                continue
            follower.invalidate_recordset(["notification_type"], flush=False)
            if wanted != follower.notification_type:
                raise AccessError(
                    self.env._(
                        "Only %(person)s can choose how they are notified.",
                        person=follower.partner_id.sudo().name,
                    )
                )

    @api.depends("partner_id")
    @api.depends_context("uid")
    def _compute_is_mine(self):
        for follower in self:
            follower.is_mine = follower.partner_id == self.env.user.partner_id

    @api.depends(
        "active",
        "customer_messages_only",
        "partner_id.active",
        "partner_id.user_ids.active",
        "partner_id.user_ids.company_ids",
        "subtype_ids",
        "team_id.company_id",
        "to_confirm",
    )
    def _compute_status(self):
        # a new line of the form has no person yet
        self.filtered(lambda follower: not follower.partner_id).status = False
        chosen = self.filtered("partner_id")
        obstacles = chosen._get_obstacles()
        for follower in chosen:
            follower.status = obstacles.get(follower) or follower._get_warning()

    def _get_warning(self):
        """What a manager should know of somebody who is given something."""
        self.ensure_one()
        if self.is_external:
            return "external"
        user = self.partner_id.user_ids.filtered(lambda user: not user.share)[:1]
        if not self.env["crm.lead"].with_user(user).has_access("read"):
            return "no_access"
        if not user.has_group("sales_team.group_sale_salesman_all_leads"):
            return "own_only"
        return False

    # ------------------------------------------------------------
    # CONSTRAINTS
    # ------------------------------------------------------------

    @api.constrains("team_id", "partner_id", "active")
    def _check_company_visible(self):
        # sudo: the companies of other users decide; nothing of them is shown
        for follower in self.sudo().filtered("active"):
            company = follower.team_id.company_id
            companies = follower.partner_id._team_followers_companies()
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
        followers._note_use()
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
        had = {}
        if not self.env.su:
            self._check_own_choice(mine, vals)
            had = {follower: follower._receivable_subtypes() for follower in mine}
        result = super().write(vals)
        readers = self.env.su or self.env["crm.lead"].has_access("read")
        for follower in mine:
            if not readers and follower._granted_subtypes() - had[follower]:
                raise AccessError(
                    self.env._(
                        "You can leave out events, not add any: ask a sales "
                        "administrator."
                    )
                )
        self._note_use()
        if {"subtype_ids", "customer_messages_only", "active"} & vals.keys():
            # sudo: people decide on what they receive, also on what they cannot open
            mine.sudo()._correct(events=True)
        if vals.get("active"):
            for team, followers in mine.sudo().grouped("team_id").items():
                team._apply_default_followers(followers)
        return result

    def _note_use(self):
        """Forget that nobody used what is used from now on."""
        if not self:
            return
        wanted = any(self.mapped("customer_messages_only"))
        if not self._is_used() or (
            wanted and not self.env["mail.message.subtype"]._crm_team_customer_wanted()
        ):
            self.flush_model()
            self.env.registry.clear_cache()

    def _check_own_choice(self, mine, vals):
        """
        :raise AccessError: on a choice that is not the current user's to make
        """
        if "active" in vals and self - mine:
            raise AccessError(
                self.env._(
                    "Only the person can stop, or start again, to follow a team this "
                    "way. You can remove them from the list."
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

    def _receivable_subtypes(self):
        """What somebody may choose to receive who cannot read opportunities: a part of
        what the list gives; what customers write is a part of the discussions."""
        subtypes = self._granted_subtypes()
        if self.env.ref("mail.mt_comment") in subtypes:
            subtypes |= self.env.ref("crm_team_followers.mt_lead_customer_message")
        return subtypes

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

    def action_confirm(self):
        """Confirm that external contacts shall follow the team's opportunities.

        :raise AccessError: when the user may not change the list
        """
        self.check_access("create")
        # sudo: a note of ours, not a setting
        self.sudo().to_confirm = False

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
                        WHERE crm_team_grant IN ('full', 'kept', 'part')
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
            subtypes |= self.env.ref("crm_team_followers.mt_lead_customer_message")
            subtypes -= self.env.ref("mail.mt_comment") | self.env.ref("mail.mt_note")
        if self.is_external:
            subtypes = subtypes.filtered(lambda subtype: not subtype.internal)
        return subtypes

    @api.model
    def _get_listed(self, teams, followers=None):
        """
        :param followers: only these default followers; all by default
        :return: default followers of teams, without those who stopped it
        """
        # sudo: the lists hold for everybody
        listed = self.sudo().search([("team_id", "in", teams.ids)])
        return listed if followers is None else listed & followers

    def _get_obstacles(self):
        """
        :return: why nothing is given, see the field ``status``, by default follower;
            those in whose way nothing stands are not in it
        :rtype: dict
        """
        obstacles = {}
        restriction = self._restriction_domain()
        allowed = self.partner_id
        if not restriction.is_true():
            allowed = allowed.filtered_domain(restriction)
        for follower in self:
            companies = follower.partner_id._team_followers_companies()
            company = follower.team_id.company_id
            if not follower.active:
                obstacles[follower] = "stopped"
            elif not follower.partner_id.active or (
                companies is not None and not companies
            ):
                obstacles[follower] = "archived"
            elif company and companies is not None and company not in companies:
                obstacles[follower] = "company"
            elif follower.partner_id not in allowed:
                obstacles[follower] = "restricted"
            elif follower.to_confirm and follower.is_external:
                obstacles[follower] = "to_confirm"
            elif not follower._granted_subtypes():
                obstacles[follower] = "no_event"
        return obstacles

    def _correct(self, everything=False, events=False):
        """Take back what these default followers gave and may not give any more, on
        all opportunities.

        :param bool everything: take all of it back, for default followers about to go
        :param bool events: also bring the events of the rest up to date
        """
        if not self:
            return
        Grant = self.env["crm.team.grant"]
        grants = [] if everything else Grant._prepare(self)
        scope = SQL("fol.crm_team_follower_id = ANY(%s)", list(self._ids))
        if Grant._correct(grants, scope, events=events):
            Grant._invalidate()

    def _remove(self):
        """Take back all that these default followers gave, and delete them."""
        self._correct(everything=True)
        self.with_context(crm_team_followers_automatic=True).unlink()
