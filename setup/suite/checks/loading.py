"""How Odoo, started by setup/, finds, orders and shares the tests.

Read by ``setup/suite/bin/odoo`` when tests are asked for; what is special about a run
is in the environment:

``SUITE_TESTS_AFTER``
    Odoo runs a test tagged ``at_install`` only while its module installs. Then both
    kinds run after everything is loaded.
``SUITE_TESTS_SHARED``
    A folder. Processes that are given the same one share the test classes among them:
    each takes the next that nobody has taken.
"""

import importlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from odoo.tests import loader
from odoo.tests.suite import OdooSuite

_get_tests_modules = loader._get_tests_modules
_make_suite = loader.make_suite


def _get_tests_modules_and_tables(mod) -> list:
    """Odoo's test modules of an addon, and its ``tests/suite_*.py``."""
    modules = _get_tests_modules(mod)
    if mod.origin:
        for path in sorted(Path(mod.origin).parent.glob("tests/suite_*.py")):
            modules.append(importlib.import_module(f"{mod.name}.tests.{path.stem}"))
    return modules


class SharedSuite(OdooSuite):
    def run(self, result, debug=False):
        self._tests = _taken(self._tests, Path(os.environ["SUITE_TESTS_SHARED"]))
        return super().run(result, debug)


def _taken(tests: Iterable, folder: Path) -> Iterator:
    ours: dict[type, bool] = {}
    for test in tests:
        kind = type(test)
        if kind not in ours:
            try:
                (folder / f"{kind.__module__}.{kind.__qualname__}").touch(
                    exist_ok=False
                )
                ours[kind] = True
            except FileExistsError:
                ours[kind] = False
        if ours[kind]:
            yield test


def _make_suite_here(module_names, position="at_install") -> OdooSuite:
    if os.environ.get("SUITE_TESTS_AFTER"):
        # Called for each module while it loads, also without installing anything.
        position = "" if position == "at_install" else "at_install,post_install"
    suite = _make_suite(module_names if position else [], position or "at_install")
    if os.environ.get("SUITE_TESTS_SHARED"):
        return SharedSuite(suite)
    return suite


def install() -> None:
    loader._get_tests_modules = _get_tests_modules_and_tables
    loader.make_suite = _make_suite_here
