# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
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
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CrmActionsCommon, days
from .invariants import violations

STEPS = int(os.environ.get("CRM_ACTIONS_WALK_STEPS", "500"))
SEED = int(os.environ.get("CRM_ACTIONS_WALK_SEED", "19"))
STEPS_OF_A_WALK = 50

number = strategies.integers(0, 30)
# What Odoo may answer to somebody; anything else is a bug.
ANSWERS = (AccessError, MissingError, UserError, ValidationError)


class Walk(RuleBasedStateMachine):
    """Every public operation on three opportunities, in any order, by anybody.

    Numbers choose among what is there, so that every step means something. Each step
    is a request of its own: nothing of the one before is in the cache.
    """

    case = None
    steps = 0

    def __init__(self):
        super().__init__()
        self.env = self.case.env
        self.savepoint = self.env.cr.savepoint()
        self.leads = self.case.walk_leads

    def teardown(self):
        self.savepoint.close(rollback=True)
        self.env.invalidate_all()

    @invariant()
    def lists_are_right(self):
        type(self).steps += 1
        found = violations(self.env)
        assert not found, found
        self.env.invalidate_all()

    # ------------------------------------------------------------ who and what

    def pick(self, records, which):
        return records[which % len(records)] if records else records

    def as_user(self, records, who):
        users = self.case.walk_users
        return records.with_user(users[who % len(users)])

    def attempt(self, function, *arguments):
        """Odoo may refuse, and then nothing has changed."""
        try:
            with self.env.cr.savepoint():
                function(*arguments)
        except ANSWERS:
            self.env.invalidate_all()

    def lead(self, which):
        return self.pick(self.leads.exists(), which)

    def action(self, which):
        actions = self.env["crm.action"].search([("lead_id", "in", self.leads.ids)])
        return self.pick(actions, which)

    def mirror(self, which):
        mirrors = self.env["mail.activity"].search(
            [
                ("res_model", "=", "crm.lead"),
                ("res_id", "in", self.leads.ids),
                ("crm_action_id", "!=", False),
                ("active", "in", [True, False]),
            ],
            order="id",
        )
        return self.pick(mirrors, which)

    def on_action(self, which, who, method, *arguments):
        if action := self.action(which):
            self.attempt(getattr(self.as_user(action, who), method), *arguments)

    def on_lead(self, which, who, method, *arguments):
        if lead := self.lead(which):
            self.attempt(getattr(self.as_user(lead, who), method), *arguments)

    def on_mirror(self, which, who, method, *arguments):
        if mirror := self.mirror(which):
            self.attempt(getattr(self.as_user(mirror, who), method), *arguments)

    # ----------------------------------------------------------------- actions

    @rule(which=number, who=number, day=number, sequence=number)
    def add(self, which, who, day, sequence):
        lead = self.lead(which)
        if not lead or len(lead.action_ids) > 12:
            return
        self.attempt(
            self.as_user(self.env["crm.action"], who).create,
            {
                "lead_id": lead.id,
                "summary": "Étape",
                "activity_type_id": self.case.call.id,
                "date_deadline": day and days(day - 10),
                "sequence": sequence,
            },
        )

    @rule(which=number, who=number)
    def done(self, which, who):
        self.on_action(which, who, "action_done", "Fait")

    @rule(which=number, who=number)
    def all_done(self, which, who):
        if lead := self.lead(which):
            self.attempt(self.as_user(lead.action_ids, who).action_done)

    @rule(which=number, who=number)
    def done_with_outcome(self, which, who):
        if action := self.action(which):
            outcome = self.pick(action.plan_template_id.outcome_ids, who)
            self.on_action(which, who, "action_done", False, outcome.id)

    @rule(which=number, who=number)
    def skip(self, which, who):
        self.on_action(which, who, "action_skip", "Congé")

    @rule(which=number, who=number)
    def cancel(self, which, who):
        self.on_action(which, who, "action_cancel")

    @rule(which=number, who=number)
    def reopen(self, which, who):
        self.on_action(which, who, "action_reopen")

    @rule(which=number, who=number, day=number)
    def reschedule(self, which, who, day):
        self.on_action(which, who, "action_reschedule", days(day - 10))

    @rule(which=number, who=number, day=number)
    def postpone(self, which, who, day):
        self.on_action(which, who, "action_postpone", day)

    @rule(which=number, who=number, whom=number)
    def reassign(self, which, who, whom):
        users = self.case.walk_users
        user = users.browse() if whom > 25 else users[whom % len(users)]
        self.on_action(which, who, "action_reassign", user.id)

    @rule(which=number, who=number, sequence=number)
    def reorder(self, which, who, sequence):
        self.on_action(which, who, "write", {"sequence": sequence})

    @rule(which=number, who=number)
    def rename(self, which, who):
        self.on_action(which, who, "write", {"summary": f"Étape {who}", "note": "<p/>"})

    @rule(which=number, who=number)
    def forget_the_date(self, which, who):
        self.on_action(which, who, "write", {"date_deadline": False})

    @rule(which=number, who=number, where=number)
    def move(self, which, who, where):
        self.on_action(which, who, "write", {"lead_id": self.lead(where).id})

    @rule(which=number, who=number)
    def delete(self, which, who):
        self.on_action(which, who, "unlink")

    @rule(which=number, who=number)
    def start_plan(self, which, who):
        lead = self.lead(which)
        if not lead or len(lead.action_ids) > 12:
            return
        wizard = self.as_user(self.env["mail.activity.schedule"], who)
        self.attempt(
            lambda: wizard.create(
                {
                    "res_model": "crm.lead",
                    "res_ids": str(lead.ids),
                    "plan_id": self.case.walk_plan.id,
                }
            ).action_schedule_plan()
        )

    # ------------------------------------------------------------ the activity

    @rule(which=number, who=number)
    def mirror_done(self, which, who):
        self.on_mirror(which, who, "action_feedback", "Fait")

    @rule(which=number, who=number)
    def mirror_deleted(self, which, who):
        self.on_mirror(which, who, "unlink")

    @rule(which=number, who=number)
    def mirror_archived(self, which, who):
        self.on_mirror(which, who, "action_archive")

    @rule(which=number, who=number)
    def mirror_unarchived(self, which, who):
        self.on_mirror(which, who, "action_unarchive")

    @rule(which=number, who=number, day=number)
    def mirror_changed(self, which, who, day):
        self.on_mirror(
            which,
            who,
            "write",
            {
                "date_deadline": days(day - 10),
                "summary": f"Vue {day}",
                "user_id": self.pick(self.case.walk_users, day).id,
            },
        )

    # ---------------------------------------------------------- the opportunity

    @rule(which=number, who=number)
    def pause(self, which, who):
        self.on_lead(which, who, "action_pause_actions")

    @rule(which=number, who=number)
    def resume(self, which, who):
        self.on_lead(which, who, "action_resume_actions")

    @rule(which=number, who=number)
    def lost(self, which, who):
        self.on_lead(which, who, "action_set_lost")

    @rule(which=number, who=number)
    def restored(self, which, who):
        self.on_lead(which, who, "action_restore")

    @rule(which=number, who=number)
    def won(self, which, who):
        self.on_lead(which, who, "action_set_won")

    @rule(which=number, who=number)
    def next_stage(self, which, who):
        stages = self.case.stage_new + self.case.stage_next
        self.on_lead(which, who, "write", {"stage_id": self.pick(stages, who).id})

    @rule(which=number, who=number, whom=number)
    def salesperson(self, which, who, whom):
        user = self.pick(self.case.walk_users, whom)
        self.on_lead(which, who, "write", {"user_id": user.id})

    @rule(which=number, who=number)
    def archive(self, which, who):
        self.on_lead(which, who, "action_archive")

    @rule(which=number, who=number)
    def unarchive(self, which, who):
        self.on_lead(which, who, "action_unarchive")

    @rule(which=number, who=number)
    def duplicate(self, which, who):
        if len(self.leads) < 6 and (lead := self.lead(which)):
            copies = []
            self.attempt(lambda: copies.append(self.as_user(lead, who).copy()))
            for copied in copies:
                assert not copied.sudo().action_ids
                self.leads += copied.with_env(self.env)

    @rule(which=number, who=number, other=number)
    def merge(self, which, who, other):
        leads = self.lead(which) | self.lead(other)
        if len(leads) > 1 and len(self.leads.exists()) > 3:
            before = len(leads.action_ids)
            self.attempt(self.as_user(leads, who).merge_opportunity)
            left = leads.exists()
            assert len(left.action_ids) == before

    @rule(which=number, who=number)
    def delete_lead(self, which, who):
        if len(self.leads.exists()) > 3:
            self.on_lead(which, who, "unlink")

    @rule()
    def nightly_repair(self):
        assert not self.env["crm.action"]._broken_lead_ids()


