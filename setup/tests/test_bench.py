"""What setup/bench makes of its measurements."""

import tempfile
import unittest
from datetime import date
from pathlib import Path
from unittest import mock

from suite.bench import CASES, big, run, table
from suite.bench.case import Case, Measure
from suite.commands import bench
from suite.console import Problem


def nothing(_env, _count):
    return lambda: None


def case(**options) -> Case:
    return Case(
        "œuvre",
        "some work",
        "other work",
        1.05,
        suite=nothing,
        plain=nothing,
        **options,
    )


def measures(suite: list[float], plain: list[float], queries: int = 7):
    return {
        ("suite", 100): [Measure(0.1, 3, 100)] * 3,
        ("plain", 100): [Measure(0.1, 3, 100)] * 3,
        ("suite", 1000): [
            Measure(seconds, queries, int(seconds * 1000)) for seconds in suite
        ],
        ("plain", 1000): [
            Measure(seconds, 7, int(seconds * 1000)) for seconds in plain
        ],
    }


class TestBench(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.readme = Path(folder.name) / "README.rst"

    def test_summary_takes_medians(self):
        result = run.summary(case(), measures([1.0, 1.04, 9.0], [1.0, 1.0, 0.1]))
        self.assertEqual(result["ratio"], 1.04)
        self.assertTrue(result["met"])
        self.assertEqual(result["growth"], {"suite": 10.4, "plain": 10.0})

    def test_ratio_compares_within_a_round(self):
        """A machine that slows down between two rounds slows down both sides."""
        result = run.summary(case(), measures([1.0, 1.0, 3.0], [1.0, 3.0, 3.0]))
        self.assertEqual(result["ratio"], 1.0)
        self.assertEqual(result["seconds"], {"suite": 1.0, "plain": 3.0})

    def test_figures_of_other_cases_stay(self):
        file = self.readme.with_name("figures.json")
        self.assertEqual(bench._earlier(file), [])
        bench._save(file, [{"name": "merge", "ratio": 1}, {"name": "dedupe"}])
        results = run.merged(bench._earlier(file), {"name": "merge", "ratio": 2})
        results = run.merged(results, {"name": "lead_page"})
        self.assertEqual(
            results,
            [{"name": "lead_page"}, {"name": "merge", "ratio": 2}, {"name": "dedupe"}],
        )

    def test_figures_of_another_machine_are_refused(self):
        file = self.readme.with_name("figures.json")
        with mock.patch.object(table, "machine", return_value="Œuf"):
            bench._save(file, [])
        with self.assertRaisesRegex(Problem, "another machine: Œuf"):
            bench._earlier(file)

    def test_a_missed_ratio_is_marked(self):
        result = run.summary(case(), measures([1.2] * 3, [1.0] * 3))
        self.assertFalse(result["met"])
        self.assertIn("1.20 ✗", table.table([result]))

    def test_more_queries_or_growth_than_allowed_is_a_miss(self):
        more = measures([1.0] * 3, [1.0] * 3, queries=8)
        self.assertTrue(run.summary(case(), more)["met"])
        self.assertFalse(run.summary(case(same_queries=True), more)["met"])
        self.assertFalse(run.summary(case(max_growth=1.5), more)["met"])

    def test_readme_keeps_what_is_outside_the_markers(self):
        self.readme.write_text(
            f"Titre\n=====\n\n{table.START}\n\nold\n\n{table.END}\n\nEnd\n"
        )
        result = run.summary(case(), measures([1.0] * 3, [1.0] * 3))
        for _twice in range(2):
            table.write_readme(self.readme, [result], date(2026, 11, 24))
        text = self.readme.read_text()
        self.assertTrue(text.startswith(f"Titre\n=====\n\n{table.START}\n"))
        self.assertTrue(text.endswith(f"{table.END}\n\nEnd\n"))
        self.assertNotIn("old", text)
        self.assertEqual(text.count("2026-11-24"), 1)

    def test_readme_without_markers(self):
        self.readme.write_text("Titre\n")
        result = run.summary(case(), measures([1.0] * 3, [1.0] * 3))
        with self.assertRaisesRegex(Problem, "has no lines"):
            table.write_readme(self.readme, [result], date(2026, 11, 24))

    def test_ratio_compares_calls_whatever_the_machine_does(self):
        noisy = measures([1.0], [1.0])
        noisy["suite", 1000] = [Measure(9.0, 7, 1030)]
        self.assertEqual(run.summary(case(), noisy)["ratio"], 1.03)
        self.assertEqual(run.summary(case(unit="seconds"), noisy)["ratio"], 9.0)

    def test_a_slow_statement_of_a_large_database(self):
        def line(slowest):
            return {"ms": 1, "rows": 1, "slowest": slowest, "statement": "SELECT œuvre"}

        for suite, plain, met in (
            (line(49), None, True),
            (line(51), None, False),
            (line(51), line(45), True),
            (line(90), line(45), False),
            (line(1e9), line(1e9), True),
        ):
            row = big._compare("a page", suite, plain)
            self.assertEqual(row["met"], met, (suite, plain))
            self.assertEqual("✗ SELECT œuvre" in big.table([row]), not met)

    def test_only_takes_names_and_groups(self):
        self.assertEqual(len(bench._chosen([])), len(CASES))
        self.assertEqual(
            [one.name for one in bench._chosen(["contact_create"])],
            ["contact_create", "contact_create_no_rule"],
        )
        with self.assertRaisesRegex(Problem, "no case nowhere"):
            bench._chosen(["nowhere"])
