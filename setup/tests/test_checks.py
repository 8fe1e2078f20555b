"""How tests are found and shared; what a run makes of what it found."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from suite import cache, odoo, python_env

ADDON = {
    "__init__.py": "",
    "__manifest__.py": '{"name": "Œuvre"}',
    "tests/__init__.py": "from . import test_own",
    "tests/test_own.py": """
from odoo.tests import BaseCase, tagged
class TestOwn(BaseCase):
    def test_one(self): pass
@tagged("post_install", "-at_install")
class TestLate(BaseCase):
    def test_two(self): pass
""",
    "tests/suite_table.py": """
from odoo.tests import BaseCase
class Shared:
    allow_inherited_tests_method = True
    test_sequence = -1
    def test_three(self): pass
class TestTable(Shared, BaseCase):
    pass
""",
}
LOAD = """
import sys
import odoo.addons
from odoo.tests import loader
from odoo.tools import config
from suite.checks import loading
odoo.addons.__path__.append(sys.argv[1])
config["test_tags"] = "/an_addon"
loading.install()
for position in ("at_install", "post_install"):
    suite = loader.make_suite(["an_addon"], position)
    tests = loading._taken(suite._tests, loading.Path(sys.argv[2]))
    print(position, *(test.id().rpartition("tests.")[2] for test in tests))
"""


class TestLoading(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, text in ADDON.items():
            file = self.folder / "an_addon" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (self.folder / "taken").mkdir()

    def load(self, **variables):
        paths = (odoo.home(), cache.REPOSITORY / "setup")
        variables["PYTHONPATH"] = os.pathsep.join(map(str, paths))
        done = subprocess.run(
            [python_env.environment(), "-c", LOAD, self.folder, self.folder / "taken"],
            check=False,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_tables_are_found_under_the_addons_tag(self):
        early, late = self.load()
        self.assertIn("suite_table.TestTable.test_three", early)
        self.assertEqual(late, "post_install test_own.TestLate.test_two")

    def test_all_after_loading_the_longest_first(self):
        early, late = self.load(SUITE_TESTS_AFTER="1")
        self.assertEqual(early, "at_install")
        self.assertEqual(late.split()[1], "suite_table.TestTable.test_three")
        self.assertEqual(len(late.split()), 4)

    def test_a_class_is_taken_once(self):
        self.load(SUITE_TESTS_AFTER="1")
        self.assertEqual(
            self.load(SUITE_TESTS_AFTER="1"), ["at_install", "post_install"]
        )
