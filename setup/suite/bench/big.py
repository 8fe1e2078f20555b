"""A large database: how long the suite comes, is updated and goes, and what it costs.

``python -m suite.bench.big`` is one measurement; :func:`run` is the whole. Pages,
filters, sorts, groups and reports are read off the views, so that none is forgotten.
"""

import json
import sys
import time
from collections.abc import Iterator

from .. import cache, databases
from ..console import step
from ..odoo import Odoo
from . import world
from .run import worker
from .worker import environment, rows_read

# Opportunities, and contacts; two thirds of the opportunities have five actions.
RECORDS = 300_000
USERS = 20
MILLISECONDS = 50
_MODELS = ("crm.lead", "res.partner", "mail.activity", "crm.team", "mail.activity.plan")


def run(instance: Odoo, records: int = RECORDS) -> list[dict]:
    """Fill, measure both sides, and say what is above the limit; returns the rows."""
    rows = []
    plain = databases.template(instance, demo=False)
    with (
        databases.copy(instance, plain, "big_plain") as without,
        databases.copy(instance, plain, "big_suite") as suite,
    ):
        for database in (without, suite):
            with step(f"filling {database}"):
                _worker(instance, "fill", database, records)
        for title, work in (
            ("install", lambda: instance.install(suite, ",".join(cache.ADDONS))),
            ("update", lambda: instance.update(suite, ",".join(cache.ADDONS))),
        ):
            rows.append({"what": title, "suite": _milliseconds(work)})
        with step("filling actions and activities"):
            _worker(instance, "fill_actions", suite, records * 2 // 3)
            _worker(instance, "fill_activities", without, records * 2 // 3)
        for database in (without, suite):
            instance.server.query("VACUUM ANALYZE", database)
        by_side = {}
        for side, database in (("plain", without), ("suite", suite)):
            with step(f"pages, filters, sorts, groups, reports, jobs ({side})"):
                lines = _worker(instance, "measure", database, 0)
                by_side[side] = {line.pop("what"): line for line in lines}
        for what, line in by_side["suite"].items():
            rows.append(_compare(what, line, by_side["plain"].get(what)))
        for name in reversed(cache.ADDONS):
            took = _milliseconds(lambda name=name: instance.uninstall(suite, name))
            rows.append({"what": f"uninstall {name}", "suite": took})
    return rows


def _worker(instance: Odoo, *words: object) -> list[dict]:
    return worker(instance, *words, module="suite.bench.big")


def _milliseconds(work) -> float:
    start = time.perf_counter()
    work()
    return round((time.perf_counter() - start) * 1000, 1)


def _compare(what: str, suite: dict, plain: "dict | None") -> dict:
    """A row; ``met`` is whether the suite's slowest statement is within the limit.

    What plain Odoo needs as long for, or cannot open either, is not ours.
    """
    slow = suite["slowest"] > MILLISECONDS
    if plain:
        slow = slow and suite["slowest"] > 1.5 * plain["slowest"] + 10
    row = {"what": what, "suite": suite["ms"], "rows": suite["rows"], "met": not slow}
    row |= {"slowest": suite["slowest"], "statement": suite["statement"]}
    return row | ({"plain": plain["ms"], "plain_rows": plain["rows"]} if plain else {})


def table(rows: list[dict]) -> str:
    lines = [
        f"{'':52} {'suite':>9} {'Odoo':>9} {'slowest':>9} {'rows':>11} {'Odoo’s':>11}"
    ]
    for row in rows:
        cells = [row.get(key) for key in ("suite", "plain", "slowest")]
        counts = [row.get(key) for key in ("rows", "plain_rows")]
        lines.append(
            f"{row['what'][:52]:52} "
            + " ".join("-".rjust(9) if n is None else f"{n:6.0f} ms" for n in cells)
            + " "
            + " ".join("-".rjust(11) if n is None else f"{n:11,}" for n in counts)
            + ("" if row.get("met", True) else f"  ✗ {row['statement']}")
        )
    return "\n".join(lines)


def fill(env, records: int) -> None:
    users = env["res.users"].union(
        *(
            world.salesperson(env, n, f"sales_team.group_sale_{role}")
            for n in range(USERS)
            for role in ["manager" if n == 1 else "salesman"]
        )
    )
    team = env["crm.team"].search([], limit=1)
    env["crm.team.member"].create(
        [{"crm_team_id": team.id, "user_id": user.id} for user in users]
    )
    email = "'zoe' || n || '@customer.example'"
    world.insert_contacts(env, records, email=email, is_company="n % 5 = 0")
    world.insert_leads(env, records, team, users)
    env.cr.execute(
        "UPDATE crm_lead SET partner_id ="
        f" (SELECT max(id) FROM res_partner) - id % {records}"
    )


def tasks(env) -> Iterator[tuple[str, object]]:
    """What people open: a name, and a function that reads it as they would."""
    windows = (
        env["ir.actions.act_window"]
        .search([])
        .filtered(
            lambda window: (
                window.get_external_id()[window.id].split(".")[0] in cache.ADDONS
            )
        )
    )
    own = {model for model in windows.mapped("res_model") if not env[model]._transient}
    for model in (*_MODELS, *sorted(own - set(_MODELS))):
        for login in ("bench_1", "bench_3"):
            user = env["res.users"].search([("login", "=", login)])
            records = env[model].with_user(user)
            if records.has_access("read"):
                who = "manager" if login == "bench_1" else "salesperson"
                for what, task in _of_model(records):
                    yield f"{model} {what} ({who})", task
    for cron in env["ir.cron"].with_context(active_test=False).search([]):
        module, _, name = cron.get_external_id()[cron.id].partition(".")
        if module in cache.ADDONS:
            yield f"idle job {name}", cron.ir_actions_server_id.run


def _of_model(records) -> Iterator[tuple[str, object]]:
    from lxml import etree

    def page(domain, order=None, kind="list"):
        wanted = specifications[kind]
        return lambda: records.web_search_read(
            domain, wanted, limit=80, order=order, count_limit=10_001
        )

    def groups(names, totals=("__count",)):
        dates = [
            name
            for name in names
            if ":" not in name and records._fields[name].type in ("date", "datetime")
        ]
        names = [f"{name}:month" if name in dates else name for name in names]
        return lambda: records.formatted_read_group([], names, list(totals))

    kinds = ("list", "kanban", "search", "pivot", "graph")
    views = records.get_views([(False, kind) for kind in kinds])["views"]
    trees = {kind: etree.fromstring(views[kind]["arch"]) for kind in kinds}
    specifications = {
        kind: world.page_specification(records.env, records._name, kind)
        for kind in ("list", "kanban")
    }
    for kind in ("list", "kanban"):
        yield kind, page([], kind=kind)
    for name in specifications["list"]:
        field = records._fields[name]
        if field.store and field.column_type:
            yield f"by {name}", page([], f"{name} desc")
    for node in trees["search"].iter("filter"):
        name = node.get("name")
        if node.get("domain"):
            yield f"filter {name}", page(_evaluate(records.env, node.get("domain")))
        elif by := _evaluate(records.env, node.get("context", "{}")).get("group_by"):
            yield f"group {name}", groups([by] if isinstance(by, str) else by)
    for kind in ("pivot", "graph"):
        nodes = list(trees[kind].iter("field"))
        by = [
            node.get("name")
            + (f":{node.get('interval')}" if node.get("interval") else "")
            for node in nodes
            if node.get("type") in ("row", "col") or not node.get("type")
        ]
        totals = [f"{n.get('name')}:sum" for n in nodes if n.get("type") == "measure"]
        if by:
            yield kind, groups(by, ["__count", *totals])


def _evaluate(env, text: str):
    from dateutil.relativedelta import relativedelta

    from odoo import fields
    from odoo.tools.safe_eval import datetime, safe_eval, time

    today = fields.Date.context_today(env["res.users"])
    names = {"uid": env.uid, "time": time, "datetime": datetime}
    names |= {"context_today": lambda: today, "relativedelta": relativedelta}
    return safe_eval(text, names | {"current_date": str(today), "context": {}})


def measure(env, _records: int) -> None:
    import psycopg2

    from odoo.exceptions import UserError
    from odoo.sql_db import Cursor

    refused = (UserError, ValueError, LookupError, TypeError, psycopg2.Error)
    execute = Cursor.execute
    slowest = [0.0, ""]

    def timed(self, query, *arguments, **keywords):
        start = time.perf_counter()
        try:
            return execute(self, query, *arguments, **keywords)
        finally:
            took = (time.perf_counter() - start) * 1000
            if took > slowest[0]:
                slowest[:] = [took, getattr(query, "code", query)]

    Cursor.execute = timed
    # Jobs commit as they go; nothing that is measured stays.
    env.cr.commit = env.flush_all
    for what, task in tasks(env):
        line = {"what": what, "ms": 1e9, "slowest": 0.0, "statement": "", "rows": 0}
        # The second time counts, and the third: the caches are those of a busy server.
        for _turn in range(3):
            env.invalidate_all()
            slowest[:] = [0.0, ""]
            before = rows_read(env)
            start = time.perf_counter()
            try:
                with env.cr.savepoint():
                    task()
            except refused as error:
                line |= {"ms": 0.0, "slowest": 1e9, "statement": repr(error)[:300]}
                break
            env.flush_all()
            took = (time.perf_counter() - start) * 1000
            if took < line["ms"]:
                words = " ".join(str(slowest[1]).split())[:300]
                line |= {"ms": round(took, 1), "slowest": round(slowest[0], 1)}
                line |= {"statement": words, "rows": rows_read(env) - before}
        print(json.dumps(line), flush=True)


ACTIONS = {
    "fill": fill,
    "fill_actions": world.insert_actions,
    "fill_activities": world.insert_activities,
    "measure": measure,
}


def main() -> None:
    action, database, records = sys.argv[1:]
    with environment(database) as env:
        ACTIONS[action](env, int(records))
        if action == "measure":
            env.cr.rollback()
        else:
            env.flush_all()
            env.cr.commit()


if __name__ == "__main__":
    main()
