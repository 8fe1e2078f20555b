"""Odoo itself: where it is, how it is called, on which server."""

import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from . import cache, debian, postgres, python_env, testlog
from .console import Problem, call

_LAUNCHER = Path(__file__).parent / "bin/odoo"
_QUIET = ("--stop-after-init", "--no-http", "--max-cron-threads=0")


def home() -> Path:
    """The folder to import ``odoo`` from; raises :class:`Problem` if it is not 19."""
    if not os.environ.get("ODOO_HOME"):
        return debian.odoo_tree()
    given = Path(os.environ["ODOO_HOME"]).expanduser().resolve()
    for path in (given, given / "usr/lib/python3/dist-packages", given.parent):
        release = path / "odoo/release.py"
        if release.exists():
            if "version_info = (19, 0," not in release.read_text():
                raise Problem(
                    f"ODOO_HOME={given} is not Odoo 19.0",
                    "name a checkout of Odoo's branch 19.0, or unset ODOO_HOME",
                )
            return path
    raise Problem(
        f"there is no Odoo in ODOO_HOME={given}",
        "name the folder that holds odoo/release.py, or unset ODOO_HOME",
    )


@dataclasses.dataclass
class Odoo:
    """An Odoo with our addons on its path and a PostgreSQL server to work on.

    :param sources: the folder to import ``odoo`` from
    :param python: the interpreter of the environment
    :param server: the server its databases lie on
    :param more_addons: further folders with addons, before Odoo's own
    """

    sources: Path
    python: Path
    server: postgres.Server
    more_addons: tuple[Path, ...] = ()
    # The processes of :meth:`test`, which a command that is interrupted ends.
    running: set[subprocess.Popen] = dataclasses.field(default_factory=set)

    def environment(self) -> dict[str, str]:
        variables = self.server.environment()
        variables["PYTHONPATH"] = str(self.sources)
        variables.setdefault("ODOO_RC", str(self._configuration()))
        return variables

    def data_folder(self) -> Path:
        """Where the attachments of the server's databases lie."""
        return cache.folder() / f"data-{cache.digest(self.server.variables)}"

    def _addons_path(self) -> list[Path]:
        # A checkout keeps most addons in ``addons``; Debian's folder of that name is a
        # partial copy, all of them are in ``odoo/addons``.
        packaged = self.sources / "odoo/addons"
        own = [] if (packaged / "crm").is_dir() else [self.sources / "addons"]
        return [cache.REPOSITORY, *self.more_addons, *own, packaged]

    def _configuration(self) -> Path:
        """The configuration file, named by its content: clones do not share it."""
        text = (
            f"[options]\naddons_path = {','.join(map(str, self._addons_path()))}\n"
            f"data_dir = {self.data_folder()}\nhttp_interface = 127.0.0.1\n"
        )
        path = cache.folder() / f"odoo-{cache.digest(text)}.conf"
        if not path.exists():
            new = path.with_suffix(f".{os.getpid()}")
            new.write_text(text)
            new.replace(path)
        return path

    def command(self, *arguments: object) -> list[str]:
        words = [str(self.python), str(_LAUNCHER), *map(str, arguments)]
        # A killed command takes its server with it.
        if shutil.which("setpriv"):
            words = ["setpriv", "--pdeathsig=TERM", *words]
        return words

    def run(self, *arguments: object) -> str:
        """Run a command of Odoo to its end; returns the log."""
        return call(
            self.command(*arguments),
            "read the log above; it is Odoo's own",
            "odoo",
            env=self.environment(),
        )

    def install(self, database: str, modules: str, *options: str) -> str:
        """Install modules, making the database when it is missing; returns the log."""
        return self.run("--database", database, "--init", modules, *options, *_QUIET)

    def try_install(self, database: str, modules: str) -> list[str]:
        """Install modules; returns what was logged and should not be."""
        return self._logged("--database", database, "--init", modules, *_QUIET)

    def update(self, database: str, modules: str) -> list[str]:
        return self._logged("--database", database, "--update", modules, *_QUIET)

    def uninstall(self, database: str, module: str) -> list[str]:
        return self._logged("module", "uninstall", "--database", database, module)

    def shell(self, database: str, script: str) -> list[str]:
        """Run Python in the database; returns what was logged and should not be."""
        return self._logged("shell", "--database", database, "--no-http", script=script)

    def _logged(self, *arguments: str, script: str = "") -> list[str]:
        done = subprocess.run(
            self.command(*arguments),
            check=False,
            env=self.environment(),
            input=script,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        found = testlog.read(done.stdout.splitlines()).unexpected
        if done.returncode or "Traceback (most recent" in done.stdout and not found:
            found.append(
                f"{arguments} ended with {done.returncode}:\n{done.stdout[-3000:]}"
            )
        return found

    def test(
        self, database: str, tags: str, log: Path, progress, **variables: str
    ) -> testlog.Outcome:
        """Run tests in a database, as they are tagged.

        :param log: where to keep Odoo's log
        :param progress: as :func:`suite.testlog.read` calls it
        :param variables: of the environment, see :mod:`suite.checks.loading`
        """
        environment = {**self.environment(), **variables}
        environment["PATH"] = f"{debian.chromium()}:{environment['PATH']}"
        words = self.command(
            *("--database", database, "--test-tags", tags, "--stop-after-init"),
            *("--max-cron-threads=0", "--http-port", free_port()),
        )
        with (
            open(log, "w") as kept,
            subprocess.Popen(
                words,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process,
        ):
            self.running.add(process)
            lines = (line for line in process.stdout if kept.write(line))
            outcome = testlog.read(lines, progress)
        self.running.discard(process)
        if process.returncode and not outcome.bad:
            outcome.unexpected.append(
                f"Odoo ended with {process.returncode}; the log is {log}"
            )
        return outcome

    def start(self, *arguments: object, **kwargs) -> subprocess.Popen:
        """Start a command of Odoo."""
        return subprocess.Popen(
            self.command(*arguments), env=self.environment(), **kwargs
        )

    def foreground(self, *arguments: object) -> int:
        """Run a command of Odoo on our terminal, handing signals on, each once.

        At the second SIGINT Odoo stops without tidying up. A terminal sends Ctrl-C to
        Odoo too; without one Odoo is in a session of its own and has it from us alone.
        """
        terminal = sys.stdin.isatty()
        process = self.start(*arguments, start_new_session=not terminal)
        sent = 0.0

        def forward(number: int, _frame: object) -> None:
            nonlocal sent
            if number == signal.SIGINT and terminal or time.monotonic() < sent + 1:
                return
            sent = time.monotonic()
            process.send_signal(number)

        previous = {
            number: signal.signal(number, forward)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            return process.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def odoo(*, safe: bool) -> Iterator[Odoo]:
    """Provision what is missing and give an :class:`Odoo` while the block runs.

    :param safe: see :func:`suite.postgres.server`
    """
    sources = home()
    python = python_env.environment()
    with postgres.server(python, safe=safe) as server:
        yield Odoo(sources, python, server)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def require_port(port: int) -> None:
    """Raise :class:`Problem` when nobody can, or somebody does, listen on ``port``."""
    if not 0 < port < 65536:
        raise Problem(f"there is no port {port}", "choose 1 to 65535 with --port")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Problem(
                f"port {port} is taken: {error.strerror}",
                "stop what listens there, or choose another with --port",
            ) from None
