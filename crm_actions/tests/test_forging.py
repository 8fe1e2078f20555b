# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.crm_action import COMMON_FIELDS
from .common import CrmActionsCommon, days

# Values that somebody might try for an engine's field, false ones too.
VALUES = {
    "boolean": [True, False, None],
    "char": ["x", "", False],
    "date": ["2020-01-01", False, ""],
    "datetime": ["2020-01-01 00:00:00", False],
    "integer": [7, 0, False, -1],
    "json": [{"lost": {"probability": 1}}, {}, False],
    "many2one": ["own", False, 0],
    "one2many": ["set", "clear", "create"],
}
ACTION = (
    "activity_ids",
    "calendar_event_id",
    "date_origin",
    "date_set_on",
    "days_late",
    "delay_count",
    "delay_from",
    "delay_unit",
    "done_by_id",
    "done_on",
    "lead_user_id",
    "origin_action_id",
    "outcome_id",
    "outcome_undo",
    "plan_id",
    "plan_started_on",
    "plan_template_id",
    "repeat_count",
    "responsible_type",
    "run_id",
    "state",
    "stopped",
    "team_id",
    "company_id",
)
RUN = (
    "ended_on",
    "lead_id",
    "origin_action_id",
    "plan_date",
    "plan_id",
    "source",
    "started_on",
    "state",
    "steps",
    "stop_reason",
    "company_id",
    "team_id",
    "user_id",
)
LEAD = (
    "action_run_ids",
    "actions_pause_reason",
    "actions_paused_at",
    "next_action_date",
    "next_action_id",
    "no_next_action",
)
TABLES = ("crm_action", "crm_action_run", "crm_lead", "mail_activity")
REFUSED = (AccessError, MissingError, UserError)


