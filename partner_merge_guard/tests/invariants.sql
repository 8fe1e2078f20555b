-- Violations of what the guard promises; no row in a sound database.
-- One row per violation: the name of the rule, then the identifiers.

SELECT 'a rule without model or field' AS name, id
  FROM partner_merge_guard_rule
 WHERE COALESCE(model_name, '') = '' OR COALESCE(partner_field, '') = '';

SELECT 'an active rule on a table that lacks its column' AS name, rule.id
  FROM partner_merge_guard_rule rule
  JOIN information_schema.columns id_column
    ON id_column.table_schema = 'public'
   AND id_column.table_name = replace(rule.model_name, '.', '_')
   AND id_column.column_name = 'id'
  JOIN ir_model_fields field
    ON field.model = rule.model_name AND field.name = rule.partner_field
   AND field.ttype = 'many2one' AND field.store
 WHERE rule.active
   AND NOT EXISTS (
        SELECT FROM information_schema.columns
         WHERE table_schema = 'public'
           AND table_name = replace(rule.model_name, '.', '_')
           AND column_name = rule.partner_field);

SELECT 'somebody may merge protected contacts without being asked to' AS name, gid
  FROM res_groups_implied_rel
 WHERE hid = (SELECT res_id
                FROM ir_model_data
               WHERE module = 'partner_merge_guard' AND name = 'group_override');
