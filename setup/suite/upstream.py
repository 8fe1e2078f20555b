"""Odoo's own tests, and those of neighbours, with the suite installed and without.

Some of them fail in Debian's build by themselves, so only what differs counts. Tests
meant for the installation of their module run after everything is loaded, because at
that time none of our addons would be there (:mod:`suite.checks.loading`).
"""

import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import cache, databases, testlog
from .console import Problem, call, say, step
from .odoo import Odoo

# From PyPI, as odoo-addon-…; what they depend on comes along.
NEIGHBOURS = (
    "account_banking_mandate",
    "auditlog",
    "base_tier_validation",
    "crm_stage_probability",
    "crm_won_restrict_per_stage",
    "mail_activity_team",
    "mail_optional_follower_notification",
    "mail_post_defer",
    "mail_restrict_follower_selection",
    "mail_tracking",
    "partner_deduplicate_acl",
    "partner_deduplicate_filter",
    "partner_firstname",
    "sales_team_security",
)


def _tags(modules: "tuple[str, ...]") -> str:
    return ",".join(f"/{name}" for name in modules)


@dataclass(frozen=True)
class Part:
    """Tests that want the same database.

    :param modules: what Odoo's modules the database has beside the suite's own needs
    :param tags: the tests, run in both databases
    :param neighbours: further addons, installed in both databases
    :param ours: whether the suite's tests run too, in the database that has it
    """

    name: str
    modules: tuple[str, ...]
    tags: str
    neighbours: tuple[str, ...] = ()
    ours: bool = False


_TEST_MODULES = ("test_mail", "test_crm_full", "test_base_automation", "test_mail_full")
PARTS = (
    Part(
        "odoo",
        (),
        _tags(("crm", "sales_team", "mail", "base_automation", "contacts"))
        + ",/base/tests/test_res_partner.py,/base/tests/test_res_partner_merge.py",
    ),
    Part("odoo-full", _TEST_MODULES, _tags(_TEST_MODULES)),
    Part(
        "neighbours",
        ("website_crm", "event_crm", "sale_crm", "account", "project", "hr"),
        _tags(NEIGHBOURS),
        NEIGHBOURS,
        ours=True,
    ),
)


@dataclass
class Side:
    """How the tests ended in one database.

    :param database: its name, which log lines contain
    """

    database: str
    started: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    log: set[str] = field(default_factory=set)

    def add(self, outcome: testlog.Outcome) -> None:
        self.started |= set(outcome.started)
        self.failed |= {_test(name) for name in outcome.failed}
        self.log |= {plain_line(line, self.database) for line in outcome.unexpected}


def plain_line(line: str, database: str) -> str:
    """A line of the log without what differs from run to run."""
    first = line.splitlines()[0].replace(database, "DATABASE")
    return re.sub(r"0x[0-9a-f]+|\d+", "#", first)


def _test(name: str) -> str:
    """``Subtest TestA.test_one (n=1)`` is a part of ``TestA.test_one``.

    ``setUpClass (odoo.addons.x.tests.test_a.TestA)`` stands for all of ``TestA``.
    """
    if whole_class := re.match(r"(?:setUp|tearDown)Class \(.*?(\w+)\)", name):
        return whole_class[1]
    found = re.search(r"\w+\.\w+", name)
    return found[0] if found else name


def differences(without: Side, with_suite: Side) -> list[str]:
    """What the suite changes, in words."""
    return [
        *(
            f"fails with the suite only: {name}"
            for name in sorted(with_suite.failed - without.failed)
        ),
        *(
            f"fails without the suite only: {name}"
            for name in sorted(without.failed - with_suite.failed)
        ),
        *(
            f"does not run with the suite: {name}"
            for name in sorted(without.started - with_suite.started)
        ),
        *(
            f"logged with the suite only: {line}"
            for line in sorted(with_suite.log - without.log)
        ),
    ]


def run(instance: Odoo, only: "list[str] | None" = None) -> testlog.Outcome:
    """Compare part by part; differences are failures."""
    names = [part.name for part in PARTS]
    if unknown := set(only or []) - set(names):
        raise Problem(
            f"there is no part {unknown.pop()}", f"choose among {', '.join(names)}"
        )
    outcome = testlog.Outcome()
    for part in PARTS:
        if only and part.name not in only:
            continue
        beside = instance
        if part.neighbours:
            beside = replace(instance, more_addons=(_neighbours(instance, part),))
        with _both(beside, part) as sides:
            outcome.add(_compare(beside, part, sides))
    return outcome


