# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""The morning e-mail: who gets it, when, about what, in which words."""

from unittest.mock import patch

from freezegun import freeze_time
from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import format_date, mute_logger

from .common import TODAY, CrmActionsCommon, days

LOGGER = "odoo.addons.crm_actions.models.res_company"


@tagged("post_install", "-at_install")
class TestActionMail(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.company"].search([]).crm_action_mail = False
        cls.company.crm_action_mail = True
        # Whatever else the database holds is not mailed.
        cls.env["res.users"].search([]).crm_action_mail = False
        (cls.ana + cls.bo).write({"crm_action_mail": True, "lang": "en_US"})
        cls.env["res.lang"]._activate_lang("fr_FR")
        # 9 days late, 2 days late, and not due yet.
        cls.first.date_deadline = days(-9)
        cls.second.date_deadline = days(-2)
        cls.today_lead = cls._lead("Núñez & fils")
        cls._actions(cls.today_lead, 1, date_deadline=TODAY, summary="Rappeler")

    def _run(self):
        """The mails that a run of the cron adds to the queue, oldest first."""
        Mail = self.env["mail.mail"]
        before = Mail.search([])
        with self.enter_registry_test_mode():
            self.env.ref("crm_actions.ir_cron_crm_action_mail").method_direct_trigger()
        self.env.invalidate_all()
        return Mail.search([], order="id") - before

    def _text(self, mail):
        return " ".join(html.fromstring(mail.body_html).text_content().split())

    def test_due_and_overdue_by_opportunity(self):
        mail = self._run()
        self.assertEqual(mail.email_to, self.ana.email_formatted)
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(mail.subject, f"{self.company.name}: actions to do (3)")
        text = self._text(mail)
        self.assertIn("Hello Ana Núñez, ", text)
        self.assertIn("Call: Étape 1 ", text)
        for day in (days(-9), days(-2)):
            self.assertIn(
                f"Overdue since {format_date(self.env, day, lang_code='en_US')}", text
            )
        self.assertIn("Étape 2 (after the one before it)", text)
        self.assertNotIn("Étape 3", text)
        self.assertIn("Rappeler Today", text)
        self.assertIn(f'/odoo/my-preferences/{self.ana.id}"', str(mail.body_html))
        # Each opportunity once, the most urgent first.
        links = html.fromstring(mail.body_html).xpath("//td/a")
        self.assertEqual([link.text for link in links], ["Œuvre & Cie", "Núñez & fils"])
        self.assertEqual(
            [link.get("href") for link in links],
            [
                f"{self.company.get_base_url()}/mail/view?model=crm.lead"
                f"&res_id={lead.id}"
                for lead in (self.lead, self.today_lead)
            ],
        )

    def test_off_by_default(self):
        self.assertFalse(
            self.env["res.company"].create({"name": "Neuve"}).crm_action_mail
        )
        self.company.crm_action_mail = False
        self.assertFalse(self._run())

    def test_opt_out_in_preferences(self):
        with Form(
            self.as_user(self.ana, self.ana), view="base.view_users_form_simple_modif"
        ) as form:
            self.assertTrue(form.crm_action_mail)
            form.crm_action_mail = False
        self.assertFalse(self._run())
        with self.assertRaises(AccessError):
            self.ana.with_user(self.bo).crm_action_mail = True

    def test_setting_of_the_company(self):
        self.company.crm_action_mail = False
        settings = self.env["res.config.settings"].create({"crm_action_mail": True})
        settings.execute()
        self.assertTrue(self.company.crm_action_mail)

    def test_once_a_day(self):
        self.assertEqual(len(self._run()), 1)
        self.assertFalse(self._run())
        self.at("2026-11-25 05:00:00")
        self.assertEqual(len(self._run()), 1)

    def test_in_the_morning_of_the_user(self):
        for tz, moment, morning in (
            ("America/Los_Angeles", "2026-11-25 04:00:00", False),
            ("America/Los_Angeles", "2026-11-25 14:00:00", True),
            ("Pacific/Auckland", "2026-11-25 14:00:00", False),
            ("Pacific/Auckland", "2026-11-25 18:00:00", True),
            ("Europe/Brussels", "2026-11-25 02:00:00", False),
            ("Europe/Brussels", "2026-11-25 04:00:00", True),
            ("Europe/Brussels", "2026-11-25 21:00:00", False),
            (False, "2026-11-25 04:59:00", False),
            (False, "2026-11-25 05:00:00", True),
        ):
            with self.subTest(tz=tz, moment=moment):
                self.ana.write({"tz": tz, "crm_action_mail_on": False})
                with freeze_time(moment):
                    self.assertEqual(len(self._run()), morning)

    def test_long_backlog(self):
        leads = self.env["crm.lead"].create(
            [
                {"name": f"Ancien {number}", "user_id": self.ana.id}
                for number in range(60)
            ]
        )
        self.env["crm.action"].create(
            [{"lead_id": lead.id, "date_deadline": days(-1)} for lead in leads]
        )
        mail = self._run()
        self.assertEqual(
            len(html.fromstring(mail.body_html).xpath("//td/a")), 50, "named"
        )
        self.assertIn("and 12 more opportunities", self._text(mail))

    def test_nothing_due_no_mail(self):
        (self.first + self.second).action_skip()
        self.today_lead.action_pause_actions()
        self.assertFalse(self._run())

    def test_not_the_turn_of_the_user(self):
        """A waiting action is no news while somebody else has the list."""
        self.first.user_id = self.bo
        mails = self._run()
        self.assertEqual(
            set(mails.mapped("email_to")),
            {self.ana.email_formatted, self.bo.email_formatted},
        )
        of_ana = mails.filtered(lambda m: m.email_to == self.ana.email_formatted)
        self.assertNotIn("Étape 2", self._text(of_ana))

    def test_paused_and_lost_lists_are_silent(self):
        self.lead.action_pause_actions()
        self.today_lead.action_set_lost()
        self.assertFalse(self._run())

    def test_language_of_the_user(self):
        self.ana.lang = "fr_FR"
        self.bo.lang = "en_US"
        self.env.ref("crm_actions.crm_action_mail").with_context(
            lang="fr_FR"
        ).update_field_translations(
            "arch_db",
            {"fr_FR": {"These actions are waiting for you:": "À faire :"}},
        )
        self.today_lead.action_ids.user_id = self.bo
        mails = self._run()
        french, english = (
            self._text(mails.filtered(lambda m, u=u: m.email_to == u.email_formatted))
            for u in (self.ana, self.bo)
        )
        self.assertIn("À faire :", french)
        self.assertIn("15/11/2026", french)
        self.assertIn("These actions are waiting for you:", english)

    def test_today_is_the_users(self):
        """At five in the afternoon UTC it is tomorrow morning on Kiritimati."""
        self.today_lead.action_ids.date_deadline = days(1)
        self.assertNotIn("Rappeler", self._text(self._run()))
        self.ana.write({"tz": "Pacific/Kiritimati", "crm_action_mail_on": False})
        self.at("2026-11-24 17:00:00")
        self.assertIn("Rappeler Today", self._text(self._run()))
        self.assertEqual(self.ana.crm_action_mail_on, days(1))

    def test_one_mail_per_company(self):
        other = self.env["res.company"].create(
            {"name": "Sœurs SC", "crm_action_mail": True}
        )
        self.ana.company_ids += other
        self.today_lead.write({"team_id": False, "company_id": other.id})
        self.lead.write({"team_id": False, "company_id": self.company.id})
        mails = self._run()
        self.assertEqual(
            sorted(mails.mapped("subject")),
            sorted(
                [
                    f"{self.company.name}: actions to do (2)",
                    "Sœurs SC: actions to do (1)",
                ]
            ),
        )
        self.ana.crm_action_mail_on = False
        other.crm_action_mail = False
        self.assertEqual(self._run().subject, f"{self.company.name}: actions to do (2)")

    def test_no_company_is_the_default_company(self):
        other = self.env["res.company"].create(
            {"name": "Sœurs SC", "crm_action_mail": True}
        )
        self.ana.company_ids += other
        self.today_lead.write({"team_id": False, "company_id": False})
        self.lead.action_pause_actions()
        self.assertEqual(self._run().subject, f"{self.company.name}: actions to do (1)")

    def test_no_address_or_archived_no_mail(self):
        self.ana.email = False
        self.assertFalse(self._run())
        self.ana.email = "ana@example.com"
        self.ana.action_archive()
        self.assertFalse(self._run())

    @mute_logger(LOGGER)
    def test_one_failure_does_not_stop_the_rest(self):
        self.today_lead.action_ids.user_id = self.bo
        cls = self.registry["res.company"]
        prepare = cls._prepare_crm_action_mail_values

        def fail_for_ana(company, user, actions):
            if user == self.ana:
                # An error of the database, which spoils its transaction.
                company.env.cr.execute("SELECT 1 / 0")
            return prepare(company, user, actions)

        # A mail that cannot be rendered has no ordinary cause to provoke.
        with (
            patch.object(cls, "_prepare_crm_action_mail_values", fail_for_ana),
            mute_logger("odoo.sql_db"),
        ):
            self.assertEqual(self._run().email_to, self.bo.email_formatted)

    def test_queries_do_not_grow_with_the_batch(self):
        users = self.ana + self.bo
        for index in range(12):
            user = self._user(
                f"u{index}", "sales_team.group_sale_salesman", f"U{index}"
            )
            lead = self._lead(f"Piste {index}", user_id=user.id)
            self._actions(lead, 2, user_id=user.id, date_deadline=days(-index))
            users += user
        self.company._crm_action_mail_send(users)  # the template is compiled

        def queries(some):
            self.env.flush_all()
            self.env.invalidate_all()
            count = self.env.cr.sql_log_count
            self.company._crm_action_mail_send(some)
            self.env.flush_all()
            return self.env.cr.sql_log_count - count

        few, many = queries(users[:3]), queries(users)
        self.assertEqual(few, many)
        self.assertLessEqual(many, 16)
