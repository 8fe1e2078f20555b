"""The invariants of ``tests/invariants.sql``, asked inside a test's transaction."""

import functools
import re
from importlib import resources


@functools.cache
def _statement(addon: str) -> str:
    """One statement for all queries of the addon's script: names only."""
    script = (
        resources.files(f"odoo.addons.{addon}") / "tests/invariants.sql"
    ).read_text()
    queries = re.sub(r"^--.*$", "", script, flags=re.MULTILINE).split(";")
    return " UNION ALL ".join(
        f"SELECT name FROM ({query}) AS rule{number}"
        for number, query in enumerate(queries)
        if query.strip()
    )


def violations(env, addon: str) -> list[str]:
    """Names of the addon's invariants that do not hold now."""
    env.flush_all()
    env.cr.execute(_statement(addon))
    return [name for (name,) in env.cr.fetchall()]
