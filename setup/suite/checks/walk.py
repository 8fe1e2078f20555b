"""Random walks through an addon, with its invariants checked after each step."""

import os

import hypothesis
from hypothesis import strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from odoo.exceptions import AccessError, MissingError, UserError, ValidationError
from odoo.tools import mute_logger

from .invariants import violations

__all__ = ["RandomWalk", "RandomWalkCase", "number", "rule"]

_STEPS_OF_A_WALK = 50
# An argument of a step: it chooses among what is there, so that every step means
# something.
number = strategies.integers(0, 30)


class RandomWalk(RuleBasedStateMachine):
    """Every public operation, in any order, by anybody: an addon adds the ``@rule``s.

    Each step is a request of its own: nothing of the one before is in the cache.
    ``case`` is the test case that runs the walk.
    """

    # What Odoo may answer to somebody; anything else is a bug.
    ANSWERS: tuple = (AccessError, MissingError, UserError, ValidationError)
    case = None
    steps = 0

    def __init__(self):
        super().__init__()
        self.env = self.case.env
        self.savepoint = self.env.cr.savepoint()

    def teardown(self):
        self.savepoint.close(rollback=True)
        self.env.invalidate_all()
        self.env.registry.clear_cache()

    @invariant()
    def invariants_hold(self):
        type(self).steps += 1
        found = violations(self.env, self.case.test_module)
        assert not found, found
        self.env.invalidate_all()

    def pick(self, records, which):
        return records[which % len(records)] if records else records

    def as_user(self, records, who):
        return records.with_user(self.pick(self.case.walk_users, who))

    def attempt(self, function, *arguments):
        """Odoo may refuse, and then nothing has changed."""
        try:
            with self.env.cr.savepoint():
                function(*arguments)
        except self.ANSWERS:
            self.env.invalidate_all()

    def on(self, record, who, method, *arguments):
        """Somebody calls a method of the record, if there is one."""
        if record:
            self.attempt(getattr(self.as_user(record, who), method), *arguments)


class RandomWalkCase:
    """Runs the walks; mixed into a test case of the addon, which makes the world.

    The walks are the same in every run. ``<ADDON>_WALK_SEED`` chooses others,
    ``<ADDON>_WALK_STEPS`` how long they are altogether; a failure prints the seed and
    the walk. ``walk_users`` are those who take the steps.
    """

    allow_inherited_tests_method = True
    # It takes longest: those who share the tests begin with it.
    test_sequence = -1
    WALK: type
    # Loggers that report what a walk does on purpose.
    QUIET: tuple = (
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
        "odoo.models.unlink",
    )

    def test_random_walk(self):
        walk = self.WALK
        prefix = f"{self.test_module.upper()}_WALK"
        steps = int(os.environ.get(f"{prefix}_STEPS", "500"))
        seed = int(os.environ.get(f"{prefix}_SEED", "19"))
        walk.case, walk.steps = self, 0
        self.addCleanup(setattr, walk, "case", None)
        settings = hypothesis.settings(
            # A fifth more: some walks end early.
            max_examples=steps * 6 // 5 // _STEPS_OF_A_WALK + 1,
            stateful_step_count=_STEPS_OF_A_WALK,
            deadline=None,
            database=None,
            # Shrinking a walk takes longer than reading it.
            phases=[hypothesis.Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.seed(seed)(walk)
        with self.subTest(f"{prefix}_SEED={seed}"), mute_logger(*self.QUIET):
            run_state_machine_as_test(walk, settings=settings)
            self.assertGreaterEqual(walk.steps, steps)
