"""What setup/lint says about versions, style and subjects of commits."""

import itertools
import re
import tempfile
import unittest
from pathlib import Path

from suite import cache, style, versions

HEAD = "\n".join(style.LICENCE) + "\n"
MANIFEST = '{{"name": "Œuvre", "version": "{version}"}}'


class TestVersions(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addon = Path(folder.name) / "an_addon"
        for name in ("models", "readme", "tests"):
            (self.addon / name).mkdir(parents=True)
        self.version("19.0.1.0.0")
        self.released = {
            "an_addon": {"version": "19.0.1.0.0", "digest": versions.digest(self.addon)}
        }

    def version(self, version, heading=None):
        (self.addon / "__manifest__.py").write_text(MANIFEST.format(version=version))
        (self.addon / "readme/HISTORY.md").write_text(
            f"## {heading or version}\n\n- X.\n"
        )

    def found(self):
        return versions.complaints(self.addon, self.released)

    def test_what_a_database_has_wants_a_higher_version(self):
        (self.addon / "models/a.py").write_text("a = 1\n")
        self.assertIn("needs an update", self.found()[0])
        self.version("19.0.1.0.1")
        self.assertEqual(self.found(), [])

    def test_tests_and_pages_do_not(self):
        (self.addon / "tests/test_a.py").write_text("a = 1\n")
        (self.addon / "readme/USAGE.md").write_text("Click.\n")
        self.assertEqual(self.found(), [])

    def test_data_that_the_manifest_names_does(self):
        manifest = MANIFEST.format(version="19.0.1.0.0")[:-1] + ', "data": ["a.xml"]}'
        (self.addon / "__manifest__.py").write_text(manifest)
        self.assertIn("needs an update", self.found()[0])

    def test_a_lower_version_is_not_higher(self):
        (self.addon / "models/a.py").write_text("a = 1\n")
        self.version("19.0.0.9.0")
        self.assertIn("needs an update", self.found()[0])

    def test_history_begins_with_the_version(self):
        self.version("19.0.1.0.0", "19.0.1.0.0 (2026-11-25)")
        self.assertEqual(self.found(), [])
        self.version("19.0.1.0.1", "19.0.1.0.0")
        self.assertIn("does not begin", self.found()[0])
        self.version("19.0.1.0.0", "19.0.1.0.0\n\n- Y.\n\n## Next")
        self.assertIn("a heading", self.found()[0])


class TestStyle(unittest.TestCase):
    def rules(self, text, path="models/a.py", head=HEAD):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "an_addon" / path
            file.parent.mkdir(parents=True)
            file.write_text(head + text)
            found = style.complaints(Path(folder) / "an_addon")
            return [line.split(": ")[1] for line in found]

    def test_licence(self):
        self.assertEqual(self.rules("a = 1\n", head="# Licence\n"), ["licence"])
        self.assertEqual(self.rules("from . import a\n", head=""), [])

    def test_banner(self):
        for banner in ("# ------ CRUD", "    # ======", "# --- pause ---"):
            self.assertEqual(self.rules(f"a = 1\n{banner}\n"), ["banner"], banner)
        self.assertEqual(self.rules("# - a point of a list\na = 1\n"), [])

    def test_sudo_has_its_reason(self):
        self.assertEqual(self.rules("a = b.sudo().c\n"), ["sudo"])
        self.assertEqual(self.rules("# sudo: all of them\na = b.sudo().c\n"), [])
        self.assertEqual(self.rules("a = b.sudo().c  # sudo: all\n"), [])
        self.assertEqual(self.rules("# sudo: x\na = 1\nb = c.sudo()\n"), ["sudo"])
        self.assertEqual(self.rules("a = b.sudo(False)\n"), [])
        self.assertEqual(self.rules("a = b.sudo().c\n", "tests/test_a.py"), [])

    def test_sudo_in_a_condition(self):
        self.assertEqual(self.rules("if b.sudo().c:\n    d = 1\n"), ["sudo"])
        self.assertEqual(self.rules("# sudo: x\nif b.sudo().c:\n    d = 1\n"), [])

    def test_comodel_is_positional(self):
        field = "a = fields.Many2one({}'res.partner', string='A')\n"
        self.assertEqual(self.rules(field.format("comodel_name=")), ["comodel"])
        self.assertEqual(self.rules(field.format("")), [])

    def test_anchors_by_name(self):
        view = "<xpath expr=\"//field[{}]\" position='after'/>\n"
        for place, broken in (("1", 1), ("last()", 1), ("@name='a']//page[2", 1)):
            self.assertEqual(len(list(style.xpath(view.format(place)))), broken, place)
        self.assertFalse(list(style.xpath(view.format("@name='a1'"))))

    def test_order_of_members(self):
        model = "class A(models.Model):\n    _name = 'a'\n"
        parts = [
            "    a = fields.Char()\n",
            "    _b = models.Constraint('CHECK (a)')\n",
            "    def _compute_a(self):\n        pass\n",
            "    @api.constrains('a')\n    def _check(self):\n        pass\n",
            "    def create(self, values):\n        pass\n",
            "    def action_open(self):\n        pass\n",
        ]
        self.assertEqual(self.rules(model + "".join(parts)), [])
        for first, second in itertools.pairwise(parts):
            self.assertEqual(self.rules(model + second + first), ["order"], first)


class TestSubject(unittest.TestCase):
    def test_subject_of_a_commit(self):
        config = (cache.REPOSITORY / ".pre-commit-config.yaml").read_text()
        pattern = re.search(r"entry: >-\n +(.+)\n +args: \[--multiline", config)[1]
        for subject, right in (
            ("[FIX] crm_actions: keep the meeting\n\nWhy.\n", True),
            ("Merge branch 'x'\n", True),
            ("[FIX] crm_actions: " + "x" * 53, True),
            ("[FIX] crm_actions: " + "x" * 54, False),
            ("[FIXED] crm_actions: keep\n", False),
            ("keep the meeting\n\n[FIX] crm_actions: keep\n", False),
        ):
            found = re.search(pattern, subject, re.MULTILINE | re.DOTALL)
            self.assertEqual(bool(found), right, subject)
