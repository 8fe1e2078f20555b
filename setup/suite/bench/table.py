"""The results for people: a table on the terminal and in README.rst."""

import os
import platform
import re
from datetime import date
from pathlib import Path

from ..console import Problem

START, END = ".. bench:start", ".. bench:end"
HEADINGS = (
    *("case", "suite", "Odoo", "ratio", "at most"),
    *("queries", "Odoo's", "rows read", "Odoo's", "n → 10 n"),
)


def machine() -> str:
    """What the figures were measured on, in a few words."""
    model = "processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        model = found[1] if found else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} × {model}, {memory:.0f} GB, Python"
        f" {platform.python_version()}"
    )


def rows(results: list[dict]) -> list[tuple[str, ...]]:
    return [
        (
            result["name"],
            _seconds(result["seconds"]["suite"]),
            _seconds(result["seconds"]["plain"]),
            f"{result['ratio']:.2f}"
            + ("" if result["unit"] == "calls" else " s")
            + ("" if result["met"] else " ✗"),
            f"{result['limit']:.2f}",
            f"{result['queries']['suite']:,}",
            f"{result['queries']['plain']:,}",
            f"{result['rows']['suite']:,}",
            f"{result['rows']['plain']:,}",
            f"× {result['growth']['suite']:.1f} (× {result['growth']['plain']:.1f})",
        )
        for result in results
    ]


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s"


def table(results: list[dict]) -> str:
    """A simple table of reStructuredText, which reads well as it is."""
    lines = [HEADINGS, *rows(results)]
    widths = [
        max(len(line[column]) for line in lines) for column in range(len(HEADINGS))
    ]
    rule = "  ".join("=" * width for width in widths)
    written = [
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([rule, written[0], rule, *written[1:], rule])


def legend(results: list[dict]) -> str:
    """What each case does, as definition list."""
    return "\n".join(
        f"``{result['name']}``\n    {result['work']}, against {result['against']}."
        for result in results
    )


def section(results: list[dict], today: date) -> str:
    """What stands in README.rst between the markers."""
    rounds = min(result["rounds"] for result in results)
    about = (
        f"{today.isoformat()}, {machine()}, rounds: {rounds} or more. *ratio* compares"
        " the calls of functions, which are the same in every run; with *s* seconds,"
        " where one side is a single statement. *rows read*: by PostgreSQL."
        " *n → 10 n*: the same at the size named below over that at a tenth of it,"
        " Odoo's own in brackets. ✗: the ratio aimed at is missed."
    )
    return "\n\n".join([about, table(results), legend(results)])


def write_readme(path: Path, results: list[dict], today: date) -> None:
    """Replace what stands between the markers; raises :class:`Problem` without them."""
    text = path.read_text() if path.exists() else ""
    before, start, rest = text.partition(f"{START}\n")
    _old, end, after = rest.partition(END)
    if not (start and end):
        raise Problem(
            f"{path} has no lines “{START}” and “{END}”",
            "write them where the table shall stand",
        )
    path.write_text(f"{before}{start}\n{section(results, today)}\n\n{end}{after}")
