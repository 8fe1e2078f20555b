# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models

from ..tools import as_engine, check_owned, takes_pass, without_foreign_defaults

ACTIVE_STATES = ("running", "paused")


class CrmActionRun(models.Model):
    """One start of a plan on one opportunity.

    It says whether the plan runs there, since when, how it ended, and what each step
    said when it was copied: its actions (``action_ids``) are "the rest of the plan".
    A run is ``paused`` while the list of its opportunity is, and ``finished`` when
    none of its actions is open any more. Only the engine creates and changes runs;
    people stop, pause and resume them.
    """

    _name = "crm.action.run"
    _description = "Plan Run"
    _order = "started_on desc, id desc"
    _rec_names_search = ("plan_id", "lead_id")

    lead_id = fields.Many2one(
        "crm.lead",
        string="Opportunity",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        related="lead_id.company_id",
        store=True,
        precompute=True,
        index="btree_not_null",
    )
    team_id = fields.Many2one(related="lead_id.team_id", store=True, precompute=True)
    user_id = fields.Many2one(
        related="lead_id.user_id",
        string="Salesperson",
        store=True,
        precompute=True,
        index="btree_not_null",
    )
    plan_id = fields.Many2one(
        "mail.activity.plan", readonly=True, ondelete="set null", index="btree_not_null"
    )
    plan_date = fields.Date(
        readonly=True,
        help="What delays from the plan date count from; it moves with pauses.",
    )
    started_on = fields.Date(
        string="Started on", readonly=True, help="Where the salesperson lives."
    )
    ended_on = fields.Datetime(string="Ended on", readonly=True)
    source = fields.Selection(
        [
            ("hand", "By hand"),
            ("stage", "Stage"),
            ("team", "Sales team"),
            ("outcome", "Outcome of another action"),
        ],
        string="Started by",
        readonly=True,
        default="hand",
    )
    origin_action_id = fields.Many2one(
        "crm.action",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The action whose outcome started the plan.",
    )
    state = fields.Selection(
        [
            ("running", "Running"),
            ("paused", "On Hold"),
            ("finished", "Finished"),
            ("stopped", "Stopped"),
        ],
        string="Status",
        readonly=True,
        required=True,
        default="running",
    )
    stop_reason = fields.Selection(
        [
            ("hand", "By hand"),
            ("won", "Opportunity won"),
            ("stage", "Another stage"),
            ("outcome", "Outcome"),
            ("undone", "Start undone"),
        ],
        string="Stopped Because",
        readonly=True,
    )
    steps = fields.Json(
        readonly=True, help="What each step of the plan said when it was copied."
    )
    action_ids = fields.One2many(
        "crm.action", "run_id", string="Actions", readonly=True
    )
    current_action_id = fields.Many2one(
        "crm.action", string="At", compute="_compute_current_action"
    )

    _plan_idx = models.Index("(plan_id, state)")

    @api.depends("plan_id", "lead_id")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._(
                "%(plan)s: %(lead)s",
                plan=run.plan_id.display_name or self.env._("Deleted plan"),
                lead=run.lead_id.display_name,
            )

    @api.depends("action_ids.state", "action_ids.sequence")
    def _compute_current_action(self):
        for run in self:
            # sudo: the step of a colleague.
            run.current_action_id = run.sudo().action_ids._open()._in_order()[:1]

    @api.model
    def default_get(self, fields):
        return without_foreign_defaults(self, super().default_get(fields))

    @api.model_create_multi
    def create(self, vals_list):
        if not takes_pass(self.env, len(vals_list)):
            check_owned(self, *vals_list, is_new=True)
        return super().create(vals_list)

    def write(self, vals):
        if not takes_pass(self.env, len(self)):
            check_owned(self, vals)
        return super().write(vals)

    # ---------------------------------------------------------------- actions

    def action_stop(self):
        """Stop the plans where they run: their open actions are cancelled."""
        self._check_leads()
        # sudo: the plan stops, whoever its steps are assigned to.
        self.sudo()._stop("hand")
        return True

    def action_pause(self):
        """Put the lists of the opportunities on hold."""
        self._check_leads().action_pause_actions()
        return True

    def action_resume(self):
        """Resume the lists of the opportunities."""
        self._check_leads().action_resume_actions()
        return True

    def action_open_lead(self):
        """Open the opportunity on which the plan runs."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "views": [(False, "form")],
        }

    def _check_leads(self):
        """The opportunities, if the user may change them."""
        self.check_access("read")
        self.lead_id.check_access("write")
        return self.lead_id

    # ----------------------------------------------------------------- engine

    def _write_by_engine(self, vals):
        if self:
            as_engine(self).write(vals)

    def _create_by_engine(self, vals_list):
        return as_engine(self, len(vals_list)).create(vals_list).with_env(self.env)

    def _active(self):
        return self.filtered(lambda run: run.state in ACTIVE_STATES)

    def _stop(self, reason):
        """Cancel what is open of the plans.

        :param str reason: one of ``stop_reason``
        :return: the runs that were stopped
        """
        runs = self._active()
        if not runs:
            return runs
        runs.action_ids._cancel(stopped=True)
        runs._write_by_engine(
            {
                "state": "stopped",
                "stop_reason": reason,
                "ended_on": fields.Datetime.now(),
            }
        )
        runs._log_stopped()
        runs.lead_id._actions_reconcile()
        return runs

    def _log_stopped(self):
        reasons = dict(self._fields["stop_reason"]._description_selection(self.env))
        for run in self:
            run.lead_id._message_log(
                body=self.env._(
                    "The plan “%(plan)s” was stopped: %(reason)s",
                    plan=run.plan_id.display_name,
                    reason=reasons[run.stop_reason],
                )
            )

    def _restart(self, reason):
        """Open again what stopping the plans for ``reason`` cancelled.

        :return: the runs that run again
        """
        runs = self.filtered(
            lambda run: run.state == "stopped" and run.stop_reason == reason
        )
        actions = runs.action_ids.filtered("stopped")
        runs._write_by_engine(
            {"state": "running", "stop_reason": False, "ended_on": False}
        )
        actions._reopen()
        runs.lead_id._actions_reconcile()
        return runs

    def _is_begun(self):
        """Whether something of the plan is done."""
        return any(action.state in ("done", "skipped") for action in self.action_ids)

    def _withdraw(self):
        """Take back starts: what somebody has changed is cancelled, the rest goes."""
        self._active()._write_by_engine(
            {
                "state": "stopped",
                "stop_reason": "undone",
                "ended_on": fields.Datetime.now(),
            }
        )
        self.action_ids._open()._withdraw()
        self.filtered(lambda run: not run.action_ids).unlink()

    def _follow_actions(self):
        """Bring the states in line with the actions; see the class."""
        by_state = {}
        for run in self:
            if run.action_ids._open():
                state = "paused" if run.lead_id.actions_pause_reason else "running"
            elif run.state in ACTIVE_STATES:
                state = "finished"
            else:
                continue
            if run.state != state:
                by_state[state] = by_state.get(state, self.browse()) | run
        for state, runs in by_state.items():
            ended_on = state == "finished" and fields.Datetime.now()
            runs._write_by_engine(
                {"state": state, "stop_reason": False, "ended_on": ended_on}
            )

    # ------------------------------------------------------------ apply to waiting

    def _apply_steps(self, copied, works_on):
        """Bring the waiting actions in line with what has changed in their steps.

        :param dict copied: what the steps of the plan say now
        :param WorkingDays works_on: that of the batch
        """
        waiting = self.action_ids.filtered(lambda action: action.state == "waiting")
        for action in waiting:
            step_id = str(action.plan_template_id.id)
            before = (self.steps or {}).get(step_id, copied[step_id])
            action._apply_step(before, copied[step_id], works_on)

    def _apply_order(self, templates, copied, works_on):
        """Bring the waiting steps into the order of the plan, if that has changed,
        and make room for steps that are new after the front.

        :return: values of the actions that the list lacks
        """
        positions = {step_id: step["position"] for step_id, step in copied.items()}
        before = {key: step["position"] for key, step in (self.steps or {}).items()}
        own = self.action_ids.filtered(lambda action: action.state != "cancelled")
        line = self.lead_id.action_ids._in_order()
        waiting = line.filtered(
            lambda action: action in own and action.state == "waiting"
        )
        now, then = (
            waiting.sorted(lambda a, by=by: by.get(str(a.plan_template_id.id), 0))
            for by in (positions, before or positions)
        )
        places = dict(
            zip(waiting, waiting if now._ids == then._ids else now, strict=True)
        )
        items = [places.get(action, action) for action in line]
        reached = max(
            (
                positions.get(str(action.plan_template_id.id), -1)
                for action in own - waiting
            ),
            default=-1,
        )
        for step in templates:
            step_id = str(step.id)
            if step_id not in before and positions[step_id] > reached:
                values = step._prepare_crm_action_values(
                    self, copied[step_id], works_on
                )
                place = self._place_of_step(positions[step_id], items, positions)
                items.insert(place, values)
        return self._renumber(items)

    def _place_of_step(self, position, items, positions):
        """Where in the list a new step goes: before the next waiting step of the run,
        else after its last one.

        :param int position: of the new step in the plan
        :param list items: actions and values of new ones, in the order of the list
        :param dict positions: of all steps of the plan, by id as a string
        """
        place = 0
        for index, item in enumerate(items):
            if isinstance(item, dict):
                step_id, is_waiting = item["plan_template_id"], True
            elif item.run_id != self or item.state == "cancelled":
                continue
            else:
                step_id = item.plan_template_id.id
                is_waiting = item.state == "waiting"
            if is_waiting and positions.get(str(step_id), -1) > position:
                return index
            place = index + 1
        return place

    @api.model
    def _renumber(self, items):
        """Give a list its order with as few changes of sequences as possible.

        :return: those of ``items`` that are values of new actions, with sequences
        """
        vals_list = []
        last = None
        for item in items:
            if isinstance(item, dict):
                item["sequence"] = last = 10 if last is None else last + 1
                vals_list.append(item)
            elif last is not None and item.sequence <= last:
                last += 1
                item._write_by_engine({"sequence": last})
            else:
                last = item.sequence
        return vals_list
