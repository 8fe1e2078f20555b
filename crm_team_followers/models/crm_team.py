# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, fields, models
from odoo.fields import Command, Domain

# above this number of open opportunities, a background job gives the followers
BACKGROUND_ABOVE = 3000
# opportunities per batch of the background job: about a second of work
BACKGROUND_STEP = 5000


class CrmTeam(models.Model):
    _inherit = "crm.team"

    default_follower_ids = fields.One2many(
        comodel_name="crm.team.follower",
        inverse_name="team_id",
        string="Default Followers",
        context={"active_test": False},
    )
    # stored: it comes with the team, so a team without a list costs no query
    default_follower_count = fields.Integer(
        string="Number of Default Followers",
        compute="_compute_default_follower_count",
        store=True,
        compute_sudo=True,
    )
    follow_leader = fields.Boolean(
        string="Leader Follows",
        help="The team leader is a default follower, whoever it is at the time.",
    )
    follow_members = fields.Boolean(
        string="Members Follow",
        help="The members of the team are default followers, as long as they are "
        "members.",
    )
    open_opportunity_count = fields.Integer(
        string="Open Opportunities", compute="_compute_open_opportunity_count"
    )
    default_follower_due_count = fields.Integer(
        string="Opportunities to Bring in Line",
        compute="_compute_default_follower_pending",
        help="Open opportunities of which the followers are not what the list says.",
    )
    default_follower_pending = fields.Boolean(
        string="Changes to Apply", compute="_compute_default_follower_pending"
    )
    default_follower_notice = fields.Char(
        string="What Is Missing", compute="_compute_default_follower_pending"
    )
    external_follower_names = fields.Char(
        string="External Contacts in the List",
        compute="_compute_external_follower_names",
    )
    follower_job_ids = fields.One2many(
        comodel_name="crm.team.follower.job", inverse_name="team_id"
    )
    follower_job_state = fields.Selection(
        selection=lambda self: (
            self.env["crm.team.follower.job"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        compute="_compute_follower_job",
    )
    follower_job_error = fields.Text(compute="_compute_follower_job")
    follower_job_total = fields.Integer(
        string="Opportunities to Bring up to Date", compute="_compute_follower_job"
    )
    follower_job_done = fields.Integer(
        string="Opportunities Brought up to Date", compute="_compute_follower_job"
    )
    follower_job_progress = fields.Float(
        string="Progress", compute="_compute_follower_job"
    )
    copied_team_id = fields.Many2one(
        comodel_name="crm.team",
        string="Copy of",
        copy=False,
        readonly=True,
        ondelete="set null",
        help="The team that this one was copied from, until it is decided whether its "
        "default followers are copied too.",
    )

    # ------------------------------------------------------------
    # COMPUTES
    # ------------------------------------------------------------

    @api.depends("default_follower_ids.active")
    def _compute_default_follower_count(self):
        counts = dict(
            self.env["crm.team.follower"]._read_group(
                [("team_id", "in", self.ids)], ["team_id"], ["__count"]
            )
        )
        for team in self:
            team.default_follower_count = counts.get(team._origin, 0)

    def _compute_open_opportunity_count(self):
        # sudo: followers are given to all of them, whoever may open which
        counts = dict(
            self.env["crm.lead"]
            .sudo()
            ._read_group(self._open_opportunity_domain(), ["team_id"], ["__count"])
        )
        for team in self:
            team.open_opportunity_count = counts.get(team._origin, 0)

    @api.depends(
        "default_follower_ids.active",
        "default_follower_ids.customer_messages_only",
        "default_follower_ids.subtype_ids",
        "default_follower_ids.to_confirm",
    )
    def _compute_default_follower_pending(self):
        for team in self:
            # sudo: the list holds for all opportunities, whoever may open which
            origin = team._origin.sudo()
            Job = origin.env["crm.team.follower.job"]
            team.default_follower_due_count = len(Job._get_due_opportunities(origin))
            team.default_follower_pending = bool(
                team.default_follower_due_count or Job._has_leftovers(origin)
            )
            team.default_follower_notice = team._prepare_follower_notice()

    def _prepare_follower_notice(self):
        if not self.default_follower_pending:
            return False
        if not self.default_follower_due_count:
            return self.env._(
                "People who were taken off this list still follow closed opportunities."
            )
        return self.env._(
            "%(count)s of %(total)s open opportunities are not in line with this list.",
            count=self.default_follower_due_count,
            total=self.open_opportunity_count,
        )

    @api.depends("default_follower_ids.status")
    def _compute_external_follower_names(self):
        for team in self:
            external = team.default_follower_ids.filtered(
                lambda follower: follower.status == "external"
            )
            team.external_follower_names = ", ".join(
                external.partner_id.sudo().mapped("name")
            )

    @api.depends(
        "follower_job_ids.done_count",
        "follower_job_ids.error",
        "follower_job_ids.state",
        "follower_job_ids.total_count",
    )
    def _compute_follower_job(self):
        for team in self:
            # sudo: progress is shown to everyone who sees the team
            job = team.sudo().follower_job_ids.filtered(
                lambda job: job.state != "done"
            )[:1]
            team.follower_job_state = job.state
            team.follower_job_error = job.error
            team.follower_job_total = job.total_count
            team.follower_job_done = job.done_count
            team.follower_job_progress = job.progress

    # ------------------------------------------------------------
    # CONSTRAINTS
    # ------------------------------------------------------------

    @api.constrains("company_id")
    def _check_default_followers_company(self):
        self.default_follower_ids.filtered("active")._check_company_visible()

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        teams = super().create(vals_list)
        teams._sync_automatic_followers()
        return teams

    def write(self, vals):
        result = super().write(vals)
        if {"user_id", "follow_leader", "follow_members"} & vals.keys():
            # a switch is asked about with the button; a new leader is in step at once
            self._sync_automatic_followers(
                at_once="user_id" in vals
                and not {"follow_leader", "follow_members"} & vals.keys()
            )
        return result

    def unlink(self):
        """The opportunities stay, without team: so what the team gave is taken back,
        also from those who were taken off the list before."""
        self.check_access("unlink")
        self.env["crm.team.grant"]._take_back(self)
        return super().unlink()

    def copy(self, default=None):
        """The list of a copied team is asked for, see ``copied_team_id``."""
        copies = super().copy(default)
        for team, copied in zip(self, copies, strict=True):
            # sudo: a note of ours, not a setting
            if team.sudo().default_follower_ids.filtered(
                lambda follower: follower.source == "manual"
            ):
                copied.sudo().copied_team_id = team
        return copies

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_open_default_followers(self):
        """
        :return: action, the team's form on its list of default followers
        """
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_team_followers.crm_team_action_default_followers"
        )
        return dict(action, res_id=self.id)

    def action_apply_default_followers(self):
        """Bring the followers of the open opportunities in line with the list.

        Now, or in the background when there are more than a few thousand. What people
        chose themselves on an opportunity, they keep.

        :return: action, a notification of what was done
        :raise AccessError: when the user may not change the team
        """
        self.ensure_one()
        self.check_access("write")
        changed = self._apply_default_followers()
        if changed is None:
            message = self.env._(
                "The %(count)s open opportunities are brought up to date in the "
                "background. The team shows how far it is.",
                count=self.open_opportunity_count,
            )
        else:
            message = self.env._(
                "%(count)s open opportunities are up to date: %(changed)s followers "
                "were added, changed or removed.",
                count=self.open_opportunity_count,
                changed=changed,
            )
        if self.external_follower_names:
            message += " " + self.env._(
                "External contacts who follow them: %(names)s.",
                names=self.external_follower_names,
            )
        return self._notify_and_reload(message)

    def action_stop_follower_job(self):
        """Stop the background job of this team; what is done stays, and can be resumed.

        :raise AccessError: when the user may not change the team
        """
        self.check_access("write")
        # sudo: jobs are written by the buttons of the team only
        running = self.sudo().follower_job_ids.filtered(
            lambda job: job.state == "running"
        )
        running.state = "stopped"

    def action_resume_follower_job(self):
        """Go on with the jobs of this team that were stopped, or that failed.

        :raise AccessError: when the user may not change the team
        """
        self.check_access("write")
        # sudo: as above
        halted = self.sudo().follower_job_ids.filtered(
            lambda job: job.state in ("stopped", "failed")
        )
        halted._start()

    def action_take_back_default_followers(self):
        """Take back all that the lists of these teams gave, on all opportunities: for
        those who want to uninstall this addon, or to begin anew.

        :return: action, a notification of what was done
        :raise AccessError: when the user may not change the team
        """
        self.check_access("write")
        changed = self.env["crm.team.grant"]._take_back(self)
        return self._notify_and_reload(
            self.env._(
                "%(changed)s followers were taken back. The lists are as they were: "
                "new opportunities follow them.",
                changed=changed,
            )
        )

    def action_copy_default_followers(self):
        """Take over the list of the team that this one was copied from.

        :raise AccessError: when the user may not change the list
        """
        for team in self:
            # sudo: the copied team may be one that the user does not see; whoever
            # copies a list sees it all the same, and needs the right to make one
            listed = team.sudo().copied_team_id.default_follower_ids.filtered(
                lambda follower: follower.active and follower.source == "manual"
            )
            missing = listed.filtered(
                lambda follower, team=team: (
                    follower.partner_id not in team.default_follower_ids.partner_id
                )
            )
            self.env["crm.team.follower"].create(
                missing.copy_data({"team_id": team.id})
            )
        self.action_dismiss_copied_followers()

    def action_dismiss_copied_followers(self):
        """Begin with an empty list after all.

        :raise AccessError: when the user may not change the team
        """
        self.check_access("write")
        self.copied_team_id = False

    def _notify_and_reload(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # ------------------------------------------------------------
    # APPLYING
    # ------------------------------------------------------------

    def _open_opportunity_domain(self):
        return (
            Domain("team_id", "in", self.ids)
            & Domain("active", "=", True)
            & Domain("won_status", "=", "pending")
        )

    def _apply_default_followers(self, followers=None):
        """See ``crm.team.follower.job._apply``."""
        self.ensure_one()
        # sudo: a manager of the team may not see all of its opportunities
        return self.env["crm.team.follower.job"].sudo()._apply(self.sudo(), followers)

    @api.model
    def _cron_apply_default_followers(self):
        self.env["crm.team.follower.job"]._cron_run()

    # ------------------------------------------------------------
    # LEADER AND MEMBERS
    # ------------------------------------------------------------

    def _automatic_sources(self):
        """Sources of default followers that are in use in this team."""
        self.ensure_one()
        return {
            source
            for source, follows in (
                ("leader", self.follow_leader),
                ("member", self.follow_members),
            )
            if follows
        }

    def _get_automatic_partners(self):
        """
        :return: source of each person who follows as leader or member, by partner
        """
        self.ensure_one()
        partners = {}
        if self.follow_members:
            partners.update(
                dict.fromkeys(self.crm_team_member_ids.user_id.partner_id, "member")
            )
        if self.follow_leader and self.user_id:
            partners[self.user_id.partner_id] = "leader"
        return partners

    def _sync_automatic_followers(self, at_once=False):
        """Keep the default followers in step with the leader and the members.

        :param bool at_once: also on what was given, and on open opportunities;
        otherwise
            that waits for *Apply*
        """
        # sudo: members change by other hands than those who may see this list
        for team in self.sudo().with_context(crm_team_followers_automatic=True):
            wanted = team._get_automatic_partners()
            listed = {
                follower.partner_id: follower for follower in team.default_follower_ids
            }
            former = team.default_follower_ids.filtered(
                lambda follower, wanted=wanted: (
                    follower.source != "manual" and follower.partner_id not in wanted
                )
            )
            if former:
                if at_once:
                    former._correct(everything=True)
                former.unlink()
            for partner, source in wanted.items():
                follower = listed.get(partner)
                if follower and follower.source not in ("manual", source):
                    follower.source = source
            events = self.env["crm.team.follower"]._default_subtype_ids()
            followers = self.env["crm.team.follower"].sudo()
            followers = followers.create(
                [
                    {
                        "team_id": team.id,
                        "partner_id": partner.id,
                        "source": source,
                        "subtype_ids": [Command.set(events.ids)],
                    }
                    for partner, source in wanted.items()
                    if partner not in listed
                ]
            )
            if at_once and followers:
                team._apply_default_followers(followers)
