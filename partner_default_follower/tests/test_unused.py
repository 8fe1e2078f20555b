# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from contextlib import contextmanager

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.base.models.res_partner import ResPartner as ResPartnerCore
from odoo.addons.mail.tests.common import MailCommon, mail_new_test_user

from ..models.mail_followers import MailFollowers
from ..models.res_company import ResCompany
from ..models.res_partner import ResPartner
from ..models.res_users import ResUsers

# Everything of this addon that runs while contacts, users and followers are used
OVERRIDES = (
    (ResPartner, "write"),
    (ResPartner, "_partner_unfollow_enabled"),
    (ResUsers, "write"),
    (ResUsers, "unlink"),
    (ResCompany, "write"),
    (MailFollowers, "write"),
    (MailFollowers, "unlink"),
)


@tagged("post_install", "-at_install")
class TestUnused(MailCommon):
    """While nobody is chosen, this addon costs nothing: not one query."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls.env.ref("partner_default_follower.automation_new_partner")
        cls.rules = cls.env["base.automation"]
        cls.manager = mail_new_test_user(
            cls.env,
            login="contact_manager",
            groups="base.group_user,base.group_partner_manager",
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Client", "email": "client@example.com"}
        )
        cls.gone = cls.env["res.partner"].create(
            [{"name": f"Ö {number}"} for number in range(20)]
        )
        cls.users = [
            mail_new_test_user(
                cls.env, login=f"user_{number}", groups="base.group_user"
            )
            for number in range(8)
        ]

    @contextmanager
    def _plain_odoo(self):
        """Take the overrides of this addon out of the classes."""
        kept = [(cls, name, vars(cls)[name]) for cls, name in OVERRIDES]
        for cls, name, _value in kept:
            delattr(cls, name)
        try:
            yield
        finally:
            for cls, name, value in kept:
                setattr(cls, name, value)

    def _count(self, work):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        work()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _work(self):
        """What people do, as callables that can be called again and again."""
        partners = self.env["res.partner"].with_user(self.manager)
        contact = partners.create({"name": "Ö"}).sudo()
        follower_ids = self.user_employee.partner_id.ids
        comment = self.env.ref("mail.mt_comment").ids
        gone, users = iter(self.gone), iter(self.users)
        company_ids = [self.company_admin.id, self.company_2.id] * 4
        companies = iter(company_ids)

        reference = contact.message_post(body="Ö", message_type="comment").message_id
        numbers = iter(range(10))

        def mail():
            email = (
                "From: client@example.com\nTo: nobody@example.com\nSubject: O\n"
                f"Message-Id: <{next(numbers)}@example.com>\n"
                f"References: {reference}\n\nBonjour"
            )
            with self.mock_mail_gateway():
                self.env["mail.thread"].message_process(None, email.encode())

        return {
            "create one": lambda: partners.create({"name": "Ü"}),
            "create ten": lambda: partners.create([{"name": "Ü"}] * 10),
            "write": lambda: contact.write({"name": "Ä"}),
            "move": lambda: contact.write({"company_id": next(companies)}),
            "archive": lambda: contact.write({"active": not contact.active}),
            "read": lambda: contact.web_read({"name": {}, "message_follower_ids": {}}),
            "search": lambda: partners.search_count([("name", "like", "Ü")]),
            "post": lambda: contact.message_post(
                body="Ö", message_type="comment", subtype_xmlid="mail.mt_comment"
            ),
            "subscribe": lambda: contact.message_subscribe(follower_ids, comment),
            "unsubscribe": lambda: contact.message_unsubscribe(follower_ids),
            "customer's mail": mail,
            "delete": lambda: next(gone).unlink(),
            "change a user": lambda: self.users[0].write(
                {"company_ids": [Command.link(self.company_2.id)]}
            ),
            "archive a user": lambda: self.users[1].write(
                {"active": not self.users[1].active}
            ),
            "delete a user": lambda: next(users).unlink(),
            "change a company": lambda: self.company_2.write({"name": "Ö"}),
        }

    def test_same_queries(self):
        if any(
            rule != self.rule
            for rule in self.rules.search([("model_name", "=", "res.partner")])
        ):
            self.skipTest("there are other rules")
        self.users = self.users[2:] + self.users[:2]
        for name, work in self._work().items():
            with self.subTest(work=name):
                # the first two rounds fill the ormcaches, and go both ways
                for _round in range(2):
                    self._count(work)
                with self._plain_odoo():
                    plain = [self._count(work) for _round in range(2)]
                self.assertEqual([self._count(work) for _round in range(2)], plain)

    def test_create_is_odoos(self):
        """Contacts are created by Odoo's own method until somebody is chosen."""
        model = self.env.registry["res.partner"]
        self.assertNotIn("create", vars(model))
        self.rule.follow_partner_ids = self.manager.partner_id
        self.assertIn("create", vars(model))
        self.rule.active = False
        self.assertNotIn("create", vars(model))
        self.rule.active = True
        self.rule.follow_partner_ids = False
        self.assertNotIn("create", vars(model))
        self.assertIs(model.create, ResPartnerCore.create)
