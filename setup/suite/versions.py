"""Whether an addon's version says that a database needs an update.

``setup/released.json`` has each addon's version at the last release and a digest of
what an update brings into a database. While that is unchanged, so may the version be;
when it changes, the version in the manifest must be higher than the released one, and
``readme/HISTORY.md`` must begin with it. Needs no tags and no history of git.
"""

import ast
import json
import re
from pathlib import Path

from . import cache

RELEASED = cache.REPOSITORY / "setup/released.json"
# A database does not have them, or takes them from the sources by itself.
_ELSEWHERE = ("tests", "readme", "static", "demo", "migrations", "__pycache__")
_HEADING = re.compile(
    r"^## (\d+\.\d+\.\d+\.\d+\.\d+)(?: \(\d{4}-\d\d-\d\d\))?$", re.MULTILINE
)


def _manifest(addon: Path) -> dict:
    return ast.literal_eval((addon / "__manifest__.py").read_text())


def digest(addon: Path) -> str:
    """What an update of the addon would bring into a database."""
    manifest = {
        key: value for key, value in _manifest(addon).items() if key != "version"
    }
    parts: list[object] = [sorted(manifest.items(), key=lambda item: item[0])]
    for path in sorted(addon.rglob("*")):
        inner = path.relative_to(addon)
        if (
            path.suffix in (".py", ".xml", ".csv", ".po")
            and inner.parts[0] not in _ELSEWHERE
            and path.name != "__manifest__.py"
        ):
            parts += [inner, path.read_bytes()]
    return cache.digest(*parts)


def complaints(addon: Path, released: dict) -> list[str]:
    """What is wrong with the version of ``addon``."""
    version = _manifest(addon)["version"]
    history = (addon / "readme/HISTORY.md").read_text()
    named = _HEADING.findall(history)
    found = []
    if version not in named[:1]:
        found.append(
            f"{addon.name}/readme/HISTORY.md does not begin with “## {version}”"
        )
    if len(named) != history.count("\n## ") + history.startswith("## "):
        found.append(
            f"{addon.name}/readme/HISTORY.md: a heading is not “## 19.0.x.y.z (date)”"
        )
    last = released.get(addon.name)
    if (
        last
        and last["digest"] != digest(addon)
        and _key(version) <= _key(last["version"])
    ):
        found.append(
            f"{addon.name}: a database needs an update since {last['version']}: give"
            " the manifest a higher version, and that one a section in HISTORY.md"
        )
    return found


def _key(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def read() -> dict:
    return json.loads(RELEASED.read_text())


def release(addons: list[Path]) -> None:
    """Note the addons as they are now, at a release."""
    now = {
        addon.name: {"version": _manifest(addon)["version"], "digest": digest(addon)}
        for addon in addons
    }
    RELEASED.write_text(json.dumps(now, indent=2) + "\n")
