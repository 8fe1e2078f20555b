# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.service.model import call_kw, get_public_method
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from odoo.addons.mail.tests.common import mail_new_test_user

from .common import DefaultFollowerCommon

ADDON = "partner_default_follower"

KINDS = (
    "public",
    "portal",
    "employee",
    "salesperson",
    "sales manager",
    "contact manager",
    "settings",
    "other company",  # Settings, of another company only
)
# What they are is in an addon that need not be there.
SALES_KINDS = {
    "salesperson": "sales_team.group_sale_salesman",
    "sales manager": "sales_team.group_sale_manager",
}

# model -> kind of user -> read, write, create, unlink
RIGHTS = {
    "partner.default.follower.job": {
        **dict.fromkeys(KINDS, "----"),
        "settings": "r---",
        # Odoo's automation rules, of which this is a part, know no company
        "other company": "r---",
    },
    "partner.default.follower.hand.over": {
        **dict.fromkeys(KINDS, "----"),
        "settings": "rwc-",
        "other company": "rwc-",
    },
}

SETTINGS = ("settings", "other company")

# model -> method -> who may call it
METHODS = {
    "base.automation": {
        "action_follow_existing": SETTINGS,
        "action_follow_stop": SETTINGS,
        "action_follow_resume": SETTINGS,
        "action_follow_confirm": SETTINGS,
        "action_follow_take_back": SETTINGS,
        "action_open_automation_rule": SETTINGS,
    },
    "partner.default.follower.hand.over": {"action_hand_over": SETTINGS},
    "res.partner": {"action_hand_over_contacts": SETTINGS},
    "ir.actions.server": {
        # as in Odoo, whoever may write contacts may run what is done to contacts
        "run": (
            "salesperson",
            "sales manager",
            "contact manager",
            *SETTINGS,
        ),
    },
    "res.config.settings": {
        "set_values": SETTINGS,
        "action_contact_follow_restore": SETTINGS,
        "action_contact_follow_rule": SETTINGS,
    },
}

# These tell the web client what to show, and change nothing whoever calls them.
SHOWING = {
    ("base.automation", "action_follow_confirm"),
    ("base.automation", "action_open_automation_rule"),
    ("res.partner", "action_hand_over_contacts"),
    ("res.config.settings", "action_contact_follow_rule"),
}

# Not in METHODS: their rights are those of the model.
ORM_OVERRIDES = {
    "create": "create, in RIGHTS or of the addon that has the model",
    "write": "write, likewise",
    "unlink": "unlink, likewise",
}

# What a method could change, beside the addon's own tables.
TABLES = {
    "base_automation",
    "ir_act_server",
    "ir_act_server_follow_subtype_rel",
    "ir_act_server_res_partner_rel",
    "ir_config_parameter",
    "ir_cron_trigger",
    "ir_default",
    "mail_followers",
    "mail_followers_mail_message_subtype_rel",
    "mail_message",
    "res_company",
    "res_groups_implied_rel",
    "res_partner",
}


