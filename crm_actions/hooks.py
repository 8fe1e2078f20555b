# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""Installation, and the data of OCA's ``crm_action`` 8.0, 9.0 and 10.0.

That module's model and table have the name of ours. Before our models exist its tables
are renamed; afterwards each row becomes an action of the same id, created as the engine
creates it: ``draft`` becomes waiting, ``done`` stays done, types become activity types
of their names. The reconciler then starts the lists. Tables of that name which are not
known are refused before anything is changed. A second run finds nothing to do.
"""

import json
import logging
from collections import defaultdict

import psycopg2
from markupsafe import Markup, escape

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL, sql

from . import schedule
from .tools import as_engine

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
# Theirs, as all their versions together have them. The type is ``action_type`` in the
# first 8.0 and in ports of that to 10.0, ``action_type_id`` in all others.
TYPE_COLUMNS = ("action_type_id", "action_type")
OCA_COLUMNS = {
    "id": "int4",
    "lead_id": "int4",
    "company_id": "int4",
    "create_date": "timestamp",
    "create_uid": "int4",
    "date": "date",
    "details": "text",
    "display_name": "varchar",
    "partner_id": "int4",
    "state": "varchar",
    "user_id": "int4",
    "write_date": "timestamp",
    "write_uid": "int4",
}
BATCH_SIZE = 500


def pre_init_hook(env):
    """Prepare the tables, before the models of this module exist."""
    cr = env.cr
    # Without them Odoo would compute, lead by lead, that there is no action yet.
    _add_columns(
        cr,
        "crm_lead",
        {
            "next_action_id": "int4",
            "next_action_date": "date",
            "no_next_action": "bool",
        },
    )
    columns = sql.table_columns(cr, "crm_action")
    if not columns or "activity_type_id" in columns:
        return
    _check_former_table(env, columns)
    env.flush_all()
    _forget_oca_module(env)
    for table in ("crm_action", "crm_action_type"):
        cr.execute(
            SQL(
                "ALTER TABLE IF EXISTS %s RENAME TO %s",
                SQL.identifier(table),
                SQL.identifier(f"former_{table}"),
            )
        )
    # Their names are free for the new table.
    cr.execute("ALTER INDEX IF EXISTS crm_action_pkey RENAME TO former_crm_action_pkey")
    cr.execute(
        "ALTER SEQUENCE IF EXISTS crm_action_id_seq RENAME TO former_crm_action_id_seq"
    )


def post_init_hook(env):
    """Take over the former actions, and start their lists."""
    cr = env.cr
    if not sql.table_exists(cr, "former_crm_action"):
        return
    env = env(context={"active_test": False, "mail_activity_quick_update": True})
    _complete_former_table(cr)
    _give_leads(env)
    count = _create_actions(env, _activity_types(env))
    _start_lists(env)
    cr.execute("SELECT count(*) FROM former_crm_action")
    if cr.fetchone() != (count,):
        raise RuntimeError("Actions were lost in the takeover of crm_action")
    _drop_former_tables(cr)
    _logger.info("Took over %s actions of the former module crm_action", count)


def _add_columns(cr, table, columns):
    existing = sql.table_columns(cr, table)
    for name, kind in columns.items():
        if name not in existing:
            sql.create_column(cr, table, name, kind)


def _check_former_table(env, columns):
    """Refuse what is not known, before anything is changed."""
    reason = None
    if "lead_id" not in columns or not set(TYPE_COLUMNS) & set(columns):
        reason = env._("its columns are not those of OCA's module crm_action")
    elif "state" in columns:
        env.cr.execute(
            "SELECT DISTINCT state FROM crm_action WHERE state NOT IN ('draft', 'done')"
        )
        if states := ", ".join(state for (state,) in env.cr.fetchall()):
            reason = env._("it has unknown states: %(states)s", states=states)
    if reason:
        raise UserError(
            env._(
                "The database has a table crm_action of another module, which cannot "
                "be taken over: %(reason)s. Nothing was changed. Rename that table "
                "(ALTER TABLE crm_action RENAME TO crm_action_backup), or drop it if "
                "nobody needs it, and install the module again.",
                reason=reason,
            )
        )


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
    cr.execute("DELETE FROM ir_model WHERE model = 'crm.action.type'")
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


def _complete_former_table(cr):
    """Add what a version lacks; references to what is gone are forgotten."""
    columns = sql.table_columns(cr, "former_crm_action")
    if TYPE_COLUMNS[0] not in columns:
        sql.rename_column(cr, "former_crm_action", *reversed(TYPE_COLUMNS))
    _add_columns(cr, "former_crm_action", OCA_COLUMNS)
    sql.drop_not_null(cr, "former_crm_action", "lead_id")


def _give_leads(env):
    """Actions without opportunity get one, per company and customer.

    It is archived when all of them are done: there is nothing to do on it.
    """
    env.cr.execute(
        """
        SELECT company.id, partner.id, partner.name,
               bool_or(action.state IS DISTINCT FROM 'done'),
               array_agg(action.id)
          FROM former_crm_action action
     LEFT JOIN crm_lead lead ON lead.id = action.lead_id
     LEFT JOIN res_company company ON company.id = action.company_id
     LEFT JOIN res_partner partner ON partner.id = action.partner_id
         WHERE lead.id IS NULL
      GROUP BY company.id, partner.id
        """
    )
    groups = env.cr.fetchall()
    leads = env["crm.lead"].with_context(
        tracking_disable=True, mail_create_nosubscribe=True
    )
    for company_id, partner_id, name, has_open, action_ids in groups:
        lead = leads.create(
            {
                "name": name or env._("Actions without opportunity"),
                "type": "opportunity",
                "active": has_open,
                "company_id": company_id,
                "partner_id": partner_id,
                "team_id": False,
                "user_id": False,
            }
        )
        env.cr.execute(
            "UPDATE former_crm_action SET lead_id = %s WHERE id = ANY(%s)",
            [lead.id, action_ids],
        )
    env.flush_all()


def _activity_types(env):
    """The activity type of each former type, created where there is none.

    :return: dict id of the former type → id of the mail.activity.type; the default is
        "To-Do"
    """
    cr = env.cr
    todo = env.ref("mail.mail_activity_data_todo").id
    types = defaultdict(lambda: todo)
    if not sql.table_exists(cr, "former_crm_action_type"):
        return types
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
    cr.execute("SELECT id, to_jsonb(name) FROM former_crm_action_type ORDER BY id")
    for type_id, name in cr.fetchall():
        names = name if isinstance(name, dict) else {"en_US": name or ""}
        label = (names.get("en_US") or min(names.values())).strip()
        if label and label.lower() not in by_name:
            kind = env["mail.activity.type"].create(
                {"name": label, "res_model": "crm.lead"}
            )
            env.flush_all()
            # Odoo's own way knows the languages that are installed, and no others.
            cr.execute(
                "UPDATE mail_activity_type SET name = %s::jsonb || name WHERE id = %s",
                [json.dumps(names), kind.id],
            )
            by_name[label.lower()] = kind.id
        if label:
            types[type_id] = by_name[label.lower()]
    env.invalidate_all()
    return types


def _create_actions(env, types):
    """Create an action of the same id for each former one.

    What the former rows say about themselves (id, author) cannot be given to
    ``create``: it is written afterwards, when nothing refers to the new rows yet. The
    new ids are beyond the former ones until then.

    :return: how many
    """
    cr = env.cr
    cr.execute(
        """
        SELECT setval(pg_get_serial_sequence('crm_action', 'id'),
                      GREATEST(max(id), 1)) FROM former_crm_action
        """
    )
    cr.execute(
        """
        SELECT action.*, row_number() OVER (
                   PARTITION BY action.lead_id
                   ORDER BY action.state IS DISTINCT FROM 'done', action.date, action.id
               ) AS place,
               CASE WHEN action.partner_id IS DISTINCT FROM lead.partner_id
                    THEN customer.name END AS customer,
               assignee.id AS assignee_id, assignee.active AS is_able,
               CASE WHEN salesperson.active THEN salesperson.id END AS salesperson_id,
               writer.id AS writer_id
          FROM former_crm_action action
          JOIN crm_lead lead ON lead.id = action.lead_id
     LEFT JOIN res_users assignee ON assignee.id = action.user_id
     LEFT JOIN res_users salesperson ON salesperson.id = lead.user_id
     LEFT JOIN res_users writer ON writer.id = action.write_uid
     LEFT JOIN res_partner customer ON customer.id = action.partner_id
      ORDER BY action.lead_id, place
        """
    )
    rows = cr.dictfetchall()
    Action = env["crm.action"]
    for start in range(0, len(rows), BATCH_SIZE):
        batch = rows[start : start + BATCH_SIZE]
        actions = Action._create_by_engine([_values(row, types) for row in batch])
        env.flush_all()
        cr.execute(
            """
            UPDATE crm_action action
               SET id = former.id, create_date = former.create_date,
                   write_date = former.write_date,
                   create_uid = (SELECT id FROM res_users WHERE id = former.create_uid),
                   write_uid = (SELECT id FROM res_users WHERE id = former.write_uid)
              FROM unnest(%s::int[], %s::int[]) AS pair (new_id, former_id)
              JOIN former_crm_action former ON former.id = pair.former_id
             WHERE action.id = pair.new_id
            """,
            [actions.ids, [row["id"] for row in batch]],
        )
        env.invalidate_all()
    return len(rows)


def _values(row, types):
    """Values of an action, from a former row."""
    details = (row["details"] or "").replace("\r", "")
    summary = details.strip().split("\n")[0].strip()
    note = Markup()
    if row["customer"]:
        # It could be another than that of its opportunity.
        note += Markup("<p>%s</p>") % row["customer"]
    if len(details.strip()) > 100 or "\n" in details.strip():
        note += Markup("<p>%s</p>") % escape(details).replace("\n", Markup("<br>"))
    day = row["date"]
    vals = {
        "lead_id": row["lead_id"],
        "sequence": row["place"] * 10,
        "activity_type_id": types[row["action_type_id"]],
        "summary": summary[:100] or False,
        "note": note or False,
        # Within the bounds that a due date has.
        "date_deadline": day and schedule.add(day, 0, "days", None),
        "date_origin": day and "chosen",
        "responsible_type": "fixed",
    }
    if row["state"] != "done":
        able = row["assignee_id"] if row["is_able"] else row["salesperson_id"]
        return {**vals, "state": "waiting", "user_id": able or False}
    noon = day and fields.Datetime.to_datetime(day).replace(hour=12)
    return {
        **vals,
        "state": "done",
        "user_id": row["assignee_id"] or False,
        "feedback": row["details"] or False,
        "done_on": row["write_date"] or row["create_date"] or noon,
        "done_by_id": row["writer_id"] or row["assignee_id"] or False,
    }


def _start_lists(env):
    """Make the first open actions current; those of archived opportunities wait.

    Nobody is told, and nobody becomes a follower for it.
    """
    env.cr.execute(
        "SELECT DISTINCT lead_id FROM crm_action WHERE state = 'waiting' ORDER BY 1"
    )
    lead_ids = [lead_id for (lead_id,) in env.cr.fetchall()]
    Follower = env["mail.followers"]
    last_follower = Follower.search([], order="id desc", limit=1).id
    for start in range(0, len(lead_ids), BATCH_SIZE):
        leads = env["crm.lead"].browse(lead_ids[start : start + BATCH_SIZE])
        as_engine(leads.filtered(lambda lead: not lead.active)).write(
            {
                "actions_pause_reason": "lost",
                "actions_paused_at": fields.Datetime.now(),
            }
        )
        leads._actions_reconcile()
        Follower.search(
            [
                ("id", ">", last_follower or 0),
                ("res_model", "=", "crm.lead"),
                ("res_id", "in", leads.ids),
            ]
        ).unlink()
        env.flush_all()
        env.invalidate_all()


def _drop_former_tables(cr):
    """Drop what is taken over. What else refers to an action refers to the new one."""
    cr.execute(
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
          FROM pg_constraint
         WHERE contype = 'f' AND confrelid = 'former_crm_action'::regclass
        """
    )
    for table, name, definition in cr.fetchall():
        sql.drop_constraint(cr, table, name)
        sql.add_constraint(
            cr, table, name, definition.replace("former_crm_action", "crm_action")
        )
    columns = set(sql.table_columns(cr, "former_crm_action"))
    if unknown := columns - OCA_COLUMNS.keys() - {TYPE_COLUMNS[0]}:
        _logger.info(
            "The table former_crm_action stays: nothing here corresponds to its columns"
            " %s",
            ", ".join(sorted(unknown)),
        )
        return
    cr.execute("DROP TABLE former_crm_action")
    try:
        with cr.savepoint(flush=False):
            cr.execute(
                "DROP TABLE IF EXISTS former_crm_action_type", log_exceptions=False
            )
    except psycopg2.errors.DependentObjectsStillExist:
        _logger.info(
            "The table former_crm_action_type stays: something else refers to it"
        )
