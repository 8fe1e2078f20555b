"""The virtual environment with what Odoo and the checks import."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from . import cache
from .console import Problem, call, step
from .debian import PrivateApt

# What Odoo 19 runs on; the first found is used, this interpreter preferred.
VERSIONS = ("3.11", "3.12", "3.13", "3.10")
REQUIREMENTS = ("requirements.txt", "test-requirements.txt")


def interpreter() -> str:
    """A Python that Odoo 19 runs on."""
    if f"{sys.version_info[0]}.{sys.version_info[1]}" in VERSIONS:
        return sys.executable
    for version in VERSIONS:
        name = f"python{version}"
        path = shutil.which(name)
        # A version manager's stub exists for versions that do not work.
        if path and _succeeds(path, ""):
            return path
    raise Problem(
        f"Odoo 19 does not run on Python {platform.python_version()}",
        "install one of Python 3.10, 3.11, 3.12, 3.13 and put it on the PATH",
    )


def _succeeds(python: str, code: str) -> bool:
    done = subprocess.run([python, "-c", code], check=False, capture_output=True)
    return done.returncode == 0


def environment() -> Path:
    """The interpreter of the environment, made once for each set of requirements."""
    python = interpreter()
    version = call([python, "--version"], "check this Python").strip()
    texts = [(cache.REPOSITORY / name).read_text() for name in REQUIREMENTS]

    def build(path: Path) -> None:
        cache.require_space(path, 2)
        with step(f"making the environment ({version}, about 70 packages)"):
            _make_venv(python, path)
            files = [
                word
                for name in REQUIREMENTS
                for word in ("--requirement", cache.REPOSITORY / name)
            ]
            call(
                [path / "bin/python", "-m", "pip", "install", "--quiet", *files],
                "check that this machine reaches PyPI, then run the command again",
            )

    key = cache.digest(version, platform.machine(), *texts)
    return cache.build_once("python", key, build) / "bin/python"


def _make_venv(python: str, path: Path) -> None:
    todo = "install the Debian package python3-venv"
    if _succeeds(python, "import ensurepip, venv"):
        call([python, "-m", "venv", path], todo)
        return
    # Debian splits ensurepip off: its wheel of pip installs itself.
    call([python, "-m", "venv", "--without-pip", path], todo)
    apt = PrivateApt(path / "apt", None)
    apt.unpack(["python3-pip-whl"], path / "apt/tree")
    wheel = next((path / "apt/tree/usr/share/python-wheels").glob("pip-*.whl"))
    call([path / "bin/python", f"{wheel}/pip", "install", "--quiet", wheel], todo)
    shutil.rmtree(path / "apt")
