"""The pages made from an addon's fragments."""

import tempfile
import unittest
from pathlib import Path

from suite import readme


class TestReadme(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addon = Path(folder.name) / "an_addon"
        (self.addon / "readme").mkdir(parents=True)
        (self.addon / "__manifest__.py").write_text(
            '{"name": "Œuvre", "summary": "One line", "license": "AGPL-3",'
            ' "author": "We"}'
        )
        self.fragment("DESCRIPTION", "What it is.\n")
        self.fragment("USAGE", "# Steps\n\n![A view](../static/description/v.png)\n")

    def fragment(self, name, text):
        (self.addon / "readme" / f"{name}.md").write_text(text)

    def test_written_files_are_up_to_date_until_a_fragment_changes(self):
        self.assertEqual(len(readme.behind(self.addon)), 2)
        readme.write(self.addon)
        self.assertFalse(readme.behind(self.addon))
        self.fragment("DESCRIPTION", "What else it is.\n")
        self.assertEqual(len(readme.behind(self.addon)), 2)

    def test_each_page_finds_the_image_from_where_it_lies(self):
        readme.write(self.addon)
        rst = (self.addon / "README.rst").read_text()
        html = (self.addon / "static/description/index.html").read_text()
        self.assertIn("static/description/v.png", rst)
        self.assertIn('src="v.png"', html)

    def test_headings_of_a_fragment_stand_below_their_section(self):
        rst = readme.generate(self.addon)[self.addon / "README.rst"]
        self.assertIn("Usage\n-----", rst)
        self.assertIn("Steps\n~~~~~", rst)
