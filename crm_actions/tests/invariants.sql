-- Violations of what crm.action promises; no row in a sound database.
-- One row per violation: the name of the rule, then the identifiers.

SELECT 'two current actions on an opportunity' AS name, lead_id, count(*)
  FROM crm_action
 WHERE state = 'todo'
 GROUP BY lead_id
HAVING count(*) > 1;

SELECT 'the first open action of a running list is not current' AS name, lead.id
  FROM crm_lead lead
  JOIN LATERAL (
        SELECT state
          FROM crm_action
         WHERE lead_id = lead.id AND state IN ('waiting', 'todo')
         ORDER BY sequence, date_deadline, id
         LIMIT 1
       ) first ON TRUE
 WHERE lead.active AND NOT COALESCE(lead.actions_paused, FALSE)
   AND first.state != 'todo';

SELECT 'a current action on a list that does not run' AS name, action.id
  FROM crm_action action
  JOIN crm_lead lead ON lead.id = action.lead_id
 WHERE action.state = 'todo'
   AND (NOT lead.active OR COALESCE(lead.actions_paused, FALSE));

SELECT 'a current action without a due date' AS name, id
  FROM crm_action
 WHERE state = 'todo' AND date_deadline IS NULL;

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

SELECT 'a paused list without a reason' AS name, id
  FROM crm_lead
 WHERE actions_paused AND actions_pause_reason IS NULL;
