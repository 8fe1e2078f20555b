# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""Lists of the first version become lists of the second.

What was right stays as it is: dates, states, activities, followers, messages. New are
the runs of plans, where a due date comes from, and the front of a list on hold. What
the tables say is converted by statements on whole tables; what only the code knows
(what a step of a plan says, the date of a front that has none) is left to the code.
"""

import json

from odoo import SUPERUSER_ID, api, fields
from odoo.tools import SQL

COLUMNS = {
    "crm_action": ("cancelled_by_id", "date_auto", "touched", "user_auto"),
    "crm_lead": ("actions_paused", "actions_paused_on"),
}
TABLES = (
    "former_member",
    "former_run",
    "crm_action_crm_action_reassign_rel",
    "crm_action_reassign",
)
BATCH_SIZE = 500
# From which day the due date of an action counts, if nobody has moved it.
PLAN_DATE = SQL(
    """
    action.date_deadline
    - CASE step.delay_from WHEN 'before_plan_date' THEN -1 ELSE 1 END
    * CASE action.delay_unit WHEN 'weeks' THEN 7 ELSE 1 END * action.delay_count
    """
)
HAS_PLAN_DATE = SQL(
    """
    step.id IS NOT NULL AND COALESCE(action.repeat_count, 0) = 0
    AND action.delay_from = 'plan_date' AND action.delay_unit IN ('days', 'weeks')
    """
)
# Winning a lead cancelled all that was open of plans that do not run on.
CANCELLED_BY_WINNING = SQL(
    """
    action.state = 'cancelled' AND action.cancelled_by_id IS NULL
    AND lead.won_status = 'won'
    AND action.done_on - lead.date_closed
        BETWEEN interval '-1 second' AND interval '10 minutes'
    """
)


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    env.flush_all()
    _convert_pauses(cr)
    _find_runs(cr)
    _create_runs(cr)
    _convert_actions(cr)
    _drop_leftovers(env)
    env.invalidate_all()
    _write_steps(env)
    _choose_fronts(env)
    _change_settings(env)


def _convert_pauses(cr):
    """The moment of a pause, from its day: noon where the salesperson lives.

    A list without open actions is not on hold, one of an archived opportunity is.
    """
    cr.execute(
        """
        WITH zone AS MATERIALIZED (
            -- of the users, once: PostgreSQL reads its zones from files
            SELECT users.id AS user_id, zones.name
              FROM pg_timezone_names zones
              JOIN res_partner address ON address.tz = zones.name
              JOIN res_users users ON users.partner_id = address.id
        ),
        list AS (
            SELECT lead.id, zone.name AS tz,
                   EXISTS (SELECT FROM crm_action
                            WHERE lead_id = lead.id AND state IN ('waiting', 'todo')
                   ) AS is_open
              FROM crm_lead lead
         LEFT JOIN zone ON zone.user_id = lead.user_id
             WHERE lead.actions_paused OR NOT lead.active
                OR lead.actions_pause_reason IS NOT NULL
        )
        UPDATE crm_lead lead
           SET actions_pause_reason = CASE WHEN on_hold THEN COALESCE(
                   lead.actions_pause_reason,
                   CASE WHEN lead.active THEN 'manual' ELSE 'lost' END) END,
               actions_paused_at = CASE WHEN on_hold THEN LEAST(%(now)s, COALESCE(
                   (lead.actions_paused_on + time '12:00')
                       AT TIME ZONE COALESCE(list.tz, 'UTC') AT TIME ZONE 'UTC',
                   %(now)s)) END
          FROM list
    CROSS JOIN LATERAL (
                SELECT list.is_open AND (former.actions_paused OR NOT former.active)
                       AS on_hold
                  FROM crm_lead former WHERE former.id = list.id
               ) pause
         WHERE list.id = lead.id
        """,
        {"now": fields.Datetime.now()},
    )


def _find_runs(cr):
    """To which start of a plan each action belongs, in the table former_member.

    A plan that started twice on one day has each of its steps twice; what one start
    created has one ``create_date``. A repetition belongs to what it repeats.
    """
    cr.execute(
        """
        CREATE TEMPORARY TABLE former_member AS
        WITH RECURSIVE original AS (
            SELECT id, lead_id, plan_id, plan_started_on, create_date,
                   CASE WHEN plan_template_id IS NULL THEN 1 ELSE row_number() OVER (
                       PARTITION BY lead_id, plan_id, plan_started_on, plan_template_id
                           ORDER BY id) END AS nth
              FROM crm_action
             WHERE (plan_id IS NOT NULL OR plan_started_on IS NOT NULL)
               AND COALESCE(repeat_count, 0) = 0
        ),
        member AS (
            SELECT id, max(nth) OVER (
                       PARTITION BY lead_id, plan_id, plan_started_on, create_date
                   ) AS number
              FROM original
         UNION ALL
            SELECT action.id, member.number
              FROM member
              JOIN crm_action action ON action.origin_action_id = member.id
             WHERE action.repeat_count > 0
        )
        SELECT action.id AS action_id, NULL::int AS run_id, action.lead_id,
               action.plan_id, action.plan_started_on,
               COALESCE(min(member.number), 1) AS number
          FROM crm_action action
     LEFT JOIN member ON member.id = action.id
         WHERE action.plan_id IS NOT NULL OR action.plan_started_on IS NOT NULL
      GROUP BY action.id;
        UPDATE former_member member
           SET run_id = run.id
          FROM (
                SELECT nextval(pg_get_serial_sequence('crm_action_run', 'id')) AS id,
                       start.*
                  FROM (SELECT lead_id, plan_id, plan_started_on, number
                          FROM former_member
                      GROUP BY lead_id, plan_id, plan_started_on, number
                      ORDER BY plan_started_on, lead_id, number, plan_id) start
               ) run
         WHERE run.lead_id = member.lead_id AND run.number = member.number
           AND run.plan_id IS NOT DISTINCT FROM member.plan_id
           AND run.plan_started_on IS NOT DISTINCT FROM member.plan_started_on;
        ANALYZE former_member
        """
    )


def _create_runs(cr):
    """The runs, and in the table former_run by which action each was stopped.

    Winning cancelled what was open at that moment; "stop" and "start another plan"
    cancelled the rest of the plan, if there was a rest. What delays count from is
    taken from the due dates that nobody has touched.
    """
    cr.execute(
        SQL(
            """
        CREATE TEMPORARY TABLE former_run AS
        SELECT member.run_id AS id, member.lead_id, member.plan_id,
               COALESCE(member.plan_started_on, min(action.create_date)::date)
                   AS started_on,
               bool_or(action.state IN ('waiting', 'todo')) AS is_open,
               bool_or(%(won)s AND NOT COALESCE(plan.keep_on_won, FALSE)) AS by_won,
               bool_or(action.cancelled_by_id IS NOT NULL
                       OR outcome.next_kind IN ('stop', 'plan')) AS by_outcome,
               max(action.done_on) AS ended_on,
               min(action.origin_action_id) FILTER (
                   WHERE COALESCE(action.repeat_count, 0) = 0) AS origin_action_id,
               mode() WITHIN GROUP (ORDER BY %(plan_date)s) FILTER (
                   WHERE %(has_plan_date)s AND NOT COALESCE(action.touched, FALSE)
               ) AS plan_date,
               NULL::varchar AS stop_reason
          FROM former_member member
          JOIN crm_action action ON action.id = member.action_id
          JOIN crm_lead lead ON lead.id = action.lead_id
     LEFT JOIN mail_activity_plan plan ON plan.id = member.plan_id
     LEFT JOIN mail_activity_plan_template step ON step.id = action.plan_template_id
     LEFT JOIN crm_action_outcome outcome ON outcome.id = action.outcome_id
      GROUP BY member.run_id, member.lead_id, member.plan_id, member.plan_started_on;
        UPDATE former_run
           SET plan_date = COALESCE(plan_date, started_on),
               stop_reason = CASE
                   WHEN is_open THEN NULL WHEN by_won THEN 'won'
                   WHEN by_outcome THEN 'outcome' END;
        ANALYZE former_run
        """,
            won=CANCELLED_BY_WINNING,
            plan_date=PLAN_DATE,
            has_plan_date=HAS_PLAN_DATE,
        )
    )
    cr.execute(
        """
        INSERT INTO crm_action_run (
                    id, lead_id, company_id, team_id, user_id, plan_id, plan_date,
                    started_on, ended_on, source, origin_action_id, state,
                    stop_reason, create_uid, create_date, write_uid, write_date)
             SELECT run.id, lead.id, lead.company_id, lead.team_id, lead.user_id,
                    run.plan_id, run.plan_date, run.started_on,
                    CASE WHEN NOT run.is_open THEN run.ended_on END,
                    CASE WHEN run.origin_action_id IS NULL
                         THEN 'hand' ELSE 'outcome' END,
                    run.origin_action_id,
                    CASE WHEN run.stop_reason IS NOT NULL THEN 'stopped'
                         WHEN NOT run.is_open THEN 'finished'
                         WHEN lead.actions_pause_reason IS NOT NULL THEN 'paused'
                         ELSE 'running' END,
                    run.stop_reason, 1, %(now)s, 1, %(now)s
               FROM former_run run
               JOIN crm_lead lead ON lead.id = run.lead_id
        """,
        {"now": fields.Datetime.now()},
    )


def _convert_actions(cr):
    """Each action, by what it was.

    * A date that the engine gave is ``counted`` or ``planned``; all others are chosen.
      One that came into being during the pause moves by the rest of the pause only.
    * Who has to do a waiting step of a salesperson or team leader is found at its turn;
      the first version had written down who that was when the plan started. It stays,
      for good, where somebody has changed the action: it may be their choice.
    * A front on hold that lacks a date or an assignee still waits: ``_choose_fronts``.
    """
    cr.execute(
        SQL(
            """
        WITH front AS (
            SELECT DISTINCT ON (lead_id) id
              FROM crm_action
             WHERE state IN ('waiting', 'todo')
          ORDER BY lead_id, sequence, date_deadline, id
        ),
        meeting AS (
            SELECT DISTINCT ON (crm_action_id) crm_action_id, calendar_event_id
              FROM mail_activity
             WHERE crm_action_id IS NOT NULL AND calendar_event_id IS NOT NULL
          ORDER BY crm_action_id, active DESC, id DESC
        ),
        stopper AS (
            SELECT DISTINCT cancelled_by_id AS id
              FROM crm_action WHERE cancelled_by_id IS NOT NULL
        )
        UPDATE crm_action former
           SET run_id = run.id,
               plan_started_on = COALESCE(run.started_on, action.plan_started_on),
               origin_action_id = CASE
                   WHEN action.repeat_count > 0 THEN action.origin_action_id END,
               date_origin = CASE
                   WHEN action.date_deadline IS NULL THEN NULL
                   WHEN action.date_auto THEN 'counted'
                   WHEN now.untouched AND (
                       action.repeat_count > 0
                       OR (run.id IS NOT NULL AND action.delay_from = 'plan_date')
                   ) THEN 'planned'
                   WHEN %(has_plan_date)s AND %(plan_date)s = run.plan_date
                   THEN 'planned'
                   ELSE 'chosen' END,
               date_set_on = CASE
                   WHEN now.is_open AND action.date_deadline IS NOT NULL
                        AND lead.actions_pause_reason IS NOT NULL
                        AND action.create_date::date > lead.actions_paused_on
                   THEN action.create_date END,
               responsible_type = CASE
                   WHEN now.is_open AND now.asked THEN 'salesperson'
                   WHEN now.is_open AND action.user_id IS NOT NULL
                        AND NOT now.untouched THEN 'fixed'
                   ELSE COALESCE(action.responsible_type, 'fixed') END,
               user_id = CASE
                   WHEN action.state = 'waiting' AND front.id IS NULL AND now.untouched
                        AND (now.asked OR action.responsible_type != 'fixed') THEN NULL
                   ELSE action.user_id END,
               state = CASE
                   WHEN front.id IS NOT NULL AND lead.actions_pause_reason IS NOT NULL
                        AND action.date_deadline IS NOT NULL
                        AND (action.user_id IS NOT NULL
                             OR action.responsible_type = 'fixed') THEN 'paused'
                   ELSE action.state END,
               stopped = CASE run.stop_reason
                   WHEN 'outcome' THEN action.cancelled_by_id IS NOT NULL
                   WHEN 'won' THEN %(won)s END,
               outcome_undo = CASE
                   WHEN run.stop_reason = 'outcome'
                        AND (stopper.id IS NOT NULL
                             OR outcome.next_kind IN ('stop', 'plan'))
                   THEN '{"stopped": true}'::jsonb
                   WHEN outcome.next_kind = 'lost' AND NOT lead.active
                   THEN '{"lost": {"lost_reason_id": false}}'::jsonb END,
               calendar_event_id = meeting.calendar_event_id
          FROM crm_action action
          JOIN crm_lead lead ON lead.id = action.lead_id
     LEFT JOIN former_member member ON member.action_id = action.id
     LEFT JOIN former_run run ON run.id = member.run_id
     LEFT JOIN front ON front.id = action.id
     LEFT JOIN meeting ON meeting.crm_action_id = action.id
     LEFT JOIN stopper ON stopper.id = action.id
     LEFT JOIN mail_activity_plan_template step ON step.id = action.plan_template_id
     LEFT JOIN crm_action_outcome outcome ON outcome.id = action.outcome_id
    CROSS JOIN LATERAL (
                SELECT action.state IN ('waiting', 'todo') AS is_open,
                       NOT COALESCE(action.touched, FALSE) AS untouched,
                       -- "Ask at launch", and nobody but the salesperson was named.
                       NOT COALESCE(action.touched, FALSE)
                       AND action.responsible_type = 'fixed'
                       AND step.responsible_type = 'on_demand'
                       AND action.user_id IS NOT DISTINCT FROM lead.user_id AS asked
               ) now
         WHERE action.id = former.id
        """,
            won=CANCELLED_BY_WINNING,
            plan_date=PLAN_DATE,
            has_plan_date=HAS_PLAN_DATE,
        )
    )


def _drop_leftovers(env):
    cr = env.cr
    for table in TABLES:
        cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL.identifier(table)))
    for table, names in COLUMNS.items():
        for name in names:
            cr.execute(
                SQL(
                    "ALTER TABLE %s DROP COLUMN IF EXISTS %s CASCADE",
                    SQL.identifier(table),
                    SQL.identifier(name),
                )
            )
    # Rules are not updated, so that Odoo keeps those that are gone from the files.
    rule = env.ref("crm_actions.crm_action_reassign_rule_own", raise_if_not_found=False)
    if rule:
        rule.unlink()


def _write_steps(env):
    """What the steps of plans say today: from now on, what is changed in a plan can be
    applied to the lists on which it runs, and nothing else."""
    env.cr.execute(
        "SELECT DISTINCT plan_id FROM crm_action_run"
        " WHERE plan_id IS NOT NULL AND steps IS NULL"
    )
    for plan in env["mail.activity.plan"].browse(
        plan_id for (plan_id,) in env.cr.fetchall()
    ):
        env.cr.execute(
            "UPDATE crm_action_run SET steps = %s WHERE plan_id = %s AND steps IS NULL",
            [json.dumps(plan._copied_steps()), plan.id],
        )
    env.invalidate_all()


def _choose_fronts(env):
    """Lists on hold get the front that they had not in the first version, and what was
    broken is mended. Nobody is told of an assignment that is not new."""
    env.cr.execute(
        """
        SELECT front.lead_id
          FROM (
                SELECT DISTINCT ON (lead_id) lead_id, state
                  FROM crm_action
                 WHERE state IN ('waiting', 'todo', 'paused')
              ORDER BY lead_id, sequence, date_deadline, id
               ) front
         WHERE front.state = 'waiting'
      ORDER BY front.lead_id
        """
    )
    lead_ids = [lead_id for (lead_id,) in env.cr.fetchall()]
    leads = env["crm.lead"].with_context(mail_activity_quick_update=True)
    for start in range(0, len(lead_ids), BATCH_SIZE):
        leads.browse(lead_ids[start : start + BATCH_SIZE])._actions_reconcile()
        env.flush_all()
        env.invalidate_all()


def _change_settings(env):
    """Records that updates leave alone, where nobody has changed them."""
    for name in ("ir_cron_crm_action_repair", "ir_cron_crm_action_mail"):
        cron = env.ref(f"crm_actions.{name}", raise_if_not_found=False)
        if cron and (cron.interval_number, cron.interval_type) == (1, "days"):
            cron.with_context(tracking_disable=True).interval_type = "hours"
    # A plan ran on when its opportunity changed to a stage with another plan.
    env["mail.activity.plan"].search([("sequential", "=", True)]).keep_on_stage = True
