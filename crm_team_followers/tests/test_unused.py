# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from contextlib import ExitStack, contextmanager

from odoo.tests import tagged

from .common import TeamFollowersCommon

ADDON = "crm_team_followers"


@tagged("post_install", "-at_install")
class TestUnused(TeamFollowersCommon):
    """Installed and not used, the addon costs no query: the same work is counted with
    its overrides and without them, that is as in a plain database."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.team.grant"]._take_back(cls.env["crm.team"].search([]))
        cls.env["crm.team.follower"].with_context(
            active_test=False, crm_team_followers_automatic=True
        ).search([]).unlink()
        cls.env.cr.execute(
            "DELETE FROM mail_followers_mail_message_subtype_rel"
            " WHERE mail_message_subtype_id = %s",
            [cls.customer_message.id],
        )
        cls.env.invalidate_all()
        cls.env.registry.clear_cache()
        cls.addClassCleanup(cls.env.registry.clear_cache)

    @contextmanager
    def _plain(self):
        """Without the methods of this addon that override others."""
        with ExitStack() as stack:
            for model in self.registry.values():
                mro = model.mro()
                for place, definition in enumerate(mro):
                    if vars(definition).get("_module") != ADDON:
                        continue
                    for name, value in list(vars(definition).items()):
                        if (callable(value) or isinstance(value, property)) and any(
                            name in vars(parent) and not name.startswith("__")
                            for parent in mro[place + 1 :]
                        ):
                            stack.enter_context(_without(definition, name))
            yield

    def _count(self, prepare, work):
        counts = []
        for _turn in range(3):
            prepared = prepare()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            work(prepared)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        return min(counts)

    def assertCostsNothing(self, prepare, work):
        ours = self._count(prepare, work)
        with self._plain():
            plain = self._count(prepare, work)
        self.assertEqual(ours, plain)

    def _create(self, number=3):
        return (
            self.env["crm.lead"]
            .with_user(self.colleague)
            .create(
                [
                    {"name": f"Affaire {n}", "team_id": self.team.id, "user_id": False}
                    for n in range(number)
                ]
            )
        )

    def test_the_comparison_compares(self):
        self._add(self.team, self.partner_all)
        self.assertTrue(self.env["crm.team.follower"]._is_used())
        ours = self._count(lambda: None, lambda _none: self._create())
        with self._plain():
            plain = self._count(lambda: None, lambda _none: self._create())
        self.assertGreater(ours, plain)

    def test_create(self):
        self.assertCostsNothing(lambda: None, lambda _none: self._create())

    def test_write(self):
        self.assertCostsNothing(
            self._create,
            lambda leads: leads.write({"name": "Vélo", "priority": "1"}),
        )

    def test_move(self):
        self.assertCostsNothing(
            self._create, lambda leads: leads.write({"team_id": self.other_team.id})
        )

    def test_assign(self):
        self.assertCostsNothing(
            self._create,
            lambda leads: leads.sudo().write({"user_id": self.salesman.id}),
        )

    def test_post(self):
        self.assertCostsNothing(
            lambda: self._create(1),
            lambda lead: lead.message_post(
                body="Allô", message_type="comment", subtype_xmlid="mail.mt_comment"
            ),
        )

    def test_read(self):
        def work(leads):
            leads.read(["name", "team_id", "message_follower_ids"])
            leads[0].message_get_followers()
            leads.team_id.read(["name"])

        self.assertCostsNothing(self._create, work)

    def test_unsubscribe(self):
        self.assertCostsNothing(
            lambda: self._create(1),
            lambda lead: lead.message_unsubscribe(self.colleague.partner_id.ids),
        )

    def test_delete(self):
        self.assertCostsNothing(self._create, lambda leads: leads.sudo().unlink())

    def test_customers_mail(self):
        """A first mail, and a reply."""
        numbers = iter(range(1000))

        def work(parent):
            self._receive(
                "zoe@customer.example",
                self.team.alias_id.alias_full_name,
                "Vélo",
                parent=parent,
                body=f"Bonjour {next(numbers)}",
            )

        def parent():
            return self._create(1).message_post(
                body="Allô", message_type="comment", subtype_xmlid="mail.mt_comment"
            )

        with self.mock_mail_gateway():
            self.assertCostsNothing(parent, work)
            self.assertCostsNothing(lambda: None, work)

    def test_people(self):
        def people():
            return self.env["res.partner"].create(
                [{"name": f"Personne {n}"} for n in range(3)]
            )

        self.assertCostsNothing(
            people, lambda persons: persons.write({"company_id": self.company_admin.id})
        )
        self.assertCostsNothing(people, lambda persons: persons.action_archive())
        self.assertCostsNothing(people, lambda persons: persons.unlink())


@contextmanager
def _without(definition, name):
    kept = vars(definition)[name]
    delattr(definition, name)
    try:
        yield
    finally:
        setattr(definition, name, kept)
