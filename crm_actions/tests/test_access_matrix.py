# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.service.model import call_kw, get_public_method
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import CrmActionsCommon

ADDON = "crm_actions"

# The record is an action of the salesperson's opportunity, assigned to the assignee.
KINDS = (
    "public",
    "portal",
    "employee",
    "assignee",  # an employee, who has an action to do
    "salesperson",
    "colleague",  # another salesperson, who sees their own opportunities
    "manager",
    "contact manager",
    "settings",
    "other company",  # a sales manager, of another company only
)

NOBODY = dict.fromkeys(KINDS, "----")
# Dialogs are of those who opened them: here, of the salesperson.
DIALOG = {
    **dict.fromkeys(KINDS, "--c-"),
    "public": "----",
    "portal": "----",
    "salesperson": "rwcu",
}

# model -> kind of user -> read, write, create, unlink
RIGHTS = {
    "crm.action": {
        **NOBODY,
        "assignee": "rw--",
        "salesperson": "rwcu",
        "manager": "rwcu",
    },
    "crm.action.outcome": {
        "public": "----",
        "portal": "----",
        "employee": "r---",
        "assignee": "r---",
        "salesperson": "r---",
        "colleague": "r---",
        "manager": "rwcu",
        "contact manager": "r---",
        "settings": "rwcu",
        # Odoo's plans and their steps, whose outcomes these are, know no company.
        "other company": "rwcu",
    },
    "crm.action.report": {
        **NOBODY,
        "assignee": "r---",
        "salesperson": "r---",
        "manager": "r---",
    },
    "crm.action.finish": DIALOG,
    "crm.action.finish.line": DIALOG,
    "crm.action.skip": DIALOG,
    "crm.action.reschedule": DIALOG,
    "crm.action.resume": {
        **DIALOG,
        "employee": "----",
        "assignee": "----",
        "contact manager": "----",
        "settings": "----",
    },
    "crm.action.run": {**NOBODY, "salesperson": "r---", "manager": "r---"},
}

DOERS = ("assignee", "salesperson", "manager")
SELLERS = ("salesperson", "manager")
OPENER = ("salesperson",)
INTERNAL = KINDS[2:]

# model -> method -> (who may call it, arguments)
METHODS = {
    "crm.action": {
        "action_done": (DOERS, ["Fait"]),
        "action_skip": (DOERS, ["Congé"]),
        "action_cancel": (DOERS, []),
        "action_reopen": (DOERS, []),
        "action_reschedule": (DOERS, ["2026-12-24"]),
        "action_postpone": (DOERS, [2]),
        "action_reassign": (DOERS, [False]),
        "action_finish": (DOERS, []),
        "action_open_finish": (DOERS, []),
        "action_open_skip": (DOERS, []),
        "action_open_reschedule": (DOERS, []),
        "action_open_lead": (DOERS, []),
    },
    "crm.action.report": {"action_open_lead": (DOERS, [])},
    "crm.action.finish": {"action_done": (OPENER, [])},
    "crm.action.finish.line": {"action_choose": (OPENER, [])},
    "crm.action.skip": {"action_skip": (OPENER, [])},
    "crm.action.reschedule": {"action_reschedule": (OPENER, [])},
    "crm.action.resume": {"action_resume": (OPENER, [])},
    "crm.action.run": {
        "action_stop": (SELLERS, []),
        "action_pause": (SELLERS, []),
        "action_resume": (SELLERS, []),
        "action_open_lead": (SELLERS, []),
    },
    "crm.lead": {
        "action_pause_actions": (SELLERS, []),
        "action_resume_actions": (SELLERS, []),
        "action_open_resume": (SELLERS, []),
        "action_view_actions": (SELLERS, []),
        "action_done_next_action": (SELLERS, []),
        "action_skip_next_action": (SELLERS, []),
        "action_postpone_next_action": (SELLERS, []),
    },
    "mail.activity.plan": {
        # The other company's manager may: Odoo's plans know no company. What may
        # not change is in test_plan_of_another_company.
        "action_apply_to_waiting": (("manager", "settings", "other company"), []),
        "action_view_runs": (INTERNAL, []),
    },
    "mail.activity.plan.template": {"action_open_outcomes": (INTERNAL, [])},
    "mail.activity.schedule": {"action_schedule_plan": (SELLERS, [])},
    "res.users": {"action_archive": (("settings",), [])},
}

# These tell the web client what to show, and change nothing whoever calls them.
SHOWING = {
    ("crm.action", "action_open_lead"),
    ("crm.action.report", "action_open_lead"),
    ("crm.action.run", "action_open_lead"),
    ("crm.lead", "action_view_actions"),
    ("mail.activity.plan", "action_view_runs"),
    ("mail.activity.plan.template", "action_open_outcomes"),
}

# Not in METHODS: their rights are those of the model.
ORM_OVERRIDES = {
    "create": "create, in RIGHTS or of the addon that has the model",
    "write": "write, likewise",
    "unlink": "unlink, likewise",
    "copy_data": "read, likewise",
    "default_get": "create, likewise; it takes values away",
}

