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

Measures = dict[tuple[str, int], list[Measure]]


@contextlib.contextmanager
def sources(instance: Odoo) -> Iterator[dict[str, str]]:
    """The two databases to copy for each case, by side."""
    # Without demo data, which uses the suite before a case does.
    plain = databases.template(instance, demo=False)
    with databases.copy(instance, plain, "bench_suite") as suite:
        with step("installing the suite"):
            instance.install(suite, ",".join(cache.ADDONS))
        yield {"plain": plain, "suite": suite}


def worker(
    instance: Odoo, *words: object, module: str = "suite.bench.worker"
) -> list[dict]:
    """Run a module of this package in a process of its own; returns what it prints."""
    environment = instance.environment()
    paths = (environment["PYTHONPATH"], str(cache.REPOSITORY / "setup"))
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    done = subprocess.run(
        [str(instance.python), "-m", module, *map(str, words)],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Problem(
            f"{' '.join(map(str, words))} did not run:\n{done.stderr[-4000:]}",
            "run it again alone, with --only",
        )
    return [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]


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
                    worker(instance, "fill", case.name, side, database, *sizes)
            for number in range(rounds):
                say(f"  {case.name} {sizes[-1]}: round {number + 1} of {rounds}")
                # A machine slows down and speeds up: the sides take turns at being
                # first, and are compared within a round.
                for side in SIDES[:: -1 if number % 2 else 1]:
                    # What the round before rolled back is in the tables still.
                    instance.server.query("VACUUM ANALYZE", copies[side])
                    words = ("measure", case.name, side, copies[side], *sizes)
                    for line in worker(instance, *words):
                        size = line.pop("size")
                        measures.setdefault((side, size), []).append(Measure(**line))
    return measures


def merged(results: list[dict], result: dict) -> list[dict]:
    """The results with a new one, in place of an earlier one of its case."""
    by_name = {one["name"]: one for one in [*results, result]}
    return [by_name[name] for name in CASES if name in by_name]


def summary(case: Case, measures: Measures) -> dict:
    """The row of the table: medians, and the median of the ratios of each round."""
    small, size = case.sizes

    def middle(unit: str, size: int = size) -> dict[str, float]:
        return {
            side: median(getattr(one, unit) for one in measures[side, size])
            for side in SIDES
        }

    def ratio(unit: str) -> float:
        return median(
            getattr(suite, unit) / max(getattr(plain, unit), 1e-9)
            for suite, plain in zip(
                measures["suite", size], measures["plain", size], strict=True
            )
        )

    queries, rows, less = middle("queries"), middle("rows"), middle(case.unit, small)
    growth = {side: middle(case.unit)[side] / less[side] for side in SIDES}
    met = ratio(case.unit) <= case.limit
    if case.same_queries:
        met = met and queries["suite"] == queries["plain"]
    if case.max_growth:
        met = met and growth["suite"] <= case.max_growth
    return {
        "name": case.name,
        "work": case.work,
        "against": case.against,
        "size": size,
        "unit": case.unit,
        "rounds": len(measures["suite", size]),
        "seconds": {side: round(n, 4) for side, n in middle("seconds").items()},
        "calls": {side: int(n) for side, n in middle("calls").items()},
        "rows": {side: int(n) for side, n in rows.items()},
        "ratio": round(ratio(case.unit), 3),
        "limit": case.limit,
        "met": met,
        "queries": {side: int(n) for side, n in queries.items()},
        "queries_small": {side: int(n) for side, n in middle("queries", small).items()},
        "growth": {side: round(growth[side], 2) for side in SIDES},
        "all_seconds": {
            f"{side} {n}": [round(one.seconds, 4) for one in all_]
            for (side, n), all_ in measures.items()
        },
    }