@tagged("post_install", "-at_install")
class TestRandomWalk(CrmActionsCommon):
    """Random walks with the invariants checked after each step.

    The walks are the same in every run. ``CRM_ACTIONS_WALK_SEED`` chooses others,
    ``CRM_ACTIONS_WALK_STEPS`` how long they are altogether; a failure prints the seed
    and the walk.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # No mail is written: what the lists do is looked at, very often.
        cls.env = cls.env(
            context={
                **cls.env.context,
                "tracking_disable": True,
                "mail_activity_quick_update": True,
            }
        )
        cls.walk_users = cls.manager + cls.ana + cls.bo + cls.employee
        cls.walk_plan = cls._plan(
            {"delay_count": 1},
            {"delay_count": 2, "delay_from": "previous_done"},
            {"responsible_type": "team_leader", "delay_from": "previous_deadline"},
        )
        step = cls.walk_plan.template_ids[:1]
        cls.env["crm.action.outcome"].create(
            [
                {"name": kind, "template_id": step.id, "next_kind": kind, **values}
                for kind, values in (
                    ("next", {}),
                    ("repeat", {"repeat_days": 2, "repeat_max": 2}),
                    ("stop", {}),
                    ("lost", {}),
                )
            ]
        )
        leads = cls.lead + cls._lead("Núñez") + cls._lead("Œuvre", user_id=cls.bo.id)
        cls.walk_leads = leads.with_env(cls.env)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    @mute_logger("odoo.models.unlink", "odoo.addons.crm.models.crm_lead")
    def test_random_walk(self):
        Walk.case, Walk.steps = self, 0
        self.addCleanup(setattr, Walk, "case", None)
        settings = hypothesis.settings(
            # A fifth more: some walks end early.
            max_examples=STEPS * 6 // 5 // STEPS_OF_A_WALK + 1,
            stateful_step_count=STEPS_OF_A_WALK,
            deadline=None,
            database=None,
            # Shrinking a walk takes longer than reading it.
            phases=[hypothesis.Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.seed(SEED)(Walk)
        with self.subTest(f"CRM_ACTIONS_WALK_SEED={SEED}"):
            run_state_machine_as_test(Walk, settings=settings)
            self.assertGreaterEqual(Walk.steps, STEPS)
