"""One measurement in a process of its own: ``python -m suite.bench.worker``.

Prints one line of JSON for each size: nothing that is measured stays in the database.
"""

import contextlib
import cProfile
import gc
import json
import sys
import time
from collections.abc import Iterator

from . import CASES
from .case import Case


def main() -> None:
    action, name, side, database, *sizes = sys.argv[1:]
    case = CASES[name]
    for size in map(int, sizes):
        with environment(database) as env:
            if action == "fill":
                case.fill(env, size, side == "suite")
                # VACUUM takes rows for visible to all only once their commit is on
                # the disk, which our servers are otherwise in no hurry about.
                env.cr.execute("SET LOCAL synchronous_commit TO on")
                env.cr.commit()
                continue
            if size == int(sizes[0]) and case.unit == "calls":
                # The caches of a server that has been up for a while.
                _measure(env, case, side, case.sizes[0])
            found = _measure(env, case, side, size)
            if case.unit == "calls":
                found |= _measure(env, case, side, size, count=True)
        print(json.dumps({"size": size, **found}))


@contextlib.contextmanager
def environment(database: str) -> Iterator:
    import odoo.cli  # noqa: F401  sets the interpreter up as Odoo wants it
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    if not config["db_name"]:
        config.parse_config(
            [*("--database", database), "--no-http", "--log-level=error"],
            setup_logging=True,
        )
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC"})


def _settle(env) -> None:
    """All that a commit does to the database, but for the commit."""
    env.flush_all()
    env.cr.precommit.run()
    env.flush_all()


def rows_read(env) -> int:
    """Rows that this transaction has read from tables so far."""
    env.cr.execute(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))"
        " FROM pg_stat_xact_all_tables WHERE schemaname = 'public'"
    )
    return int(env.cr.fetchone()[0])


def _measure(env, case: Case, side: str, size: int, *, count: bool = False) -> dict:
    """The seconds and the queries; or the calls and the rows, which slows it down."""
    from odoo import sql_db

    cr = env.cr
    # Work in the background commits as it goes: the next measurement starts afresh.
    cr.commit = lambda: _settle(env)
    work = case.prepare(side)(env, size)
    _settle(env)
    env.invalidate_all()
    gc.collect()
    gc.freeze()
    profile = cProfile.Profile()
    rows = rows_read(env)
    queries, start = sql_db.sql_counter, time.perf_counter()
    with profile if count else contextlib.nullcontext():
        for _turn in range(case.repeat):
            work()
            _settle(env)
    seconds = (time.perf_counter() - start) / case.repeat
    queries = (sql_db.sql_counter - queries) // case.repeat
    rows = (rows_read(env) - rows) // case.repeat
    gc.unfreeze()
    cr.rollback()
    env.transaction.reset()
    del cr.commit
    if count:
        calls = sum(entry.callcount for entry in profile.getstats())
        return {"calls": calls // case.repeat, "rows": rows}
    return {"seconds": seconds, "queries": queries}


if __name__ == "__main__":
    main()
