# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.service.model import call_kw, get_public_method
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import TeamFollowersCommon

ADDON = "crm_team_followers"

# The record is the one of the follower, in a team of the first company.
KINDS = (
    "public",
    "portal",
    "employee",
    "follower",  # an employee, who follows the team's opportunities
    "salesperson",
    "colleague",  # a salesperson, who sees all opportunities
    "manager",
    "contact manager",
    "settings",
    "other company",  # a sales manager, of another company only
)

# model -> kind of user -> read, write, create, unlink
RIGHTS = {
    "crm.team.follower": {
        "public": "----",
        "portal": "----",
        "employee": "----",
        "follower": "rw--",  # what of it, the tests of the list say
        "salesperson": "r---",
        "colleague": "r---",
        "manager": "rwcu",
        "contact manager": "----",
        "settings": "----",
        "other company": "----",
    },
    # written by the buttons of the team only
    "crm.team.follower.job": dict.fromkeys(KINDS, "----") | {"manager": "r---"},
    # a dialog shows and does only what its user may
    "crm.team.follower.handover": dict.fromkeys(KINDS, "----")
    | {"manager": "rwcu", "other company": "rwcu"},
}

# model -> method -> (who may call it, arguments)
METHODS = {
    "crm.team.follower": {
        # only the person: managers remove the record instead
        "action_stop": (("follower",), []),
        "action_resume": (("follower",), []),
        "action_confirm": (("manager",), []),
    },
    "crm.team.follower.handover": {
        "action_hand_over": (("manager", "other company"), [])
    },
    "res.partner": {
        # whoever may read the contact; the dialog that it opens, managers may
        "action_hand_over_follows": (
            tuple(kind for kind in KINDS if kind not in ("public", "portal")),
            [],
        ),
    },
    "crm.team": {
        "action_open_default_followers": (
            # whoever may read the team
            (
                "employee",
                "follower",
                "salesperson",
                "colleague",
                "manager",
                "contact manager",
                "settings",
            ),
            [],
        ),
        "action_apply_default_followers": (("manager",), []),
        "action_stop_follower_job": (("manager",), []),
        "action_resume_follower_job": (("manager",), []),
        "action_copy_default_followers": (("manager",), []),
        "action_dismiss_copied_followers": (("manager",), []),
        "action_take_back_default_followers": (("manager",), []),
    },
}

# These tell the web client what to show, and change nothing whoever calls them.
SHOWING = {
    ("crm.team", "action_open_default_followers"),
    ("res.partner", "action_hand_over_follows"),
}

# Not in METHODS: their rights are those of the model.
ORM_OVERRIDES = {
    "copy": "create, of the addon that has the model",
    "create": "create, in RIGHTS or of the addon that has the model",
    "write": "write, likewise",
    "unlink": "unlink, likewise",
    "name_search": "read, of contacts",
}

# What a method could change, beside the addon's own tables.
TABLES = {
    "crm_lead",
    "crm_team",
    "crm_team_follower_mail_message_subtype_rel",
    "crm_team_member",
    "ir_cron_trigger",
    "mail_followers",
    "mail_followers_crm_team_subtype_rel",
    "mail_followers_mail_message_subtype_rel",
    "mail_message",
    "res_users",
}


@tagged("post_install", "-at_install")
class TestAccessMatrix(TeamFollowersCommon):
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
            "follower": cls.user_all,
            "salesperson": cls.salesman,
            "colleague": cls.colleague,
            "manager": cls.manager,
            "contact manager": cls._new_user(
                "Núñez contacts", "base.group_user,base.group_partner_manager"
            ),
            "settings": cls._new_user("Søren", "base.group_system"),
            "other company": cls._new_user(
                "Étranger",
                "sales_team.group_sale_manager",
                company_id=cls.company_2.id,
                company_ids=[Command.set(cls.company_2.ids)],
            ),
        }
        cls.team.company_id = cls.company_admin
        cls.lead = cls._new_lead()
        cls.team.copied_team_id = cls.other_team
        cls.records = {
            "crm.team.follower": cls.follower_all,
            "crm.team.follower.handover": cls.env["crm.team.follower.handover"]
            .with_user(cls.manager)
            .create({"partner_id": cls.partner_all.id}),
            "crm.team.follower.job": cls.env["crm.team.follower.job"].create(
                {"team_id": cls.team.id}
            ),
            "crm.team": cls.team,
            "res.partner": cls.partner_all,
        }
        cls.values = {
            "crm.team.follower": {
                "team_id": cls.team.id,
                "partner_id": cls.customer.id,
            },
            "crm.team.follower.handover": {"partner_id": cls.partner_all.id},
            "crm.team.follower.job": {"team_id": cls.team.id},
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
    def test_other_peoples_among_ones_own(self):
        """One foreign id in the request, and nothing happens to one's own either."""
        both = self.follower_all + self.follower_inbox
        for method in METHODS["crm.team.follower"]:
            self.assertDenied("follower", both, method)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_portal_user_in_the_list(self):
        """Being in the list gives a portal user no right on it."""
        follower = self._add(self.team, self.portal.partner_id)
        for method in METHODS["crm.team.follower"]:
            self.assertDenied("portal", follower, method)
