"""Concurrency and crashes: real servers, real HTTP, real signals.

A cluster of its own is used, because PostgreSQL is killed in it. Every part ends with
the invariants of all addons (:mod:`suite.invariants`); what they find is a failure.
"""

from .. import cache
from ..odoo import Odoo
from ..testlog import Outcome
from . import crash, race
from .stage import Stage

PARTS = (
    race.finish_together,
    race.everything_together,
    crash.bulk_done,
    crash.bulk_start,
    crash.backfill_leads,
    crash.backfill_contacts,
    crash.automatic_merge,
)


def run(instance: Odoo, *, rounds: int, only: "list[str] | None" = None) -> Outcome:
    """Run all parts, each on its own database.

    :param rounds: how often the clients of a race meet
    :param only: names of parts
    """
    outcome = Outcome()
    # Two of them would kill each other's server.
    with cache.lock("faults"), Stage(instance).open() as stage:
        for part in PARTS:
            if only and part.__name__ not in only:
                continue
            outcome.started.append(part.__name__)
            found = stage.play(part, rounds)
            if found:
                outcome.failed.append(part.__name__)
                outcome.unexpected += [f"{part.__name__}: {line}" for line in found]
    return outcome