# What a method could change, beside the addon's own tables.
TABLES = {
    "crm_lead",
    "mail_activity",
    "mail_activity_plan",
    "mail_activity_plan_template",
    "mail_activity_schedule",
    "mail_followers",
    "mail_message",
    "res_users",
}


@tagged("post_install", "-at_install")
class TestAccessMatrix(CrmActionsCommon):
    """Who may do what, as the tables above say: no more, and no less.

    A model or a public method that the tables do not have fails a test.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        elsewhere = cls.env["res.company"].create({"name": "Ailleurs"})
        cls.users = {
            "public": cls.env.ref("base.public_user"),
            "portal": cls.portal,
            "employee": cls.employee,
            "assignee": cls._user("noor", "base.group_user", "Noor Œuvrière"),
            "salesperson": cls.ana,
            "colleague": cls.bo,
            "manager": cls.manager,
            "contact manager": cls._user(
                "carla", "base.group_user,base.group_partner_manager", "Carla Núñez"
            ),
            "settings": cls._user("sys", "base.group_system", "Søren"),
            "other company": cls._user(
                "strange",
                "sales_team.group_sale_manager",
                "Étranger",
                company_id=elsewhere.id,
                company_ids=[Command.set(elsewhere.ids)],
            ),
        }
        cls.plan = cls._plan({}, {}, company_id=cls.company.id)
        cls.step = cls.plan.template_ids[0]
        cls.outcome = cls.env["crm.action.outcome"].create(
            {"name": "Oui", "template_id": cls.step.id}
        )
        cls.lead = cls._lead("Núñez", company_id=cls.company.id)
        cls.lead._actions_start_plan(cls.plan)
        cls.actions = cls.lead.action_ids
        cls.action = cls.lead.next_action_id
        cls.action.user_id = cls.users["assignee"]
        cls.records = {
            "crm.action": cls.action,
            "crm.action.outcome": cls.outcome,
            "crm.action.report": cls.env["crm.action.report"].browse(cls.action.id),
            "crm.action.resume": cls._create_as(
                "salesperson",
                "crm.action.resume",
                lead_ids=[Command.set(cls.lead.ids)],
            ),
            "crm.action.run": cls.action.run_id,
            "crm.lead": cls.lead,
            "mail.activity.plan": cls.plan,
            "mail.activity.plan.template": cls.step,
            "mail.activity.schedule": cls._create_as("salesperson", **cls._schedule()),
            "res.users": cls.users["assignee"],
        }
        for model in ("finish", "skip", "reschedule"):
            cls.records[f"crm.action.{model}"] = cls._create_dialog(
                "salesperson", f"crm.action.{model}", cls.action
            )
        cls.records["crm.action.finish.line"] = cls.records[
            "crm.action.finish"
        ].line_ids

    @classmethod
    def _create_as(cls, kind, model, **values):
        records = cls.env[model].with_user(cls.users[kind]).create(values)
        return records.with_env(cls.env)

    @classmethod
    def _create_dialog(cls, kind, model, actions):
        values = {"action_ids": [Command.set(actions.ids)]}
        return cls._create_as(kind, model, **values)

    @classmethod
    def _schedule(cls):
        """The values of Odoo's dialog that starts the plan on the opportunity."""
        return {
            "model": "mail.activity.schedule",
            "res_model": "crm.lead",
            "res_ids": str(cls.lead.ids),
            "plan_id": cls.plan.id,
        }

    def _call(self, kind, records, method, *args):
        """Call as a request of this user does: by RPC, with nothing in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        model = self.env[records._name].with_user(self.users[kind])
        if not getattr(get_public_method(model, method), "_api_model", False):
            args = (records.ids, *args)
        return call_kw(model, method, list(args), {})

    def _snapshot(self):
        """A digest of all rows of each table, read past every right."""
        self.env.flush_all()
        tables = TABLES | {
            self.env[model]._table for model in RIGHTS if self.env[model]._auto
        }
        self.env.cr.execute(
            SQL(" UNION ALL ").join(
                SQL(
                    "SELECT %s, md5(string_agg(t::text, '|' ORDER BY t::text))"
                    " FROM %s AS t",
                    table,
                    SQL.identifier(table),
                )
                for table in sorted(tables)
            )
        )
        return dict(self.env.cr.fetchall())

    def _try(self, kind, records, method, *args):
        """Call, compare, and roll back: in this order.

        :return: what the call returned or the AccessError that it raised, and the
            tables of which it had changed rows by then
        """
        with self.env.cr.savepoint() as savepoint:
            before = self._snapshot()
            try:
                result = self._call(kind, records, method, *args)
            except AccessError as error:
                result = error
            after = self._snapshot()
            savepoint.rollback()
        return result, [table for table in before if before[table] != after[table]]

    def assertDenied(self, kind, records, method, *args):
        """The call raises AccessError, and has changed nothing by then."""
        with self.subTest(user=kind, model=records._name, method=method):
            result, changed = self._try(kind, records, method, *args)
            self.assertIsInstance(result, AccessError)
            self.assertFalse(changed)

    def _rights(self, kind, model):
        """What a user may do with the record of the model, as in RIGHTS."""
        self.env.flush_all()
        self.env.invalidate_all()
        record = self.records[model].with_user(self.users[kind])
        rights = {
            "r": record.has_access("read"),
            "w": record.has_access("write"),
            "c": self._may_create(kind, model),
            "u": record.has_access("unlink"),
        }
        return "".join(letter if right else "-" for letter, right in rights.items())

    def _may_create(self, kind, model):
        """Whether a real ``create`` passes; of dialogs, whether one may be opened."""
        values = {
            "crm.action": {
                "lead_id": self.lead.id,
                "user_id": self.users[kind].id,
                "summary": "Neuf",
            },
            "crm.action.outcome": {"template_id": self.step.id, "name": "Neuf"},
        }.get(model)
        if values is None:
            return self.env[model].with_user(self.users[kind]).has_access("create")
        result, _changed = self._try(kind, self.env[model], "create", values)
        return not isinstance(result, AccessError)

    def test_every_model_is_in_the_table(self):
        data = self.env["ir.model.data"].search(
            [("module", "=", ADDON), ("model", "=", "ir.model")]
        )
        models = self.env["ir.model"].browse(data.mapped("res_id"))
        own = {
            model.model
            for model in models
            if not model.abstract
            and self.registry[model.model]._original_module == ADDON
        }
        self.assertEqual(own, set(RIGHTS))
        for model, rights in RIGHTS.items():
            self.assertEqual(set(rights), set(KINDS), model)

    def test_every_public_method_is_in_the_table(self):
        public = {}
        for name, model_class in self.registry.items():
            for definition in model_class.mro():
                if vars(definition).get("_module") != ADDON or definition._name != name:
                    continue
                for method in vars(definition):
                    if (
                        callable(getattr(definition, method))
                        and method not in ORM_OVERRIDES
                        and self._is_public(name, method)
                    ):
                        public.setdefault(name, set()).add(method)
        self.assertEqual(
            public, {model: set(methods) for model, methods in METHODS.items()}
        )

    def _is_public(self, model, method):
        try:
            return bool(get_public_method(self.env[model], method))
        except AccessError:
            return False

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_rights(self):
        for model, rights in RIGHTS.items():
            with self.subTest(model=model):
                self.assertEqual(
                    {kind: self._rights(kind, model) for kind in KINDS}, rights
                )

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_methods_of_those_who_may_not(self):
        for model, methods in METHODS.items():
            for method, (callers, args) in methods.items():
                for kind in KINDS:
                    if kind not in callers:
                        self.assertDenied(kind, self.records[model], method, *args)

    def test_methods_of_those_who_may(self):
        for model, methods in METHODS.items():
            for method, (callers, args) in methods.items():
                for kind in callers:
                    with self.subTest(user=kind, model=model, method=method):
                        result, changed = self._try(
                            kind, self.records[model], method, *args
                        )
                        self.assertNotIsInstance(result, AccessError)
                        if (model, method) in SHOWING:
                            self.assertIsInstance(result, dict)
                            self.assertFalse(changed)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_other_peoples_actions_among_ones_own(self):
        """One foreign id in the request, and nothing happens to one's own either."""
        for kind in ("employee", "colleague", "other company"):
            lead = self._lead("À soi", user_id=False, company_id=False)
            own = self._actions(lead, 1, user_id=self.users[kind].id)
            for method, (_callers, args) in METHODS["crm.action"].items():
                if method not in ("action_finish", "action_open_lead"):
                    self.assertDenied(kind, own + self.action, method, *args)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_dialogs_that_name_other_peoples_actions(self):
        """A dialog takes no action that its user does not see."""
        values = {"action_ids": [Command.set(self.actions.ids)]}
        for kind in ("employee", "colleague", "settings", "other company"):
            for model in ("skip", "reschedule", "finish"):
                model = f"crm.action.{model}"
                if "c" not in RIGHTS[model][kind]:
                    continue
                with self.assertRaises(AccessError):
                    self._call(kind, self.env[model], "create", values)
                dialog = self._create_as(kind, model)
                self.assertDenied(kind, dialog, "write", values)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_outcome_line_of_another_persons_dialog(self):
        line = self._create_as(
            "colleague",
            "crm.action.finish.line",
            wizard_id=self.records["crm.action.finish"].id,
            outcome_id=self.outcome.id,
        )
        self.assertDenied("colleague", line, "action_choose")

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_plan_started_on_other_peoples_opportunities(self):
        for kind in ("employee", "colleague", "settings", "other company"):
            dialog = self._create_as("manager", **self._schedule())
            self.assertDenied(kind, dialog, "action_schedule_plan")

    def test_plan_of_another_company(self):
        """Its lists stay as they are, whoever may edit the plan."""
        self.plan.company_id = False
        self.step.copy({"plan_id": self.plan.id, "summary": "Ajouté"})
        before = self._snapshot()
        self._call("other company", self.plan, "action_apply_to_waiting")
        self.assertEqual(self._snapshot(), before)
        self._call("manager", self.plan, "action_apply_to_waiting")
        self.assertIn("Ajouté", self.lead.action_ids.mapped("summary"))
