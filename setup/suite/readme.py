"""An addon's README.rst and index.html, made from its ``readme/`` fragments."""

import ast
import re
from pathlib import Path

import docutils.core
import pypandoc

# The fragment's name and the heading it gets, in the order of the page.
SECTIONS = (
    ("DESCRIPTION", ""),
    ("CONTEXT", "Use Cases / Context"),
    ("CONFIGURE", "Configuration"),
    ("USAGE", "Usage"),
    ("ROADMAP", "Known issues / Roadmap"),
    ("HISTORY", "Changelog"),
    ("CONTRIBUTORS", "Contributors"),
)
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)
_IMAGES = "../static/description/"
_NOTE = ".. This file is made by setup/lint --fix from readme/: change it there.\n\n"


def generate(addon: Path) -> dict[Path, str]:
    """The generated files of ``addon`` and what is to be in them."""
    manifest = ast.literal_eval((addon / "__manifest__.py").read_text())
    page = [f"# {manifest['name']}\n", f"*{manifest['summary']}*\n"]
    for name, heading in SECTIONS:
        fragment = addon / "readme" / f"{name}.md"
        if fragment.exists():
            page += [f"## {heading}\n"] if heading else []
            page.append(_demote(fragment.read_text()))
    page.append(f"## Licence\n\n{manifest['license']}. Author: {manifest['author']}.\n")
    markdown = "\n".join(page)
    rst = _to_rst(markdown.replace(_IMAGES, "static/description/"))
    return {
        addon / "README.rst": _NOTE + rst,
        addon / "static/description/index.html": _to_html(
            _to_rst(markdown.replace(_IMAGES, ""))
        ),
    }


def behind(addon: Path) -> list[Path]:
    """The generated files of ``addon`` that are not what its fragments say."""
    return [
        path
        for path, text in generate(addon).items()
        if not path.exists() or path.read_text() != text
    ]


def write(addon: Path) -> None:
    for path, text in generate(addon).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _demote(fragment: str) -> str:
    """Put the fragment's headings below that of its section."""
    levels = [len(marks) for marks in _HEADING.findall(fragment)]
    more = "#" * (3 - min(levels)) if levels else ""
    return _HEADING.sub(lambda match: f"{match[1]}{more} ", fragment)


def _to_rst(markdown: str) -> str:
    text = pypandoc.convert_text(
        markdown, "rst", format="gfm-gfm_auto_identifiers", extra_args=["--columns=80"]
    )
    return text.rstrip() + "\n"


def _to_html(rst: str) -> str:
    parts = docutils.core.publish_parts(
        rst,
        writer_name="html5",
        settings_overrides={
            "raw_enabled": False,
            "file_insertion_enabled": False,
            "report_level": 2,
            "halt_level": 3,
        },
    )
    body = parts["html_body"].strip()
    return f'<!DOCTYPE html>\n<html lang="en">\n<body>\n{body}\n</body>\n</html>\n'
