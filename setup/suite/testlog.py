"""Odoo's log of a test run: how the tests ended, and what should not be in it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ "
    r"(?P<level>[A-Z]+) (?P<database>\S+) (?P<logger>\S+): (?P<message>.*)$"
)
_STARTED = re.compile(r"^Starting (?P<test>\w+\.\w+) \.\.\.")
_SKIPPED = re.compile(r"^skipped (?P<test>\S+) : (?P<reason>.*)")
_ENDED_BADLY = re.compile(r"^(FAIL|ERROR): (?P<test>.*)")
# Odoo counts the failures once more at the end of a run.
_SUMMARY_LOGGERS = ("odoo.tests.result", "odoo.service.server")


@dataclass(frozen=True)
class Expected:
    """A line that a clean run of plain Odoo logs as well.

    :param logger: the logger's name, whole
    :param message: a pattern for the start of the message
    :param why: what causes it, and why it does not matter
    """

    logger: str
    message: str
    why: str


EXPECTED: tuple[Expected, ...] = ()


@dataclass
class Outcome:
    """How a run ended; names are ``Class.method``."""

    started: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        return bool(self.failed or self.unexpected)

    def add(self, other: "Outcome") -> None:
        self.started += other.started
        self.failed += other.failed
        self.skipped += other.skipped
        self.unexpected += other.unexpected

    def summary(self) -> str:
        """The closing line: an unexpected line of the log counts as a failure."""
        failed = len(set(self.failed))
        passed = max(0, len(self.started) - failed - len(self.skipped))
        failed += len(self.unexpected)
        return f"{passed} passed, {failed} failed, {len(self.skipped)} skipped"


def read(
    lines: Iterable[str], progress: Callable[[str, int], None] = lambda *_: None
) -> Outcome:
    """Read a log to its end.

    :param progress: called with each test's name and number as it starts
    """
    outcome = Outcome()
    kept: list[str] | None = None
    for line in lines:
        line = line.rstrip("\n")
        match = _LINE.match(line)
        if not match:
            if kept is not None:
                kept.append(line)
            continue
        if kept is not None:
            outcome.unexpected.append("\n".join(kept))
            kept = None
        message = match["message"]
        if started := _STARTED.match(message):
            outcome.started.append(started["test"])
            progress(started["test"], len(outcome.started))
        elif skipped := _SKIPPED.match(message):
            outcome.skipped.append(f"{skipped['test']}: {skipped['reason']}")
        elif match["level"] in ("WARNING", "ERROR", "CRITICAL"):
            if bad := _ENDED_BADLY.match(message):
                outcome.failed.append(bad["test"])
            elif not _is_expected(match["logger"], message):
                kept = [line]
    if kept is not None:
        outcome.unexpected.append("\n".join(kept))
    return outcome


def _is_expected(logger: str, message: str) -> bool:
    if logger in _SUMMARY_LOGGERS and "failed" in message:
        return True
    return any(
        logger == known.logger and re.match(known.message, message)
        for known in EXPECTED
    )
