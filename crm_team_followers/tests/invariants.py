# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import re
from pathlib import Path

_SCRIPT = Path(__file__).with_name("invariants.sql").read_text()
_QUERIES = re.sub(r"^--.*$", "", _SCRIPT, flags=re.MULTILINE).split(";")
# One statement for all of them: names only.
_STATEMENT = " UNION ALL ".join(
    f"SELECT name FROM ({query}) AS rule{number}"
    for number, query in enumerate(_QUERIES)
    if query.strip()
)


def violations(env):
    """Names of the invariants of ``invariants.sql`` that do not hold now."""
    env.flush_all()
    # The text is the file beside this one.
    env.cr.execute(_STATEMENT)  # pylint: disable=sql-injection
    return [name for (name,) in env.cr.fetchall()]
