"""What setup/test makes of Odoo's log."""

import unittest

from suite import testlog

HEAD = "2026-11-24 06:00:00,123 4711 {level} test_1 {logger}: {message}"


def line(message: str, level: str = "INFO", logger: str = "odoo.addons.x.tests") -> str:
    return HEAD.format(level=level, logger=logger, message=message) + "\n"


class TestLog(unittest.TestCase):
    def test_counts_passed_failed_and_skipped(self):
        outcome = testlog.read(
            [
                line("Starting TestA.test_one ... "),
                line("Starting TestA.test_two ... "),
                line("FAIL: TestA.test_two", level="ERROR"),
                "Traceback (most recent call last):\n",
                line("Starting TestB.test_three ... "),
                line("skipped TestB.test_three : no website"),
                line(
                    "1 failed, 0 error(s) of 3 tests when loading database 'x'",
                    level="ERROR",
                    logger="odoo.tests.result",
                ),
            ]
        )
        self.assertEqual(outcome.summary(), "1 passed, 1 failed, 1 skipped")
        self.assertEqual(outcome.failed, ["TestA.test_two"])
        self.assertFalse(outcome.unexpected)

    def test_unexpected_warning_is_a_failure_with_its_traceback(self):
        outcome = testlog.read(
            [
                line("Starting TestA.test_one ... "),
                line("something smells", level="WARNING"),
                "  and goes on\n",
                line("all is well"),
            ]
        )
        self.assertEqual(outcome.summary(), "1 passed, 1 failed, 0 skipped")
        self.assertIn("  and goes on", outcome.unexpected[0])

    def test_two_failing_subtests_are_one_failed_test(self):
        failure = line("FAIL: Subtest TestA.test_one (n=1)", level="ERROR")
        outcome = testlog.read([line("Starting TestA.test_one ... "), failure, failure])
        self.assertEqual(outcome.summary(), "0 passed, 1 failed, 0 skipped")

    def test_expected_line_counts_for_nothing(self):
        for known in testlog.EXPECTED:
            with self.subTest(known.why):
                self.assertTrue(known.why)
                self.assertTrue(known.message)