@tagged("post_install", "-at_install")
class TestAccessMatrix(DefaultFollowerCommon):
    """Who may do what, as the tables above say: no more, and no less.

    A model or a public method that the tables do not have fails a test.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            "public": cls.user_public,
            "portal": cls.portal,
            "employee": cls.employee,
            "contact manager": cls.manager,
            "settings": cls.settings_user,
            "other company": cls._user(
                "stranger",
                "base.group_system",
                company_id=cls.company_2.id,
                company_ids=[Command.set(cls.company_2.ids)],
            ),
        }
        for kind, group in SALES_KINDS.items():
            if cls.env.ref(group, raise_if_not_found=False):
                cls.users[kind] = cls._user(kind, group)
        progress = cls.env["partner.default.follower.job"]
        settings = cls.env["res.config.settings"].with_user(cls.settings_user)
        cls.records = {
            "partner.default.follower.job": progress.create(
                {"automation_id": cls.rule.id}
            ),
            "partner.default.follower.hand.over": cls.env[
                "partner.default.follower.hand.over"
            ].create({"person_id": cls.nunez.id}),
            "res.partner": cls.nunez,
            "base.automation": cls.rule,
            "ir.actions.server": cls.action,
            "res.config.settings": settings.create({}).with_env(cls.env),
        }
        cls.values = {
            "partner.default.follower.job": {
                "automation_id": cls._create_hand_made_rule(cls.people).id
            },
            "partner.default.follower.hand.over": {"person_id": cls.nunez.id},
        }

    @classmethod
    def _user(cls, login, groups, **values):
        return mail_new_test_user(cls.env, login=login, groups=groups, **values)

    def _call(self, kind, records, method, *args, **kwargs):
        """Call as a request of this user does: by RPC, with nothing in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        model = self.env[records._name].with_user(self.users[kind])
        if not getattr(get_public_method(model, method), "_api_model", False):
            args = (records.ids, *args)
        return call_kw(model, method, list(args), kwargs)

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

    def _try(self, kind, records, method, *args, **kwargs):
        """Call, compare, and roll back: in this order.

        :return: what the call returned or the AccessError that it raised, and the
            tables of which it had changed rows by then
        """
        with self.env.cr.savepoint() as savepoint:
            before = self._snapshot()
            try:
                result = self._call(kind, records, method, *args, **kwargs)
            except AccessError as error:
                result = error
            after = self._snapshot()
            savepoint.rollback()
        return result, [table for table in before if before[table] != after[table]]

    def assertDenied(self, kind, records, method, *args, **kwargs):
        """The call raises AccessError, and has changed nothing by then."""
        with self.subTest(user=kind, model=records._name, method=method):
            result, changed = self._try(kind, records, method, *args, **kwargs)
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
        """Whether a real ``create`` passes."""
        result, _changed = self._try(
            kind, self.env[model], "create", self.values[model]
        )
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
                if (
                    model_class._abstract
                    or vars(definition).get("_module") != ADDON
                    or definition._name not in (name, "partner.default.follower.mixin")
                ):
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
                    {kind: self._rights(kind, model) for kind in self.users},
                    {kind: rights[kind] for kind in self.users},
                )

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_methods_of_those_who_may_not(self):
        for model, methods in METHODS.items():
            for method, callers in methods.items():
                for kind in self.users:
                    if kind not in callers:
                        self.assertDenied(kind, self.records[model], method)

    def test_methods_of_those_who_may(self):
        for model, methods in METHODS.items():
            for method, callers in methods.items():
                for kind in self.users.keys() & set(callers):
                    with self.subTest(user=kind, model=model, method=method):
                        result, changed = self._try(kind, self.records[model], method)
                        self.assertNotIsInstance(result, AccessError)
                        if (model, method) in SHOWING:
                            self.assertIsInstance(result, dict)
                            self.assertFalse(changed)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_run_on_contacts_that_only_the_context_names(self):
        """Odoo checks no right on them when the request does not name their model."""
        contact = self.env["res.partner"].create({"name": "Zoé"})
        contact.message_unsubscribe(self.people.ids)
        for context in (
            {"active_ids": contact.ids},
            {"active_id": contact.id},
            {"active_ids": contact.ids, "active_model": "res.partner"},
            {"active_ids": contact.ids, "active_model": "res.users"},
        ):
            for kind in ("public", "portal", "employee"):
                self.assertDenied(kind, self.action, "run", context=context)
        contact.company_id = self.company_2
        for context in ({"active_ids": contact.ids}, {"active_id": contact.id}):
            self.assertDenied("contact manager", self.action, "run", context=context)
        contact.company_id = False
        self._call("contact manager", self.action, "run", context=context)
        self.assertFollowed(contact)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_settings_without_a_record(self):
        """A request need not name a record: the class is no way round."""
        settings = self.env["res.config.settings"]
        for kind in self.users.keys() - set(SETTINGS):
            for method in (
                "action_contact_follow_restore",
                "action_contact_follow_rule",
            ):
                self.assertDenied(kind, settings, method)
