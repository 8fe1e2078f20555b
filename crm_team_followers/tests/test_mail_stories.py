# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo.tests import tagged

from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestMailStories(TeamFollowersCommon):
    """Real e-mails through the gateway; what leaves is caught at the mail server's
    door, by Odoo's own mail test tools."""

    def _emailed(self):
        """Addresses of the people who were sent an e-mail."""
        return {address for mail in self._mails for address in mail["email_to"]}

    def assertEmailed(self, *partners):
        emailed = " ".join(self._emailed())
        everyone = self.team_partners | self.partner_archived | self.partner_liege
        for partner in everyone:
            check = self.assertIn if partner in partners else self.assertNotIn
            check(partner.email_normalized, emailed, partner.name)

    def test_customer_writes_colleague_answers_customer_replies(self):
        # a customer's e-mail comes in on the team's alias
        with self.mock_mail_gateway():
            lead = self._receive(
                "Zoë Müller <zoe@customer.example>",
                self.team.alias_id.alias_full_name,
                "Prix d'un vélo électrique",
            )
            self.flush_tracking()
        self.assertEqual(lead.team_id, self.team)
        self.assertEqual(lead.partner_id, self.customer)
        self.assertTeamFollowers(lead)
        first = lead.message_ids.filtered(
            lambda message: message.message_type == "email"
        )
        self.assertEqual(
            self._notified(first),
            {self.partner_all: "email", self.partner_customers: "email"},
        )
        self.assertEmailed(self.partner_all, self.partner_customers)

        # a colleague answers
        with self.mock_mail_gateway():
            answer = lead.with_user(self.colleague).message_post(
                body="Bonjour Zoë, 2 000 €.",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                partner_ids=self.customer.ids,
            )
            self.flush_tracking()
        self.assertEqual(
            self._notified(answer),
            {
                self.customer: "email",
                self.partner_all: "email",
                self.partner_contact: "email",
                self.partner_inbox: "inbox",
            },
        )
        self.assertEmailed(self.partner_all, self.partner_contact)

        # the customer replies
        with self.mock_mail_gateway():
            self._receive(
                "Zoë Müller <zoe@customer.example>",
                self.team.alias_id.alias_full_name,
                "Re: Prix d'un vélo électrique",
                parent=answer,
                body="D'accord !",
            )
            self.flush_tracking()
        reply = lead.message_ids.filtered(lambda message: "D'accord" in message.body)
        self.assertEqual(reply.subtype_id, self.comment)
        notified = self._notified(reply)
        # in plain Odoo, the author of the message replied to
        notified.pop(self.colleague.partner_id)
        self.assertEqual(
            notified,
            {
                self.partner_all: "email",
                self.partner_customers: "email",
                self.partner_contact: "email",
                self.partner_inbox: "inbox",
            },
        )
        self.assertEmailed(
            self.partner_all, self.partner_customers, self.partner_contact
        )

    def test_internal_notes_stay_inside(self):
        lead = self._new_lead()
        note = lead.message_post(body="Client pressé", subtype_xmlid="mail.mt_note")
        self.assertEqual(self._notified(note), {self.partner_all: "email"})

    def test_colleague_answers_by_email(self):
        """A colleague is no customer, by whatever way they write."""
        lead = self._new_lead()
        message = lead.message_post(body="Allô", subtype_xmlid="mail.mt_comment")
        with self.mock_mail_gateway():
            self._receive(
                self.colleague.email_formatted,
                self.team.alias_id.alias_full_name,
                "Re: Allô",
                parent=message,
                body="Bien reçu",
            )
        answer = lead.message_ids.filtered(lambda message: "Bien reçu" in message.body)
        self.assertEqual(answer.author_id, self.colleague.partner_id)
        self.assertIn(self.partner_all, self._notified(answer))
        self.assertNotIn(self.partner_customers, self._notified(answer))

    def test_unknown_sender_is_a_customer(self):
        lead = self._new_lead()
        message = lead.message_post(body="Allô", subtype_xmlid="mail.mt_comment")
        with self.mock_mail_gateway():
            self._receive(
                "jamais.vu@nulle-part.example",
                self.team.alias_id.alias_full_name,
                "Re: Allô",
                parent=message,
                body="Qui est là ?",
            )
        answer = lead.message_ids.filtered(lambda message: "Qui est" in message.body)
        self.assertIn(self.partner_customers, self._notified(answer))

    def test_portal_user_is_a_customer(self):
        lead = self._new_lead()
        message = (
            lead.with_user(self.portal)
            .sudo()
            .message_post(
                body="Depuis le portail",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
                author_id=self.portal.partner_id.id,
            )
        )
        self.assertIn(self.partner_customers, self._notified(message))

    def test_machines_are_no_customers(self):
        lead = self._new_lead()
        for message_type in ("notification", "auto_comment"):
            message = lead.message_post(
                body="Absent",
                author_id=self.customer.id,
                message_type=message_type,
                subtype_xmlid="mail.mt_comment",
            )
            self.assertNotIn(self.partner_customers, self._notified(message))

    def test_stage_events(self):
        lead = self._new_lead()
        self.flush_tracking()
        stage = self.env["crm.stage"].search([("is_won", "=", True)], limit=1)
        lead.stage_id = self.env["crm.stage"].create({"name": "Négociation"})
        self.flush_tracking()
        message = lead.message_ids.filtered(
            lambda message: message.subtype_id == self.stage_changed
        )
        self.assertEqual(
            self._notified(message),
            {self.partner_all: "email", self.partner_contact: "email"},
        )
        lead.stage_id = stage
        self.flush_tracking()
        message = lead.message_ids.filtered(
            lambda message: message.subtype_id == self.won
        )
        self.assertEqual(self._notified(message), {self.partner_all: "email"})

    def test_event_for_ordinary_followers(self):
        """Customers' messages are an event like the others, to choose on an
        opportunity."""
        lead = self._new_lead(self.other_team)
        self.assertIn(self.customer_message, lead._mail_get_message_subtypes())
        lead.message_subscribe(self.partner_inbox.ids, self.customer_message.ids)
        message = lead.message_post(
            body="Allô",
            author_id=self.customer.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertEqual(self._notified(message)[self.partner_inbox], "inbox")
