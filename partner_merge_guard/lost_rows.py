# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Odoo's merge would delete, found before it does.

Where a unique key or a check stands in the way of the rows that a merge moves, Odoo
deletes all rows of that table of the contacts that go; where only a unique index does,
the merge ends in an error of the database. Which table and which rows is asked of the
catalogue and of the table, for any number of merges together.
"""

from collections import defaultdict
from typing import NamedTuple

from odoo.tools import SQL

# Odoo, or the addon that owns the table, merges these rows before the merge moves any
MERGED_BY_ODOO = ("website_visitor",)
# tables that name a contact by model and id, and the merge writes
REFERENCES = {
    "ir_attachment": "res_model",
    "mail_followers": "res_model",
    "mail_activity": "res_model",
    "mail_message": "model",
    "ir_model_data": "model",
}

# One row per table with a key or a check on a column that a merge rewrites.
CATALOGUE = """
    WITH pointer AS (
        SELECT DISTINCT fk.conrelid AS oid, fk.conkey[1] AS attnum, NULL AS model_column
        FROM pg_constraint fk
        JOIN pg_attribute target
          ON target.attrelid = fk.confrelid AND target.attnum = fk.confkey[1]
        WHERE fk.contype = 'f' AND fk.confrelid = %(target)s::regclass
          AND target.attname = 'id'
        UNION ALL
        SELECT pg_attribute.attrelid, attnum, reference.model_column
        FROM unnest(%(reference_tables)s::text[], %(model_columns)s::text[])
             AS reference(name, model_column)
        JOIN pg_attribute ON attrelid = to_regclass(reference.name)
                         AND attname = 'res_id'
    ), obstacle AS (
        SELECT pointer.oid, pointer.attnum, pointer.model_column,
               pg_get_expr(indpred, indrelid) AS predicate, NULL AS condition,
               ARRAY(SELECT pg_get_indexdef(indexrelid, place, TRUE)
                     FROM generate_series(1, indnkeyatts) AS place) AS key,
               COALESCE((to_jsonb(pg_index) ->> 'indnullsnotdistinct')::bool, FALSE)
                   AS nulls_collide
        FROM pointer JOIN pg_index ON indrelid = pointer.oid AND indisunique
        WHERE pointer.attnum = ANY (indkey) OR EXISTS (
            SELECT FROM pg_depend
            WHERE objid = indexrelid AND classid = 'pg_class'::regclass
              AND refobjid = indrelid AND refobjsubid = pointer.attnum)
        UNION ALL
        SELECT pointer.oid, pointer.attnum, pointer.model_column, NULL,
               pg_get_expr(conbin, conrelid), NULL, FALSE
        FROM pointer JOIN pg_constraint ON conrelid = pointer.oid
        WHERE contype = 'c' AND pointer.attnum = ANY (conkey)
    )
    SELECT obstacle.oid::regclass::text, relname,
           (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = obstacle.oid AND attnum > 0 AND NOT attisdropped),
           json_agg(DISTINCT jsonb_build_array(
               (SELECT attname FROM pg_attribute
                WHERE attrelid = obstacle.oid
                  AND pg_attribute.attnum = obstacle.attnum), model_column)),
           json_agg(DISTINCT jsonb_build_array(
               key, predicate, nulls_collide, condition)),
           -- whether Odoo looks before it moves the rows, and deletes them
           bool_and(EXISTS (
               SELECT FROM pg_constraint
               WHERE conrelid = obstacle.oid AND contype IN ('c', 'u')
                 AND obstacle.attnum = ANY (conkey))),
           -- whether anything but a link hangs on its rows
           EXISTS (
               SELECT FROM pg_constraint
               WHERE confrelid = obstacle.oid AND contype = 'f' AND 2 < (
                   SELECT count(*) FROM pg_attribute
                   WHERE attrelid = conrelid AND attnum > 0 AND NOT attisdropped))
    FROM obstacle JOIN pg_class ON pg_class.oid = obstacle.oid
    WHERE relnamespace = current_schema()::regnamespace AND NOT relispartition
      AND relname NOT LIKE '%%base\\_partner\\_merge\\_%%'
      AND relname != ALL (%(skipped)s::text[])
    GROUP BY obstacle.oid, relname
    ORDER BY relname
