"""Measure cases: databases from one template, sides in turn, fresh processes."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from statistics import median

from .. import cache, databases
from ..console import Problem, say, step
from ..odoo import Odoo
from . import CASES
from .case import SIDES, Case, Measure

TEMPLATE_MODULES = "crm,contacts,base_automation"
Measures = dict[tuple[str, int], list[Measure]]


@contextlib.contextmanager
def sources(instance: Odoo) -> Iterator[dict[str, str]]:
    """The two databases to copy for each case, by side."""
    # Without demo data, which uses the suite before a case does.
    plain = databases.template(instance, TEMPLATE_MODULES, demo=False)
    with databases.copy(instance, plain, "bench_suite") as suite:
        with step("installing the suite"):
            instance.run(
                *("--database", suite, "--init", ",".join(_addons())),
                *("--stop-after-init", "--no-http", "--max-cron-threads=0"),
                todo="read the log above; it is Odoo's own",
            )
        yield {"plain": plain, "suite": suite}


def _addons() -> list[str]:
    return [
        name
        for name in cache.ADDONS
        if (cache.REPOSITORY / name / "__manifest__.py").exists()
    ]


def measure(
    instance: Odoo, case: Case, by_side: dict[str, str], rounds: int
) -> Measures:
    """All measurements of a case, by side and size.

    :param by_side: the databases to copy
    :param rounds: how often each side is measured
    """
    measures: Measures = {}
    with contextlib.ExitStack() as stack:
        copies = {
            side: stack.enter_context(
                databases.copy(instance, by_side[side], f"bench_{side}_{case.name}")
            )
            for side in SIDES
        }
        for sizes in [[size] for size in case.sizes] if case.fill else [case.sizes]:
            if case.fill:
                for side, database in copies.items():
                    _worker(instance, "fill", case, side, database, sizes)
            for number in range(rounds):
                say(f"  {case.name} {sizes[-1]}: round {number + 1} of {rounds}")
                # A machine slows down and speeds up: the sides take turns at being
                # first, and are compared within a round.
                for side in SIDES[:: -1 if number % 2 else 1]:
                    # What the round before rolled back is in the tables still.
                    instance.server.query("VACUUM ANALYZE", copies[side])
                    lines = _worker(
                        instance, "measure", case, side, copies[side], sizes
                    )
                    for line in lines:
                        size = line.pop("size")
                        measures.setdefault((side, size), []).append(Measure(**line))
    return measures


def _worker(
    instance: Odoo,
    action: str,
    case: Case,
    side: str,
    database: str,
    sizes: "tuple[int, ...] | list[int]",
) -> list[dict]:
    environment = instance.environment()
    paths = (environment["PYTHONPATH"], str(cache.REPOSITORY / "setup"))
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    words = [action, case.name, side, database, *map(str, sizes)]
    done = subprocess.run(
        [str(instance.python), "-m", "suite.bench.worker", *words],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Problem(
            f"{case.name} did not run ({side}):\n{done.stderr[-4000:]}",
            f"run it again alone: setup/bench --only {case.name}",
        )
    return [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]


def merged(results: list[dict], result: dict) -> list[dict]:
    """The results with a new one, in place of an earlier one of its case."""
    by_name = {one["name"]: one for one in [*results, result]}
    return [by_name[name] for name in CASES if name in by_name]


def summary(case: Case, measures: Measures) -> dict:
    """The row of the table: medians of the times, and of the ratios of each round."""
    small, size = case.sizes
    seconds = {
        key: median(one.seconds for one in all_) for key, all_ in measures.items()
    }
    queries = {
        key: median(one.queries for one in all_) for key, all_ in measures.items()
    }
    ratio = median(
        suite.seconds / plain.seconds
        for suite, plain in zip(
            measures["suite", size], measures["plain", size], strict=True
        )
    )
    growth = {side: seconds[side, size] / seconds[side, small] for side in SIDES}
    met = ratio <= case.limit
    if case.same_queries:
        met = met and queries["suite", size] == queries["plain", size]
    if case.max_growth:
        met = met and growth["suite"] <= case.max_growth
    return {
        "name": case.name,
        "work": case.work,
        "against": case.against,
        "size": size,
        "rounds": len(measures["suite", size]),
        "seconds": {side: round(seconds[side, size], 4) for side in SIDES},
        "ratio": round(ratio, 3),
        "limit": case.limit,
        "met": met,
        "queries": {side: int(queries[side, size]) for side in SIDES},
        "queries_small": {side: int(queries[side, small]) for side in SIDES},
        "growth": {side: round(growth[side], 2) for side in SIDES},
        "all_seconds": {
            f"{side} {n}": [round(one.seconds, 4) for one in all_]
            for (side, n), all_ in measures.items()
        },
    }
