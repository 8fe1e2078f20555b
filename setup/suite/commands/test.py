"""Run every test: those of the addons in Odoo, and those of setup/ itself.

A fresh database is copied from a template that is built once, the addons are installed
with their demonstration data, and Odoo's own runner runs the unit, access and browser
tests; those tagged "website" in a second database that has a website as well. A line of
the log that plain Odoo would not write counts as a failure, and so does what the
invariants of an addon find in the databases afterwards.

Three longer runs are apart: --upstream, --matrix, --faults.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .. import (
    cache,
    databases,
    debian,
    faults,
    invariants,
    matrix,
    testlog,
    upstream,
)
from ..console import Problem, say, step
from ..odoo import Odoo, free_port, odoo

TEMPLATE_MODULES = "crm,contacts,base_automation"
WEBSITE_MODULES = f"{TEMPLATE_MODULES},website_crm"


def main() -> int:
    options = _parse()
    total = testlog.Outcome()
    browser = debian.chromium()
    with odoo(safe=False) as instance:
        if options.upstream:
            return _report(upstream.run(instance, browser))
        if options.matrix:
            return _report(matrix.run(instance))
        if options.faults:
            return _report(
                faults.run(instance, rounds=options.rounds, only=options.part)
            )
        if not options.addons:
            total.add(_run_own_tests(instance))
        addons = options.addons or list(cache.ADDONS)
        runs = [(TEMPLATE_MODULES, addons, options.tags or _tags("", addons))]
        with_website = [addon for addon in addons if _needs_website(addon)]
        if with_website and not options.tags:
            runs.append((WEBSITE_MODULES, with_website, _tags("website", with_website)))
        for modules, names, tags in runs:
            template = databases.template(instance, modules)
            with databases.copy(instance, template, "test") as database:
                run = Run(instance, database, browser, names, tags, options.log)
                total.add(run.outcome())
                total.unexpected += invariants.violations(instance.server, database)
    return _report(total)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="setup/test",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("addons", nargs="*", metavar="ADDON", help="only these addons (all)")
    add("--tags", help="what to run, as Odoo's --test-tags (all tests of the addons)")
    add("--log", type=Path, help="keep Odoo's log in this file")
    add(
        "--upstream",
        action="store_true",
        help="Odoo's own tests and those of neighbouring addons, with the suite and"
        " without: report what differs (about 20 minutes)",
    )
    add(
        "--matrix",
        action="store_true",
        help="install, upgrade and uninstall every combination of the addons on a"
        " database with data (about 10 minutes)",
    )
    add(
        "--faults",
        action="store_true",
        help="many clients at once, and processes killed in bulk work (about 20"
        " minutes)",
    )
    add("--rounds", type=int, default=1000, help="meetings of the clients (1000)")
    add("--part", action="append", help="only this part of --faults (repeatable)")
    options = parser.parse_args()
    for name in options.addons:
        if name not in cache.ADDONS:
            raise Problem(
                f"there is no addon {name}", f"choose among {', '.join(cache.ADDONS)}"
            )
    return options


def _run_own_tests(instance: Odoo) -> testlog.Outcome:
    """The tests of the commands, with unittest."""
    with step("testing the commands"):
        done = subprocess.run(
            [instance.python, "-m", "unittest", "discover", "-bvs", "tests"],
            check=False,
            cwd=cache.REPOSITORY / "setup",
            env=instance.environment(),
            capture_output=True,
            text=True,
        )
    outcome = testlog.Outcome()
    for line in done.stderr.splitlines():
        name, _, end = line.rpartition(" ... ")
        if end == "ok":
            outcome.started += 1
        elif end.startswith("skipped"):
            outcome.started += 1
            outcome.skipped.append(f"{name}: {end}")
        elif end in ("FAIL", "ERROR"):
            outcome.started += 1
            outcome.failed.append(name)
    if done.returncode:
        say(done.stderr)
        outcome.failed = outcome.failed or ["setup/tests did not run"]
    return outcome


def _tags(tag: str, addons: "list[str]") -> str:
    return ",".join(f"{tag}/{addon}" for addon in addons)


def _needs_website(addon: str) -> bool:
    tests = (cache.REPOSITORY / addon / "tests").glob("test_*.py")
    return any('"-standard", "website"' in path.read_text() for path in tests)


@dataclass
class Run:
    """One run of Odoo's tests.

    :param database: a database that has all but the addons
    :param browser: the folder of chromium
    :param addons: the addons to install
    :param tags: as Odoo's --test-tags
    :param log: where to keep the log, None to keep it only when something failed
    """

    instance: Odoo
    database: str
    browser: Path
    addons: "list[str]"
    tags: str
    log: "Path | None"

    def outcome(self) -> testlog.Outcome:
        log = self.log or cache.folder() / f"{self.database}.log"
        say(f"• installing and testing {', '.join(self.addons)} (log: {log}) …")
        start = time.monotonic()
        process = self._start()
        with open(log, "a" if self.log else "w") as copy:
            outcome = testlog.read(_tee(process.stdout, copy), _Progress(start))
        code = process.wait()
        if code and not outcome.failed and not outcome.unexpected:
            outcome.unexpected.append(f"Odoo ended with {code}; the log is {log}")
        if not outcome.started:
            outcome.unexpected.append(f"no test ran; the log is {log}")
        if not outcome.unexpected and not outcome.failed and not self.log:
            log.unlink()
        say(f"  done in {time.monotonic() - start:.1f} s")
        return outcome

    def _start(self) -> subprocess.Popen:
        environment = self.instance.environment()
        environment["PATH"] = f"{self.browser}:{environment['PATH']}"
        return subprocess.Popen(
            self.instance.command(
                *("--database", self.database, "--init", ",".join(self.addons)),
                *("--test-tags", self.tags, "--stop-after-init"),
                *("--max-cron-threads=0", "--http-port", free_port()),
            ),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )


def _tee(lines, copy):
    for line in lines:
        copy.write(line)
        yield line


class _Progress:
    """Says now and then which test is running."""

    def __init__(self, start: float) -> None:
        self.start = self.said = start

    def __call__(self, test: str, number: int) -> None:
        now = time.monotonic()
        if number == 1:
            say(f"  first test after {now - self.start:.1f} s")
        if now - self.said > 10:
            self.said = now
            say(f"  … {now - self.start:.0f} s, test {number}: {test}")


def _report(total: testlog.Outcome) -> int:
    for title, names in (
        ("skipped", total.skipped),
        ("failed", sorted(set(total.failed))),
        ("not expected in the log", total.unexpected),
    ):
        for name in names:
            say(f"{title}: {name}")
    print(total.summary())
    sys.stdout.flush()
    return 1 if total.failed or total.unexpected else 0
