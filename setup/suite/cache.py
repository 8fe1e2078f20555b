"""The one folder that holds everything provisioned, safe to delete at any time.

Each part is a folder keyed by what it was built from. It is built under a name of its
own and linked when complete, so a killed build, whose last programs may still write, is
in nobody's way; two commands that want the same part wait for each other.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
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


def folder() -> Path:
    """The cache folder, made when missing."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    todo = "set XDG_CACHE_HOME to a folder you may write to"
    if not base.is_absolute():
        raise Problem(f"XDG_CACHE_HOME={base} is not a whole path", todo)
    path = base / "odoo-crm-suite"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"cannot be made: {error.strerror}"
        raise Problem(f"the cache folder {path} {reason}", todo) from error
    if not os.access(path, os.W_OK):
        raise Problem(f"the cache folder {path} is read-only", todo)
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
    """The complete folder ``name_key``, made by ``build(folder)`` if need be."""
    complete = folder() / f"{name}_{key}"
    if complete.is_symlink():
        return complete.resolve()
    with lock(name):
        if not complete.is_symlink():
            for left in folder().glob(f"{complete.name}*"):
                shutil.rmtree(left, ignore_errors=True)
            path = Path(tempfile.mkdtemp(prefix=f"{complete.name}.", dir=folder()))
            path.chmod(0o755)
            build(path)
            complete.symlink_to(path.name)
    return complete.resolve()