"""
# Odoo itself merges an account that goes with one of the same number that stays
ACTIVE_TWIN = SQL(
    " FROM res_partner_bank AS twin WHERE twin.active AND twin.partner_id = m.kept"
    " AND twin.sanitized_acc_number = t.sanitized_acc_number"
)
RECORDS_NAMED = 10
LOG_COLUMNS = ("create_uid", "create_date", "write_uid", "write_date")


class Loss(NamedTuple):
    """Rows of one table that a merge of some contacts cannot take along."""

    table: str  # the name as the catalogue has it
    sql_name: SQL
    has_id: bool
    deleted_by_odoo: bool  # otherwise the merge would end in an error
    ids: list  # of the rows that would be lost; places of the rows without ids
    colliding_ids: list
    same_ids: list  # of the rows that say what a row says that stays


def find(env, kept_by_lost, target="res_partner"):
    """Find what stands in the way of merges.

    One query for the catalogue, one to see which tables have rows of the records that
    go, and one for each of these, whatever the number of merges and of rows.

    :param kept_by_lost: dict from the id of a record that goes to that of the record
        that it is merged into
    :return: dict from the id of a record that is kept to a list of :class:`Loss`
    """
    losses = defaultdict(list)
    tables = _get_tables(env, target) if kept_by_lost else []
    for table in _with_rows(env, tables, list(kept_by_lost)):
        for kept, loss in _look(env, table, kept_by_lost).items():
            losses[kept].append(loss)
        if table.name == "res_partner_bank":
            for kept, found in _find_below_accounts(env, kept_by_lost).items():
                losses[kept] += found
    return losses


def _find_below_accounts(env, kept_by_lost):
    """What hangs on bank accounts that Odoo merges, as it does with the same number."""
    twins = env.execute_query(
        SQL(
            "SELECT t.id, m.kept, (SELECT min(twin.id)%s) FROM res_partner_bank AS t"
            " JOIN unnest(%s, %s) AS m (lost, kept) ON m.lost = t.partner_id"
            " WHERE t.active AND EXISTS (SELECT%s)",
            ACTIVE_TWIN,
            list(kept_by_lost),
            list(kept_by_lost.values()),
            ACTIVE_TWIN,
        )
    )
    partner_by_account = {twin: partner for _account, partner, twin in twins}
    found = find(env, {account: twin for account, _, twin in twins}, "res_partner_bank")
    losses = defaultdict(list)
    for twin, below in found.items():
        losses[partner_by_account[twin]] += below
    return losses


def _get_tables(env, target):
    references = REFERENCES if target == "res_partner" else {}
    env.flush_all()
    rows = env.execute_query(
        SQL(
            CATALOGUE,
            target=target,
            reference_tables=list(references),
            model_columns=list(references.values()),
            skipped=[*MERGED_BY_ODOO, *env["res.partner"]._get_merged_tables()],
        )
    )
    # a table of two columns is a list of links, which Odoo merges itself
    return [_Table(*row) for row in rows if len(row[2]) > 2]


class _Table(NamedTuple):
    sql_name: str
    name: str
    columns: list
    pointers: list  # of (column, column with the model's name or None)
    obstacles: list  # of (key, predicate, nulls_collide, condition)
    deleted_by_odoo: bool
    has_records_below: bool


def _quoted(text):
    """Names and expressions as PostgreSQL wrote them, odd ones too."""
    return SQL(text.replace("%", "%%"))


def _identifier(name):
    return _quoted('"{}"'.format(name.replace('"', '""')))


def _with_rows(env, tables, lost_ids):
    looks = [
        SQL(
            "SELECT %s WHERE EXISTS (SELECT FROM %s AS t WHERE %s)",
            number,
            _quoted(table.sql_name),
            _points_to(table, lost_ids),
        )
        for number, table in enumerate(tables)
    ]
    if not looks:
        return []
    found = env.execute_query(SQL(" UNION ALL ").join(looks))
    return [tables[number] for (number,) in found]


def _points_to(table, ids):
    return SQL(" OR ").join(
        SQL(
            "(t.%s = ANY(%s)%s)",
            _identifier(column),
            ids,
            SQL(" AND t.%s = 'res.partner'", _identifier(model)) if model else SQL(),
        )
        for column, model in table.pointers
    )


def _look(env, table, kept_by_lost):
    """:return: dict from the id of a record that is kept to a :class:`Loss`"""
    lost, kept = list(kept_by_lost), list(kept_by_lost.values())
    joins, moved = [], {}
    for number, (column, model) in enumerate(table.pointers):
        alias = SQL.identifier(f"m{number}")
        joins.append(
            SQL(
                "LEFT JOIN unnest(%s, %s) AS %s (lost, kept) ON %s.lost = t.%s%s",
                lost,
                kept,
                alias,
                alias,
                _identifier(column),
                SQL(" AND t.%s = 'res.partner'", _identifier(model))
                if model
                else SQL(),
            )
        )
        moved[column] = alias
    columns = [
        SQL("COALESCE(%s.kept, t.%s) AS %s", moved[name], name_sql, name_sql)
        if name in moved
        else SQL("t.%s", name_sql)
        for name, name_sql in ((name, _identifier(name)) for name in table.columns)
    ]
    rest = SQL()
    if table.name == "res_partner_bank" and "partner_id" in moved:
        rest = SQL(
            " AND NOT (t.active AND EXISTS ("
            "SELECT FROM unnest(%s, %s) AS m (lost, kept)"
            " WHERE m.lost = t.partner_id AND EXISTS (SELECT%s)))",
            lost,
            kept,
            ACTIVE_TWIN,
        )
    has_id = "id" in table.columns
    place = SQL("t.id") if has_id else SQL("t.ctid")
    group = SQL(
        "COALESCE(%s)", SQL(", ").join(SQL("%s.kept", m) for m in moved.values())
    )
    rows = env.execute_query(
        SQL(
            # the names of the columns are those of the expressions in the catalogue
            "WITH after AS (SELECT %s, %s AS guard_place, %s AS guard_kept"
            " FROM %s AS t %s WHERE (%s)%s)"
            " SELECT guard_kept, guard_place, guard_collides, guard_same FROM ("
            "SELECT guard_kept, guard_place, COALESCE(%s, FALSE) AS guard_collides,"
            " row_number() OVER (PARTITION BY to_jsonb(after) - %s::text[]"
            " ORDER BY guard_kept IS NOT NULL, guard_place) > 1 AS guard_same"
            " FROM after) AS judged WHERE guard_kept IS NOT NULL",
            SQL(", ").join(columns),
            place,
            group,
            _quoted(table.sql_name),
            SQL(" ").join(joins),
            _points_to(table, [*{*lost, *kept}]),
            rest,
            SQL(" OR ").join(_collides(*obstacle) for obstacle in table.obstacles),
            ["id", "guard_place", "guard_kept", *LOG_COLUMNS],
        )
    )
    by_kept = defaultdict(list)
    for kept_id, *row in rows:
        by_kept[kept_id].append(row)
    losses = {}
    # accounts are moved before the other rows, one by one
    deleted_by_odoo = table.deleted_by_odoo and table.name != "res_partner_bank"
    for kept_id, found in by_kept.items():
        if not any(collides for _place, collides, _same in found):
            continue
        # what says nothing of its own can go first, and the others may then move
        same = [
            at
            for at, collides, says_the_same in found
            if collides and says_the_same and has_id and not table.has_records_below
        ]
        colliding = [at for at, collides, _same in found if collides and at not in same]
        others = [at for at, _collides, _same in found if at not in same]
        losses[kept_id] = Loss(
            table.name,
            _quoted(table.sql_name),
            has_id,
            deleted_by_odoo,
            (others if deleted_by_odoo else colliding) if colliding else [],
            colliding,
            same,
        )
    return losses


def _collides(key, predicate, nulls_collide, condition):
    """:return: SQL, whether a row could not stay as the merge would leave it"""
    if condition:
        return SQL("(%s) IS FALSE", _quoted(condition))
    keys = [_quoted(f"({expression})") for expression in key]
    inside = _quoted(f"({predicate}) IS TRUE") if predicate else SQL("TRUE")
    if not nulls_collide:
        not_null = SQL(" AND ").join(SQL("%s IS NOT NULL", one) for one in keys)
        inside = SQL("%s AND %s", inside, not_null)
    return SQL(
        "(%s AND count(*) FILTER (WHERE %s) OVER (PARTITION BY %s) > 1)",
        inside,
        inside,
        SQL(", ").join(keys),
    )


def delete(env, losses):
    """Make way for the rest: delete rows of which another row says the same, and those
    whose loss was confirmed and on which Odoo's merge would end with an error.
    """
    for loss in losses:
        places = loss.same_ids + ([] if loss.deleted_by_odoo else loss.colliding_ids)
        if places:
            column, kind = ("id", "int[]") if loss.has_id else ("ctid", "tid[]")
            env.cr.execute(
                SQL(
                    "DELETE FROM %s WHERE %s = ANY(%s::%s)",
                    loss.sql_name,
                    SQL(column),
                    places,
                    SQL(kind),
                )
            )
            env.invalidate_all()


def get_model(env, loss):
    """:return: what the rows of a table are called, and their model or None"""
    for name, Model in env.registry.items():
        if Model._table == loss.table and not Model._abstract:
            # sudo: its name, for somebody who may not read the list of models
            return env["ir.model"].sudo()._get(name).name, env[name]
    return loss.table, None


def describe(env, losses):
    """:return: what would be lost, by name as far as the user may read it, or False"""
    lines = []
    for loss in losses:
        if not loss.ids:
            continue
        label, Model = get_model(env, loss)
        names = []
        if Model is not None and loss.has_id:
            # whoever reads the text is the user, also when sudo is on
            readable = Model.sudo(False).browse(loss.ids)._filtered_access("read")
            names = [f"{r.display_name} (ID {r.id})" for r in readable[:RECORDS_NAMED]]
        more = len(loss.ids) - len(names)
        if more:
            names.append(env._("%s more", more) if names else str(more))
        lines.append(f"• {label}: {', '.join(names)}")
    if not lines:
        return False
    return "\n".join(
        [
            env._(
                "Merging would delete records of the contacts that go, because the "
                "contact that is kept already has one of the kind:"
            ),
            *lines,
            env._("Move or delete them first, where they are kept."),
        ]
    )
