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
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, MissingError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TeamFollowersCommon
from .invariants import violations

STEPS = int(os.environ.get("CRM_TEAM_FOLLOWERS_WALK_STEPS", "500"))
SEED = int(os.environ.get("CRM_TEAM_FOLLOWERS_WALK_SEED", "19"))
STEPS_OF_A_WALK = 50

number = strategies.integers(0, 30)
# What Odoo may answer to somebody; anything else is a bug. The violation is what the
# database says to a person listed twice; a client reads the message of the constraint.
ANSWERS = (AccessError, MissingError, UserError, ValidationError, UniqueViolation)


class Walk(RuleBasedStateMachine):
    """Teams, their lists and opportunities change in any order, by anybody.

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
        self.env.registry.clear_cache()

    @invariant()
    def grants_are_right(self):
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

    def team(self, which):
        return self.pick(self.case.walk_teams, which)

    def follower(self, which):
        model = self.env["crm.team.follower"].with_context(active_test=False)
        return self.pick(model.search([], order="id"), which).with_env(self.env)

    def on_lead(self, which, who, method, *arguments):
        if lead := self.lead(which):
            self.attempt(getattr(self.as_user(lead, who), method), *arguments)

    def on_follower(self, which, who, method, *arguments):
        if follower := self.follower(which):
            self.attempt(getattr(self.as_user(follower, who), method), *arguments)

    # ---------------------------------------------------------------- the list

    @rule(which=number, who=number, whom=number, events=number)
    def add(self, which, who, whom, events):
        self.attempt(
            self.as_user(self.env["crm.team.follower"], who).create,
            {
                "team_id": self.team(which).id,
                "partner_id": self.pick(self.case.walk_people, whom).id,
                "subtype_ids": [Command.set(self.events(events).ids)],
                "customer_messages_only": events % 3 == 0,
            },
        )

    def events(self, which):
        events = self.case.all_events
        return self.pick(events, which) | self.pick(events, which // 2)

    @rule(which=number, who=number, events=number)
    def change_events(self, which, who, events):
        values = {"subtype_ids": [Command.set(self.events(events).ids)]}
        self.on_follower(which, who, "write", values)

    @rule(which=number, who=number)
    def only_customers(self, which, who):
        self.on_follower(which, who, "write", {"customer_messages_only": who % 2 == 0})

    @rule(which=number)
    def stop(self, which):
        follower = self.follower(which)
        if user := follower.partner_id.user_ids[:1]:
            self.attempt(follower.with_user(user).action_stop)

    @rule(which=number)
    def resume(self, which):
        follower = self.follower(which)
        if user := follower.partner_id.user_ids[:1]:
            self.attempt(follower.with_user(user).action_resume)

    @rule(which=number, who=number)
    def remove(self, which, who):
        self.on_follower(which, who, "unlink")

    @rule(which=number, who=number)
    def apply(self, which, who):
        team = self.as_user(self.team(which), who)
        self.attempt(team.action_apply_default_followers)

    @rule(which=number, leader=number)
    def leader(self, which, leader):
        user = self.pick(self.case.walk_users, leader)
        self.attempt(self.team(which).write, {"user_id": user.id})

    @rule(which=number, on=number)
    def switches(self, which, on):
        values = {"follow_leader": bool(on & 1), "follow_members": bool(on & 2)}
        self.attempt(self.team(which).write, values)

    @rule(which=number, member=number)
    def members(self, which, member):
        user = self.pick(self.case.walk_users, member)
        command = Command.link if member % 2 else Command.unlink
        self.attempt(self.team(which).write, {"member_ids": [command(user.id)]})

    # ----------------------------------------------------------- opportunities

    @rule(which=number, who=number)
    def create_lead(self, which, who):
        if len(self.leads) < 8:
            created = []
            values = {
                "name": "Café à Gênes",
                "type": "opportunity",
                "team_id": self.team(which).id if which % 3 else False,
            }
            model = self.as_user(self.env["crm.lead"], who)
            self.attempt(lambda: created.append(model.create(values)))
            for lead in created:
                self.leads += lead.with_env(self.env)

    @rule(which=number, who=number, where=number)
    def move(self, which, who, where):
        team = self.team(where) if where % 4 else self.team(0).browse()
        self.on_lead(which, who, "write", {"team_id": team.id})

    @rule(where=number)
    def move_all(self, where):
        self.leads.exists().write({"team_id": self.team(where).id})

    @rule(which=number, who=number, whom=number)
    def salesperson(self, which, who, whom):
        user = self.pick(self.case.walk_users, whom)
        self.on_lead(which, who, "write", {"user_id": user.id})

    @rule(which=number, who=number, whom=number)
    def invite(self, which, who, whom):
        person = self.pick(self.case.walk_people, whom)
        self.on_lead(which, who, "message_subscribe", person.ids)

    @rule(which=number, whom=number, events=number)
    def choose_events(self, which, whom, events):
        person = self.pick(self.case.walk_people, whom)
        if (lead := self.lead(which)) and (user := person.user_ids[:1]):
            self.attempt(
                lead.with_user(user).message_subscribe,
                person.ids,
                self.events(events).ids,
            )

    @rule(which=number, who=number, whom=number)
    def take_off(self, which, who, whom):
        person = self.pick(self.case.walk_people, whom)
        self.on_lead(which, who, "message_unsubscribe", person.ids)

    @rule(which=number, who=number)
    def lost(self, which, who):
        self.on_lead(which, who, "action_set_lost")

    @rule(which=number, who=number)
    def restored(self, which, who):
        self.on_lead(which, who, "action_unarchive")

    @rule(which=number, who=number)
    def duplicate(self, which, who):
        if len(self.leads) < 8 and (lead := self.lead(which)):
            copies = []
            self.attempt(lambda: copies.append(self.as_user(lead, who).copy()))
            for copied in copies:
                self.leads += copied.with_env(self.env)

    @rule(which=number, who=number, other=number)
    def merge(self, which, who, other):
        leads = self.lead(which) | self.lead(other)
        if len(leads) > 1 and len(self.leads.exists()) > 3:
            self.attempt(self.as_user(leads, who).merge_opportunity)

    @rule(which=number)
    def archive_person(self, which):
        person = self.pick(self.case.walk_people, which)
        if not person.user_ids:
            self.attempt(person.action_archive)

    @rule(which=number)
    def unarchive_person(self, which):
        self.attempt(self.pick(self.case.walk_people, which).action_unarchive)


@tagged("post_install", "-at_install")
class TestRandomWalk(TeamFollowersCommon):
    """Random walks with the invariants checked after each step.

    The walks are the same in every run. ``CRM_TEAM_FOLLOWERS_WALK_SEED`` chooses
    others, ``CRM_TEAM_FOLLOWERS_WALK_STEPS`` how long they are altogether; a failure
    prints the seed and the walk.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.walk_users = cls.manager + cls.colleague + cls.salesman + cls.user_all
        cls.walk_people = (
            cls.walk_users.partner_id
            + cls.partner_customers
            + cls.partner_contact
            + cls.customer
        )
        cls.walk_teams = cls.team + cls.other_team
        cls.walk_leads = cls.env["crm.lead"].union(
            *(cls._new_lead(cls.pick_team(turn)) for turn in range(3))
        )
        cls.walk_leads = cls.walk_leads.with_env(cls.env)

    @classmethod
    def pick_team(cls, turn):
        return cls.walk_teams[turn % 2]

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    @mute_logger("odoo.models.unlink", "odoo.addons.crm.models.crm_lead")
    @mute_logger("odoo.sql_db")
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
        with self.subTest(f"CRM_TEAM_FOLLOWERS_WALK_SEED={SEED}"):
            run_state_machine_as_test(Walk, settings=settings)
            self.assertGreaterEqual(Walk.steps, STEPS)
