# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.base.models.res_partner import ResPartner

from .common import DefaultFollowerCommon

EMAIL = """\
Return-Path: <{sender}>
To: {to}
From: {sender}
Subject: Œuvre & Cie
MIME-Version: 1.0
Date: Tue, 24 Nov 2026 09:30:00 +0000
Message-ID: <new-contact@neighbour.example.com>
Content-Type: text/plain; charset="UTF-8"
Content-Transfer-Encoding: 8bit

Bonjour, prenez-nous dans votre carnet d'adresses.
"""


@tagged("post_install", "-at_install")
class TestDoors(DefaultFollowerCommon):
    """Every way by which a contact comes into being, but those over HTTP."""

    def test_form(self):
        with Form(self.env["res.partner"].with_user(self.manager)) as form:
            form.name = "Œuvre & Cie"
        self.assertFollowed(form.record)
        self.assertIn(self.manager.partner_id, form.record.message_partner_ids)

    def test_quick_create(self):
        partner_id, _name = (
            self.env["res.partner"].with_user(self.manager).name_create("Œuvre & Cie")
        )
        self.assertFollowed(self.env["res.partner"].browse(partner_id))

    def test_import(self):
        result = (
            self.env["res.partner"]
            .with_user(self.manager)
            .with_context(import_file=True, tracking_disable=True)
            .load(
                ["name", "child_ids/name", "is_company"],
                [
                    ["Œuvre & Cie", "Inès", "True"],
                    ["", "Noël", ""],
                    ["Brasserie Ünal", "", "True"],
                ],
            )
        )
        self.assertFalse(result["messages"])
        companies = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(len(companies), 2)
        self.assertEqual(len(companies.child_ids), 2)
        self.assertFollowed(companies + companies.child_ids)

    def test_mail_gateway(self):
        alias = self.env["mail.alias"].create(
            {
                "alias_name": "new-contacts",
                "alias_domain_id": self.mail_alias_domain.id,
                "alias_model_id": self.partner_model.id,
                "alias_contact": "everyone",
            }
        )
        email = EMAIL.format(
            sender="helene@neighbour.example.com", to=alias.alias_full_name
        )
        # When an addon refuses the contact, Odoo marks the alias as broken in a
        # transaction of its own: it must see the alias of this test, or its
        # MissingError hides why the contact was refused.
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            partner_id = self.env["mail.thread"].message_process(
                None, email.encode(), save_original=False
            )
        self.assertFollowed(self.env["res.partner"].browse(partner_id))

    def test_mail_gateway_tells_why_it_refuses(self):
        """What another addon says about a contact is not hidden by Odoo's bounce."""
        alias = self.env["mail.alias"].create(
            {
                "alias_name": "refused-contacts",
                "alias_domain_id": self.mail_alias_domain.id,
                "alias_model_id": self.partner_model.id,
                "alias_contact": "everyone",
            }
        )
        email = EMAIL.format(
            sender="helene@neighbour.example.com", to=alias.alias_full_name
        )
        refuse = patch.object(ResPartner, "create", side_effect=UserError("Non"))
        with (
            self.mock_mail_gateway(),
            self.enter_registry_test_mode(),
            refuse,
            self.assertRaisesRegex(UserError, "Non"),
        ):
            self.env["mail.thread"].message_process(None, email.encode())

    def test_author_of_incoming_mail(self):
        """The contact that Odoo itself makes for an unknown address."""
        self.assertFalse(
            self.env["res.partner"].search([("email", "=", "h@neighbour.example.com")])
        )
        [contact] = self.env["res.partner"]._find_or_create_from_emails(
            ['"Hélène Núñez" <h@neighbour.example.com>']
        )
        self.assertFollowed(contact)

    def test_new_user(self):
        user = (
            self.env["res.users"]
            .with_user(self.settings_user)
            .create({"name": "Gülşen", "login": "gulsen@example.com"})
        )
        self.assertFollowed(user.partner_id)

    def test_new_company(self):
        company = self.env["res.company"].create({"name": "Coopérative d'Anderlecht"})
        self.assertFollowed(company.partner_id)

    def test_contact_inside_a_company(self):
        company = (
            self.env["res.partner"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Œuvre & Cie",
                    "is_company": True,
                    "child_ids": [
                        Command.create({"name": "Inès"}),
                        Command.create({"name": "Quai", "type": "delivery"}),
                    ],
                }
            )
        )
        self.assertFollowed(company + company.child_ids)
        company.child_ids = [Command.create({"name": "Noël"})]
        self.assertEqual(len(company.child_ids), 3)
        self.assertFollowed(company.child_ids)

    def test_copy(self):
        contact = self.env["res.partner"].with_user(self.manager).create({"name": "Ö"})
        contact.message_unsubscribe(self.people.ids)
        self.assertFollowed(contact.copy())
        self.assertNotFollowed(contact)

    def test_other_addon(self):
        """Another addon's code, with the context keys that mute Odoo's mail."""
        contact = (
            self.env["res.partner"]
            .with_user(self.employee)
            .sudo()
            .with_context(
                mail_create_nosubscribe=True,
                mail_create_nolog=True,
                mail_notrack=True,
                tracking_disable=True,
            )
            .create({"name": "Œuvre & Cie"})
        )
        self.assertFollowed(contact)
        self.assertEqual(contact.message_partner_ids, self.people)

    def test_public_form(self):
        """A website form: the public user has no right on contacts or followers."""
        partners = self.env["res.partner"].with_user(self.user_public)
        self.assertFalse(partners.has_access("create"))
        contact = partners.sudo().create({"name": "Visiteur"})
        self.assertFollowed(contact.with_env(self.env))
        # and what the visitor gets back tells nothing
        visitor = contact.sudo(False)
        self.assertFalse(visitor.has_access("read"))
        self.assertFalse(visitor.env["base.automation"].has_access("read"))

    def test_create_of_base_is_passed(self):
        """The rule does not hide base's method from who replaces it later."""
        with patch.object(
            ResPartner, "create", autospec=True, side_effect=ResPartner.create
        ) as create:
            self.env["res.partner"].create({"name": "Núñez"})
        create.assert_called_once()

    def test_creator_without_rights(self):
        """A portal user's own sub-contact, created with sudo by the portal."""
        contact = (
            self.env["res.partner"]
            .with_user(self.portal)
            .sudo()
            .create({"name": "Adresse", "parent_id": self.portal.partner_id.id})
        )
        self.assertFollowed(contact.with_env(self.env))

    def test_same_transaction(self):
        """The contact and its followers come together or not at all."""
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            contact = self.env["res.partner"].create({"name": "Éphémère"})
            self.assertFollowed(contact)
            raise ZeroDivisionError
        self.assertFalse(contact.exists())
        self.assertFalse(
            self.env["mail.followers"].search(
                [("res_model", "=", "res.partner"), ("res_id", "=", contact.id)]
            )
        )
