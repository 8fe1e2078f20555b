# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import logging

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# Existing contacts are treated at once up to this number (about a second), above it in
# the background
FOLLOW_AT_ONCE = 2000
# One commit of the background job: about a second
FOLLOW_BATCH = 5000


class PartnerDefaultFollowerJob(models.Model):
    """One run of a default follower rule over the existing contacts.

    Nothing says how far it has got but the contacts themselves: each batch asks anew
    what is missing, so that whatever happens in between, the end is that of a run from
    the start.
    """

    _name = "partner.default.follower.job"
    _description = "Default Followers of Existing Contacts"
    _order = "id desc"
    _rec_name = "automation_id"

    automation_id = fields.Many2one(
        "base.automation",
        string="Rule",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    take_back = fields.Boolean(
        readonly=True, help="Take back all that the rule gave, and give nothing."
    )
    user_id = fields.Many2one("res.users", string="Asked by", readonly=True)
    state = fields.Selection(
        [
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        default="running",
        required=True,
        readonly=True,
    )
    done_count = fields.Integer(string="Contacts Done", readonly=True)
    total_count = fields.Integer(
        string="Contacts in Total",
        readonly=True,
        help="Counted anew after each batch: those done and those left.",
    )
    error = fields.Char(readonly=True)

    _unfinished_unique = models.UniqueIndex(
        "(automation_id) WHERE state IN ('running', 'stopped')",
        "A rule can treat the existing contacts only once at a time.",
    )

    @api.model
    def _start(self, rule, take_back=False):
        """Start a run, in place of one that has not ended: at once if it is short.

        :return: the job
        """
        # sudo: nobody but these methods writes jobs
        jobs = self.sudo()
        jobs.search(
            [
                ("automation_id", "=", rule.id),
                ("state", "in", ("running", "stopped")),
            ]
        ).unlink()
        job = jobs.create(
            {
                "automation_id": rule.id,
                "take_back": take_back,
                "user_id": self.env.uid,
            }
        )
        at_once = FOLLOW_AT_ONCE
        job._run_batch(limit=0)
        if job.total_count > at_once:
            job._trigger()
            return job
        while job.state == "running":
            job._run_batch(at_once)
        return job

    def _stop(self):
        # sudo: nobody but these methods writes jobs
        self.sudo().filtered(lambda job: job.state == "running").state = "stopped"

    def _resume(self):
        # sudo: nobody but these methods writes jobs
        jobs = self.sudo().filtered(lambda job: job.state in ("stopped", "failed"))
        jobs.write({"state": "running", "error": False})
        self._trigger()

    @api.model
    def _trigger(self):
        # sudo: scheduled actions are out of reach even for Settings' users
        cron = self.env.ref("partner_default_follower.ir_cron_follow_existing")
        cron.sudo()._trigger()

    @api.model
    def _run(self):
        """Run the jobs that are not done, batch by batch, each one committed.

        Somebody who stops a job, or changes its rule, while a batch is under way is
        heard: the batch is lost, and done anew.
        """
        cron = self.env["ir.cron"]
        running = [("state", "=", "running")]
        lost = 0
        while jobs := self.search(running, order="id"):
            try:
                processed = jobs[0]._run_batch()
                left = sum(job.total_count - job.done_count for job in jobs)
                time_left = cron._commit_progress(processed, remaining=max(left, 0))
            except SerializationFailure:
                self.env.cr.rollback()
                lost += 1
                if lost > 5:
                    raise
                continue
            if not time_left:
                return
            lost = 0
            self.env.invalidate_all()

    def _run_batch(self, limit=None):
        """Take the next step of this job.

        :param limit: how many contacts at most; by default those of one batch
        :return: how many contacts were treated
        """
        self.ensure_one()
        rule = self.automation_id
        if not (rule.active or self.take_back):
            self.state = "stopped"
            return 0
        if limit is None:
            limit = FOLLOW_BATCH
        try:
            with self.env.cr.savepoint():
                processed, left = self._step(limit)
        except SerializationFailure:
            raise
        except Exception as error:
            _logger.info("Default followers: job %s failed", self.id, exc_info=True)
            self.write({"state": "failed", "error": str(error)})
            return 0
        done = self.done_count + processed
        self.write(
            {
                "done_count": done,
                "total_count": done + left,
                "state": "running" if processed or left else "done",
            }
        )
        return processed

    # --------------------------------------------------
    # What there is to do
    # --------------------------------------------------

    def _step(self, limit):
        """Take the next step towards what the rule is to give on existing contacts.

        :param limit: how many contacts, or followers, are treated at most
        :return: number of contacts or followers treated, and of those that are left
        """
        excess, missing = self._find(self.automation_id, self.take_back)
        missing = sorted(missing)
        processed = 0
        if excess:
            processed = len(excess[:limit])
            excess[:limit]._default_follower_withdraw()
        elif missing:
            contacts = self.env["res.partner"].browse(missing[:limit])
            processed = len(contacts)
            actions = self.automation_id._follow_actions()
            if contacts and not actions._follow_give(contacts):
                raise UserError(
                    self.env._("Another application refuses the followers to add.")
                )
        return processed, len(excess) + len(missing) - processed

    @api.model
    def _find(self, rule, take_back=False):
        """Return what there is to do for a rule on the existing contacts.

        :return: the followers to take back, and the ids of the contacts that lack
            some, as a query
        :raise UserError: if the filter of the rule cannot be used
        """
        grants = {} if take_back else rule._follow_actions()._follow_grants()
        excess = self._find_excess(rule, grants)
        return excess, self._find_missing(rule, grants) if grants else []

    @api.model
    def _find_missing(self, rule, grants):
        """Return the existing contacts whom somebody of a rule is to follow but does
        not, or not with all events, as a query on their identifiers.

        :param grants: as ``ir.actions.server._follow_grants`` returns them
        """
        # sudo: all contacts, whatever the companies of the user
        partners = self.env["res.partner"].sudo()
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        companies = [companies.browse(), *companies.search(Domain.TRUE)]
        pairs = [
            (company.id or 0, person.id, len(events))
            for company in companies
            for person, (seen, events) in grants.items()
            if not company or seen is None or company in seen
        ]
        self.env["mail.followers"].flush_model()
        query = partners._search(rule._follow_contact_domain())
        query.add_where(
            SQL(
                """
                EXISTS (
                    SELECT FROM unnest(%(companies)s::int[], %(people)s::int[],
                                       %(counts)s::int[])
                                AS pair(company_id, partner_id, events)
                     WHERE pair.company_id = COALESCE(%(table)s.company_id, 0)
                       AND NOT EXISTS (
                           SELECT FROM mail_followers follower
                            WHERE follower.res_model = 'res.partner'
                              AND follower.res_id = %(table)s.id
                              AND follower.partner_id = pair.partner_id
                              AND (follower.default_follower IS NOT TRUE
                                   OR pair.events <= (
                                      SELECT count(*)
                                        FROM mail_followers_mail_message_subtype_rel
                                       WHERE mail_followers_id = follower.id
                                         AND mail_message_subtype_id = ANY(%(all)s))))
                       AND NOT EXISTS (
                           SELECT FROM res_partner_default_follower_declined_rel
                            WHERE contact_id = %(table)s.id
                              AND person_id = pair.partner_id)
                )
                """,
                companies=[company for company, _person, _events in pairs],
                people=[person for _company, person, _events in pairs],
                counts=[events for _company, _person, events in pairs],
                all=list(
                    {event for _seen, events in grants.values() for event in events}
                ),
                table=SQL.identifier(query.table),
            )
        )
        return query

    @api.model
    def _find_excess(self, rule, grants):
        """Return the followers that a rule gave and does not give any more.

        A follower with an event that no rule gives to the person is one of them: what
        is missing then comes back without it.

        :param grants: as ``ir.actions.server._follow_grants`` returns them
        """
        # sudo: whoever's followers, on whatever contacts
        followers = self.env["mail.followers"].sudo()
        excess = Domain("default_follower_rule_id", "=", rule.id)
        if grants:
            contacts = self.env["res.partner"].sudo().with_context(active_test=False)
            contacts = contacts._search(rule._follow_contact_domain())
            excess &= Domain("partner_id", "not in", [p.id for p in grants]) | Domain(
                "res_id", "not in", contacts
            )
        for person in grants:
            rules = rule._follow_rules().filtered(
                lambda r, person=person: person in r.follow_partner_ids
            )
            events = (rule | rules)._follow_actions()._follow_grants()[person][1]
            excess |= (
                Domain("default_follower", "=", True)
                & Domain("partner_id", "=", person.id)
                & Domain("subtype_ids", "any", [("id", "not in", list(events))])
            )
        return followers.search(excess, order="id")
