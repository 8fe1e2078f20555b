# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import fields, models
from odoo.tools import SQL, frozendict

COPIED_FIELDS = (
    "lead_id",
    "company_id",
    "team_id",
    "lead_user_id",
    "user_id",
    "done_by_id",
    "activity_type_id",
    "plan_id",
    "plan_template_id",
    "plan_started_on",
    "outcome_id",
    "state",
    "date_deadline",
    "done_on",
)


class CrmActionReport(models.Model):
    """One row per action, with measures that can be added up.

    The id of a row is that of its action. ``done_count``, ``on_time_count`` and
    ``reached_count`` are 0 or 1; ``on_time_rate`` (percent), ``days_late`` and
    ``days_late_average`` are empty for actions that are not done, so that an average
    is one of done actions. ``reached_count`` tells how many opportunities came to a
    step: grouped by plan step, the drop-off from one step to the next. A step that was
    repeated, or came again with another start of the plan, counts once.
    """

    _name = "crm.action.report"
    _description = "Action Analysis"
    _auto = False
    _rec_name = "lead_id"
    _order = "date_deadline desc, id desc"
    _depends = frozendict({"crm.action": (*COPIED_FIELDS, "days_late", "repeat_count")})

    lead_id = fields.Many2one("crm.lead", string="Opportunity", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    team_id = fields.Many2one("crm.team", string="Sales Team", readonly=True)
    lead_user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    user_id = fields.Many2one("res.users", string="Assigned to", readonly=True)
    done_by_id = fields.Many2one("res.users", string="Closed by", readonly=True)
    activity_type_id = fields.Many2one(
        "mail.activity.type", string="Type", readonly=True
    )
    plan_id = fields.Many2one("mail.activity.plan", readonly=True)
    plan_template_id = fields.Many2one(
        "mail.activity.plan.template", string="Plan Step", readonly=True
    )
    plan_started_on = fields.Date(string="Plan Started on", readonly=True)
    outcome_id = fields.Many2one("crm.action.outcome", readonly=True)
    state = fields.Selection(
        selection=lambda self: (
            self.env["crm.action"]._fields["state"]._description_selection(self.env)
        ),
        string="Status",
        readonly=True,
    )
    date_deadline = fields.Date(string="Due Date", readonly=True)
    done_on = fields.Datetime(string="Closed on", readonly=True)
    reached_count = fields.Integer(
        string="Reached",
        readonly=True,
        help="Actions that are or were current, not those that still wait or were "
        "cancelled; of a plan step, each opportunity once.",
    )
    done_count = fields.Integer(string="Done", readonly=True)
    on_time_count = fields.Integer(
        string="Done on Time",
        readonly=True,
        help="Actions done on their due date or before.",
    )
    on_time_rate = fields.Float(
        string="On Time (%)",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Share of the done actions that were done on time.",
    )
    days_late = fields.Integer(
        readonly=True,
        help="Days between due date and completion, of done actions.",
    )
    days_late_average = fields.Float(
        string="Average Days Late",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Average of the done actions, those done on time included.",
    )

    @property
    def _table_query(self):
        # No join: this must stay a plain reading of one table, so that a million
        # rows open fast and PostgreSQL may use its indexes and several processes.
        # A column that is not asked for is not computed.
        return SQL(
            """
            SELECT id, %s,
                   -- an opportunity once, however often it comes to the step
                   CASE WHEN state NOT IN ('todo', 'paused', 'done', 'skipped')
                        THEN 0
                        WHEN plan_template_id IS NULL THEN 1
                        WHEN repeat_count > 0 THEN 0
                        WHEN EXISTS (
                             SELECT FROM crm_action earlier
                              WHERE earlier.lead_id = crm_action.lead_id
                                AND earlier.plan_template_id
                                    = crm_action.plan_template_id
                                AND earlier.id < crm_action.id
                                AND earlier.state
                                    IN ('todo', 'paused', 'done', 'skipped')
                             ) THEN 0
                        ELSE 1 END AS reached_count,
                   CASE WHEN state = 'done' THEN 1 ELSE 0 END AS done_count,
                   CASE WHEN state = 'done' AND COALESCE(days_late, 0) = 0
                        THEN 1 ELSE 0 END AS on_time_count,
                   CASE WHEN state != 'done' THEN NULL
                        WHEN COALESCE(days_late, 0) = 0 THEN 100.0
                        ELSE 0.0 END AS on_time_rate,
                   CASE WHEN state = 'done' THEN COALESCE(days_late, 0) END
                       AS days_late,
                   CASE WHEN state = 'done' THEN COALESCE(days_late, 0) END
                       AS days_late_average
              FROM crm_action
            """,
            SQL(", ").join(SQL.identifier(name) for name in COPIED_FIELDS),
        )

    def action_open_lead(self):
        """Open the opportunity of the action."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lead",
            "res_id": self.lead_id.id,
            "views": [(False, "form")],
        }
