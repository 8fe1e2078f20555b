-- Violations of what default follower rules promise; no row in a sound database.
-- One row per violation: the name of the rule, then the identifiers.

SELECT 'a default follower rule on something else than contacts' AS name, rule.id
  FROM base_automation rule
  JOIN ir_model model ON model.id = rule.model_id
 WHERE rule.is_default_follower AND model.model != 'res.partner';

SELECT 'two unfinished runs of one rule' AS name, automation_id
  FROM partner_default_follower_job
 WHERE state IN ('running', 'stopped')
 GROUP BY automation_id
HAVING count(*) > 1;

SELECT 'more contacts done than there are in total' AS name, id
  FROM partner_default_follower_job
 WHERE done_count > total_count;

SELECT 'a filter written by hand beside its parts' AS name, id
  FROM base_automation
 WHERE is_default_follower AND follow_kind = 'custom'
   AND (follow_company_id IS NOT NULL OR follow_domain IS NOT NULL);

SELECT 'a follower given to somebody archived, or without any user left' AS name,
       follower.id
  FROM mail_followers follower
  JOIN res_partner person ON person.id = follower.partner_id
 WHERE follower.default_follower
   AND (NOT person.active
        OR NOT EXISTS (SELECT FROM res_users WHERE partner_id = person.id AND active)
           AND (person.follow_user_deleted
                OR EXISTS (SELECT FROM res_users WHERE partner_id = person.id)));

SELECT 'a follower given to a user who may not see the company' AS name, follower.id
  FROM mail_followers follower
  JOIN res_partner contact ON contact.id = follower.res_id
  JOIN res_company company ON company.id = contact.company_id
 WHERE follower.default_follower AND follower.res_model = 'res.partner'
   AND EXISTS (SELECT FROM res_users
                WHERE partner_id = follower.partner_id AND active)
   AND NOT EXISTS (
        SELECT FROM res_users
          JOIN res_company_users_rel link ON link.user_id = res_users.id
          JOIN res_company seen ON seen.id = link.cid
         WHERE res_users.partner_id = follower.partner_id AND res_users.active
           AND starts_with(seen.parent_path, company.parent_path));

SELECT 'a follower that was given for nothing' AS name, follower.id
  FROM mail_followers follower
 WHERE follower.default_follower
   AND NOT EXISTS (SELECT FROM mail_followers_mail_message_subtype_rel
                    WHERE mail_followers_id = follower.id);

SELECT 'a follower given by default on something else than contacts' AS name, id
  FROM mail_followers
 WHERE default_follower AND res_model != 'res.partner';

SELECT 'a follower without a contact' AS name, follower.id
  FROM mail_followers follower
 WHERE follower.res_model = 'res.partner'
   AND NOT EXISTS (SELECT FROM res_partner WHERE id = follower.res_id);
