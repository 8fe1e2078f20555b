# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.tools import SQL

# above this number of open opportunities, a background job gives the followers
BACKGROUND_ABOVE = 3000
# opportunities per step of the background job: about a second of work
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
    default_follower_pending = fields.Boolean(
        string="Changes to Apply", compute="_compute_default_follower_pending"
    )
    follower_job_total = fields.Integer(
        string="Opportunities to Bring up to Date", readonly=True, copy=False
    )
    follower_job_done = fields.Integer(
        string="Opportunities Brought up to Date", readonly=True, copy=False
    )
    follower_job_last_lead = fields.Integer(
        string="Last Opportunity Brought up to Date", readonly=True, copy=False
    )
    follower_job_progress = fields.Float(
        string="Progress", compute="_compute_follower_job_progress"
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

    @api.depends("default_follower_ids.to_apply")
    def _compute_default_follower_pending(self):
        leftovers = self._get_teams_with_leftovers()
        for team in self:
            team.default_follower_pending = team._origin in leftovers or any(
                team.default_follower_ids.filtered("active").mapped("to_apply")
            )

    def _get_teams_with_leftovers(self):
        """Teams where default followers who were removed still follow opportunities."""
        if not self.ids:
            return self.browse()
        self.env["mail.followers"].flush_model()
        self.env["crm.lead"].flush_model(["team_id"])
        self.env.cr.execute(
            SQL(
                """
        SELECT DISTINCT lead.team_id
          FROM mail_followers fol
          JOIN crm_lead lead ON lead.id = fol.res_id
         WHERE fol.res_model = 'crm.lead'
           AND fol.crm_team_grant IN ('full', 'part')
           AND fol.crm_team_follower_id IS NULL
           AND lead.team_id = ANY(%s)
           AND lead.active AND lead.won_status = 'pending'
                """,
                self.ids,
            )
        )
        return self.browse(team_id for (team_id,) in self.env.cr.fetchall())

    @api.depends("follower_job_total", "follower_job_done")
    def _compute_follower_job_progress(self):
        for team in self:
            total = team.follower_job_total
            team.follower_job_progress = (
                100 * min(team.follower_job_done, total) / total if total else 0
            )

    # ------------------------------------------------------------
    # CONSTRAINTS
    # ------------------------------------------------------------

    @api.constrains("company_id")
    def _check_default_followers_company(self):
        self.default_follower_ids._check_company_visible()

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
        """The opportunities stay, without team: so what the team gave is taken back."""
        # sudo: as above, it goes with the team
        self.sudo().default_follower_ids._withdraw(everything=True)
        return super().unlink()

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
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_stop_follower_job(self):
        """Stop the background job of this team; what is done stays, and can be resumed.

        :raise AccessError: when the user may not change the team
        """
        self.check_access("write")
        self.write({"follower_job_total": 0, "follower_job_done": 0})

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
        """Give default followers to the open opportunities.

        :param followers: ``crm.team.follower`` records of this team; all by default,
        with
            their events brought up to date and former ones taken back
        :return: number of followers changed; None when a background job does it
        :rtype: int | None
        """
        self.ensure_one()
        # sudo: a manager of the team may not see all of its opportunities
        leads = self.env["crm.lead"].sudo()
        domain = self._open_opportunity_domain()
        if leads.search_count(domain, limit=BACKGROUND_ABOVE + 1) > BACKGROUND_ABOVE:
            self._start_follower_job()
            return None
        changed = leads.search(domain)._sync_team_followers(
            followers=followers, renew=followers is None
        )
        self._note_applied(followers)
        return changed

    def _note_applied(self, followers=None):
        applied = self.default_follower_ids if followers is None else followers
        # sudo: a note of ours, not a setting
        applied.sudo().filtered("to_apply").write({"to_apply": False})
        self.invalidate_recordset(["default_follower_pending"], flush=False)

    def _start_follower_job(self):
        # sudo: a note of ours, not a setting
        self.sudo().write(
            {
                "follower_job_total": self.open_opportunity_count,
                "follower_job_done": 0,
                "follower_job_last_lead": 0,
            }
        )
        self._note_applied()
        cron = self.env.ref("crm_team_followers.ir_cron_apply_default_followers")
        # sudo: scheduled actions belong to the settings
        cron.sudo()._trigger()

    @api.model
    def _cron_apply_default_followers(self):
        """Bring open opportunities up to date, team by team and step by step.

        Each step is committed, with its progress; a stopped or killed job goes on where
        it was, and doing a step twice does no harm.
        """
        cron = self.env["ir.cron"]
        teams = self.search([("follower_job_total", ">", 0)])
        cron._commit_progress(remaining=teams._get_follower_job_remaining())
        for team in teams:
            while team.follower_job_total:
                leads = self.env["crm.lead"].search(
                    team._open_opportunity_domain()
                    & Domain("id", ">", team.follower_job_last_lead),
                    order="id",
                    limit=BACKGROUND_STEP,
                )
                leads._sync_team_followers(renew=True)
                if len(leads) < BACKGROUND_STEP:
                    team.write({"follower_job_total": 0, "follower_job_done": 0})
                else:
                    team.write(
                        {
                            "follower_job_done": team.follower_job_done + len(leads),
                            "follower_job_last_lead": leads[-1].id,
                        }
                    )
                time_left = cron._commit_progress(
                    len(leads), remaining=teams._get_follower_job_remaining()
                )
                if not time_left:
                    return

    def _get_follower_job_remaining(self):
        """Opportunities still to do; at least one for a team that is not finished."""
        return sum(
            max(team.follower_job_total - team.follower_job_done, 1)
            for team in self
            if team.follower_job_total
        )

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
                    former._withdraw(everything=True)
                former.unlink()
            for partner, source in wanted.items():
                follower = listed.get(partner)
                if follower and follower.source not in ("manual", source):
                    follower.source = source
            followers = (
                self.env["crm.team.follower"]
                .sudo()
                .create(
                    [
                        team._prepare_automatic_follower_values(partner, source)
                        for partner, source in wanted.items()
                        if partner not in listed
                    ]
                )
            )
            if at_once and followers:
                team._apply_default_followers(followers)

    def _prepare_automatic_follower_values(self, partner, source):
        events = self.env["crm.team.follower"]._default_subtype_ids()
        return {
            "team_id": self.id,
            "partner_id": partner.id,
            "source": source,
            "subtype_ids": [Command.set(events.ids)],
        }
