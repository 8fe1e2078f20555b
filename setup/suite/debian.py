"""Debian packages without root: a private apt state, unpacked beside the system.

The mirror's address is the one this machine is configured with; apt checks the
signatures and the checksums.
"""

import os
import platform
import shutil
from pathlib import Path

from . import cache
from .console import Problem, call, step

# Odoo is in Debian's suite sid only.
ODOO_SUITE = "sid"
ODOO_PACKAGE = "odoo-19"
# Odoo's tree links to fonts and scripts of these packages.
LINKED_PACKAGES = (
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
# sid has newer releases of these, with file names that Odoo's links do not know.
OLDER_SUITE = "trixie"
OLDER_LINKED_PACKAGES = ("fonts-font-awesome", "fonts-inconsolata")
_MIRROR_TODO = "configure apt with a Debian mirror that this machine can reach"
_CHROMIUM_TODO = "install Debian's package chromium; then the machine's own is used"


class PrivateApt:
    """apt for one suite with lists, cache and downloads in a folder of its own.

    :param path: the folder
    :param suite: the suite to read, or None for what the machine itself reads
    """

    def __init__(self, path: Path, suite: "str | None") -> None:
        if not shutil.which("apt-get"):
            raise Problem(
                "there is no apt on this system",
                "set ODOO_HOME to an Odoo 19 checkout (and put chromium on the PATH),"
                " or work on a Debian system",
            )
        self.path = path
        for name in ("lists/partial", "cache/archives/partial", "packages"):
            (path / name).mkdir(parents=True, exist_ok=True)
        self.options = [
            "-q",
            *("-o", f"Dir::State::lists={path / 'lists'}"),
            *("-o", f"Dir::Cache={path / 'cache'}"),
            *("-o", "APT::Sandbox::User="),
            *("-o", "APT::Update::Post-Invoke-Success="),
            *("-o", "Acquire::Retries=3"),
        ]
        if suite is None:
            self._call("apt-get", "update")
        else:
            self._read_suite(suite)

    def _call(self, tool: str, *arguments: str, **kwargs) -> str:
        return call([tool, *self.options, *arguments], _MIRROR_TODO, **kwargs)

    def _read_suite(self, suite: str) -> None:
        """Use the first mirror of the machine that has ``suite``."""
        sources = self.path / "sources.list"
        keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
        signed = f"[signed-by={keyring}] " if keyring.exists() else ""
        self.options += ["-o", f"Dir::Etc::sourcelist={sources}"]
        self.options += ["-o", "Dir::Etc::sourceparts=/dev/null"]
        refused = "apt knows no Debian mirror"
        for mirror in _mirrors():
            sources.write_text(f"deb {signed}{mirror} {suite} main\n")
            try:
                self._call("apt-get", "update", "--error-on=any")
                return
            except Problem as problem:
                refused = str(problem)
        raise Problem(f"no mirror with Debian's suite {suite}: {refused}", _MIRROR_TODO)

    def unpack(self, packages: list[str], tree: Path) -> None:
        """Download packages and unpack them below ``tree``."""
        target = self.path / "packages"
        self._call("apt-get", "download", *packages, cwd=target)
        for package in sorted(target.glob("*.deb")):
            call(["dpkg", "-x", package, tree], "delete the cache folder and try again")
            package.unlink()

    def missing_for(self, package: str) -> list[str]:
        """The packages that installing ``package`` would add to this machine."""
        plan = self._call(
            "apt-get", "install", "--simulate", "--no-install-recommends", package
        )
        return [
            line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")
        ]


def _mirrors() -> list[str]:
    """The machine's package mirrors, those that look like Debian's first."""
    listed = call(["apt-get", "indextargets", "--format", "$(REPO_URI)"], _MIRROR_TODO)
    uris = {uri for uri in listed.split() if "security" not in uri}
    return sorted(uris, key=lambda uri: (not uri.rstrip("/").endswith("/debian"), uri))


def odoo_tree() -> Path:
    """Odoo's sources, unpacked once; returns the folder to put on PYTHONPATH."""

    def build(path: Path) -> None:
        cache.require_space(path, 3)
        with step("downloading Odoo 19 (123 MB)"):
            apt = PrivateApt(path / "apt", ODOO_SUITE)
            apt.unpack([ODOO_PACKAGE, *LINKED_PACKAGES], path / "tree")
            older = PrivateApt(path / "apt-older", OLDER_SUITE)
            older.unpack([*OLDER_LINKED_PACKAGES], path / "tree")
        _mend_odoo_tree(path / "tree/usr/lib/python3/dist-packages")
        shutil.rmtree(path / "apt")
        shutil.rmtree(path / "apt-older")

    key = cache.digest(ODOO_PACKAGE, LINKED_PACKAGES, OLDER_LINKED_PACKAGES, "3")
    path = cache.build_once("odoo", key, build)
    return path / "tree/usr/lib/python3/dist-packages"


def _mend_odoo_tree(packages: Path) -> None:
    # A second, partial copy of the addons, which Odoo would put on its path.
    shutil.rmtree(packages / "addons")
    # Debian strips this file for its licence, yet mail's assets name it: every page
    # would log an error and every browser test fail.
    library = packages / "odoo/addons/mail/static/lib/selfie_segmentation"
    library.mkdir(exist_ok=True)
    (library / "selfie_segmentation.js").touch()


def chromium() -> Path:
    """A folder for the PATH that holds ``chromium``: the machine's, or Debian's."""
    installed = shutil.which("chromium")
    if installed:
        return Path(installed).parent

    def build(path: Path) -> None:
        cache.require_space(path, 1.5)
        with step("downloading Chromium (about 120 MB)"):
            apt = PrivateApt(path / "apt", None)
            apt.unpack(apt.missing_for("chromium"), path / "tree")
        shutil.rmtree(path / "apt")
        _write_chromium_launcher(path)
        call([path / "bin/chromium", "--version"], _CHROMIUM_TODO)

    release = Path("/etc/debian_version").read_text().strip()
    key = cache.digest("chromium", release, platform.machine(), "2")
    return cache.build_once("chromium", key, build) / "bin"


def _write_chromium_launcher(path: Path) -> None:
    tree = path / "tree"
    libraries = ":".join(
        str(folder)
        for folder in (
            *tree.glob("usr/lib/*-linux-gnu"),
            *tree.glob("lib/*-linux-gnu"),
            # libpulse names its common part by a folder that is elsewhere here.
            *tree.glob("usr/lib/*-linux-gnu/pulseaudio"),
        )
    )
    fonts = path / "fonts.conf"
    fonts.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig><dir>{tree}/usr/share/fonts</dir><dir>/usr/share/fonts</dir>"
        f"<cachedir>{path}/fontcache</cachedir></fontconfig>\n"
    )
    launcher = path / "bin/chromium"
    launcher.parent.mkdir(exist_ok=True)
    launcher.write_text(
        "#!/bin/sh\n"
        f'export LD_LIBRARY_PATH="{libraries}:$LD_LIBRARY_PATH"\n'
        f'[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_FILE="{fonts}"\n'
        f'exec "{tree}/usr/lib/chromium/chromium" "$@"\n'
    )
    os.chmod(launcher, 0o755)
