"""The benchmarks behind setup/bench: the suite against plain Odoo, side by side.

A case prepares the same thing in two databases, one plain and one with the suite, and
says what is then measured (:mod:`suite.bench.case`). One measurement is one fresh
process (:mod:`suite.bench.worker`), and the two sides take turns
(:mod:`suite.bench.run`). The modules named after a theme hold the cases; they import
Odoo inside their functions, because the command itself runs without it.
"""

from .actions import CASES as ACTIONS
from .case import Case
from .contacts import CASES as CONTACTS
from .leads import CASES as LEADS

CASES: dict[str, Case] = {case.name: case for case in (*LEADS, *ACTIONS, *CONTACTS)}
