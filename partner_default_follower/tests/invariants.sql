-- Violations of what default follower rules promise; no row in a sound database.
-- One row per violation: the name of the rule, then the identifiers.

SELECT 'a default follower rule on something else than contacts' AS name, rule.id
  FROM base_automation rule
  JOIN ir_model model ON model.id = rule.model_id
 WHERE rule.is_default_follower AND model.model != 'res.partner';

SELECT 'two counts of progress for one rule' AS name, automation_id
  FROM default_follower_progress
 GROUP BY automation_id
HAVING count(*) > 1;

SELECT 'a rule that treats existing contacts and does not say how far it is' AS name,
       rule.id
  FROM base_automation rule
 WHERE rule.follow_backfill IN ('running', 'stopped')
   AND NOT EXISTS (SELECT FROM default_follower_progress
                    WHERE automation_id = rule.id);

SELECT 'a contact that has been treated is not followed' AS name, progress.id, partner.id
  FROM default_follower_progress progress
  JOIN base_automation rule ON rule.id = progress.automation_id
  JOIN ir_act_server action
    ON action.base_automation_id = rule.id AND action.state = 'followers'
  JOIN ir_act_server_res_partner_rel chosen ON chosen.ir_act_server_id = action.id
  JOIN res_partner person ON person.id = chosen.res_partner_id AND person.active
  JOIN res_partner partner
    ON partner.id <= progress.last_contact_id AND partner.active
   AND partner.company_id IS NULL AND partner.create_date < progress.create_date
 WHERE rule.filter_domain IS NULL AND rule.follow_backfill = 'running'
   AND NOT EXISTS (
        SELECT FROM mail_followers
         WHERE res_model = 'res.partner' AND res_id = partner.id
           AND partner_id = person.id);

SELECT 'a follower without a contact' AS name, follower.id
  FROM mail_followers follower
 WHERE follower.res_model = 'res.partner'
   AND NOT EXISTS (SELECT FROM res_partner WHERE id = follower.res_id);
