"""The rules of style that a program can check and no kept linter does.

Each rule is a function that yields the numbers of the lines that break it. An addon
keeps all rules but those that :data:`NOT_YET` names for it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

LICENCE = (
    "# Copyright 2026 CRM and Contacts Suite",
    "# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)",
)
# addon → the rules that it does not keep yet
NOT_YET: dict[str, tuple[str, ...]] = {
    "crm_actions": ("banner", "sudo", "order"),
    "crm_team_followers": ("banner", "sudo", "comodel", "order"),
    "partner_default_follower": ("banner", "sudo", "order"),
    "partner_merge_guard": ("licence", "banner", "sudo", "xpath"),
}
_BANNER = re.compile(r"^\s*# ?(?:[-=*#~]{4,}|[-=*]+ .* [-=*]+$)")
_RELATIONS = ("Many2one", "One2many", "Many2many")


def licence(lines: list[str], tree: ast.Module) -> Iterator[int]:
    """The first two lines are the copyright and the licence, in these words."""
    imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body)
    if not imports and tuple(lines[:2]) != LICENCE:
        yield 1


def banner(lines: list[str], _tree: ast.Module) -> Iterator[int]:
    """No comment is drawn as a banner: a part that needs one is a file of its own."""
    yield from (n for n, line in enumerate(lines, 1) if _BANNER.match(line))


def sudo(lines: list[str], tree: ast.Module) -> Iterator[int]:
    """A ``# sudo:`` comment, at the call or right above it, says why."""
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt):
            continue
        # Of an ``if`` or a ``for`` the head only: its body has statements of its own.
        head = [
            node
            for node in ast.iter_child_nodes(statement)
            if isinstance(node, ast.expr)
        ]
        calls = [node for part in head for node in ast.walk(part) if _is_sudo(node)]
        if not calls:
            continue
        first = statement.lineno - 1
        while first and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        near = lines[first : max(part.end_lineno for part in head)]
        if not any("# sudo:" in line for line in near):
            yield calls[0].lineno


def _is_sudo(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "sudo"
        and not (node.args and getattr(node.args[0], "value", None) is False)
    )


def comodel(_lines: list[str], tree: ast.Module) -> Iterator[int]:
    """The model that a field leads to is its first argument, without a name."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _RELATIONS
            and any(word.arg == "comodel_name" for word in node.keywords)
        ):
            yield node.lineno


def order(_lines: list[str], tree: ast.Module) -> Iterator[int]:
    """The members of a model stand in OCA's order."""
    for model in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        if "Model" not in "".join(ast.unparse(base) for base in model.bases):
            continue
        reached = 0
        for member in model.body:
            rank = _rank(member)
            if rank is not None and rank < reached:
                yield member.lineno
            reached = max(reached, rank or 0)


def _rank(member: ast.stmt) -> "int | None":
    """Attributes, fields, constraints, defaults, computes, checks, ORM, the rest."""
    if isinstance(member, ast.Assign):
        kind = ast.unparse(member.value)
        if kind.startswith("fields."):
            return 1
        return 2 if re.match(r"models\.(Constraint|\w*Index)", kind) else 0
    if not isinstance(member, ast.FunctionDef):
        return None
    decorators = " ".join(ast.unparse(one) for one in member.decorator_list)
    if "property" in decorators:
        return None
    if re.search(r"api\.(constrains|onchange|ondelete)", decorators):
        return 5
    if member.name.startswith("_default_"):
        return 3
    if re.match(r"_(compute|inverse|search)_", member.name):
        return 4
    crud = ("create", "write", "unlink", "copy", "copy_data", "default_get", "_search")
    return 6 if member.name in crud else 7


def xpath(text: str) -> Iterator[int]:
    """An anchor is found by its name, not by its place."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(
            r"""\bexpr=(["']).*?\[(\d+|last\(\)|position\(\).*?)\].*?\1""", line
        ):
            yield number


RULES: dict[str, Callable] = {
    rule.__name__: rule for rule in (licence, banner, sudo, comodel, order)
}


def complaints(addon: Path, skipped: "tuple[str, ...] | None" = None) -> list[str]:
    """``path:line: rule`` for all that breaks a rule which the addon keeps."""
    skipped = NOT_YET.get(addon.name, ()) if skipped is None else skipped
    found = []
    for path in sorted(addon.rglob("*.py")):
        if path.name == "__manifest__.py":
            continue
        text = path.read_text()
        lines, tree = text.splitlines(), ast.parse(text)
        inner = path.relative_to(addon)
        for name, rule in RULES.items():
            if (
                name in skipped
                or name in ("sudo", "order")
                and inner.parts[0] == "tests"
            ):
                continue
            found += _say(addon, path, rule, rule(lines, tree))
    if "xpath" not in skipped:
        for path in sorted(addon.rglob("*.xml")):
            found += _say(addon, path, xpath, xpath(path.read_text()))
    return found


def _say(addon: Path, path: Path, rule: Callable, numbers: Iterator[int]) -> list[str]:
    where, about = path.relative_to(addon.parent), (rule.__doc__ or "").splitlines()[0]
    return [f"{where}:{number}: {rule.__name__}: {about}" for number in numbers]
