"""Run every test: those of the addons in Odoo, and those of setup/ itself.

A fresh database is copied from a template that is built once, the addons are installed
with their demonstration data, and Odoo's own runner runs the unit, access and browser
tests, shared among as many copies as the machine has processors; those tagged "website"
in a database that has a website as well. A line of the log that plain Odoo would not
write counts as a failure, and so does what the invariants of an addon find in the
databases afterwards.

Three longer runs are apart: --upstream, --matrix, --faults.
"""

import argparse
import contextlib
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .. import cache, databases, debian, faults, invariants, matrix, testlog, upstream
from ..console import Problem, say, step
from ..odoo import Odoo, odoo

_ASSETS = """
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
"""


def main() -> int:
    options = _parse()
    debian.chromium()
    with odoo(safe=False) as instance:
        if options.upstream:
            outcome = upstream.run(instance, options.part)
        elif options.matrix:
            outcome = matrix.run(instance)
        elif options.faults:
            outcome = faults.run(instance, rounds=options.rounds, only=options.part)
        else:
            outcome = _run_all(instance, options)
    return _report(outcome)


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
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        help="how many processes share the tests (one per processor; one with --tags)",
    )
    add(
        "--upstream",
        action="store_true",
        help="Odoo's own tests and those of neighbouring addons, with the suite and"
        " without: report what differs (about an hour; --part takes a share of it)",
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
    add(
        "--part",
        action="append",
        help="only this part of --faults or --upstream (repeatable)",
    )
    options = parser.parse_args()
    if options.log and not options.log.absolute().parent.is_dir():
        raise Problem(f"there is no folder for {options.log}", "name another --log")
    for name in options.addons:
        if name not in cache.ADDONS:
            raise Problem(
                f"there is no addon {name}", f"choose among {', '.join(cache.ADDONS)}"
            )
    return options


@dataclass
class Run:
    """Tests that want the same database.

    :param title: what its databases and logs are called
    :param modules: what the database has before the addons come
    :param shares: how many processes share the tests
    """

    title: str
    modules: str
    addons: list[str]
    tags: str
    shares: int = 1

    @property
    def database(self) -> str:
        """With the addons, to be copied."""
        return f"{self.title}_{os.getpid()}"


def _run_all(instance: Odoo, options: argparse.Namespace) -> testlog.Outcome:
    addons = options.addons or list(cache.ADDONS)
    everything = _tags("", addons)
    shares = 1 if options.tags else max(1, options.workers)
    tags = options.tags or everything
    runs = [Run("test", databases.MODULES, addons, tags, shares)]
    with_website = [addon for addon in addons if _needs_website(addon)]
    if with_website and not options.tags:
        modules = f"{databases.MODULES},website_crm"
        tags = _tags("website", with_website)
        runs.insert(0, Run("website", modules, with_website, tags))
    total = testlog.Outcome()
    logs: list[Path] = []
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(max(1, options.workers)))
        shared = stack.enter_context(tempfile.TemporaryDirectory())
        own = pool.submit(_run_own_tests, instance) if not options.addons else None
        for run in runs:
            stack.callback(databases.drop, instance, run.database)
        stack.callback(_stop, pool, instance)
        for found in list(pool.map(lambda run: _prepare(instance, run), runs)):
            total.unexpected += found
        jobs = [own] if own else []
        for run in runs:
            taken = Path(shared) / run.title
            taken.mkdir()
            for number in range(run.shares):
                database = stack.enter_context(
                    databases.copy(instance, run.database, f"{run.title}_{number}")
                )
                logs.append(cache.folder() / f"{database}.log")
                jobs.append(
                    pool.submit(_test, instance, run, database, logs[-1], taken)
                )
        # Before the databases go, also after Ctrl-C.
        stack.callback(_stop, pool, instance)
        for job in jobs:
            total.add(job.result())
    if not total.started:
        total.unexpected.append("no test ran")
    _keep_logs(logs, options.log, total)
    return total


def _stop(pool: ThreadPoolExecutor, instance: Odoo) -> None:
    """Nothing more starts, and what runs ends."""
    pool.shutdown(wait=False, cancel_futures=True)
    for process in list(instance.running):
        process.terminate()
    pool.shutdown()


def _prepare(instance: Odoo, run: Run) -> list[str]:
    """Make the run's database, with the addons; returns what that should not log."""
    template = databases.template(instance, run.modules)
    databases.clone(instance, template, run.database)
    with step(f"installing {', '.join(run.addons)} ({run.title})"):
        found = instance.try_install(run.database, ",".join(run.addons))
        if run.shares > 1 and not found:
            found += instance.shell(run.database, _ASSETS)
    return found


def _test(
    instance: Odoo, run: Run, database: str, log: Path, taken: Path
) -> testlog.Outcome:
    say(f"• testing {', '.join(run.addons)} (log: {log}) …")
    start = time.monotonic()
    outcome = instance.test(
        database,
        run.tags,
        log,
        _Progress(start, database),
        SUITE_TESTS_AFTER="1",
        SUITE_TESTS_SHARED=str(taken),
    )
    outcome.unexpected += invariants.violations(instance.server, database)
    say(f"  {database}: done in {time.monotonic() - start:.1f} s")
    return outcome


def _keep_logs(logs: list[Path], target: "Path | None", total: testlog.Outcome) -> None:
    if target:
        with open(target, "w") as file:
            file.writelines(log.read_text(errors="replace") for log in logs)
    elif total.bad:
        return
    for log in logs:
        log.unlink()


def _run_own_tests(instance: Odoo) -> testlog.Outcome:
    """The tests of the commands, with unittest."""
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
        if end == "ok" or end.startswith("skipped") or end in ("FAIL", "ERROR"):
            outcome.started.append(name)
        if end.startswith("skipped"):
            outcome.skipped.append(f"{name}: {end}")
        elif end in ("FAIL", "ERROR"):
            outcome.failed.append(name)
    if done.returncode:
        say(done.stderr)
        outcome.failed = outcome.failed or ["setup/tests did not run"]
    return outcome


def _tags(tag: str, addons: "list[str]") -> str:
    return ",".join(f"{tag}/{addon}" for addon in addons)


def _needs_website(addon: str) -> bool:
    tests = (cache.REPOSITORY / addon / "tests").glob("*.py")
    return any('"-standard", "website"' in path.read_text() for path in tests)


class _Progress:
    """Says now and then which test is running."""

    def __init__(self, start: float, database: str) -> None:
        self.start = self.said = start
        self.database = database

    def __call__(self, test: str, number: int) -> None:
        now = time.monotonic()
        if number == 1 or now - self.said > 10:
            self.said = now
            passed = f"{now - self.start:.0f} s, test {number}: {test}"
            say(f"  … {self.database}: {passed}")


def _report(total: testlog.Outcome) -> int:
    for title, names in (
        ("skipped", total.skipped),
        ("failed", sorted(set(total.failed))),
        ("not expected in the log", total.unexpected),
    ):
        for name in names:
            say(f"{title}: {name}")
    print(total.summary(), flush=True)
    return 1 if total.bad else 0
