"""Run every test: those of the addons in Odoo, and those of setup/ itself.

A fresh database is copied from a template that is built once, the addons are installed
with their demonstration data, and Odoo's own runner runs the unit, access and browser
tests. A line of the log that plain Odoo would not write counts as a failure.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from .. import cache, databases, debian, testlog
from ..console import Problem, say, step
from ..odoo import Odoo, free_port, odoo

TEMPLATE_MODULES = "crm,contacts,base_automation"


def main() -> int:
    options = _parse()
    total = testlog.Outcome()
    browser = debian.chromium()
    with odoo(safe=False) as instance:
        if not options.addons:
            total.add(_run_own_tests(instance))
        template = databases.template(instance, TEMPLATE_MODULES)
        with databases.copy(instance, template, "test") as database:
            total.add(_run_tests(instance, database, browser, options))
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


def _run_tests(
    instance: Odoo, database: str, browser: Path, options: argparse.Namespace
) -> testlog.Outcome:
    addons = options.addons or list(cache.ADDONS)
    tags = options.tags or ",".join(f"/{addon}" for addon in addons)
    log = options.log or cache.folder() / f"{database}.log"
    environment = instance.environment()
    environment["PATH"] = f"{browser}:{environment['PATH']}"
    say(f"• installing and testing {', '.join(addons)} (log: {log}) …")
    start = time.monotonic()
    process = subprocess.Popen(
        instance.command(
            *("--database", database, "--init", ",".join(addons)),
            *("--test-tags", tags, "--stop-after-init", "--max-cron-threads=0"),
            *("--http-port", free_port(), "--log-level", "info"),
        ),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with open(log, "w") as copy:
        outcome = testlog.read(_tee(process.stdout, copy), _Progress(start))
    code = process.wait()
    if code and not outcome.failed and not outcome.unexpected:
        outcome.unexpected.append(f"Odoo ended with {code}; the log is {log}")
    if not outcome.started:
        outcome.unexpected.append(f"no test ran; the log is {log}")
    if not outcome.unexpected and not outcome.failed and not options.log:
        log.unlink()
    say(f"  done in {time.monotonic() - start:.1f} s")
    return outcome


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