@tagged("post_install", "-at_install")
class TestForging(CrmActionsCommon):
    """What the engine owns is the engine's: whoever asks, whatever the value."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.settings = cls._user("sys", "base.group_system", "Søren")
        cls.plan = cls._plan({}, {"delay_count": 2, "delay_from": "previous_done"})
        cls.plan_run = cls.lead._actions_start_plan(cls.plan).run_id
        cls.outcome = cls.env["crm.action.outcome"].create(
            {
                "name": "Perdu",
                "template_id": cls.plan.template_ids[0].id,
                "next_kind": "lost",
            }
        )
        cls.other = cls._lead("Autre", user_id=cls.bo.id)
        cls.first.user_id = cls.employee
        cls.first.with_user(cls.employee).action_done()
        cls.second.user_id = cls.employee
        cls.event = cls.env["calendar.event"].create(
            {"name": "R", "start": "2026-12-01 09:00:00", "stop": "2026-12-01 10:00:00"}
        )
        cls.everybody = {
            "assignee": cls.employee,
            "salesperson": cls.ana,
            "manager": cls.manager,
            "settings": cls.settings,
            "another addon": False,
        }

    def env_of(self, user, records):
        return records.sudo() if user is False else records.with_user(user)

    def snapshot(self):
        """All that the tables say."""
        self.env.flush_all()
        rows = []
        for table in TABLES:
            self.env.cr.execute(
                SQL("SELECT t.* FROM %s t ORDER BY id", SQL.identifier(table))
            )
            rows.append(self.env.cr.fetchall())
        self.env.cr.execute("SELECT count(*) FROM mail_message")
        return rows, self.env.cr.fetchall()

    def values(self, field):
        """Values to try: one that the field may have, and false ones."""
        if field.type == "selection":
            choices = [value for value, _label in field.selection]
            return [*choices, False, "", "nonsense"]
        values = VALUES[field.type]
        record = self._any(field) if field.relational else None
        known = {
            "own": record and record.id,
            "set": record is not None and [Command.set(record.ids)],
            "clear": [Command.clear()],
            "create": [Command.create({})],
        }
        return [
            known.get(value, value) if isinstance(value, str) else value
            for value in values
        ]

    def _any(self, field):
        known = {
            "calendar.event": self.event,
            "crm.action": self.first,
            "crm.action.outcome": self.outcome,
            "crm.action.run": self.plan_run,
            "crm.lead": self.other,
            "mail.activity": self.second.activity_ids,
            "mail.activity.plan": self.plan,
            "mail.activity.plan.template": self.plan.template_ids[0],
            "res.users": self.bo,
            "crm.team": self.team,
            "res.company": self.company,
        }
        return known[field.comodel_name]

    def assertRefused(self, door, *args, harmless=False):
        """Refused with an answer that people can read, and nothing has changed.

        :param bool harmless: nothing may come of it, without an answer
        """
        before = self.before
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.models"):
                door(*args)
                self.env.flush_all()
        except REFUSED as error:
            self.assertTrue(str(error))
            self.env.invalidate_all()
        else:
            self.env.invalidate_all()
            self.assertEqual(self.snapshot(), before, "accepted")
            self.assertTrue(harmless, "accepted, though without an effect")
        self.assertEqual(self.snapshot(), before)

    def _try_all(self, model, names, doors):
        self.before = self.snapshot()
        for who, user in self.everybody.items():
            for name in names:
                field = self.env[model]._fields[name]
                for value in self.values(field):
                    for door in doors:
                        with self.subTest(
                            door=door.__name__, who=who, field=name, value=value
                        ):
                            self.assertRefused(door, user, name, value)

    # --------------------------------------------------------------- crm.action

    def test_action_write(self):
        def write(user, name, value):
            self.env_of(user, self.second).write({name: value})

        def write_among_others(user, name, value):
            self.env_of(user, self.second).write({"summary": "X", name: value})

        self._try_all("crm.action", ACTION, (write, write_among_others))

    def test_action_write_from_the_opportunity(self):
        def update(user, name, value):
            self.env_of(user, self.lead).write(
                {"action_ids": [Command.update(self.second.id, {name: value})]}
            )

        def create(user, name, value):
            self.env_of(user, self.lead).write(
                {"action_ids": [Command.create({name: value})]}
            )

        def create_lead(user, name, value):
            self.env_of(user, self.lead).create(
                {"name": "X", "action_ids": [Command.create({name: value})]}
            )

        self._try_all("crm.action", ACTION, (update, create, create_lead))

    def test_action_create(self):
        def create(user, name, value):
            self.env_of(user, self.first).create({"lead_id": self.lead.id, name: value})

        def import_create(user, name, value):
            self._load(
                user, self.first, {"lead_id/.id": str(self.lead.id)}, name, value
            )

        self._try_all("crm.action", ACTION, (create, import_create))

    def test_action_import(self):
        external_id = self.second.export_data(["id"])["datas"][0][0]

        def import_write(user, name, value):
            self._load(user, self.first, {"id": external_id}, name, value)

        self._try_all("crm.action", ACTION, (import_write,))

    def _load(self, user, records, row, name, value):
        if isinstance(value, (list, dict)) or value in (None, False, ""):
            # An empty cell is a false value; x2many are imported by their lines.
            value = ""
        if records._fields[name].type == "many2one":
            name = f"{name}/.id"
        result = self.env_of(user, records).load(
            [*row, name], [[*row.values(), str(value)]]
        )
        if not result["ids"]:
            raise UserError(result["messages"][0]["message"])
        # Odoo leaves out an empty cell of a new record: nothing was set.
        if value == "" and "id" not in row:
            raise UserError(name)

    def test_action_rpc(self):
        def web_save(user, name, value):
            user = user or self.env.user
            call_kw(
                self.second.with_user(user).browse(),
                "web_save",
                [self.second.ids, {name: value}],
                {"specification": {}},
            )

        self._try_all("crm.action", ACTION, (web_save,))

    def test_action_default_context(self):
        """``default_…`` of an owned field is refused, or says nothing where contexts
        of other models carry the same name."""
        for who in ("salesperson", "manager", "another addon"):
            user = self.everybody[who]
            for name in ACTION:
                field = self.env["crm.action"]._fields[name]
                for value in self.values(field):
                    with self.subTest(who=who, field=name, value=value):
                        self.before = self.snapshot()
                        records = self.env_of(user, self.first).with_context(
                            **{f"default_{name}": value}
                        )
                        vals = {"lead_id": self.lead.id, "summary": "Témoin"}
                        if name not in COMMON_FIELDS:
                            self.assertRefused(records.create, vals)
                            continue
                        with self.env.cr.savepoint() as savepoint:
                            made = records.create(vals)
                            self.assertTheSameAsPlain(made)
                            savepoint.rollback()
                        self.env.invalidate_all()

    def test_action_stored_default(self):
        """``ir.default``, of a user or of the company, by an administrator."""
        for name in ACTION:
            field = self.env["crm.action"]._fields[name]
            if field.type in ("one2many", "json"):
                continue
            for value in self.values(field):
                if value in (None, False, "", "nonsense"):
                    continue
                with self.subTest(field=name, value=value):
                    with self.env.cr.savepoint() as savepoint:
                        self.env["ir.default"].set("crm.action", name, value)
                        made = (
                            self.env["crm.action"]
                            .with_user(self.ana)
                            .create({"lead_id": self.lead.id, "summary": "Témoin"})
                        )
                        self.assertTheSameAsPlain(made)
                        savepoint.rollback()
                    self.env.invalidate_all()
                    self.env.registry.clear_cache()

    def assertTheSameAsPlain(self, action):
        """An ordinary new action at the end of its list."""
        self.assertEqual(action.state, "waiting")
        self.assertEqual(action.lead_id.sudo().action_ids._in_order()[-1:], action)
        for name in ACTION:
            if name in ("state", "responsible_type", "lead_user_id", "team_id"):
                continue
            if name == "company_id":
                self.assertEqual(action.company_id, action.lead_id.company_id)
                continue
            self.assertFalse(action.sudo()[name], name)
        self.assertEqual(action.responsible_type, "fixed")
        self.assertEqual(action.lead_user_id, action.lead_id.user_id)
        self.assertEqual(action.team_id, action.lead_id.team_id)

    def test_harmless_contexts(self):
        """Contexts of menus and of other models do not stand in the way."""
        for context in (
            {"default_team_id": self.team.id},
            {"default_company_id": self.company.id},
            {"default_user_id": self.ana.id},
            {"default_user_id": self.bo.id},
            {"default_activity_ids": []},
            {"default_plan_id": self.plan.id},
            {"default_calendar_event_id": self.event.id},
            {"default_type": "opportunity"},
            {"default_name": "Titre"},
            {"default_res_model": "crm.lead", "default_res_id": self.lead.id},
            {"default_partner_id": self.env.user.partner_id.id},
            {"default_stage_id": self.stage_new.id},
            {"crm_actions_engine": True},
            {"crm_actions_engine": {"left": 99}},
        ):
            for vals in ({"lead_id": self.lead.id}, {}):
                if not vals:
                    context = {**context, "default_lead_id": self.lead.id}
                with self.subTest(context=context):
                    made = (
                        self.env["crm.action"]
                        .with_user(self.manager)
                        .with_context(**context)
                        .create({"summary": "Ordinaire", **vals})
                    )
                    self.assertEqual(made.lead_id, self.lead)
                    self.assertTheSameAsPlain(made)
                    lead = (
                        self.env["crm.lead"]
                        .with_user(self.manager)
                        .with_context(**context)
                        .create({"name": "Y", "action_ids": [Command.create({})]})
                    )
                    self.assertTrue(lead)

    def test_context_is_no_pass(self):
        """What a request can put into a context gives no rights."""
        for token in (True, 1, "x", {}, [], {"left": 9}, None):
            for records, vals in (
                (self.second, {"state": "done"}),
                (self.plan_run, {"state": "stopped"}),
                (self.lead, {"actions_pause_reason": "reply"}),
                (self.second.activity_ids, {"crm_action_id": False}),
            ):
                with self.subTest(token=token, model=records._name):
                    self.before = self.snapshot()
                    self.assertRefused(
                        records.with_user(self.manager)
                        .with_context(crm_actions_engine=token)
                        .write,
                        vals,
                    )

    def test_another_list(self):
        """No door leads into the list of an opportunity one may not write."""
        self.before = self.snapshot()
        ana = self.env["crm.action"].with_user(self.ana)
        lead = self.lead.with_user(self.ana)
        for name, door in {
            "create": lambda: ana.create({"lead_id": self.other.id}),
            "default": lambda: ana.with_context(default_lead_id=self.other.id).create(
                {}
            ),
            "both": lambda: ana.with_context(default_lead_id=self.lead.id).create(
                {"lead_id": self.other.id}
            ),
            "batch": lambda: ana.create(
                [{"lead_id": self.lead.id}, {"lead_id": self.other.id}]
            ),
            "move": lambda: self.third.with_user(self.ana).write(
                {"lead_id": self.other.id}
            ),
            "copy": lambda: self.third.with_user(self.ana).copy(
                {"lead_id": self.other.id}
            ),
            "one2many": lambda: lead.write(
                {"action_ids": [Command.create({"lead_id": self.other.id})]}
            ),
            "update": lambda: lead.write(
                {
                    "action_ids": [
                        Command.update(self.third.id, {"lead_id": self.other.id})
                    ]
                }
            ),
            "import": lambda: self._load(
                self.ana,
                self.first,
                {"lead_id/.id": str(self.other.id)},
                "summary",
                "X",
            ),
        }.items():
            with self.subTest(door=name):
                if name == "one2many":
                    # Odoo itself puts the action into the list that is written.
                    with self.env.cr.savepoint() as savepoint:
                        door()
                        self.assertFalse(self.other.action_ids)
                        savepoint.rollback()
                    self.env.invalidate_all()
                    continue
                self.assertRefused(door)

    def test_actions_of_another_list(self):
        """Links from the opportunity: no action of somebody else's comes along."""
        theirs = self._actions(self.other, 2)
        self.before = self.snapshot()
        lead = self.lead.with_user(self.ana)
        for command in (
            [Command.link(theirs[0].id)],
            [Command.set(theirs.ids)],
            [Command.update(theirs[0].id, {"summary": "X"})],
            [Command.delete(theirs[0].id)],
        ):
            with self.subTest(command=command):
                try:
                    self.assertRefused(lead.write, {"action_ids": command})
                except AssertionError:
                    if command[0][0] != Command.DELETE:
                        raise
        self.assertEqual(theirs.lead_id, self.other)

    def test_outcome_of_another_step(self):
        before = self.snapshot()
        for user in (self.employee, self.ana, self.manager):
            for junk in (self.outcome.id, 10**6, "x", [1], -1, 1.5, True, {1: 2}, "1"):
                with self.subTest(user=user.name, outcome=junk):
                    with self.assertRaises(UserError):
                        self.second.with_user(user).action_done(outcome_id=junk)
                    self.env.invalidate_all()
                    self.assertEqual(self.snapshot(), before)

    # ------------------------------------------------------------------ the run

    def test_run(self):
        def write(user, name, value):
            self.env_of(user, self.plan_run).write({name: value})

        def create(user, name, value):
            self.env_of(user, self.plan_run).create({name: value})

        def from_opportunity(user, name, value):
            self.env_of(user, self.lead).write(
                {"action_run_ids": [Command.update(self.plan_run.id, {name: value})]}
            )

        self._try_all("crm.action.run", RUN, (write, create, from_opportunity))

    def test_run_default_context(self):
        for who, user in self.everybody.items():
            with self.subTest(who=who):
                self.before = self.snapshot()
                self.assertRefused(
                    self.env_of(user, self.plan_run)
                    .with_context(
                        default_lead_id=self.lead.id, default_plan_id=self.plan.id
                    )
                    .create,
                    {},
                )

    def test_run_delete(self):
        for who, user in self.everybody.items():
            if user is False:
                continue
            with self.subTest(who=who):
                self.before = self.snapshot()
                self.assertRefused(self.env_of(user, self.plan_run).unlink)

    # ------------------------------------------------------------- the opportunity

    def test_opportunity(self):
        def write(user, name, value):
            self.env_of(user, self.lead).write({name: value})

        def create(user, name, value):
            self.env_of(user, self.lead).create({"name": "X", name: value})

        self._try_all("crm.lead", LEAD, (write, create))

    def test_opportunity_default_context(self):
        """A default for a field of the engine is refused or has no effect."""
        for name in LEAD:
            field = self.env["crm.lead"]._fields[name]
            for value in self.values(field):
                with self.subTest(field=name, value=value):
                    with self.env.cr.savepoint() as savepoint:
                        try:
                            with self.env.cr.savepoint():
                                lead = (
                                    self.env["crm.lead"]
                                    .with_user(self.ana)
                                    .with_context(**{f"default_{name}": value})
                                    .create({"name": "X"})
                                )
                        except REFUSED:
                            lead = self.env["crm.lead"]
                        self.env.flush_all()
                        self.env.invalidate_all()
                        for owned in LEAD:
                            self.assertFalse(lead[owned], owned)
                        savepoint.rollback()
                    self.env.invalidate_all()

    def test_opportunity_stored_default(self):
        for name, value in (
            ("actions_pause_reason", "reply"),
            ("actions_paused_at", "2020-01-01 00:00:00"),
            ("next_action_id", self.second.id),
            ("next_action_date", "2020-01-01"),
            ("no_next_action", True),
        ):
            with self.subTest(field=name):
                with self.env.cr.savepoint() as savepoint:
                    self.env["ir.default"].set("crm.lead", name, value)
                    lead = (
                        self.env["crm.lead"].with_user(self.ana).create({"name": "X"})
                    )
                    self.env.flush_all()
                    self.env.invalidate_all()
                    self.assertFalse(lead[name])
                    savepoint.rollback()
                self.env.invalidate_all()
                self.env.registry.clear_cache()

    # ----------------------------------------------------------------- the mirror

    def test_mirror(self):
        """Nobody makes an activity the mirror of an action, or takes it away."""
        mirror = self.second.activity_ids
        plain = self.lead.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.ana.id
        )
        for who, user in self.everybody.items():
            for value in (self.second.id, self.third.id, False, None, 0):
                for name, door in {
                    "write": lambda user=user, value=value: self.env_of(
                        user, plain
                    ).write({"crm_action_id": value}),
                    "mirror": lambda user=user, value=value: self.env_of(
                        user, mirror
                    ).write({"crm_action_id": value}),
                    "create": lambda user=user, value=value: self.env_of(
                        user, plain
                    ).create(
                        {
                            "res_model_id": self.env["ir.model"]._get_id("crm.lead"),
                            "res_id": self.lead.id,
                            "crm_action_id": value,
                        }
                    ),
                    "default": lambda user=user, value=value: (
                        self.env_of(user, plain)
                        .with_context(default_crm_action_id=value)
                        .create(
                            {
                                "res_model_id": self.env["ir.model"]._get_id(
                                    "crm.lead"
                                ),
                                "res_id": self.lead.id,
                            }
                        )
                    ),
                    "opportunity": lambda user=user, value=value: self.env_of(
                        user, self.lead
                    ).write(
                        {
                            "activity_ids": [
                                Command.update(plain.id, {"crm_action_id": value})
                            ]
                        }
                    ),
                    "schedule": lambda user=user, value=value: self.env_of(
                        user, self.lead
                    ).activity_schedule(
                        "mail.mail_activity_data_todo", crm_action_id=value
                    ),
                }.items():
                    with self.subTest(who=who, value=value, door=name):
                        self.before = self.snapshot()
                        self.assertRefused(door)

    # --------------------------------------------------------------- absurd input

    def test_absurd_arguments(self):
        """A clear error, or nothing to do; never a traceback, nothing half done."""
        junk = (
            "x",
            "1",
            "",
            -1,
            0,
            10**30,
            1.5,
            float("nan"),
            None,
            False,
            True,
            [],
            [1],
            ["x"],
            {},
            {"a": 1},
            "9999-99-99",
            "2026-13-45",
            "0000-00-00",
        )
        methods = {
            "crm.action": {
                "action_done": ("feedback", "outcome_id"),
                "action_skip": ("reason",),
                "action_reschedule": ("new_date",),
                "action_postpone": ("days",),
                "action_reassign": ("user_id",),
            },
            "crm.lead": {"action_resume_actions": ("days",)},
        }
        records = {"crm.action": self.second, "crm.lead": self.lead}
        self.lead.action_pause_actions()
        for model, of_model in methods.items():
            for method, arguments in of_model.items():
                for argument in arguments:
                    for value in junk:
                        with self.subTest(method=method, **{argument: value}):
                            self.before = self.snapshot()
                            with self.env.cr.savepoint() as savepoint:
                                try:
                                    call_kw(
                                        records[model].with_user(self.ana).browse(),
                                        method,
                                        [records[model].ids],
                                        {argument: value},
                                    )
                                    self.env.flush_all()
                                except REFUSED:
                                    refused = True
                                else:
                                    refused = False
                                savepoint.rollback()
                            self.env.invalidate_all()
                            self.assertIn(refused, (True, False))
                            self.assertEqual(self.snapshot(), self.before)

    def test_absurd_targets(self):
        """An action goes to an opportunity, or nowhere."""
        for value in ("x", "1", -1, 10**6, 0, False, None, [1], 1.5, True, {}):
            with self.subTest(lead_id=value):
                self.before = self.snapshot()
                self.assertRefused(
                    self.third.with_user(self.ana).write, {"lead_id": value}
                )

    def test_ids_of_nothing(self):
        for ids in ([10**6], [-1], [0]):
            for method in ("action_done", "action_skip", "action_cancel"):
                with self.subTest(ids=ids, method=method):
                    self.before = self.snapshot()
                    self.assertRefused(
                        call_kw,
                        self.env["crm.action"].with_user(self.ana),
                        method,
                        [ids],
                        {},
                        harmless=True,
                    )
        self.assertEqual(self.first.done_on.date(), days(0))
