"""What a benchmark is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Prepares ``n`` of something (not measured) and returns the work that is measured.
Prepare = Callable[[Any, int], Callable[[], object]]
SIDES = ("plain", "suite")


@dataclass(frozen=True)
class Case:
    """Some work, done with the suite and without it.

    :param name: what ``--only`` takes, and the name in the table
    :param work: what is measured, in a few words
    :param against: what plain Odoo does meanwhile, in a few words
    :param limit: the ratio, suite to plain, that it may reach
    :param suite: prepares the work of the suite's side
    :param plain: prepares the work of plain Odoo's side
    :param size: how many records (n is a tenth of it, where growth is measured from)
    :param fill: puts ``n`` records into the database, once for all measurements;
        called with the environment, n, and whether the suite is there
    :param repeat: how often the work is done in one measurement, for short ones
    :param same_queries: whether both sides must make as many queries
    :param unit: what the ratio compares: "calls", or "seconds" where one side works in
        PostgreSQL and the other in Python
    :param max_growth: what the suite may take longer at ten times the records
    :param group: another name that ``--only`` takes, for several cases
    """

    name: str
    work: str
    against: str
    limit: float
    suite: Prepare
    plain: Prepare
    size: int = 1000
    fill: "Callable[[Any, int, bool], None] | None" = None
    repeat: int = 1
    same_queries: bool = False
    unit: str = "calls"
    max_growth: "float | None" = None
    group: str = ""

    @property
    def sizes(self) -> tuple[int, int]:
        return self.size // 10, self.size

    def prepare(self, side: str) -> Prepare:
        return self.suite if side == "suite" else self.plain


@dataclass(frozen=True)
class Measure:
    """One measurement. All but the seconds are the same every time.

    :param calls: of functions, Python's and those written in C
    :param rows: that PostgreSQL read from tables
    """

    seconds: float
    queries: int
    calls: int = 0
    rows: int = 0
