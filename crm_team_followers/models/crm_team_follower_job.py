# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from . import crm_team

# done jobs are kept for a while, to see what ran
KEEP_DAYS = 30


class CrmTeamFollowerJob(models.Model):
    """One run that brings the open opportunities of a team in line with its list.

    A job knows its scope and nothing of what it has done: each batch asks anew what is
    missing, and the job ends when a fresh look finds nothing. So whatever changes in
    the middle, it ends where a fresh run would.
    """

    _name = "crm.team.follower.job"
    _description = "Default Followers Job"
    _order = "id desc"

    team_id = fields.Many2one(
        comodel_name="crm.team", required=True, index=True, ondelete="cascade"
    )
    # a flag: without it, a scope of which all were deleted would be everybody
    whole_list = fields.Boolean(default=True)
    follower_ids = fields.Many2many(
        comodel_name="crm.team.follower",
        relation="crm_team_follower_job_rel",
        column1="job_id",
        column2="follower_id",
        string="Only for",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Started by",
        default=lambda self: self.env.user,
        ondelete="set null",
    )
    state = fields.Selection(
        selection=[
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("failed", "Failed"),
            ("done", "Done"),
        ],
        default="running",
        required=True,
        index=True,
    )
    done_count = fields.Integer(string="Opportunities Done")
    total_count = fields.Integer(string="Opportunities in All")
    progress = fields.Float(compute="_compute_progress")
    error = fields.Text()

    # ------------------------------------------------------------
    # COMPUTES
    # ------------------------------------------------------------

    @api.depends("done_count", "total_count")
    def _compute_progress(self):
        for job in self:
            job.progress = (
                100 * job.done_count / job.total_count if job.total_count else 0
            )

    # ------------------------------------------------------------
    # WHAT IS MISSING
    # ------------------------------------------------------------

    @api.model
    def _get_due_opportunities(self, team, followers=None):
        """The open opportunities of which the followers are not what the list says: the
        one answer to what is missing, for the button, the job and its end.

        :param followers: only for these ``crm.team.follower`` records; all by default
        """
        Lead, Grant = self.env["crm.lead"], self.env["crm.team.grant"]
        TeamFollower = self.env["crm.team.follower"]
        if not team or not TeamFollower._is_used():
            return Lead
        self.env["mail.followers"].flush_model()
        Lead.flush_model(["active", "company_id", "team_id", "won_status"])
        grants = Grant._prepare(TeamFollower._get_listed(team, followers))
        scope = SQL(
            "lead.team_id = %s AND lead.active AND lead.won_status = 'pending'", team.id
        )
        rows = scope
        if followers is not None:
            rows = SQL(
                "%s AND fol.crm_team_follower_id = ANY(%s)", scope, followers.ids
            )
        self.env.cr.execute(
            SQL(
                "WITH %s SELECT lead_id FROM (%s) AS lacking"
                " UNION SELECT lead_id FROM (%s) AS wrong ORDER BY lead_id",
                Grant._grants_sql(grants),
                Grant._lacking_sql(scope),
                Grant._wrong_sql(rows),
            )
        )
        return Lead.browse(lead_id for (lead_id,) in self.env.cr.fetchall())

    @api.model
    def _has_leftovers(self, team):
        """Whether people who were taken off the list still follow opportunities because
        of the team: closed ones too."""
        self.env.cr.execute(
            SQL(
                """
        SELECT 1
          FROM mail_followers fol JOIN crm_lead lead ON lead.id = fol.res_id
         WHERE fol.res_model = 'crm.lead' AND lead.team_id = %s
           AND fol.crm_team_grant IN ('full', 'kept', 'part')
           AND fol.crm_team_follower_id IS NULL
         LIMIT 1
                """,
                team.id or None,
            )
        )
        return bool(self.env.cr.rowcount)

    # ------------------------------------------------------------
    # RUNNING
    # ------------------------------------------------------------

    @api.model
    def _apply(self, team, followers=None):
        """Bring open opportunities in line with the list, at once if they are not many.

        :param followers: ``crm.team.follower`` records of this team; all by default,
            and former ones taken back everywhere
        :return: number of followers changed; None when a background job does it
        :rtype: int | None
        """
        due = self._get_due_opportunities(team, followers)
        if len(due) > crm_team.BACKGROUND_ABOVE:
            self._launch(team, followers)
            return None
        changed = 0
        if followers is None:
            changed += self.env["crm.team.grant"]._take_back(team, leftovers_only=True)
            # what was stopped, or failed, is done with this
            self._find_unfinished(team).unlink()
        return changed + due._sync_team_followers(followers=followers)

    @api.model
    def _launch(self, team, followers=None):
        """Start a job in the background, or the one of the whole list anew."""
        job = self.browse() if followers is not None else self._find_unfinished(team)
        if not job:
            job = self.create(
                {
                    "team_id": team.id,
                    "whole_list": followers is None,
                    "follower_ids": [Command.set(followers.ids if followers else [])],
                }
            )
        job._start()

    @api.model
    def _find_unfinished(self, team):
        return team.follower_job_ids.filtered(
            lambda job: job.whole_list and job.state != "done"
        )

    def _start(self):
        """Run, or go on running, in the background."""
        for job in self:
            due = self._get_due_opportunities(job.team_id, job._get_scope())
            job.write(
                {
                    "state": "running",
                    "error": False,
                    "total_count": job.done_count + len(due),
                }
            )
        cron = self.env.ref("crm_team_followers.ir_cron_apply_default_followers")
        # sudo: scheduled actions belong to the settings
        cron.sudo()._trigger()

    @api.model
    def _cron_run(self):
        """Run the jobs, one after the other, batch by batch.

        Each batch is committed, with its progress. A killed run goes on where it was,
        and an error stays with its job.
        """
        cron = self.env["ir.cron"]
        jobs = self.search([("state", "=", "running")], order="id")
        cron._commit_progress(remaining=jobs._sum_remaining())
        for job in jobs:
            last = None
            # read anew after each commit: it may have been stopped or deleted
            while job.exists() and job.state == "running":
                leads = job._run_batch_or_fail(last)
                time_left = cron._commit_progress(
                    len(leads), remaining=jobs.exists()._sum_remaining()
                )
                self.env.invalidate_all()
                if not time_left:
                    return
                last = leads or None

    def _run_batch_or_fail(self, last):
        try:
            with self.env.cr.savepoint():
                return self._run_batch(last)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # somebody else writes the same rows: again, in the next transaction
            self.env.invalidate_all()
        except Exception as error:  # noqa: BLE001 - shown on the team, others go on
            self.env.invalidate_all()
            self.write({"state": "failed", "error": str(error)})
        return self.env["crm.lead"]

    def _run_batch(self, last=None):
        """
        :param last: the opportunities of the batch before
        :return: the opportunities that were brought in line
        """
        followers = self._get_scope()
        if followers is None:
            Grant = self.env["crm.team.grant"]
            Grant._take_back(self.team_id, leftovers_only=True)
        due = self._get_due_opportunities(self.team_id, followers)
        leads = due[: crm_team.BACKGROUND_STEP]
        if leads and leads == last:
            raise UserError(
                self.env._(
                    "%(count)s opportunities of the sales team %(team)s cannot be "
                    "brought in line with its list.",
                    count=len(due),
                    team=self.team_id.name,
                )
            )
        leads._sync_team_followers(followers=followers)
        done = self.done_count + len(leads)
        remaining = len(due) - len(leads)
        self.write({"done_count": done, "total_count": done + remaining})
        if not due:
            self.state = "done"
        return leads

    def _get_scope(self):
        return None if self.whole_list else self.follower_ids

    def _sum_remaining(self):
        """Opportunities still to do, as known; at least one for each running job."""
        return sum(
            max(job.total_count - job.done_count, 1)
            for job in self
            if job.state == "running"
        )

    @api.autovacuum
    def _gc_done_jobs(self):
        limit = fields.Datetime.subtract(fields.Datetime.now(), days=KEEP_DAYS)
        self.search([("state", "=", "done"), ("write_date", "<", limit)]).unlink()
