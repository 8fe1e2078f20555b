"""Odoo's own tests, and those of neighbours, with the suite installed and without.

Some of them fail in Debian's build by themselves, so only what differs counts. Tests
meant for the installation of their module run after everything is loaded, because at
that time none of our addons would be there (:mod:`suite.upstream_server`).
"""

import contextlib
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import cache, databases, testlog
from .console import Problem, call, say, step
from .odoo import Odoo, free_port

TEMPLATE_MODULES = "crm,contacts,base_automation"
ODOO_TAGS = ",".join(
    [
        *("/crm", "/sales_team", "/mail", "/base_automation", "/contacts"),
        "/base/tests/test_res_partner.py",
        "/base/tests/test_res_partner_merge.py",
    ]
)
NEIGHBOURS = (
    "partner_deduplicate_acl",
    "partner_deduplicate_filter",
    "crm_stage_probability",
    "mail_restrict_follower_selection",
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

    def add(self, outcome: testlog.Outcome, names: set[str]) -> None:
        self.started |= names
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


def run(instance: Odoo, browser: Path) -> testlog.Outcome:
    """Compare, first plain Odoo, then with the neighbours; differences are failures."""
    outcome = testlog.Outcome()
    # Odoo's tests compare English words: a second language would change some.
    english = databases.template(instance, TEMPLATE_MODULES, languages="en_US")
    with _both(instance, english, "") as sides:
        _compare(instance, browser, "Odoo", sides, (ODOO_TAGS, ODOO_TAGS), outcome)
    neighbourly = Odoo(
        instance.sources, instance.python, instance.server, (_neighbours(instance),)
    )
    tags = ",".join(f"/{name}" for name in NEIGHBOURS)
    ours = ",".join([tags, *(f"/{name}" for name in cache.ADDONS)])
    template = databases.template(instance, TEMPLATE_MODULES)
    with _both(neighbourly, template, ",".join(NEIGHBOURS)) as sides:
        _compare(neighbourly, browser, "neighbours", sides, (tags, ours), outcome)
    return outcome


@contextlib.contextmanager
def _both(instance: Odoo, template: str, more: str) -> Iterator[tuple[Side, Side]]:
    """Copies of the template without and with the suite, ``more`` installed in both."""
    with (
        databases.copy(instance, template, "upstream_plain") as plain,
        databases.copy(instance, template, "upstream_suite") as suite,
    ):
        addons = ",".join(cache.ADDONS)
        for database, modules in ((plain, more), (suite, f"{addons},{more}")):
            if modules:
                # The suite as it comes: its demonstration data is a list of default
                # followers at work, and Odoo's tests count queries.
                instance.server.query(
                    "UPDATE ir_module_module SET demo = FALSE", database
                )
                with step(f"installing {modules.strip(',')}"):
                    instance.run(
                        *("--database", database, "--init", modules.strip(",")),
                        *("--stop-after-init", "--no-http", "--max-cron-threads=0"),
                        todo="read the log above; it is Odoo's own",
                    )
        yield Side(plain), Side(suite)


def _compare(
    instance: Odoo,
    browser: Path,
    title: str,
    sides: tuple[Side, Side],
    tags: tuple[str, str],
    outcome: testlog.Outcome,
) -> None:
    with step(f"tests of {title}, without and with the suite"):
        threads = [
            threading.Thread(target=_tests, args=(instance, browser, side, tag))
            for side, tag in zip(sides, tags, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = differences(*sides)
    again = {line.rpartition(" ")[2] for line in found if line.startswith("fails")}
    if again:
        # A browser test may fail once on a busy machine: alone, it tells the truth.
        with step(f"once more, alone: {', '.join(sorted(again))}"):
            for side in sides:
                side.failed -= again
                side.log.clear()
                names = ",".join(f":{name}" for name in sorted(again))
                _tests(instance, browser, side, names)
        found = differences(*sides)
    say(
        f"  {title}: {len(sides[0].started)} tests without,"
        f" {len(sides[1].started)} with; {len(sides[0].failed)} fail without anyway"
    )
    for name in sorted(sides[0].failed):
        say(f"    fails without the suite: {name}")
    outcome.started += len(sides[1].started)
    outcome.unexpected += found


def _tests(instance: Odoo, browser: Path, side: Side, tags: str) -> None:
    environment = instance.environment()
    environment["PATH"] = f"{browser}:{environment['PATH']}"
    environment["SUITE_TESTS_AFTER"] = "1"
    arguments = [
        *("--database", side.database, "--test-tags", tags, "--stop-after-init"),
        *("--max-cron-threads=0", "--http-port", str(free_port())),
    ]
    names: set[str] = set()
    log = cache.folder() / f"{side.database}.log"
    with (
        subprocess.Popen(
            instance.command(*arguments),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
        open(log, "a") as kept,
    ):
        outcome = testlog.read(
            _tee(process.stdout, kept), lambda test, _number: names.add(test)
        )
    if not names:
        outcome.unexpected.append(f"no test ran; the log is {log}")
    side.add(outcome, names)


def _tee(lines, copy):
    for line in lines:
        copy.write(line)
        yield line


def _neighbours(instance: Odoo) -> Path:
    """A folder with the neighbours' addons, from PyPI."""

    def build(path: Path) -> None:
        with step(f"downloading {len(NEIGHBOURS)} neighbouring addons"):
            call(
                [
                    *(instance.python, "-m", "pip", "install", "--quiet"),
                    *("--no-deps", "--target", path / "site"),
                    *(f"odoo-addon-{name}==19.0.*" for name in NEIGHBOURS),
                ],
                "check that this machine reaches PyPI, then run the command again",
            )
        for name in NEIGHBOURS:
            if not (path / "site/odoo/addons" / name / "__manifest__.py").exists():
                raise Problem(
                    f"the package of {name} has no addon in it",
                    "look at its newest release for 19.0",
                )

    path = cache.build_once("neighbours", cache.digest(*NEIGHBOURS), build)
    return path / "site/odoo/addons"
