"""The one folder that holds everything provisioned, safe to delete at any time.

Each part is a folder keyed by what it was built from, built under a lock and marked
complete at the very end: a killed build is thrown away by the next command, and two
commands that want the same part wait for each other.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from .console import Problem, say

REPOSITORY = Path(__file__).resolve().parents[2]
ADDONS = (
    "crm_actions",
    "crm_team_followers",
    "partner_merge_guard",
    "partner_default_follower",
)
_COMPLETE = ".complete"


def folder() -> Path:
    """The cache folder, made when missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "odoo-crm-suite"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(
            f"the cache folder {path} cannot be made: {error.strerror}",
            "set XDG_CACHE_HOME to a folder you may write to",
        ) from error
    return path


def digest(*parts: object) -> str:
    """A short key for what something is built from."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def require_space(path: Path, gigabytes: float) -> None:
    free = shutil.disk_usage(path).free / 1e9
    if free < gigabytes:
        raise Problem(
            f"{path} has {free:.1f} GB free, this step needs {gigabytes:.1f} GB",
            "free some space, or set XDG_CACHE_HOME to a roomier disk",
        )


@contextlib.contextmanager
def lock(name: str, *, shared: bool = False) -> Iterator[None]:
    """Hold the named lock; ends with the process, however that ends."""
    with open(folder() / f"{name}.lock", "a+") as handle:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"• waiting for another command ({name}) …")
            fcntl.flock(handle, kind)
        yield


def build_once(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The complete folder ``name-key``, made by ``build(folder)`` if need be."""
    path = folder() / f"{name}-{key}"
    if (path / _COMPLETE).exists():
        return path
    with lock(name):
        if not (path / _COMPLETE).exists():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
            build(path)
            (path / _COMPLETE).touch()
    return path
