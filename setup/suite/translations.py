"""The templates and the translations of the addons."""

import tempfile
from pathlib import Path

import polib

from . import cache, databases
from .odoo import Odoo

LANGUAGES = ("fr", "nl")
# What reads the same in the language. oca-checks-po wants such an entry empty, so an
# empty entry is a forgotten one unless its text stands here.
SAME = {
    "fr": {
        '<span class="o_stat_text">Actions</span>',
        *("Action", "Actions", "Contact", "Contacts", "ID", "Message", "Mode", "Note"),
        *("Plan", "Total", "Type", "id"),
    },
    "nl": {
        "%(contact)s (ID %(id)s): %(counts)s",
        "%(rule)s: %(quantity)s",
        "%(type)s: %(summary)s",
        "%(what)s: %(action)s",
        *("Contact", "Feedback", "ID", "In Odoo", "Lead", "Model", "Open", "Plan"),
        *("Status", "Team", "Trigger", "Type", "Wizard", "id"),
    },
}


def incomplete(addon: Path) -> list[str]:
    """What is missing in the translations of ``addon``, a line for each entry."""
    template = _read(addon / "i18n" / f"{addon.name}.pot")
    if template is None:
        return [f"{addon.name}: there is no i18n/{addon.name}.pot"]
    wanted = {_key(entry) for entry in template}
    complaints = []
    for language in LANGUAGES:
        path = addon / "i18n" / f"{language}.po"
        where = path.relative_to(cache.REPOSITORY)
        translation = _read(path)
        if translation is None:
            complaints.append(f"{where}: missing")
            continue
        entries = {_key(entry): entry for entry in translation if not entry.obsolete}
        for key in sorted(wanted - entries.keys()):
            complaints.append(f"{where}: no entry for {key[1]!r}")
        for key in sorted(entries.keys() - wanted):
            complaints.append(f"{where}: not in the template: {key[1]!r}")
        for key, entry in entries.items():
            if entry.fuzzy:
                complaints.append(f"{where}: fuzzy: {key[1]!r}")
            elif not entry.translated() and entry.msgid not in SAME[language]:
                complaints.append(f"{where}: not translated: {key[1]!r}")
    return complaints


def templates_behind(instance: Odoo, *, fix: bool) -> list[str]:
    """The templates that are not what the sources say, after mending them if asked."""
    complaints = []
    template = databases.template(instance)
    with (
        databases.copy(instance, template, "lint") as database,
        tempfile.TemporaryDirectory() as folder,
    ):
        instance.install(database, ",".join(cache.ADDONS))
        for addon in cache.ADDONS:
            path = Path(folder) / f"{addon}.pot"
            instance.run(
                "i18n", "export", "-d", database, "-l", "pot", "-o", path, addon
            )
            kept = cache.REPOSITORY / addon / "i18n" / path.name
            if _content(path) == _content(kept):
                continue
            if fix:
                kept.parent.mkdir(exist_ok=True)
                kept.write_text(path.read_text())
                _merge(kept)
            else:
                complaints.append(
                    f"{addon}/i18n/{path.name} is behind: run setup/lint --fix"
                )
    return complaints


def _merge(template: Path) -> None:
    """Bring the translations in step with their template."""
    source = polib.pofile(template)
    for language in LANGUAGES:
        path = template.with_name(f"{language}.po")
        if path.exists():
            translation = polib.pofile(path, wrapwidth=78)
            translation.merge(source)
            translation.sort(key=lambda entry: entry.msgid)
            for entry in translation.obsolete_entries():
                translation.remove(entry)
            translation.save()


def _read(path: Path) -> "polib.POFile | None":
    return polib.pofile(path) if path.exists() else None


def _key(entry: polib.POEntry) -> tuple[str, str]:
    return (entry.msgctxt or "", entry.msgid)


def _content(path: Path) -> set:
    """All that matters in a template: not its dates."""
    return {
        (_key(entry), entry.comment, tuple(sorted(entry.occurrences)))
        for entry in _read(path) or []
    }
