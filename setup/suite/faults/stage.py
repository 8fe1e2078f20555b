"""A cluster to kill, databases on it, and servers with several workers."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import cache, databases, invariants, postgres, testlog
from ..console import Problem, say, step
from ..odoo import Odoo, free_port
from .client import Client

WORKERS = 4
CLIENTS = 8
# Odoo logs each refusal of the database, and then tries the transaction again.
TRIED_AGAIN = ("could not serialize access", "deadlock detected")
# How Odoo logs that it answered a client with a mistake of theirs.
ANSWER = re.compile(r" WARNING \S+ odoo\.http: ")

_BUSY = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND state != 'idle' AND pid != pg_backend_pid()
"""
_PEOPLE = f"""
users = env["res.users"].with_context(no_reset_password=True)
for number in range({CLIENTS}):
    users.create({{
        "name": f"Zoé Núñez {{number}}", "login": f"client{{number}}",
        "password": f"client{{number}}", "email": f"c{{number}}@suite.example",
        "group_ids": [
            (4, env.ref("sales_team.group_sale_manager").id),
            (4, env.ref("base.group_partner_manager").id),
            (4, env.ref("base.group_system").id),
        ],
    }})
env.cr.commit()
"""


class Stage:
    """Where a part of the faults is played."""

    def __init__(self, instance: Odoo) -> None:
        programs = instance.server.programs
        self.cluster = postgres.PrivateCluster(programs, safe=True, kind="faults")
        self.model = instance
        self.instance = instance
        self.database = ""
        self.template = ""

    @contextlib.contextmanager
    def open(self) -> Iterator["Stage"]:
        with self.cluster.running() as server:
            self.instance = Odoo(self.model.sources, self.model.python, server)
            plain = databases.template(self.instance)
            with databases.copy(self.instance, plain, "faults_suite") as template:
                with step("installing the suite"):
                    self.instance.install(template, ",".join(cache.ADDONS))
                self.template = template
                self.shell(_PEOPLE, template)
                yield self

    def play(self, part: Callable[["Stage", int], list[str]], rounds: int) -> list[str]:
        """Run a part on a fresh database; returns what went wrong."""
        with (
            step(part.__doc__.splitlines()[0].rstrip(".")),
            databases.copy(self.instance, self.template, "faults") as database,
        ):
            self.database = database
            # A copied sequence would go back after a crash: PostgreSQL takes its
            # numbers for logged until there is a checkpoint.
            self.query("CHECKPOINT")
            found = part(self, rounds)
            found += self.violations()
        for line in found:
            say(f"  {line}")
        return found

    def violations(self) -> list[str]:
        return invariants.violations(self.instance.server, self.database)

    def query(self, sql: str) -> list[str]:
        return self.instance.server.query(sql, self.database)

    def number(self, sql: str) -> int:
        return int(self.query(sql)[0])

    def shell(self, script: str, database: str = "") -> None:
        """Run Python in the database, to prepare a part."""
        if found := self.instance.shell(database or self.database, script):
            raise Problem("a part cannot be prepared:\n" + "\n".join(found), "mend it")

    @contextlib.contextmanager
    def serving(self, workers: int = WORKERS) -> Iterator["Serving"]:
        """A server with workers; its log is read when it ends."""
        serving = Serving(self, workers)
        try:
            yield serving
        finally:
            serving.stop()

    def kill_postgres(self, _working: threading.Thread) -> None:
        """As the kernel kills: all processes at once, without a last word."""
        pid_file = self.cluster.data / "postmaster.pid"
        postmaster = int(pid_file.read_text().split()[0])
        for pid in [postmaster, *_children(postmaster)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def restart_postgres(self) -> None:
        # Nobody may have collected the killed process yet: for pg_ctl it would live on.
        (self.cluster.data / "postmaster.pid").unlink(missing_ok=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.cluster._ensure_running()
                return
            except Problem:
                # The kernel may still hold the killed processes' memory.
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)


class Serving:
    """A running server of a stage."""

    def __init__(self, stage: Stage, workers: int) -> None:
        self.stage = stage
        self.workers = workers
        self.port = free_port()
        self.log = cache.folder() / f"faults_{os.getpid()}.log"
        with open(self.log, "w") as log:
            self.process = self._start(log)
        self._wait()

    def _start(self, log) -> subprocess.Popen:
        stage = self.stage
        return stage.instance.start(
            *("--database", stage.database, "--db-filter", f"^{stage.database}$"),
            *("--http-port", self.port, "--gevent-port", free_port()),
            *(
                "--workers",
                self.workers,
                "--max-cron-threads",
                0,
                "--log-level",
                "info",
            ),
            *("--limit-time-real", 600, "--limit-time-cpu", 600),
            *("--limit-memory-hard", 0, "--limit-memory-soft", 4 * 2**30),
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def _wait(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _attempt in range(240):
            try:
                opener.open(f"http://127.0.0.1:{self.port}/web/health", timeout=5)
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.5)
        raise Problem(
            f"the server does not start:\n{self.log.read_text()[-3000:]}",
            f"read {self.log}",
        )

    def client(self, number: int) -> Client:
        return Client(self.port, self.stage.database, f"client{number}")

    def clients(self) -> list[Client]:
        return [self.client(number) for number in range(CLIENTS)]

    def kill_busy_worker(self, working: threading.Thread) -> None:
        """Kill the workers once one works in the database, if that is before the work
        ends. Their connections do not tell them apart, so there should be one."""
        while working.is_alive():
            if self.stage.number(_BUSY):
                for pid in _children(self.process.pid):
                    command = Path(f"/proc/{pid}/cmdline").read_bytes()
                    if b"gevent" not in command.split(b"\0"):
                        os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.01)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                for pid in [self.process.pid, *_children(self.process.pid)]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self.process.wait()

    def logged(self, answered: int = 0) -> list[str]:
        """What the log should not contain; Odoo's trying again, it may.

        :param answered: how many clients were told of a mistake, which is logged too
        """
        text = self.log.read_text(errors="replace")
        entries = [
            entry
            for entry in testlog.read(text.splitlines()).unexpected
            if not any(words in entry for words in TRIED_AGAIN)
        ]
        answers = [entry for entry in entries if ANSWER.search(entry)]
        if len(answers) != answered:
            return entries
        return [entry for entry in entries if entry not in answers]


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return [int(child) for child in children.read().split()]
    except FileNotFoundError:
        return []
