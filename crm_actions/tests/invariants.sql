-- Violations of what crm.action promises; no row in a sound database.
-- One row per violation: the name of the rule, then the identifiers.

SELECT 'two fronts of a list' AS name, lead_id, count(*)
  FROM crm_action
 WHERE state IN ('todo', 'paused')
 GROUP BY lead_id
HAVING count(*) > 1;

SELECT 'the first open action of a list is not its front' AS name, lead.id
  FROM crm_lead lead
  JOIN LATERAL (
        SELECT state
          FROM crm_action
         WHERE lead_id = lead.id AND state IN ('waiting', 'todo', 'paused')
         ORDER BY sequence, date_deadline, id
         LIMIT 1
       ) first ON TRUE
 WHERE first.state != CASE WHEN lead.actions_pause_reason IS NULL
                           THEN 'todo' ELSE 'paused' END;

SELECT 'a list of an archived opportunity that runs' AS name, action.id
  FROM crm_action action
  JOIN crm_lead lead ON lead.id = action.lead_id
 WHERE action.state = 'todo' AND NOT lead.active;

SELECT 'a pause of a list without open actions' AS name, lead.id
  FROM crm_lead lead
 WHERE lead.actions_pause_reason IS NOT NULL
   AND NOT EXISTS (SELECT FROM crm_action
                    WHERE lead_id = lead.id
                      AND state IN ('waiting', 'todo', 'paused'));

SELECT 'a front without a due date' AS name, id
  FROM crm_action
 WHERE state IN ('todo', 'paused') AND date_deadline IS NULL;

SELECT 'a due date without an origin, or the other way round' AS name, id
  FROM crm_action
 WHERE state IN ('waiting', 'todo', 'paused')
   AND (date_deadline IS NULL) != (date_origin IS NULL);

SELECT 'a waiting action with a date that was counted at its turn' AS name, id
  FROM crm_action
 WHERE state = 'waiting' AND date_origin = 'counted';

SELECT 'a date set during a pause that is over' AS name, action.id
  FROM crm_action action
  JOIN crm_lead lead ON lead.id = action.lead_id
 WHERE action.date_set_on IS NOT NULL
   AND action.state IN ('waiting', 'todo', 'paused')
   AND lead.actions_pause_reason IS NULL;

SELECT 'the state of a run is not that of its actions' AS name, run.id
  FROM crm_action_run run
  JOIN crm_lead lead ON lead.id = run.lead_id
 WHERE CASE WHEN EXISTS (SELECT FROM crm_action
                          WHERE run_id = run.id
                            AND state IN ('waiting', 'todo', 'paused'))
            THEN run.state != CASE WHEN lead.actions_pause_reason IS NULL
                                   THEN 'running' ELSE 'paused' END
            ELSE run.state NOT IN ('finished', 'stopped') END
    OR (run.state = 'stopped') != (run.stop_reason IS NOT NULL);

SELECT 'an action of a run of another opportunity or plan' AS name, action.id
  FROM crm_action action
  JOIN crm_action_run run ON run.id = action.run_id
 WHERE action.lead_id != run.lead_id
    OR action.plan_id IS DISTINCT FROM run.plan_id;

SELECT 'a current action has not exactly one open activity' AS name, action.id
  FROM crm_action action
 WHERE action.state = 'todo'
   AND 1 != (SELECT count(*)
               FROM mail_activity
              WHERE crm_action_id = action.id AND active);

SELECT 'an open activity of an action that is not current' AS name, activity.id
  FROM mail_activity activity
  JOIN crm_action action ON action.id = activity.crm_action_id
 WHERE activity.active AND action.state != 'todo';

SELECT 'an open activity says something else than its action' AS name, activity.id
  FROM mail_activity activity
  JOIN crm_action action ON action.id = activity.crm_action_id
 WHERE activity.active
   AND (activity.res_model IS DISTINCT FROM 'crm.lead'
        OR activity.res_id IS DISTINCT FROM action.lead_id
        OR activity.user_id IS DISTINCT FROM action.user_id
        OR activity.date_deadline IS DISTINCT FROM action.date_deadline
        OR activity.activity_type_id IS DISTINCT FROM action.activity_type_id
        OR COALESCE(activity.summary, '') != COALESCE(action.summary, '')
        OR COALESCE(activity.note, '') != COALESCE(action.note, ''));

SELECT 'the opportunity names another current action' AS name, lead.id
  FROM crm_lead lead
  LEFT JOIN crm_action action ON action.lead_id = lead.id AND action.state = 'todo'
 WHERE lead.next_action_id IS DISTINCT FROM action.id
    OR lead.next_action_date IS DISTINCT FROM action.date_deadline;

SELECT 'a closed action without the moment, or an open one with it' AS name, id
  FROM crm_action
 WHERE (state IN ('done', 'skipped', 'cancelled')) != (done_on IS NOT NULL);

SELECT 'negative days late, or days late of something not done' AS name, id
  FROM crm_action
 WHERE days_late < 0 OR (days_late > 0 AND state != 'done');

SELECT 'company, team or salesperson of another opportunity' AS name, action.id
  FROM crm_action action
  JOIN crm_lead lead ON lead.id = action.lead_id
 WHERE action.company_id IS DISTINCT FROM lead.company_id
    OR action.team_id IS DISTINCT FROM lead.team_id
    OR action.lead_user_id IS DISTINCT FROM lead.user_id;

SELECT 'a pause without its beginning, or a beginning without pause' AS name, id
  FROM crm_lead
 WHERE (actions_pause_reason IS NULL) != (actions_paused_at IS NULL);
