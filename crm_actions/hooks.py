# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""Installation, and the data of OCA's ``crm_action`` 8.0 and 9.0.

That module's model and table have the name of ours. Its table becomes ours where it
is: rows keep their ids, ``draft`` becomes waiting or current, ``done`` stays done,
types become activity types of their names. All of it is SQL on whole tables, so that
the size of a database does not matter. A second run finds nothing to do.
"""

import logging

import psycopg2

from odoo import fields
from odoo.tools import SQL, sql

_logger = logging.getLogger(__name__)

OCA_MODULE = "crm_action"
# What would act upon our model as if it were theirs, in the order to delete it.
OCA_RECORDS = (
    "ir.ui.menu",
    "ir.cron",
    "ir.actions.act_window",
    "ir.ui.view",
    "ir.rule",
    "ir.model.access",
)
OCA_REFLECTION = (
    "ir.model",
    "ir.model.fields",
    "ir.model.fields.selection",
    "ir.model.constraint",
    "ir.model.relation",
)
OCA_COLUMNS = ("action_type_id", "date", "details", "display_name", "partner_id")


def pre_init_hook(env):
    """Prepare the tables, before the models of this module exist."""
    cr = env.cr
    # Without them Odoo would compute, lead by lead, that there is no action yet.
    _add_columns(cr, "crm_lead", {"next_action_id": "int4", "next_action_date": "date"})
    if not sql.column_exists(cr, "crm_action", "action_type_id"):
        return
    count = _count_actions(cr)
    _logger.info("Taking over %s actions of the former module crm_action", count)
    env.flush_all()
    _forget_oca_module(env)
    _complete_oca_table(cr)
    _give_leads(env)
    cr.execute("ANALYZE crm_action")
    _convert_actions(cr, _activity_types(env))
    _drop_oca_tables(cr)
    if _count_actions(cr) != count:
        raise RuntimeError("Actions were lost in the takeover of crm_action")
    env.invalidate_all()


def post_init_hook(env):
    """Make the first open actions current, which no code of this module did yet."""
    env.flush_all()
    _start_lists(env.cr)
    env.invalidate_all()


def _add_columns(cr, table, columns):
    existing = sql.table_columns(cr, table)
    for name, kind in columns.items():
        if name not in existing:
            sql.create_column(cr, table, name, kind)


def _count_actions(cr):
    cr.execute("SELECT count(*) FROM crm_action")
    return cr.fetchone()[0]


def _forget_oca_module(env):
    """Delete the screens and rights of the former module, and its claim to ours.

    Its views have fields that are gone, its access rights would open our model, and
    its uninstallation would drop our table.
    """
    cr = env.cr
    for model in OCA_RECORDS:
        cr.execute(
            "SELECT res_id FROM ir_model_data WHERE module = %s AND model = %s",
            [OCA_MODULE, model],
        )
        env[model].browse([res_id for (res_id,) in cr.fetchall()]).exists().unlink()
    env.flush_all()
    cr.execute(
        "DELETE FROM ir_model_data WHERE module = %s AND model IN %s",
        [OCA_MODULE, OCA_RECORDS + OCA_REFLECTION],
    )
    # The fields of our model are described anew when it loads.
    cr.execute(
        "DELETE FROM ir_model_fields WHERE model = 'crm.action' AND state = 'base'"
    )
    cr.execute(
        """
        DELETE FROM ir_model_constraint
              WHERE module IN (SELECT id FROM ir_module_module WHERE name = %s)
        """,
        [OCA_MODULE],
    )
    cr.execute(
        "UPDATE ir_module_module SET state = 'uninstalled' WHERE name = %s",
        [OCA_MODULE],
    )


def _complete_oca_table(cr):
    """Columns that a version of the former module may lack, and ours."""
    columns = {
        # theirs
        "company_id": "int4",
        "create_date": "timestamp",
        "create_uid": "int4",
        "date": "date",
        "details": "text",
        "partner_id": "int4",
        "state": "varchar",
        "user_id": "int4",
        "write_date": "timestamp",
        "write_uid": "int4",
        # ours: filled below, so that Odoo need not compute them row by row
        "activity_type_id": "int4",
        "date_auto": "bool",
        "date_deadline": "date",
        "days_late": "int4",
        "delay_count": "int4",
        "done_by_id": "int4",
        "done_on": "timestamp",
        "feedback": "text",
        "lead_user_id": "int4",
        "note": "text",
        "repeat_count": "int4",
        "responsible_type": "varchar",
        "sequence": "int4",
        "summary": "varchar",
        "team_id": "int4",
        "user_auto": "bool",
    }
    _add_columns(cr, "crm_action", columns)
    for name in ("company_id", "lead_id", "user_id"):
        sql.drop_not_null(cr, "crm_action", name)


def _give_leads(env):
    """Actions without opportunity get one, per company and customer.

    It is archived when all of them are done: there is nothing to do on it.
    """
    cr = env.cr
    cr.execute(
        """
        SELECT company.id, partner.id, partner.name,
               bool_or(action.state IS DISTINCT FROM 'done'),
               array_agg(action.id)
          FROM crm_action action
     LEFT JOIN crm_lead lead ON lead.id = action.lead_id
     LEFT JOIN res_company company ON company.id = action.company_id
     LEFT JOIN res_partner partner ON partner.id = action.partner_id
         WHERE lead.id IS NULL
      GROUP BY company.id, partner.id
        """
    )
    groups = cr.fetchall()
    if not groups:
        return
    leads = (
        env["crm.lead"]
        .with_context(tracking_disable=True, mail_create_nosubscribe=True)
        .create(
            [
                {
                    "name": name or env._("Actions without opportunity"),
                    "type": "opportunity",
                    "active": has_open,
                    "company_id": company_id,
                    "partner_id": partner_id,
                    "team_id": False,
                    "user_id": False,
                }
                for company_id, partner_id, name, has_open, _action_ids in groups
            ]
        )
    )
    env.flush_all()
    pairs = [
        (action_id, lead.id)
        for lead, group in zip(leads, groups, strict=True)
        for action_id in group[-1]
    ]
    cr.execute(
        """
        UPDATE crm_action action SET lead_id = pair.lead_id
          FROM unnest(%s::int[], %s::int[]) AS pair (action_id, lead_id)
         WHERE action.id = pair.action_id
        """,
        [list(ids) for ids in zip(*pairs, strict=True)],
    )
    _logger.info("%s actions had no opportunity: they got one", len(pairs))


def _activity_types(env):
    """The activity type of each former type, created where there is none.

    :return: dict id of crm_action_type → id of mail_activity_type; the key None
        stands for no type
    """
    cr = env.cr
    todo = env.ref("mail.mail_activity_data_todo").id
    types = {None: todo}
    if not sql.table_exists(cr, "crm_action_type"):
        return types
    is_json = sql.table_columns(cr, "crm_action_type")["name"]["udt_name"] == "jsonb"
    name = SQL(
        "COALESCE(name ->> 'en_US', (SELECT min(value) FROM jsonb_each_text(name)))"
        if is_json
        else "name"
    )
    cr.execute(SQL("SELECT id, trim(%s) FROM crm_action_type ORDER BY id", name))
    former = cr.fetchall()
    # In whatever language: "Appel" is the type that English users call "Call".
    cr.execute(
        """
        SELECT lower(trim(translation.value)), kind.id
          FROM mail_activity_type kind, jsonb_each_text(kind.name) translation
         WHERE kind.res_model IS NULL OR kind.res_model = 'crm.lead'
      ORDER BY kind.active, kind.res_model NULLS FIRST, kind.id DESC
        """
    )
    by_name = dict(cr.fetchall())
    missing = {}
    for _type_id, label in former:
        if label and label.lower() not in by_name:
            missing.setdefault(label.lower(), label)
    created = env["mail.activity.type"].create(
        [{"name": label, "res_model": "crm.lead"} for label in missing.values()]
    )
    by_name.update(zip(missing, created.ids, strict=True))
    types.update(
        (type_id, by_name[label.lower()] if label else todo)
        for type_id, label in former
    )
    env.flush_all()
    if is_json and created:
        cr.execute(
            """
            UPDATE mail_activity_type kind SET name = former.name || kind.name
              FROM crm_action_type former
              JOIN unnest(%s::int[], %s::int[]) AS pair (former_id, kind_id)
                ON former.id = pair.former_id
             WHERE kind.id = pair.kind_id AND kind.id = ANY(%s)
            """,
            [
                [type_id for type_id in types if type_id],
                [kind for type_id, kind in types.items() if type_id],
                created.ids,
            ],
        )
    return types


def _convert_actions(cr, types):
    """Fill our columns from theirs, in the order of their list: by date."""
    cr.execute(
        """
        WITH zone AS MATERIALIZED (
            -- of the users, once: PostgreSQL reads its zones from files
            SELECT users.id AS user_id, zones.name
              FROM pg_timezone_names zones
              JOIN res_partner address ON address.tz = zones.name
              JOIN res_users users ON users.partner_id = address.id
        )
        UPDATE crm_action action
           SET activity_type_id = COALESCE(pair.kind_id, %(todo)s),
               company_id = lead.company_id,
               team_id = lead.team_id,
               lead_user_id = lead.user_id,
               user_id = CASE
                   WHEN action.state = 'done' OR assignee.active THEN assignee.id
                   WHEN salesperson.active THEN salesperson.id
               END,
               create_uid = creator.id,
               write_uid = writer.id,
               date_deadline = action.date::date,
               sequence = place.number * 10,
               state = CASE WHEN action.state = 'done' THEN 'done' ELSE 'waiting' END,
               summary = NULLIF(left(text.first_line, 100), ''),
               note = CASE WHEN text.html != '' THEN text.html END,
               feedback = CASE WHEN action.state = 'done' THEN action.details END,
               done_on = CASE WHEN action.state = 'done' THEN moment.done_on END,
               done_by_id = CASE
                   WHEN action.state = 'done' THEN COALESCE(writer.id, assignee.id)
               END,
               days_late = CASE WHEN action.state = 'done' THEN GREATEST(
                   (moment.done_on AT TIME ZONE 'UTC'
                       AT TIME ZONE COALESCE(tz.name, 'UTC'))::date
                   - action.date::date, 0)
               ELSE 0 END,
               responsible_type = 'fixed',
               delay_count = 0,
               repeat_count = 0,
               date_auto = FALSE,
               user_auto = FALSE
          FROM crm_action former
          JOIN crm_lead lead ON lead.id = former.lead_id
          JOIN (
                SELECT id, row_number() OVER (
                           PARTITION BY lead_id
                           ORDER BY state IS DISTINCT FROM 'done', date, id
                       ) AS number
                  FROM crm_action
               ) place ON place.id = former.id
     LEFT JOIN unnest(%(former_ids)s::int[], %(kind_ids)s::int[])
               AS pair (former_id, kind_id)
            ON pair.former_id = former.action_type_id
     LEFT JOIN res_users assignee ON assignee.id = former.user_id
     LEFT JOIN zone tz ON tz.user_id = assignee.id
     LEFT JOIN res_users salesperson ON salesperson.id = lead.user_id
     LEFT JOIN res_users creator ON creator.id = former.create_uid
     LEFT JOIN res_users writer ON writer.id = former.write_uid
     LEFT JOIN res_partner customer ON customer.id = former.partner_id
               AND customer.id IS DISTINCT FROM lead.partner_id
    CROSS JOIN LATERAL (
                SELECT COALESCE(former.write_date, former.create_date,
                                former.date + time '12:00') AS done_on
               ) moment
    CROSS JOIN LATERAL (
                SELECT trim(split_part(trim(former.details, E' \\n\\r\\t'), E'\\n', 1),
                            E' \\r\\t') AS first_line,
                       -- The customer of an action could be another than that of
                       -- its opportunity.
                       COALESCE('<p>' || replace(replace(replace(
                           customer.name, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')
                           || '</p>', '')
                       || CASE WHEN length(trim(former.details)) > 100
                                 OR trim(former.details, E' \\n\\r\\t') ~ E'\\n'
                          THEN '<p>' || replace(replace(replace(replace(replace(
                               former.details, '&', '&amp;'), '<', '&lt;'),
                               '>', '&gt;'), E'\\r', ''), E'\\n', '<br>') || '</p>'
                          ELSE '' END AS html
               ) text
         WHERE former.id = action.id
        """,
        {
            "todo": types[None],
            "former_ids": [type_id for type_id in types if type_id],
            "kind_ids": [kind for type_id, kind in types.items() if type_id],
        },
    )


def _drop_oca_tables(cr):
    """Drop what is taken over: their columns and their types."""
    for name in OCA_COLUMNS:
        if sql.column_exists(cr, "crm_action", name):
            cr.execute(
                SQL("ALTER TABLE crm_action DROP COLUMN %s", SQL.identifier(name))
            )
    if not sql.table_exists(cr, "crm_action_type"):
        return
    try:
        with cr.savepoint(flush=False):
            cr.execute("DROP TABLE crm_action_type", log_exceptions=False)
            cr.execute("DELETE FROM ir_model WHERE model = 'crm.action.type'")
    except psycopg2.errors.DependentObjectsStillExist:
        _logger.info("The table crm_action_type stays: something else refers to it")


def _start_lists(cr):
    """What :meth:`crm.lead._actions_reconcile` does, for whole tables.

    The difference: no follower is added and nobody is notified of an assignment
    that is not new.
    """
    cr.execute("SELECT FROM crm_action WHERE state = 'waiting' LIMIT 1")
    if not cr.rowcount:
        return
    cr.execute("ANALYZE crm_action")
    now = fields.Datetime.now()
    cr.execute(
        """
        WITH zone AS MATERIALIZED (
            -- of the users, once: PostgreSQL reads its zones from files
            SELECT users.id AS user_id, zones.name
              FROM pg_timezone_names zones
              JOIN res_partner address ON address.tz = zones.name
              JOIN res_users users ON users.partner_id = address.id
        )
        UPDATE crm_action action
           SET state = 'todo',
               date_auto = action.date_deadline IS NULL,
               date_deadline = COALESCE(
                   action.date_deadline,
                   (%s AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(tz.name, 'UTC'))::date
               )
          FROM (
                SELECT DISTINCT ON (lead_id) id, lead_id, user_id, state
                  FROM crm_action
                 WHERE state IN ('waiting', 'todo')
              ORDER BY lead_id, sequence, date_deadline, id
               ) first
          JOIN crm_lead lead ON lead.id = first.lead_id
     LEFT JOIN zone tz ON tz.user_id = first.user_id
         WHERE action.id = first.id
           AND first.state = 'waiting'
           AND lead.active AND NOT COALESCE(lead.actions_paused, FALSE)
           AND NOT EXISTS (SELECT FROM crm_action
                            WHERE lead_id = lead.id AND state = 'todo')
        """,
        [now],
    )
    cr.execute(
        """
        UPDATE crm_lead lead
           SET actions_paused = TRUE, actions_pause_reason = 'lost',
               actions_paused_on = %s
         WHERE NOT active AND NOT COALESCE(actions_paused, FALSE)
           AND EXISTS (SELECT FROM crm_action
                        WHERE lead_id = lead.id AND state = 'waiting')
        """,
        [now.date()],
    )
    cr.execute(
        """
        INSERT INTO mail_activity (
                    res_model_id, res_model, res_id, res_name, activity_type_id,
                    summary, note, user_id, user_tz, date_deadline, active, automated,
                    crm_action_id, create_uid, create_date, write_uid, write_date)
             SELECT model.id, model.model, lead.id, lead.name, action.activity_type_id,
                    action.summary, action.note, action.user_id, address.tz,
                    action.date_deadline, TRUE, FALSE,
                    action.id, 1, %(now)s, 1, %(now)s
               FROM crm_action action
               JOIN crm_lead lead ON lead.id = action.lead_id
               JOIN ir_model model ON model.model = 'crm.lead'
          LEFT JOIN res_users assignee ON assignee.id = action.user_id
          LEFT JOIN res_partner address ON address.id = assignee.partner_id
              WHERE action.state = 'todo'
                AND NOT EXISTS (SELECT FROM mail_activity activity
                                 WHERE activity.crm_action_id = action.id
                                   AND activity.active)
        """,
        {"now": now},
    )
    cr.execute(
        """
        UPDATE crm_lead lead
           SET next_action_id = action.id, next_action_date = action.date_deadline
          FROM crm_action action
         WHERE action.lead_id = lead.id AND action.state = 'todo'
           AND lead.next_action_id IS DISTINCT FROM action.id
        """
    )
