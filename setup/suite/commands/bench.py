"""Measure the suite against plain Odoo, side by side, and print a table.

Two databases come from the same template, one plain and one with the suite. Both are
measured in turn, each time in a fresh process. Seconds vary with the machine; the
ratios compare the calls of functions, which are the same in every run, so that one
round is enough.
"""

import argparse
import json
from datetime import date
from pathlib import Path

from .. import cache
from ..bench import CASES, big, run, table
from ..bench.case import Case
from ..console import Problem, say
from ..odoo import odoo

ROUNDS = 1


def main() -> int:
    options = _parse()
    if options.big:
        return _big(options)
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


def _big(options: argparse.Namespace) -> int:
    with odoo(safe=False) as instance:
        rows = big.run(instance, options.size)
    print(big.table(rows))
    if options.json:
        _save(options.json, rows)
    return 0 if all(row.get("met", True) for row in rows) else 1


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
        "--big",
        action="store_true",
        help="instead: 300,000 opportunities and contacts, 1,000,000 actions: install,"
        " update, uninstall, each page, filter, sort, group, report and idle job",
    )
    add("--size", type=int, default=big.RECORDS, help="opportunities of --big (300000)")
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
