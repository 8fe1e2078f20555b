"""Databases made once and copied."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import cache
from .console import step
from .odoo import Odoo

# What the addons stand on, all of them together.
MODULES = "crm,contacts,base_automation"
LANGUAGES = "fr_FR,nl_NL"


def sources_digest(addons: "list[str] | tuple[str, ...]") -> str:
    """A key for all that is in the addons, also what git does not know yet."""
    parts = []
    for addon in addons:
        for path in sorted((cache.REPOSITORY / addon).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                parts += [path.relative_to(cache.REPOSITORY), path.read_bytes()]
    return cache.digest(*parts)


def template(
    odoo: Odoo,
    modules: str = MODULES,
    *,
    demo: bool = True,
    languages: str = LANGUAGES,
) -> str:
    """The name of a database with Odoo's own ``modules``, built once per server.

    :param modules: names of modules, comma separated
    :param languages: codes of the languages beside English, comma separated
    """
    key = cache.digest(odoo.sources, modules, demo, languages)
    name = f"template_{key}"
    with cache.lock(f"database-{name}"):
        if not odoo.server.exists(name):
            with step(f"building the template database ({modules})"):
                cache.require_space(cache.folder(), 2)
                building = f"{name}_{os.getpid()}"
                install(odoo, building, modules, demo=demo, languages=languages)
                rename(odoo, building, name)
    return name


def install(
    odoo: Odoo, database: str, modules: str, *, demo: bool, languages: str
) -> None:
    """Make ``database`` and install ``modules``."""
    option = "--with-demo" if demo else "--without-demo"
    odoo.install(database, modules, f"--load-language={languages}", option)


def filestore(odoo: Odoo, database: str) -> Path:
    """Where the attachments of ``database`` lie."""
    return odoo.data_folder() / "filestore" / database


def rename(odoo: Odoo, source: str, target: str) -> None:
    """Rename a database with its attachments."""
    if filestore(odoo, source).exists():
        shutil.rmtree(filestore(odoo, target), ignore_errors=True)
        filestore(odoo, source).replace(filestore(odoo, target))
    odoo.server.rename(source, target)


def drop(odoo: Odoo, database: str) -> None:
    """Remove a database, if it is there, with its attachments."""
    odoo.server.drop(database)
    shutil.rmtree(filestore(odoo, database), ignore_errors=True)


def clone(odoo: Odoo, source: str, name: str) -> None:
    drop(odoo, name)
    odoo.server.copy(source, name)
    if filestore(odoo, source).exists():
        # Odoo never changes a stored file: links will do.
        shutil.copytree(
            filestore(odoo, source), filestore(odoo, name), copy_function=os.link
        )


@contextlib.contextmanager
def copy(odoo: Odoo, source: str, purpose: str) -> Iterator[str]:
    """The name of a copy of ``source`` that ends with the block."""
    name = f"{purpose}_{os.getpid()}"
    try:
        clone(odoo, source, name)
        yield name
    finally:
        drop(odoo, name)
