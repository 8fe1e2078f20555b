# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from collections import defaultdict
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import clean_context

from ..tools import DelayCalculator, local_date

OPEN_STATES = ("waiting", "todo")
CLOSED_STATES = ("done", "skipped", "cancelled")
# What an action and the activity that mirrors it have in common.
MIRROR_FIELDS = ("activity_type_id", "summary", "note", "user_id", "date_deadline")
# Only the engine writes these; see CrmAction.write.
ENGINE_FIELDS = frozenset(
    {
        "state",
        "done_on",
        "done_by_id",
        "days_late",
        "outcome_id",
        "repeat_count",
        "origin_action_id",
        "cancelled_by_id",
        "plan_started_on",
        "date_auto",
        "user_auto",
        "touched",
    }
)


class CrmAction(models.Model):
    """A step of the one ordered list of actions that a lead carries.

    Invariants, kept by :meth:`crm.lead._actions_reconcile`:

    * the first open action (``waiting`` or ``todo``) by ``_order`` is ``todo``,
      the *current* one, while its lead is active and not paused; all other open
      ones are ``waiting``;
    * a ``todo`` action has exactly one active ``mail.activity`` (its mirror) with
      the same type, summary, note, assignee and date; a ``waiting`` one has none;
    * a ``todo`` action has a date; a ``waiting`` one may have none yet, because its
      delay counts from the step before it: see ``estimated_date``.

    ``state`` is changed by the methods only: :meth:`action_done`,
    :meth:`action_skip`, :meth:`action_cancel`, :meth:`action_reopen`. All of them
    take several actions of several leads. Dates are dates of the assignee, "today"
    included; ``done_on`` is UTC.
    """

    _name = "crm.action"
    _description = "CRM Action"
    _order = "lead_id, sequence, date_deadline, id"

    lead_id = fields.Many2one(
        "crm.lead", string="Opportunity", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="lead_id.company_id",
        store=True,
        precompute=True,
        index="btree_not_null",
    )
    partner_id = fields.Many2one(related="lead_id.partner_id", string="Customer")
    team_id = fields.Many2one(related="lead_id.team_id", store=True, precompute=True)
    lead_user_id = fields.Many2one(
        related="lead_id.user_id",
        string="Salesperson",
        store=True,
        precompute=True,
        help="Stored, for the record rules of salespeople.",
    )
    sequence = fields.Integer(
        help="Position in the list; a new action comes last when none is given."
    )
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        string="Type",
        required=True,
        ondelete="restrict",
        default=lambda self: self._default_activity_type_id(),
        domain=[("res_model", "in", [False, "crm.lead"])],
    )
    icon = fields.Char(related="activity_type_id.icon", string="Icon")
    activity_category = fields.Selection(related="activity_type_id.category")
    summary = fields.Char()
    note = fields.Html(sanitize_style=True)
    user_id = fields.Many2one(
        "res.users",
        string="Assigned to",
        ondelete="set null",
        default=lambda self: self._default_user_id(),
        domain=[("share", "=", False)],
    )
    date_deadline = fields.Date(string="Due Date")
    estimated_date = fields.Date(
        compute="_compute_estimated_date",
        help="Due date of a waiting action as it looks today: its own when it has "
        "one, else the delay counted from the expected end of the step before it.",
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("todo", "Current"),
            ("done", "Done"),
            ("skipped", "Skipped"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="waiting",
        copy=False,
    )
    is_late = fields.Boolean(
        string="Late", compute="_compute_is_late", search="_search_is_late"
    )
    activity_state = fields.Selection(
        [("overdue", "Overdue"), ("today", "Today"), ("planned", "Planned")],
        compute="_compute_activity_state",
        help="Of a current action; the activity view reads it.",
    )
    # closing
    feedback = fields.Text(copy=False)
    skip_reason = fields.Char(copy=False)
    done_on = fields.Datetime(
        string="Closed on",
        readonly=True,
        copy=False,
        help="When it was done, skipped or cancelled.",
    )
    done_by_id = fields.Many2one(
        "res.users",
        string="Closed by",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    days_late = fields.Integer(
        readonly=True,
        copy=False,
        help="Days between the due date and the day it was done; 0 when on time.",
    )
    outcome_id = fields.Many2one(
        "crm.action.outcome",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    available_outcome_ids = fields.One2many(
        related="plan_template_id.outcome_ids", string="Possible Outcomes"
    )
    repeat_count = fields.Integer(
        string="Repeated", readonly=True, help="How often this step came again before."
    )
    origin_action_id = fields.Many2one(
        "crm.action",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The action whose outcome created this one.",
    )
    cancelled_by_id = fields.Many2one(
        "crm.action",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The action whose outcome cancelled this one.",
    )
    # where it came from
    plan_id = fields.Many2one(
        "mail.activity.plan", readonly=True, ondelete="set null", index="btree_not_null"
    )
    plan_template_id = fields.Many2one(
        "mail.activity.plan.template",
        string="Plan Step",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    plan_started_on = fields.Date(
        readonly=True, help="Day on which the plan was started on this opportunity."
    )
    delay_count = fields.Integer(string="Delay")
    delay_unit = fields.Selection(
        [
            ("days", "days"),
            ("working_days", "working days"),
            ("weeks", "weeks"),
            ("months", "months"),
        ],
    )
    delay_from = fields.Selection(
        [
            ("plan_date", "Plan date"),
            ("previous_done", "Completion of the previous step"),
            ("previous_deadline", "Due date of the previous step"),
        ],
        string="Counted From",
        help="The due date is counted when the action becomes current, unless it "
        "counts from the plan date or somebody sets it before.",
    )
    responsible_type = fields.Selection(
        [
            ("fixed", "A user"),
            ("salesperson", "Salesperson of the opportunity"),
            ("team_leader", "Team leader"),
            ("previous", "Whoever did the previous step"),
        ],
        default="fixed",
        help="Who gets the action when it becomes current without an assignee.",
    )
    date_auto = fields.Boolean(
        readonly=True,
        copy=False,
        help="The due date was set by the engine when the action became current.",
    )
    user_auto = fields.Boolean(
        readonly=True,
        copy=False,
        help="The assignee was set by the engine when the action became current.",
    )
    touched = fields.Boolean(
        readonly=True,
        copy=False,
        help="Somebody changed the action after an outcome created it.",
    )
    activity_ids = fields.One2many(
        "mail.activity",
        "crm_action_id",
        string="Activities",
        context={"active_test": False},
        bypass_search_access=True,
    )

    # Under concurrency too, a lead has one current action.
    _todo_uniq = models.UniqueIndex(
        "(lead_id) WHERE state = 'todo'", "An opportunity has one current action."
    )
    _list_idx = models.Index("(lead_id, sequence, date_deadline, id)")
    # The Actions page: mine and current, everybody's current, everything by date.
    # What the rules and the groups of the page ask for is included: counted in the
    # index alone, a user's 10,000 current actions take 1 ms instead of 45.
    _todo_user_idx = models.Index(
        "(user_id, date_deadline, id) INCLUDE (company_id, lead_user_id,"
        " activity_type_id) WHERE state = 'todo'"
    )
    _todo_date_idx = models.Index("(date_deadline, id) WHERE state = 'todo'")
    _user_idx = models.Index("(user_id) WHERE state IN ('waiting', 'todo')")
    _date_idx = models.Index("(date_deadline, id)")
    _type_idx = models.Index("(activity_type_id)")

    @api.model
    def _default_activity_type_id(self):
        return self.env["mail.activity"]._default_activity_type_for_model("crm.lead")

    @api.model
    def _default_user_id(self):
        lead = self.env["crm.lead"].browse(self.env.context.get("default_lead_id"))
        return lead.user_id or self.env.user.filtered(lambda user: not user.share)

    @api.depends("summary", "activity_type_id")
    def _compute_display_name(self):
        for action in self:
            action.display_name = (
                action.summary or action.activity_type_id.display_name or ""
            )

    @api.depends("state", "date_deadline", "user_id.tz")
    def _compute_is_late(self):
        for action in self:
            action.is_late = bool(
                action.state in OPEN_STATES
                and action.date_deadline
                and action.date_deadline < action._today()
            )

    def _search_is_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = [
            ("state", "in", OPEN_STATES),
            ("date_deadline", "<", fields.Date.context_today(self)),
        ]
        if set(value) == {True, False}:
            return fields.Domain.TRUE
        return fields.Domain(late) if True in value else ~fields.Domain(late)

    @api.depends("state", "date_deadline", "user_id.tz")
    def _compute_activity_state(self):
        for action in self:
            deadline = action.state == "todo" and action.date_deadline
            today = action._today()
            if not deadline:
                action.activity_state = False
            elif deadline == today:
                action.activity_state = "today"
            else:
                action.activity_state = "overdue" if deadline < today else "planned"

    @api.depends(
        "state",
        "date_deadline",
        "sequence",
        "lead_id.action_ids.state",
        "lead_id.action_ids.sequence",
        "lead_id.action_ids.date_deadline",
        "lead_id.action_ids.delay_count",
        "lead_id.action_ids.delay_unit",
        "lead_id.action_ids.delay_from",
    )
    def _compute_estimated_date(self):
        calculator = DelayCalculator(self.env)
        estimates = {}
        # sudo: a plain employee sees the estimate of the one action that is theirs,
        # which depends on the ones before it.
        for lead in self.sudo().lead_id:
            end = deadline = None
            for action in lead.action_ids._in_order():
                if action.state in CLOSED_STATES:
                    if action.state != "cancelled" and action.done_on:
                        end = action._local_date(action.done_on)
                        deadline = action.date_deadline or end
                    continue
                estimate = action.date_deadline or action._date_from_delay(
                    end, deadline, calculator
                )
                estimates[action.id] = estimate
                end = max(estimate, action._today())
                deadline = estimate
        for action in self:
            action.estimated_date = estimates.get(action._origin.id) or (
                action.date_deadline
            )

    @api.onchange("activity_type_id")
    def _onchange_activity_type_id(self):
        kind = self.activity_type_id
        self.summary = kind.summary or self.summary
        self.note = kind.default_note or self.note
        self.user_id = kind.default_user_id or self.user_id

    @api.model_create_multi
    def create(self, vals_list):
        """Add actions to lists, at the end unless ``sequence`` says otherwise.

        Actions of one call without a sequence are put in the order of their dates.

        :raise UserError: when ``state`` or another field of the engine is given
            by anyone but the superuser (who takes data over)
        """
        if not self.env.su:
            self._check_engine_fields(*vals_list)
            self._check_leads(vals.get("lead_id") for vals in vals_list)
        vals_list = self._with_sequence(self._with_user(vals_list))
        actions = super().create(vals_list)
        actions.sudo().lead_id._actions_reconcile()
        return actions

    def write(self, vals):
        """Change actions; the mirror of a current one follows.

        :raise UserError: when ``state`` or another field of the engine is given
        """
        self._check_engine_fields(vals)
        if "lead_id" in vals:
            return self._move(vals)
        if "date_deadline" in vals:
            vals = {**vals, "date_auto": False}
        if "user_id" in vals:
            vals = {**vals, "user_auto": False}
        if not vals.keys().isdisjoint(MIRROR_FIELDS):
            vals = {**vals, "touched": True}
        res = super().write(vals)
        # sudo: the mirror follows, whoever may change the action.
        current = self.sudo().filtered(lambda action: action.state == "todo")
        if not vals.keys().isdisjoint(MIRROR_FIELDS):
            # What is current has a date: without one it becomes current once more.
            undated = current.filtered(lambda action: not action.date_deadline)
            undated._engine_write({"state": "waiting"})
            (current - undated)._push()
        if "sequence" in vals or "date_deadline" in vals:
            self.sudo().lead_id._actions_reconcile()
        return res

    def unlink(self):
        # sudo: the mirror goes with the action, whoever may delete the action.
        self_sudo = self.sudo()
        leads = self_sudo.lead_id
        current = self_sudo.filtered(lambda action: action.state == "todo")
        if current:
            self.check_access("unlink")
            current._engine_write({"state": "waiting"})
            current.activity_ids.filtered("active").unlink()
        res = super().unlink()
        leads._actions_reconcile()
        return res

    # ---------------------------------------------------------------- actions

    def action_done(self, feedback=False, outcome_id=False):
        """Mark open actions done, as if their activities were.

        :param str feedback: kept on the action, and in the chatter
        :param int outcome_id: an outcome of the step of *all* these actions, which
            decides what follows; without, the next action becomes current
        :raise UserError: when the outcome is not one of the step's
        """
        self.check_access("write")
        # sudo: who may do the action may do its activity and advance the list.
        actions = self.sudo().filtered(lambda action: action.state in OPEN_STATES)
        if outcome_id:
            outcome = self.env["crm.action.outcome"].sudo().browse(outcome_id)
            if not outcome.exists() or any(
                action.plan_template_id != outcome.template_id for action in actions
            ):
                raise UserError(self.env._("This outcome is not one of this step."))
            actions._engine_write({"outcome_id": outcome_id})
        actions.lead_id._actions_lock()
        # A waiting action can be done before its turn: through an activity as
        # well, because the chatter and CRM's activity report live on it.
        mirrors = actions.activity_ids.filtered("active")
        mirrors += (actions - mirrors.crm_action_id)._create_mirrors(notify=False)
        mirrors._action_done(feedback=feedback)
        return True

    def action_skip(self, reason=False):
        """Skip open actions: they will not be done, the next becomes current.

        :param str reason: kept on the action, and in the chatter
        """
        self.check_access("write")
        # sudo: as in action_done.
        actions = self.sudo().filtered(lambda action: action.state in OPEN_STATES)
        actions.lead_id._actions_lock()
        actions._close("skipped", reason=reason)
        actions.activity_ids.filtered("active").unlink()
        actions._log_skipped()
        actions.lead_id._actions_reconcile()
        return True

    def action_cancel(self):
        """Cancel open actions: they are no longer wanted, the next becomes current."""
        self.check_access("write")
        # sudo: as in action_done.
        actions = self.sudo()._cancel()
        actions.lead_id._actions_reconcile()
        return True

    def action_reopen(self):
        """Undo: closed actions are open again, and the first of them current.

        What their outcome did is undone too: a lost opportunity is restored, what
        the outcome cancelled is open again, what it created is deleted, or
        cancelled when somebody has changed it since. What is done stays done.
        """
        self.check_access("write")
        # sudo: as in action_done.
        self.sudo()._undo()
        return True

    def action_reschedule(self, new_date):
        """Give open actions another due date.

        :param date new_date: a date, or its string
        :raise UserError: without a date
        """
        new_date = fields.Date.to_date(new_date)
        if not new_date:
            raise UserError(self.env._("Say on which date the action is due."))
        self._open().write({"date_deadline": new_date})
        return True

    def action_postpone(self, days=1):
        """Put open actions off, counted from their due date or, when late, today.

        :param int days: calendar days
        """
        self.check_access("write")
        for start, actions in (
            self._open()
            .grouped(
                lambda action: max(action.date_deadline or date.min, action._today())
            )
            .items()
        ):
            actions.write({"date_deadline": start + timedelta(days=days)})
        return True

    def action_reassign(self, user_id):
        """Give open actions to another user.

        :param int user_id: id of a res.users, or a false value for nobody
        """
        self._open().write({"user_id": user_id})
        return True

    def action_finish(self):
        """Mark open actions done; the dialog opens only where outcomes can be chosen.

        :return: the dialog, or True
        """
        if any(self.mapped("available_outcome_ids")):
            return self.action_open_finish()
        return self.action_done()

    def action_open_finish(self):
        """Open the dialog that asks for feedback and outcome."""
        return self._open_wizard("crm.action.finish", self.env._("Done"))

    def action_open_skip(self):
        """Open the dialog that asks why the actions are skipped."""
        return self._open_wizard("crm.action.skip", self.env._("Skip"))

    def action_open_reschedule(self):
        """Open the dialog that asks for another date."""
        return self._open_wizard("crm.action.reschedule", self.env._("Postpone"))

    def action_open_reassign(self):
        """Open the dialog that asks for another assignee."""
        return self._open_wizard("crm.action.reassign", self.env._("Reassign"))

    def action_open_lead(self):
        """Open the opportunity of the action."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "views": [(False, "form")],
        }

    def _open_wizard(self, model, name):
        self.check_access("write")
        if len(self) == 1:
            name = self.env._(
                "%(what)s: %(action)s", what=name, action=self.display_name
            )
        wizard = self.env[model].create({"action_ids": [fields.Command.set(self.ids)]})
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "medium"},
        }

    # ----------------------------------------------------------------- engine

    @api.model
    def _cron_repair(self, batch_size=500):
        """Mend the lists that plain SQL (cascades, other programs) broke."""
        leads = self.env["crm.lead"].browse(self._broken_lead_ids())
        for start in range(0, len(leads), batch_size):
            batch = leads[start : start + batch_size]
            batch._actions_repair()
            self.env["ir.cron"]._commit_progress(
                len(batch), remaining=max(len(leads) - start - batch_size, 0)
            )

    @api.model
    def _broken_lead_ids(self):
        """Ids of the leads whose list and activities contradict each other."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            -- the current action is not the first open one of a running list
            SELECT lead.id FROM crm_lead lead
              JOIN LATERAL (
                SELECT id, state FROM crm_action
                 WHERE lead_id = lead.id AND state IN ('waiting', 'todo')
              ORDER BY sequence, date_deadline, id LIMIT 1
              ) first ON TRUE
             WHERE (first.state = 'todo')
                   != (lead.active AND NOT COALESCE(lead.actions_paused, FALSE))
             UNION
            SELECT action.lead_id FROM crm_action action
              JOIN crm_lead lead ON lead.id = action.lead_id
             WHERE action.state = 'todo'
               AND (NOT lead.active OR lead.actions_paused
                    OR action.date_deadline IS NULL
                    OR lead.next_action_id IS DISTINCT FROM action.id
                    OR 1 != (SELECT count(*) FROM mail_activity activity
                              WHERE activity.crm_action_id = action.id
                                AND activity.active))
             UNION
            SELECT action.lead_id FROM mail_activity activity
              JOIN crm_action action ON action.id = activity.crm_action_id
             WHERE activity.active
               AND (action.state != 'todo'
                    OR activity.res_model IS DISTINCT FROM 'crm.lead'
                    OR activity.res_id IS DISTINCT FROM action.lead_id
                    OR activity.user_id IS DISTINCT FROM action.user_id
                    OR activity.date_deadline IS DISTINCT FROM action.date_deadline
                    OR activity.activity_type_id
                       IS DISTINCT FROM action.activity_type_id
                    OR COALESCE(activity.summary, '') != COALESCE(action.summary, '')
                    OR COALESCE(activity.note, '') != COALESCE(action.note, ''))
             UNION
            SELECT lead.id FROM crm_lead lead
              JOIN crm_action action ON action.id = lead.next_action_id
             WHERE action.state != 'todo' OR action.lead_id != lead.id
            """
        )
        return [lead_id for (lead_id,) in self.env.cr.fetchall()]

    def _engine_write(self, vals):
        """Write without the checks and consequences of :meth:`write`."""
        return super().write(vals)  # pylint: disable=super-method-mismatch

    def _engine_create(self, vals_list):
        """Create without the checks and consequences of :meth:`create`."""
        return super().create(vals_list)  # pylint: disable=super-method-mismatch

    def _check_engine_fields(self, *vals_list):
        for vals in vals_list:
            forbidden = ENGINE_FIELDS.intersection(vals)
            if vals.get("state") == "waiting":
                # What the form sends for a new action.
                forbidden -= {"state"}
            if any(vals[name] for name in forbidden):
                raise UserError(
                    self.env._(
                        "%(fields)s cannot be set: mark the action done, skip it, "
                        "cancel it or reopen it.",
                        fields=", ".join(
                            sorted(self._fields[name].string for name in forbidden)
                        ),
                    )
                )

    def _check_leads(self, lead_ids):
        self.env["crm.lead"].browse(
            {lead_id for lead_id in lead_ids if lead_id}
        ).check_access("write")

    @api.model
    def _with_user(self, vals_list):
        leads = self.env["crm.lead"].sudo().browse
        return [
            vals
            if "user_id" in vals or not vals.get("lead_id")
            else {
                **vals,
                "user_id": leads(vals["lead_id"]).user_id.id
                or self._default_user_id().id,
            }
            for vals in vals_list
        ]

    @api.model
    def _with_sequence(self, vals_list):
        unplaced = defaultdict(list)
        for index, vals in enumerate(vals_list):
            if not vals.get("sequence"):
                unplaced[vals.get("lead_id")].append(index)
        if not unplaced:
            return vals_list
        last = dict(
            self.env["crm.action"]
            .sudo()  # the end of the list may be an action the user cannot see
            ._read_group(
                [("lead_id", "in", list(unplaced))], ["lead_id"], ["sequence:max"]
            )
        )
        last = {lead.id: sequence for lead, sequence in last.items()}
        vals_list = [dict(vals) for vals in vals_list]
        for lead_id, indexes in unplaced.items():
            sequence = last.get(lead_id, 0)
            indexes.sort(
                key=lambda index: (
                    fields.Date.to_date(vals_list[index].get("date_deadline"))
                    or date.max
                )
            )
            for index in indexes:
                sequence += 10
                vals_list[index]["sequence"] = sequence
        return vals_list

    def _in_order(self):
        """``self`` in the order of the list, whatever is not flushed yet."""
        return self.sorted(
            lambda action: (
                action.sequence,
                action.date_deadline or date.max,
                action._origin.id or 0,
            )
        )

    def _open(self):
        return self.filtered(lambda action: action.state in OPEN_STATES)

    def _local_date(self, moment):
        """The date of ``moment`` for the assignee."""
        # sudo: the timezone of a colleague.
        return local_date(moment, self.user_id.sudo().tz or self.env.user.tz)

    def _today(self):
        return self._local_date(fields.Datetime.now())

    def _date_from_delay(self, end, deadline, calculator):
        """Due date of an open action without one.

        :param date end: when the step before it ended, or will; None without
        :param date deadline: when the step before it was or is due
        :param DelayCalculator calculator: that of the batch
        """
        today = self._today()
        start = today
        if self.delay_from == "previous_done":
            start = end or today
        elif self.delay_from == "previous_deadline":
            start = deadline or end or today
        elif not self.delay_from:
            return max(end, today) if end else today
        return calculator.add(self.company_id, start, self.delay_count, self.delay_unit)

    def _responsible(self, previous):
        """Who gets an action that becomes current.

        :param previous: the step before it, may be empty
        """
        lead = self.lead_id
        if self.responsible_type == "previous":
            candidates = previous.done_by_id, lead.user_id
        elif self.responsible_type == "team_leader":
            candidates = lead.team_id.user_id, lead.user_id
        elif self.responsible_type == "salesperson":
            candidates = (lead.user_id,)
        else:
            candidates = ()
        return next(
            (user for user in candidates if user.active and not user.share),
            self.env["res.users"],
        )

    def _promote(self, previous_by_action):
        """Engine: make waiting actions current; they get their date and assignee.

        :param dict previous_by_action: the step before each, when there is one
        """
        calculator = DelayCalculator(self.env)
        by_vals = defaultdict(list)
        for action in self:
            previous = previous_by_action.get(action, self.browse())
            vals = {"state": "todo"}
            if not action.user_id and (user := action._responsible(previous)):
                vals.update(user_id=user.id, user_auto=True)
            if not action.date_deadline:
                end = previous.done_on and previous._local_date(previous.done_on)
                vals.update(
                    date_auto=True,
                    date_deadline=action._date_from_delay(
                        end or None,
                        previous.date_deadline or None,
                        calculator,
                    ),
                )
            by_vals[tuple(vals.items())].append(action.id)
        for vals, action_ids in by_vals.items():
            self.browse(action_ids)._engine_write(dict(vals))

    def _demote(self):
        """Engine: current actions wait again; what was set for them is forgotten."""
        for date_auto, with_date in self.grouped("date_auto").items():
            for user_auto, actions in with_date.grouped("user_auto").items():
                vals = {"state": "waiting", "date_auto": False, "user_auto": False}
                if date_auto:
                    vals["date_deadline"] = False
                if user_auto:
                    vals["user_id"] = False
                actions._engine_write(vals)

    def _close(self, state, feedback=False, reason=False):
        """Engine: change the state of open actions, nothing else."""
        now = fields.Datetime.now()

        def get_days_late(action):
            if state != "done" or not action.date_deadline:
                return 0
            return max((action._local_date(now) - action.date_deadline).days, 0)

        for days_late, actions in self.grouped(get_days_late).items():
            actions._engine_write(
                {
                    "state": state,
                    "done_on": now,
                    "done_by_id": self.env.uid,
                    "days_late": days_late,
                    "feedback": feedback,
                    "skip_reason": reason,
                }
            )

    def _cancel(self):
        """Engine: cancel the open ones of ``self``, which are returned."""
        actions = self._open()
        actions.lead_id._actions_lock()
        actions._close("cancelled")
        actions.activity_ids.filtered("active").unlink()
        return actions

    def _undo(self):
        """Engine: see :meth:`action_reopen`."""
        actions = self.filtered(lambda action: action.state in CLOSED_STATES)
        if not actions:
            return
        leads = actions.lead_id
        leads._actions_lock()
        lost = actions._undo_outcomes()
        actions._reopen()
        lost.action_restore()
        leads._message_log_batch(
            bodies={
                lead.id: self.env._(
                    "Reopened: %(actions)s",
                    actions=", ".join(of_lead.mapped("display_name")),
                )
                for lead, of_lead in actions.grouped("lead_id").items()
            }
        )

    def _reopen(self):
        """Engine: closed actions come first in their lists again."""
        for lead, actions in self.grouped("lead_id").items():
            others = (lead.action_ids - actions)._open()
            sequence = min(others.mapped("sequence"), default=None)
            if sequence is not None and actions[-1:].sequence >= sequence:
                for action in actions._in_order()[::-1]:
                    sequence -= 1
                    action._engine_write({"sequence": sequence})
        self._engine_write(
            {
                "state": "waiting",
                "done_on": False,
                "done_by_id": False,
                "days_late": 0,
                "feedback": False,
                "skip_reason": False,
                "outcome_id": False,
                "cancelled_by_id": False,
            }
        )
        self.activity_ids.filtered("feedback").write({"feedback": False})
        # Who has left since kept the closed action, and cannot have it open.
        self.filtered(
            lambda action: action.user_id and not action.user_id.active
        )._hand_over()
        self.lead_id._actions_reconcile()

    def _hand_over(self):
        """Engine: to the salesperson of the opportunity, else to nobody."""
        for lead_user, actions in self.grouped(lambda a: a.lead_id.user_id).items():
            for company, of_company in actions.grouped("company_id").items():
                able = lead_user.active and (
                    not company or company in lead_user.company_ids
                )
                for former, of_user in of_company.grouped("user_id").items():
                    heir = (
                        lead_user if able and lead_user != former else former.browse()
                    )
                    of_user._assign(heir.id)

    def _assign(self, user_id):
        """Engine: give open actions to another user, because a user or lead changed.

        Nobody has touched the actions for that: undo may still withdraw them.
        """
        self._engine_write({"user_id": user_id})
        self._push()

    def _move(self, vals):
        """Write ``vals`` with another ``lead_id``: to the end of that list."""
        target_id = vals["lead_id"]
        if not self.env.su:
            self.check_access("write")
            self._check_leads([target_id])
        moved = self.filtered(lambda action: action.lead_id.id != target_id)
        vals = dict(vals)
        vals.pop("lead_id")
        if vals:
            self.write(vals)
        # sudo: both lists change, whatever the user sees of them.
        moved.sudo()._move_to(self.env["crm.lead"].sudo().browse(target_id))
        return True

    def _move_to(self, lead):
        """Engine: put actions at the end of the list of ``lead``, mirrors included."""
        if not self:
            return
        leads = self.lead_id
        (leads | lead)._actions_lock()
        sequence = max(lead.action_ids.mapped("sequence"), default=0)
        self.filtered(lambda action: action.state == "todo")._engine_write(
            {"state": "waiting"}
        )
        for action in self.sorted(lambda action: action.lead_id.id)._in_order():
            sequence += 10
            action._engine_write({"lead_id": lead.id, "sequence": sequence})
        self.activity_ids.write({"res_id": lead.id})
        (leads | lead)._actions_reconcile()

    # ---------------------------------------------------------------- mirrors

    def _mirror_values(self):
        """What the activity of the action must say."""
        self.ensure_one()
        return {
            "activity_type_id": self.activity_type_id.id,
            "summary": self.summary,
            "note": self.note,
            "user_id": self.user_id.id,
            "date_deadline": self.date_deadline,
        }

    def _prepare_mirror_values(self):
        self.ensure_one()
        return {
            **self._mirror_values(),
            "date_deadline": self.date_deadline or self._today(),
            "res_model_id": self.env["ir.model"]._get_id("crm.lead"),
            "res_id": self.lead_id.id,
            "crm_action_id": self.id,
            "automated": False,
        }

    def _create_mirrors(self, notify=True):
        """Engine: one activity for each action.

        :param bool notify: Odoo mails the assignees, but never the user
        """
        context = clean_context(self.env.context)
        if not notify:
            context["mail_activity_quick_update"] = True
        return self.env(context=context)["mail.activity"].create(
            [action._prepare_mirror_values() for action in self]
        )

    def _push(self):
        """Engine: make the active mirrors say what the actions say."""
        for diff, mirrors in (
            self.activity_ids.filtered("active")
            .grouped(
                lambda mirror: tuple(mirror.crm_action_id._mirror_diff(mirror).items())
            )
            .items()
        ):
            if diff:
                mirrors.write(dict(diff))

    def _mirror_diff(self, mirror):
        return {
            name: value
            for name, value in self._mirror_values().items()
            if (mirror[name].id if name.endswith("_id") else mirror[name] or False)
            != (value or False)
        }

    def _sync_mirrors(self):
        """Engine: bring the activities in line with the states of open actions."""
        activities = self.activity_ids
        active = activities.filtered("active")
        unwanted = active.filtered(lambda mirror: mirror.crm_action_id.state != "todo")
        todo = self.filtered(lambda action: action.state == "todo")
        mirrors = (active - unwanted).grouped("crm_action_id")
        surplus = activities.browse(
            mirror_id for own in mirrors.values() for mirror_id in own[1:].ids
        )
        bare = todo.filtered(lambda action: action not in mirrors)
        # Those were done before: it is the same thing to do again.
        reopened = bare.filtered("activity_ids")
        missing = bare - reopened
        if surplus:
            # Not as mirrors: that would skip the action.
            surplus.write({"crm_action_id": False})
        (unwanted | surplus).unlink()
        if reopened:
            activities.browse(action.activity_ids[-1:].id for action in reopened).write(
                {"active": True}
            )
        if missing:
            missing._create_mirrors()
        (todo - missing)._push()

    # --------------------------------------------------------------- outcomes

    def _apply_outcomes(self):
        """Engine: what the outcomes of actions that were just done bring about."""
        for outcome, actions in self.grouped("outcome_id").items():
            if outcome and outcome.next_kind != "next":
                getattr(actions, f"_outcome_{outcome.next_kind}")(outcome)

    def _outcome_repeat(self, outcome):
        again = self.filtered(lambda action: action.repeat_count < outcome.repeat_max)
        vals_list = again.copy_data()
        for action, vals in zip(again, vals_list, strict=True):
            vals.update(
                date_deadline=action._today() + timedelta(days=outcome.repeat_days),
                sequence=action.lead_id._actions_first_sequence(action),
                repeat_count=action.repeat_count + 1,
                origin_action_id=action.id,
            )
        self._engine_create(vals_list)

    def _outcome_stop(self, outcome):
        rest = {action: action._rest_of_plan() for action in self}
        self.browse().union(*rest.values())._cancel()
        for action, cancelled in rest.items():
            cancelled._engine_write({"cancelled_by_id": action.id})

    def _outcome_plan(self, outcome):
        self._outcome_stop(outcome)
        plan = outcome.plan_id
        if not plan:
            return
        leads = self.lead_id
        created = leads._actions_start_plan(plan, automatic=True)
        by_lead = created.grouped("lead_id")
        for action in self:
            by_lead.get(action.lead_id, created.browse())._engine_write(
                {"origin_action_id": action.id}
            )
        refused = leads - created.lead_id
        refused._message_log_batch(
            bodies=dict.fromkeys(
                refused.ids,
                self.env._(
                    "The plan “%(plan)s” was not started: it is archived, of another "
                    "company, still running or was started today already.",
                    plan=plan.name,
                ),
            )
        )

    def _outcome_lost(self, outcome):
        self.lead_id.action_set_lost(lost_reason_id=outcome.lost_reason_id.id)

    def _rest_of_plan(self):
        """The open actions that the same plan put into the list."""
        self.ensure_one()
        return self.lead_id.action_ids.filtered(
            lambda action: (
                action.state in OPEN_STATES
                and action.plan_started_on
                and action.plan_id == self.plan_id
            )
        )

    def _undo_outcomes(self):
        """Engine: take back what the outcomes of these closed actions did.

        :return: the leads that they lost, to be restored
        """
        finished = self.filtered("outcome_id")
        if not finished:
            return self.lead_id.browse()
        created = self.search(
            [("origin_action_id", "in", finished.ids), ("state", "in", OPEN_STATES)]
        )
        created.filtered("touched")._cancel()
        created.filtered(lambda action: not action.touched).unlink()
        self.search([("cancelled_by_id", "in", finished.ids)])._engine_write(
            {
                "state": "waiting",
                "done_on": False,
                "done_by_id": False,
                "cancelled_by_id": False,
            }
        )
        return finished.filtered(
            lambda action: action.outcome_id.next_kind == "lost"
        ).lead_id.filtered(lambda lead: not lead.active)

    def _log_skipped(self):
        leads = self.filtered("skip_reason").grouped("lead_id")
        self.env["crm.lead"].sudo().browse(
            lead.id for lead in leads
        )._message_log_batch(
            bodies={
                lead.id: self.env._(
                    "Skipped: %(actions)s. Reason: %(reason)s",
                    actions=", ".join(actions.mapped("display_name")),
                    reason=actions[0].skip_reason,
                )
                for lead, actions in leads.items()
            }
        )
