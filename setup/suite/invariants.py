"""What must hold in every database, whatever happened to it before.

Each addon has one SQL script, ``tests/invariants.sql``: every query of it returns the
violations of one rule, the rule's name first, and nothing in a sound database.
"""

from . import cache
from .postgres import Server


def violations(server: Server, database: str) -> list[str]:
    """All violations of the installed addons' rules, ``addon: name|…``."""
    installed = server.query(
        "SELECT name FROM ir_module_module WHERE state = 'installed'", database
    )
    found = []
    for addon in cache.ADDONS:
        script = cache.REPOSITORY / addon / "tests/invariants.sql"
        if addon in installed and script.exists():
            rows = server.query(script.read_text(), database)
            found += [f"{addon}: {row}" for row in rows]
    return found
