# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from contextlib import contextmanager
from email.message import EmailMessage
from uuid import uuid4

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user

from odoo.addons.mail.tests.common import MailCommon


class TeamFollowersCommon(MailCommon):
    """Two teams with their lists, and one person of each kind.

    ===================  ======================================  ==================
    person               kind                                    team "Bruxelles"
    ===================  ======================================  ==================
    partner_all          user, notified by e-mail                all events
    partner_customers    user, notified by e-mail                customers only
    partner_inbox        user, notified in Odoo                  by default
    partner_contact      contact without user                    with internal ones
    partner_archived     its user is archived                    by default
    ===================  ======================================  ==================
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.comment = cls.env.ref("mail.mt_comment")
        cls.note = cls.env.ref("mail.mt_note")
        cls.activities = cls.env.ref("mail.mt_activities")
        cls.created = cls.env.ref("crm.mt_lead_create")
        cls.stage_changed = cls.env.ref("crm.mt_lead_stage")
        cls.won = cls.env.ref("crm.mt_lead_won")
        cls.customer_message = cls.env.ref(
            "crm_team_followers.mt_lead_customer_message"
        )
        # an addon beside us may have others: Discussions are what these tests expect
        Subtype = cls.env["mail.message.subtype"]
        (Subtype.default_subtypes("crm.lead")[0] - cls.comment).default = False
        cls.all_events = cls.env["mail.message.subtype"].search(
            cls.env["crm.team.follower"]._subtype_domain()
        )
        cls.TeamFollower = cls.env["crm.team.follower"]
        # users
        cls.manager = cls._new_user("manager", "sales_team.group_sale_manager")
        cls.salesman = cls._new_user("sales", "sales_team.group_sale_salesman")
        cls.colleague = cls._new_user(
            "colleague", "sales_team.group_sale_salesman_all_leads"
        )
        cls.employee = cls._new_user("employee", "base.group_user")
        cls.portal = cls._new_user("portal", "base.group_portal")
        cls.user_all = cls._new_user("Núñez", "base.group_user")
        cls.user_customers = cls._new_user("Lœuillet", "base.group_user")
        cls.user_inbox = cls._new_user(
            "Ångström", "base.group_user", notification_type="inbox"
        )
        cls.user_archived = cls._new_user("Parti", "base.group_user")
        cls.user_other_company = cls._new_user(
            "Ailleurs",
            "base.group_user",
            company_id=cls.company_2.id,
            company_ids=[Command.set(cls.company_2.ids)],
        )
        cls.partner_all = cls.user_all.partner_id
        cls.partner_customers = cls.user_customers.partner_id
        cls.partner_inbox = cls.user_inbox.partner_id
        cls.partner_archived = cls.user_archived.partner_id
        cls.partner_contact = cls.env["res.partner"].create(
            {"name": "Œuvre & Cie", "email": "oeuvre@example.org"}
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Zoë Müller", "email": "zoe@customer.example"}
        )
        # teams
        cls.team = cls.env["crm.team"].create(
            {
                "name": "Bruxelles",
                "alias_name": "bruxelles",
                "use_leads": True,
                "sequence": 1,
                "member_ids": [Command.set(cls.salesman.ids)],
            }
        )
        cls.other_team = cls.env["crm.team"].create(
            {"name": "Liège", "sequence": 2, "alias_name": "liege"}
        )
        cls.follower_all = cls._add(cls.team, cls.partner_all, cls.all_events)
        cls.follower_customers = cls._add(
            cls.team, cls.partner_customers, cls.comment, customer_messages_only=True
        )
        cls.follower_inbox = cls._add(cls.team, cls.partner_inbox)
        cls.follower_contact = cls._add(
            cls.team, cls.partner_contact, cls.comment | cls.note | cls.stage_changed
        )
        cls.follower_archived = cls._add(cls.team, cls.partner_archived)
        cls.user_archived.action_archive()
        cls.partner_liege = cls._new_user("Liégeois", "base.group_user").partner_id
        cls.follower_liege = cls._add(cls.other_team, cls.partner_liege)
        cls.team_partners = (
            cls.partner_all
            | cls.partner_customers
            | cls.partner_inbox
            | cls.partner_contact
        )

    @classmethod
    def _new_user(cls, name, group, **values):
        login = f"team_followers_{name}"
        values.setdefault("email", f"user.{uuid4().hex}@mycompany.example")
        return new_test_user(
            cls.env, login, groups=group, name=name, tz="Europe/Brussels", **values
        )

    @classmethod
    def _add(cls, team, partner, subtypes=None, **values):
        values.update(team_id=team.id, partner_id=partner.id)
        if subtypes is not None:
            values["subtype_ids"] = [Command.set(subtypes.ids)]
        return cls.TeamFollower.create(values)

    @classmethod
    def _new_lead(cls, team=None, user=None, **values):
        team = cls.team if team is None else team
        values = {
            "name": "Café à Gênes",
            "type": "opportunity",
            "team_id": team.id,
            "user_id": False,
            **values,
        }
        return cls.env["crm.lead"].with_user(user or cls.colleague).create(values)

    def _rows(self, leads):
        """Follower rows of the default followers, by partner."""
        rows = self.env["mail.followers"].search(
            [("res_model", "=", "crm.lead"), ("res_id", "in", leads.ids)]
        )
        return {row.partner_id: row for row in rows}

    def _events_of(self, lead, partner):
        row = self._rows(lead).get(partner)
        return row and row.subtype_ids

    def assertFollows(self, lead, partner, subtypes=None):
        events = self._events_of(lead, partner)
        self.assertIsNotNone(events, f"{partner.name} does not follow")
        if subtypes is not None:
            self.assertEqual(events, subtypes)

    def assertNotFollows(self, lead, partner):
        self.assertNotIn(partner, self._rows(lead))

    def assertTeamFollowers(self, lead):
        """All of Bruxelles' list, with the events that each should get."""
        self.assertFollows(lead, self.partner_all, self.all_events)
        self.assertFollows(lead, self.partner_customers, self.customer_message)
        self.assertFollows(lead, self.partner_inbox, self.comment)
        self.assertFollows(
            lead, self.partner_contact, self.comment | self.stage_changed
        )
        self.assertNotFollows(lead, self.partner_archived)

    @contextmanager
    def assertRefused(self, message, error=ValidationError):
        """The error is understandable, and leaves nothing half done."""
        with self.assertRaisesRegex(error, message), self.cr.savepoint():
            yield

    # ------------------------------------------------------------
    # MAIL
    # ------------------------------------------------------------

    @classmethod
    def _receive(
        cls, sender, to, subject, parent=None, body="Bonjour, à bientôt.", headers=None
    ):
        """A real e-mail through the gateway, as the fetching cron processes it."""
        mail = EmailMessage()
        mail["From"] = sender
        mail["To"] = to
        mail["Subject"] = subject
        mail["Message-ID"] = f"<{abs(hash((sender, subject, body)))}@customer.example>"
        mail["Date"] = "Mon, 23 Nov 2026 10:00:00 +0100"
        for header, value in (headers or {}).items():
            mail[header] = value
        if parent:
            mail["In-Reply-To"] = parent.message_id
            mail["References"] = parent.message_id
        mail.set_content(body)
        gateway = cls.env["mail.thread"].with_user(cls.user_root).sudo()
        return cls.env["crm.lead"].browse(
            gateway.message_process(False, mail.as_string())
        )

    def _notified(self, message):
        """
        :return: how each person was notified of a message, ``email`` or ``inbox``
        """
        return {
            notification.res_partner_id: notification.notification_type
            for notification in message.sudo().notification_ids
            if notification.res_partner_id
        }

    def _open_form(self, record, user, view=None):
        return Form(record.with_user(user), view=view)
