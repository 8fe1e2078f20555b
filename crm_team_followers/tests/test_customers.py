# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo.tests import tagged

from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestCustomers(TeamFollowersCommon):
    """Whose messages are those of a customer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lead = cls._new_lead()
        cls.parent = cls.lead.message_post(
            body="Allô", message_type="comment", subtype_xmlid="mail.mt_comment"
        )

    def _told(self, sender="zoe@customer.example", **headers):
        """Whether the person who wants customers' messages only is told of a mail."""
        body = f"Bonjour {sender} {headers}"
        with self.mock_mail_gateway():
            self._receive(
                sender,
                self.team.alias_id.alias_full_name,
                "Re: Allô",
                parent=self.parent,
                body=body,
                headers=headers,
            )
        message = self.lead.message_ids[:1]
        self.assertIn("Bonjour", message.body)
        return self.partner_customers in self._notified(message)

    def test_automatic_mails(self):
        for header, value in (
            ("Auto-Submitted", "auto-replied"),
            ("Auto-Submitted", "Auto-Generated; owner-email=a@b.example"),
            ("auto-submitted", "auto-notified"),
            ("Precedence", "bulk"),
            ("Precedence", "Auto_Reply"),
            ("Precedence", "junk"),
            ("Precedence", "list"),
            ("X-Autoreply", "yes"),
            ("X-Autorespond", "Absent"),
            ("Return-Path", "<>"),
        ):
            with self.subTest(header=header, value=value):
                self.assertFalse(self._told(**{header: value}))

    def test_mails_of_persons(self):
        for header, value in (
            ("Auto-Submitted", "no"),
            ("Auto-Submitted", "No (typed)"),
            ("Precedence", "normal"),
            ("Return-Path", "<zoe@customer.example>"),
            ("X-Mailer", "Courrier"),
        ):
            with self.subTest(header=header, value=value):
                self.assertTrue(self._told(**{header: value}))

    def test_machines(self):
        self.assertFalse(self._told("Postmaster <postmaster@customer.example>"))

    def test_automatic_first_mail(self):
        """One that creates an opportunity, too."""
        with self.mock_mail_gateway():
            lead = self._receive(
                "zoe@customer.example",
                self.team.alias_id.alias_full_name,
                "Absente",
                headers={"Auto-Submitted": "auto-replied"},
            )
        self.assertNotIn(self.partner_customers, self._notified(lead.message_ids))

    def test_own_addresses(self):
        self.company_admin.email = "bonjour@coop.example"
        self.employee.write({"email": "e@coop.example", "login": "E@Login.example"})
        for sender in (
            f"ventes@{self.alias_domain}",
            f"Ventes <VENTES@{self.alias_domain.upper()}>",
            "Bonjour@Coop.example",
            "e@coop.example",
            "e@login.example",
        ):
            with self.subTest(sender=sender):
                self.assertFalse(self._told(sender))
        # the company's address says nothing of others of its provider
        self.assertTrue(self._told("client@coop.example"))

    def test_former_colleague(self):
        self.employee.email = "ancien@ailleurs.example"
        self.employee.action_archive()
        self.assertFalse(self._told("ancien@ailleurs.example"))
        self.employee.partner_id.action_archive()
        self.assertFalse(self._told("Ancien <ancien@ailleurs.example>"))

    def test_former_colleague_by_name(self):
        """Posted in their name, by another addon."""
        self.employee.email = "ancien@ailleurs.example"
        self.employee.action_archive()
        message = self.lead.message_post(
            body="Allô",
            author_id=self.employee.partner_id.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertNotIn(self.partner_customers, self._notified(message))

    def test_first_choice_of_customers_messages(self):
        """Nobody wanted them before: not remembered from then."""
        Subtype = self.env["mail.message.subtype"]
        self.follower_customers.customer_messages_only = False
        self.team.action_apply_default_followers()
        self.env.flush_all()
        self.env.registry.clear_cache()
        self.env.cr.execute(
            "DELETE FROM mail_followers_mail_message_subtype_rel"
            " WHERE mail_message_subtype_id = %s",
            [self.customer_message.id],
        )
        self.env.cr.execute(
            "UPDATE crm_team_follower SET customer_messages_only = FALSE"
        )
        self.env.invalidate_all()
        self.assertFalse(Subtype._crm_team_customer_wanted())
        with self.subTest("on an opportunity"), self.cr.savepoint() as savepoint:
            self.lead.message_subscribe(
                self.partner_customers.ids, self.customer_message.ids
            )
            self.assertTrue(self._told())
            savepoint.rollback()
        self.env.registry.clear_cache()
        self.env.invalidate_all()
        self.assertFalse(Subtype._crm_team_customer_wanted())
        self.follower_customers.customer_messages_only = True
        self.team.action_apply_default_followers()
        self.assertTrue(self._told())