@contextlib.contextmanager
def _both(instance: Odoo, part: Part) -> Iterator[tuple[Side, Side]]:
    """Databases without and with the suite, all else the same in both."""
    there = [name for name in part.modules if _exists(instance, name)]
    if gone := set(part.modules) - set(there):
        say(f"  not in this Odoo: {', '.join(sorted(gone))}")
    # Odoo's tests compare English words: a second language would change some.
    template = databases.template(
        instance,
        ",".join([databases.MODULES, *there]),
        languages=databases.LANGUAGES if part.ours else "en_US",
    )
    with (
        databases.copy(instance, template, "upstream_plain") as plain,
        databases.copy(instance, template, "upstream_suite") as suite,
    ):
        addons = list(part.neighbours)
        for database, modules in ((plain, addons), (suite, [*cache.ADDONS, *addons])):
            if modules:
                # The suite as it comes: its demonstration data is a list of default
                # followers at work, and Odoo's tests count queries.
                instance.server.query(
                    "UPDATE ir_module_module SET demo = FALSE", database
                )
                with step(f"installing {', '.join(modules)}"):
                    instance.install(database, ",".join(modules))
        yield Side(plain), Side(suite)


def _exists(instance: Odoo, module: str) -> bool:
    folders = (instance.sources / "odoo/addons", instance.sources / "addons")
    return any((folder / module).is_dir() for folder in folders)


def _compare(instance: Odoo, part: Part, sides: tuple[Side, Side]) -> testlog.Outcome:
    plain, suite = sides
    ours = [f"/{name}" for name in cache.ADDONS] if part.ours else []
    tags = {plain.database: part.tags, suite.database: ",".join([part.tags, *ours])}
    title = f"tests of {part.name}, without and with the suite"
    with step(title), ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda side: _tests(instance, side, tags), sides))
    found = differences(plain, suite)
    again = {line.rpartition(" ")[2] for line in found if line.startswith("fails")}
    if again:
        # A browser test may fail once on a busy machine: alone, it tells the truth.
        with step(f"once more, alone: {', '.join(sorted(again))}"):
            names = ",".join(f":{name}" for name in sorted(again))
            for side in sides:
                side.failed -= again
                side.log.clear()
                _tests(instance, side, {side.database: names})
        found = differences(plain, suite)
    say(
        f"  {part.name}: {len(plain.started)} tests without, {len(suite.started)} with;"
        f" {len(plain.failed)} fail without anyway"
    )
    for name in sorted(plain.failed):
        say(f"    fails without the suite: {name}")
    return testlog.Outcome(started=sorted(suite.started), unexpected=found)


def _tests(instance: Odoo, side: Side, tags: dict[str, str]) -> None:
    log = cache.folder() / f"{side.database}.log"
    outcome = instance.test(
        side.database, tags[side.database], log, lambda *_: None, SUITE_TESTS_AFTER="1"
    )
    if not outcome.started:
        outcome.unexpected.append(f"no test ran; the log is {log}")
    side.add(outcome)


# The addons' packages require Odoo as a package, which it is not here.
_ODOO_STAND_IN = """
[project]
name = "odoo"
version = "19.0"
[tool.setuptools]
packages = []
"""


def _neighbours(instance: Odoo, part: Part) -> Path:
    """A folder with the neighbours' addons, from PyPI."""

    def build(path: Path) -> None:
        stand_in = path / "odoo"
        stand_in.mkdir()
        (stand_in / "pyproject.toml").write_text(_ODOO_STAND_IN)
        with step(f"downloading {len(part.neighbours)} neighbouring addons"):
            call(
                [
                    *(instance.python, "-m", "pip", "install", "--quiet"),
                    *("--target", path / "site", stand_in),
                    *(f"odoo-addon-{name}==19.0.*" for name in part.neighbours),
                ],
                "check that this machine reaches PyPI, then run the command again",
            )
        for name in part.neighbours:
            if not (path / "site/odoo/addons" / name / "__manifest__.py").exists():
                raise Problem(
                    f"the package of {name} has no addon in it",
                    "look at its newest release for 19.0",
                )

    key = cache.digest(*part.neighbours)
    return cache.build_once("neighbours", key, build) / "site/odoo/addons"
