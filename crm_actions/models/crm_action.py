# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from collections import defaultdict
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .. import schedule
from ..tools import check_owned, takes_pass, without_foreign_defaults
from .crm_action_dates import CrmActionDates
from .crm_action_engine import (
    CLOSED_STATES,
    FRONT_STATES,
    MIRROR_FIELDS,
    OPEN_STATES,
    CrmActionEngine,
)
from .crm_action_mirror import CrmActionMirror

# Contexts of other models carry defaults of these names, which say nothing here.
COMMON_FIELDS = frozenset(
    {"activity_ids", "calendar_event_id", "company_id", "plan_id", "team_id"}
)


class CrmAction(models.Model):
    """A step of the one ordered list of actions that an opportunity carries.

    Invariants, kept by :meth:`crm.lead._actions_reconcile`:

    * the first open action by ``_order`` is the *front* of the list: ``todo`` (the
      current action) while the list runs, ``paused`` while it does not; all other
      open ones are ``waiting``;
    * a ``todo`` action has exactly one active ``mail.activity`` (its mirror) with
      the same type, summary, note, assignee and date; no other open action has one;
    * a front has a due date; a waiting action may have none, because it counts from
      the step before it: see ``estimated_date``.

    ``state`` is changed by the methods only: :meth:`action_done`,
    :meth:`action_skip`, :meth:`action_cancel`, :meth:`action_reopen`. All of them
    take several actions of several opportunities. Dates are dates where the assignee
    lives (without one: the salesperson of the opportunity), "today" included;
    ``done_on`` is UTC.
    """

    _name = "crm.action"
    # By their classes, which must exist before this one.
    _inherit = (CrmActionEngine._name, CrmActionDates._name, CrmActionMirror._name)
    _description = "CRM Action"
    _order = "lead_id, sequence, date_deadline, id"
    _rec_names_search = ("summary", "activity_type_id")

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
    team_id = fields.Many2one(
        related="lead_id.team_id", store=True, precompute=True, index="btree_not_null"
    )
    lead_user_id = fields.Many2one(
        related="lead_id.user_id",
        string="Salesperson",
        store=True,
        precompute=True,
        index="btree_not_null",
        help="Stored, for the record rules of salespeople.",
    )
    sequence = fields.Integer(
        copy=False,
        help="Position in the list; a new action comes last when none is given.",
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
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("todo", "Current"),
            ("paused", "On Hold"),
            ("done", "Done"),
            ("skipped", "Skipped"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="waiting",
        copy=False,
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
    outcome_id = fields.Many2one(
        "crm.action.outcome",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    outcome_undo = fields.Json(
        readonly=True,
        copy=False,
        help="What the outcome changed on the opportunity, as it was.",
    )
    available_outcome_ids = fields.One2many(
        related="plan_template_id.outcome_ids", string="Possible Outcomes"
    )
    repeat_count = fields.Integer(
        string="Repeated",
        readonly=True,
        copy=False,
        help="How often this step came again before.",
    )
    origin_action_id = fields.Many2one(
        "crm.action",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The action that this one repeats.",
    )
    # where it came from
    run_id = fields.Many2one(
        "crm.action.run",
        string="Plan Run",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    plan_id = fields.Many2one(
        related="run_id.plan_id", store=True, precompute=True, index="btree_not_null"
    )
    plan_started_on = fields.Date(
        related="run_id.started_on",
        string="Plan Started on",
        store=True,
        precompute=True,
    )
    plan_template_id = fields.Many2one(
        "mail.activity.plan.template",
        string="Plan Step",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    stopped = fields.Boolean(
        readonly=True,
        copy=False,
        help="Cancelled because its plan was stopped; open again when the plan is.",
    )
    responsible_type = fields.Selection(
        [
            ("fixed", "A user"),
            ("salesperson", "Salesperson of the opportunity"),
            ("team_leader", "Team leader"),
            ("previous", "Whoever did the previous step"),
        ],
        default="fixed",
        readonly=True,
        copy=False,
        help="Who gets the action when it becomes current.",
    )
    calendar_event_id = fields.Many2one(
        "calendar.event",
        string="Meeting",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The meeting that was booked for the action.",
    )
    activity_ids = fields.One2many(
        "mail.activity",
        "crm_action_id",
        string="Activities",
        readonly=True,
        context={"active_test": False},
        bypass_search_access=True,
    )

    # Under concurrency too, a list has one front.
    _front_uniq = models.UniqueIndex(
        "(lead_id) WHERE state IN ('todo', 'paused')",
        "An opportunity has one current action.",
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
    # The report by user, read in the index alone; and what somebody has to do.
    _user_idx = models.Index(
        "(user_id, state) INCLUDE (days_late, company_id, lead_user_id)"
    )
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

    @api.constrains("activity_type_id")
    def _check_activity_type_id(self):
        for kind in self.activity_type_id:
            if kind.res_model not in (False, "crm.lead"):
                raise ValidationError(
                    self.env._(
                        "The activity type “%(type)s” is not for opportunities.",
                        type=kind.name,
                    )
                )

    @api.onchange("activity_type_id")
    def _onchange_activity_type_id(self):
        kind = self.activity_type_id
        self.summary = kind.summary or self.summary
        self.note = kind.default_note or self.note
        self.user_id = kind.default_user_id or self.user_id

    @api.model
    def default_get(self, fields):
        return without_foreign_defaults(self, super().default_get(fields))

    @api.model_create_multi
    def create(self, vals_list):
        """Add actions to lists, at the end unless ``sequence`` says otherwise.

        Actions of one call without a sequence are put in the order of their dates.

        :raise AccessError: without the right to write the opportunity
        :raise UserError: when ``state`` or another field of the engine is given
        """
        if takes_pass(self.env, len(vals_list)):
            return super().create(vals_list)
        check_owned(self, *vals_list, is_new=True, ignored_defaults=COMMON_FIELDS)
        actions = super().create(
            self._with_sequence([self._complete_values(vals) for vals in vals_list])
        )
        # Of the records, not of the values: a default may have named the lead.
        actions.lead_id.check_access("write")
        # sudo: the list includes what is assigned to others.
        actions.sudo()._mark_chosen_dates()
        actions.sudo().lead_id._actions_reconcile()
        return actions

    def write(self, vals):
        """Change actions; the mirror of a current one follows.

        :raise UserError: when ``state`` or another field of the engine is given
        """
        if takes_pass(self.env, len(self)):
            return super().write(vals)
        check_owned(self, vals)
        if "lead_id" in vals:
            return self._move(vals)
        vals = dict(vals)
        if "user_id" in vals:
            vals["responsible_type"] = "fixed"
        if "date_deadline" not in vals:
            super().write(vals)
        else:
            for actions, set_on in self._by_pause():
                origin = "chosen" if vals["date_deadline"] else False
                super(CrmAction, actions).write(
                    {**vals, "date_origin": origin, "date_set_on": set_on}
                )
        # sudo: the list and the mirrors follow, whoever may change the action.
        self.sudo()._follow_person(vals)
        return True

    def unlink(self):
        # sudo: the mirrors go with the action, whoever may delete the action.
        actions = self.sudo()
        self.check_access("unlink")
        leads = actions.lead_id
        leads._actions_lock()
        actions._unlink_mirrors()
        res = super().unlink()
        leads._actions_reconcile()
        return res

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for vals in vals_list:
            # Nobody yet: as for any new action, the salesperson.
            if not vals.get("user_id"):
                vals.pop("user_id", None)
        return vals_list

    # ---------------------------------------------------------------- actions

    def action_done(self, feedback=False, outcome_id=False):
        """Mark open actions done, as if their activities were.

        :param str feedback: kept on the action, and in the chatter
        :param int outcome_id: an outcome of the step of *all* these actions, which
            decides what follows; without, the next action becomes current
        :raise UserError: when the outcome is not one of the step's
        """
        self.check_access("write")
        feedback = feedback and str(feedback)
        # sudo: who may do the action may do its activity and advance the list.
        actions = self.browse(self.ids).sudo()._open()
        outcome = actions._check_outcome(outcome_id)
        actions.lead_id._actions_lock()
        # A waiting action can be done before its turn: through an activity as
        # well, because the chatter and CRM's activity report live on it.
        mirrors = actions.activity_ids.filtered("active")
        mirrors += (actions - mirrors.crm_action_id)._create_mirrors(notify=False)
        actions._close("done", feedback=feedback, outcome_id=outcome.id)
        mirrors._action_done(feedback=feedback)
        outcome._apply(actions)
        actions.lead_id._actions_reconcile()
        return True

    def action_skip(self, reason=False):
        """Skip open actions: they will not be done, the next becomes current.

        :param str reason: kept on the action, and in the chatter
        """
        self.check_access("write")
        # sudo: as in action_done.
        actions = self.sudo()._open()
        actions.lead_id._actions_lock()
        actions._close("skipped", skip_reason=reason and str(reason))
        actions._unlink_mirrors()
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

        What their outcome did is undone too: a lost opportunity is restored as it
        was, a stopped plan runs again, a plan that was started is taken back, unless
        something of it is done; a repetition that somebody has changed is cancelled,
        another deleted. What is done stays done.
        """
        self.check_access("write")
        # sudo: as in action_done.
        actions = self.sudo().filtered(lambda action: action.state in CLOSED_STATES)
        actions._undo()
        return True

    def action_reschedule(self, new_date):
        """Give open actions another due date.

        :param date new_date: a date, or its string
        :raise UserError: without a date, or with something else
        """
        try:
            new_date = fields.Date.to_date(new_date)
        except (TypeError, ValueError):
            new_date = None
        if not new_date:
            raise UserError(self.env._("Say on which date the action is due."))
        self._open().write({"date_deadline": new_date})
        return True

    def action_postpone(self, days=1):
        """Put open actions off, counted from their due date or, when late, today.

        A waiting action without a date follows what it counts from when that is put
        off too, else it is put off from the date on which it is expected.

        :param int days: calendar days
        :raise UserError: when that is no number of days, or one beyond ten years
        """
        if not isinstance(days, int) or abs(days) > schedule.MAX_DELAY:
            raise UserError(
                self.env._(
                    "Say by how many days, at most %(max)s.", max=schedule.MAX_DELAY
                )
            )
        self.check_access("write")
        for start, actions in (
            self._open()._that_can_be_postponed().grouped(self._postpone_start).items()
        ):
            actions.write({"date_deadline": start + timedelta(days=days)})
        return True

    def action_reassign(self, user_id):
        """Give open actions to another user.

        :param int user_id: id of a res.users, or a false value for nobody
        :raise UserError: when there is no such user
        """
        if user_id and not (
            type(user_id) is int and self.env["res.users"].browse(user_id).exists()
        ):
            raise UserError(self.env._("Say who gets the actions: no such user."))
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
        if not self:
            raise UserError(self.env._("Nothing is to do now: no action is current."))
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

    # ------------------------------------------------------- what a person gives

    def _complete_values(self, vals):
        """``vals`` of a new action with all defaults, and who gets it."""
        given = vals.keys() | {key.removeprefix("default_") for key in self.env.context}
        vals = self._add_missing_default_values(vals)
        if "user_id" not in given and vals.get("lead_id"):
            # sudo: the salesperson of a lead the user may write, checked later.
            lead = self.env["crm.lead"].sudo().browse(vals["lead_id"])
            vals["user_id"] = lead.user_id.id or vals.get("user_id")
        return vals

    @api.model
    def _with_sequence(self, vals_list):
        """Values of new actions with their places at the ends of the lists."""
        unplaced = defaultdict(list)
        for vals in vals_list:
            if not vals.get("sequence"):
                unplaced[vals.get("lead_id")].append(vals)
        last = self._last_sequences(list(unplaced))
        for lead_id, unplaced_vals in unplaced.items():
            sequence = last.get(lead_id, 0)
            for vals in sorted(
                unplaced_vals,
                key=lambda vals: (
                    fields.Date.to_date(vals.get("date_deadline")) or date.max
                ),
            ):
                sequence += 10
                vals["sequence"] = sequence
        return vals_list

    def _follow_person(self, vals):
        """What follows from ``vals`` that somebody has written."""
        if not vals.keys().isdisjoint(MIRROR_FIELDS):
            fronts = self.filtered(lambda action: action.state in FRONT_STATES)
            # A front has a date: without one, it is its turn once more.
            fronts.filtered(lambda action: not action.date_deadline)._take_turn()
            fronts._push()
        if "sequence" in vals or "date_deadline" in vals:
            self.lead_id._actions_reconcile()

    def _check_outcome(self, outcome_id):
        """The outcome, if it is one of the step of all these actions."""
        outcome = self.env["crm.action.outcome"]
        if not outcome_id:
            return outcome
        outcome = outcome.browse(outcome_id) if type(outcome_id) is int else outcome
        if not outcome.exists() or any(
            action.plan_template_id != outcome.template_id for action in self
        ):
            raise UserError(self.env._("This outcome is not one of this step."))
        return outcome

    def _move(self, vals):
        """Write ``vals`` with another ``lead_id``: to the end of that list."""
        self.check_access("write")
        vals = dict(vals)
        lead_id = vals.pop("lead_id")
        target = self.env["crm.lead"].browse(lead_id if type(lead_id) is int else 0)
        if not target.exists():
            raise UserError(self.env._("Say to which opportunity the actions go."))
        target.check_access("write")
        moved = self.filtered(lambda action: action.lead_id != target)
        if vals:
            self.write(vals)
        # sudo: both lists change, whatever the user sees of them.
        moved.sudo()._move_to(target.sudo())
        return True

    # ------------------------------------------------------------------- lists

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
        """The open ones of ``self``."""
        return self.filtered(lambda action: action.state in OPEN_STATES)
