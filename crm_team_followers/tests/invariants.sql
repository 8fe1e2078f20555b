-- Violations of what the grants of default followers promise; no row in a sound
-- database. One row per violation: the name of the rule, then the identifiers.

SELECT 'two default followers for one person in a team' AS name, team_id, partner_id
  FROM crm_team_follower
 GROUP BY team_id, partner_id
HAVING count(*) > 1;

SELECT 'a default follower without events' AS name, follower.id
  FROM crm_team_follower follower
 WHERE NOT EXISTS (SELECT FROM crm_team_follower_mail_message_subtype_rel
                    WHERE follower_id = follower.id);

SELECT 'a grant on something else than an opportunity' AS name, id
  FROM mail_followers
 WHERE crm_team_grant IS NOT NULL AND res_model != 'crm.lead';

SELECT 'a grant without an opportunity' AS name, follower.id
  FROM mail_followers follower
 WHERE follower.crm_team_grant IS NOT NULL
   AND NOT EXISTS (SELECT FROM crm_lead WHERE id = follower.res_id);

SELECT 'a grant of another team than that of the opportunity' AS name, follower.id
  FROM mail_followers follower
  JOIN crm_lead lead ON lead.id = follower.res_id
  JOIN crm_team_follower source ON source.id = follower.crm_team_follower_id
 WHERE follower.crm_team_grant IN ('full', 'kept', 'part')
   AND source.team_id IS DISTINCT FROM lead.team_id;

SELECT 'a grant to another person than the default follower' AS name, follower.id
  FROM mail_followers follower
  JOIN crm_team_follower source ON source.id = follower.crm_team_follower_id
 WHERE source.partner_id != follower.partner_id;

SELECT 'a grant of a default follower that its person ended' AS name, follower.id
  FROM mail_followers follower
  JOIN crm_team_follower source ON source.id = follower.crm_team_follower_id
 WHERE follower.crm_team_grant IN ('full', 'kept', 'part') AND NOT source.active;

SELECT 'a grant to a person who is archived' AS name, follower.id
  FROM mail_followers follower
  JOIN res_partner person ON person.id = follower.partner_id
 WHERE follower.crm_team_grant IN ('full', 'kept', 'part') AND NOT person.active
   AND follower.crm_team_follower_id IS NOT NULL;

SELECT 'internal events given to somebody from outside' AS name, follower.id
  FROM mail_followers follower
  JOIN res_partner person ON person.id = follower.partner_id AND person.partner_share
  JOIN mail_followers_mail_message_subtype_rel given
    ON given.mail_followers_id = follower.id
  JOIN mail_message_subtype event ON event.id = given.mail_message_subtype_id
 WHERE follower.crm_team_grant IN ('full', 'kept') AND event.internal;

SELECT 'somebody who left an opportunity was put back' AS name, follower.id
  FROM mail_followers follower
  JOIN crm_lead_team_unfollow_rel declined
    ON declined.lead_id = follower.res_id
   AND declined.partner_id = follower.partner_id
 WHERE follower.res_model = 'crm.lead' AND follower.crm_team_grant IN ('full', 'kept');

SELECT 'events of the team noted on a row it has no part in' AS name, follower.id
  FROM mail_followers follower
  JOIN mail_followers_crm_team_subtype_rel noted
    ON noted.mail_followers_id = follower.id
 WHERE follower.crm_team_grant IS DISTINCT FROM 'part';

SELECT 'chosen events of which the team has a part' AS name, follower.id
  FROM mail_followers follower
 WHERE follower.crm_team_grant = 'own' AND follower.crm_team_follower_id IS NOT NULL;

SELECT 'a person who is there because of the team, without events' AS name, follower.id
  FROM mail_followers follower
 WHERE follower.crm_team_grant IN ('full', 'kept', 'part')
   AND follower.crm_team_follower_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM mail_followers_mail_message_subtype_rel
                    WHERE mail_followers_id = follower.id);

SELECT 'given although the person may not see the company' AS name, follower.id
  FROM mail_followers follower
  JOIN crm_lead lead ON lead.id = follower.res_id AND lead.company_id IS NOT NULL
  JOIN res_users users ON users.partner_id = follower.partner_id
 WHERE follower.crm_team_grant IN ('full', 'kept', 'part')
   AND follower.crm_team_follower_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM res_company_users_rel reach
                     JOIN res_users other ON other.id = reach.user_id
                    WHERE other.partner_id = follower.partner_id
                      AND other.active AND reach.cid = lead.company_id);

SELECT 'a team counts its default followers wrongly' AS name, team.id
  FROM crm_team team
 WHERE COALESCE(team.default_follower_count, 0)
       != (SELECT count(*) FROM crm_team_follower
            WHERE team_id = team.id AND active);
