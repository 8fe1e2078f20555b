"""Measure the suite against plain Odoo, side by side, and print a table.

Two databases come from the same template, one plain and one with the suite. Both are
measured in turn, each time in a fresh process; the table shows medians, the exact
number of queries, and how the time grows from a tenth of the size. Nothing else should
run on the machine meanwhile.
"""

import argparse
import json
from datetime import date
from pathlib import Path

from .. import cache
from ..bench import CASES, run, table
from ..bench.case import Case
from ..console import Problem, say
from ..odoo import odoo

ROUNDS = 7


def main() -> int:
    options = _parse()
    results = _earlier(options.json) if options.json and options.only else []
    with odoo(safe=False) as instance, run.sources(instance) as by_side:
        for case in options.cases:
            say(f"• {case.name}: {case.work}, against {case.against}")
            measures = run.measure(instance, case, by_side, options.rounds)
            result = run.summary(case, measures)
            results = run.merged(results, result)
            say(table.table([result]))
            if options.json:
                _save(options.json, results)
    print(table.table(results))
    if options.readme:
        table.write_readme(cache.REPOSITORY / "README.rst", results, date.today())
    return 0


def _earlier(path: Path) -> list[dict]:
    """What was measured before; raises :class:`Problem` if that is another machine."""
    if not path.exists():
        return []
    content = json.loads(path.read_text())
    if content["machine"] != table.machine():
        raise Problem(
            f"{path} has the figures of another machine: {content['machine']}",
            "name another file, or measure all cases",
        )
    return content["cases"]


def _save(path: Path, results: list[dict]) -> None:
    content = {
        "machine": table.machine(),
        "date": date.today().isoformat(),
        "cases": results,
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="setup/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="cases:\n"
        + "\n".join(f"  {case.name:<22} {case.work}" for case in CASES.values()),
    )
    add = parser.add_argument
    add("--only", metavar="NAME", action="append", help="only this case (repeatable)")
    add(
        "--json",
        metavar="FILE",
        type=Path,
        help="also write all figures there; with --only, those of other cases stay",
    )
    add("--rounds", type=int, default=ROUNDS, help=f"measurements of a side ({ROUNDS})")
    add(
        "--readme",
        action="store_true",
        help="write the table into README.rst, between its markers",
    )
    options = parser.parse_args()
    options.cases = _chosen(options.only or [])
    if options.rounds < 1:
        raise Problem("nothing would be measured", "give --rounds 1 or more")
    return options


def _chosen(names: list[str]) -> list[Case]:
    if not names:
        return list(CASES.values())
    known = {name for case in CASES.values() for name in (case.name, case.group)}
    for name in names:
        if name not in known:
            raise Problem(
                f"there is no case {name}", f"choose among {', '.join(CASES)}"
            )
    return [case for case in CASES.values() if {case.name, case.group} & set(names)]
