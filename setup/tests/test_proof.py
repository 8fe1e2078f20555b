"""How the longer runs of setup/test compare and choose."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from suite import cache, invariants, matrix, testlog, upstream
from suite.faults import race, stage


class TestUpstream(unittest.TestCase):
    def side(self, database: str, *failed: str, log: str = "") -> upstream.Side:
        side = upstream.Side(database)
        tests = ["TestA.test_one", "TestA.test_two"]
        side.add(testlog.Outcome(tests, list(failed), [], [log] if log else []))
        return side

    def test_what_fails_on_both_sides_is_no_difference(self):
        plain = self.side("plain", "TestA.test_one")
        suite = self.side("suite", "Subtest TestA.test_one (n=1)")
        self.assertEqual(upstream.differences(plain, suite), [])

    def test_what_fails_on_one_side_is(self):
        plain = self.side("plain", "TestA.test_two")
        suite = self.side("suite", "TestA.test_one")
        self.assertEqual(
            upstream.differences(plain, suite),
            [
                "fails with the suite only: TestA.test_one",
                "fails without the suite only: TestA.test_two",
            ],
        )

    def test_a_class_that_could_not_be_set_up(self):
        side = self.side("suite", "setUpClass (odoo.addons.x.tests.test_a.TestA)")
        self.assertEqual(side.failed, {"TestA"})

    def test_lines_of_the_log_differ_by_more_than_names_and_numbers(self):
        plain = self.side(
            "plain_1", log="2026-11-24 1 WARNING plain_1 odoo.x: 3 at 0xf"
        )
        suite = self.side(
            "suite_2", log="2026-11-24 7 WARNING suite_2 odoo.x: 4 at 0xa"
        )
        self.assertEqual(upstream.differences(plain, suite), [])
        suite = self.side("suite_2", log="2026-11-24 7 WARNING suite_2 odoo.x: other")
        self.assertEqual(len(upstream.differences(plain, suite)), 1)

    def test_a_test_that_does_not_run_any_more(self):
        plain, suite = self.side("plain"), self.side("suite")
        suite.started.discard("TestA.test_two")
        self.assertIn("does not run", upstream.differences(plain, suite)[0])


class TestRace(unittest.TestCase):
    def logged(self, line: str, answered: int = 0) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            log.write_text(f"2026-11-24 12:00:00,000 7 {line}\n")
            return stage.Serving.logged(mock.Mock(log=log), answered)

    def test_answers_that_clients_count_are_expected_in_the_log(self):
        gone = "Record does not exist or has been deleted."
        self.assertFalse(self.logged(f"WARNING race odoo.http: {gone}", answered=1))
        self.assertFalse(self.logged("ERROR race odoo.sql_db: deadlock detected"))

    def test_what_else_goes_wrong_is_not(self):
        for line in (
            "WARNING race odoo.http: Record does not exist or has been deleted.",
            "ERROR race odoo.http: Exception during request handling.",
            "WARNING race odoo.addons.crm_actions: odd",
        ):
            self.assertEqual(len(self.logged(line)), 1, line)

    def test_a_client_that_fails_fails_the_race(self):
        with self.assertRaises(ZeroDivisionError):
            race._at_once([(int,), (divmod, 1, 0), (int,)])


class TestMatrix(unittest.TestCase):
    def test_every_combination_in_different_orders(self):
        orders = list(matrix.orders(("a", "b", "c", "d")))
        for coming, leaving in orders:
            self.assertEqual(set(coming), set(leaving))
        self.assertEqual(len({frozenset(coming) for coming, _leaving in orders}), 15)
        self.assertEqual(len({coming for coming, _leaving in orders[-3:]}), 3)
        self.assertTrue(any(coming == leaving for coming, leaving in orders[4:]))
        self.assertTrue(any(coming == leaving[::-1] for coming, leaving in orders[4:]))


class TestInvariants(unittest.TestCase):
    # PostgreSQL's answers are not what is looked at here.
    def test_only_installed_addons_are_asked(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for addon in cache.ADDONS[:2]:
            script = Path(folder.name) / addon / "tests/invariants.sql"
            script.parent.mkdir(parents=True)
            script.write_text(f"SELECT 'œuvre', 1 -- {addon}")
        server = mock.Mock()
        server.query.side_effect = [[cache.ADDONS[1], "crm"], ["œuvre|1"]]
        with mock.patch.object(cache, "REPOSITORY", Path(folder.name)):
            found = invariants.violations(server, "test")
        self.assertEqual(found, [f"{cache.ADDONS[1]}: œuvre|1"])
