"""The cache folder: whole parts only, under any accident."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from suite import cache
from suite.console import Problem

SETUP = Path(__file__).parents[1]


class TestCache(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        variables = mock.patch.dict(os.environ, XDG_CACHE_HOME=folder.name)
        variables.start()
        self.addCleanup(variables.stop)

    def test_part_is_built_once(self):
        built = []
        for _ in range(2):
            path = cache.build_once("part", "k", lambda path: built.append(path))
        self.assertEqual([folder.resolve() for folder in built], [path])

    def fail_half_way(self, path):
        (path / "half").touch()
        raise KeyboardInterrupt

    def test_half_built_part_is_thrown_away(self):
        with self.assertRaises(KeyboardInterrupt):
            cache.build_once("part", "k", self.fail_half_way)
        path = cache.build_once("part", "k", lambda path: (path / "whole").touch())
        self.assertFalse((path / "half").exists())
        self.assertTrue((path / "whole").exists())

    def test_programs_of_a_killed_build_still_write(self):
        with self.assertRaises(KeyboardInterrupt):
            cache.build_once("part", "k", self.fail_half_way)
        # What they write comes back while it is deleted.
        with mock.patch.object(shutil, "rmtree"):
            path = cache.build_once("part", "k", lambda path: (path / "whole").touch())
        self.assertEqual([file.name for file in path.iterdir()], ["whole"])

    def test_two_commands_build_one_part(self):
        script = (
            "import sys, time; sys.path.insert(0, sys.argv[1])\n"
            "from suite import cache\n"
            "def build(path):\n"
            "    time.sleep(0.3); print('built', flush=True)\n"
            "cache.build_once('part', 'k', build)\n"
        )
        commands = [
            subprocess.Popen(
                [sys.executable, "-c", script, SETUP],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for _ in range(2)
        ]
        printed = "".join(command.communicate()[0] for command in commands)
        self.assertEqual(printed.count("built"), 1)

    def test_full_disk_is_said_before_the_work(self):
        with self.assertRaisesRegex(Problem, "GB free"):
            cache.require_space(self.folder, 1e9)

    def test_unwritable_cache_names_the_variable(self):
        (self.folder / "file").touch()
        with (
            mock.patch.dict(os.environ, XDG_CACHE_HOME=str(self.folder / "file")),
            self.assertRaises(Problem) as raised,
        ):
            cache.folder()
        self.assertIn("XDG_CACHE_HOME", raised.exception.todo)

    def test_cache_on_a_read_only_disk(self):
        cache.folder()
        # root may write everywhere else
        with (
            mock.patch.object(os, "access", return_value=False),
            self.assertRaisesRegex(Problem, "is read-only"),
        ):
            cache.folder()

    def test_relative_cache_would_lie_in_the_checkout(self):
        for relative in ("cache", "~/cache"):
            with (
                mock.patch.dict(os.environ, XDG_CACHE_HOME=relative),
                self.assertRaisesRegex(Problem, "not a whole path"),
            ):
                cache.folder()
        self.assertFalse(Path("cache").exists())
