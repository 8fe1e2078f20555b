# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.tests import tagged

from .common import CrmActionsCommon, days

MAIL = """\
From: {author}
To: {to}
Message-ID: <{number}@example.org>
In-Reply-To: {reference}
References: {reference}
Subject: Re: Offre d'ete
Date: Tue, 24 Nov 2026 12:00:00 +0000
{headers}Content-Type: text/plain; charset="utf-8"

Bonjour, merci.
"""


@tagged("post_install", "-at_install")
class TestPause(CrmActionsCommon):
    def assertPaused(self, lead, reason):
        self.assertTrue(lead.actions_paused)
        self.assertEqual(lead.actions_pause_reason, reason)
        self.assertEqual(lead.actions_paused_on, days(0))
        self.assertEqual(
            set(lead.action_ids._open().mapped("state")), {"paused", "waiting"}
        )
        self.assertFalse(lead.activity_ids)

    def test_by_hand(self):
        lead = self.as_user(self.ana, self.lead)
        lead.action_pause_actions()
        self.assertPaused(self.lead, "manual")
        self.assertIn("By hand", self.lead.message_ids[0].body)
        self.at("2026-11-30 12:00:00")
        lead.action_resume_actions()
        self.assertFalse(self.lead.actions_paused_on)
        self.assertFalse(self.lead.actions_pause_reason)
        self.assertEqual(
            self.lead.action_ids.mapped("date_deadline"), [days(7), days(8), days(9)]
        )
        self.assertEqual(self.mirror(self.first).date_deadline, days(7))
        self.assertIn("6 days", self.lead.message_ids[0].body)

    def test_by_write(self):
        self.as_user(self.ana, self.lead).write({"actions_paused": True})
        self.assertPaused(self.lead, "manual")
        self.lead.write({"actions_paused": False})
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_twice_is_once(self):
        self.lead.action_pause_actions()
        self.at("2026-11-30 12:00:00")
        self.lead.action_pause_actions()
        self.assertEqual(self.lead.actions_paused_on, days(0))
        self.lead.action_resume_actions()
        self.lead.action_resume_actions()
        self.assertEqual(self.first.date_deadline, days(7))

    def test_working_days_stay_working_days(self):
        lead = self._lead("Ouvrable")
        action = lead._actions_start_plan(
            self._plan({"delay_count": 1, "delay_unit": "working_days"})
        )
        lead.action_pause_actions()
        self.at("2026-11-27 12:00:00")
        lead.action_resume_actions()
        self.assertEqual(action.date_deadline, days(6))  # not Saturday

    def test_waiting_without_date(self):
        lead = self._lead("Sans date")
        actions = lead._actions_start_plan(
            self._plan({}, {"delay_count": 2, "delay_from": "previous_done"})
        )
        lead.action_pause_actions()
        self.at("2026-11-27 12:00:00")
        lead.action_resume_actions()
        self.assertEqual(actions.mapped("date_deadline"), [days(3), False])

    def test_done_while_paused(self):
        self.lead.action_pause_actions()
        self.first.with_user(self.ana).action_done()
        self.assertStates(self.lead.action_ids, "done", "paused", "waiting")
        self.lead.action_resume_actions()
        self.assertEqual(self.lead.next_action_id, self.second)

    def test_added_while_paused(self):
        self.lead.action_pause_actions()
        action = self._actions(self.lead, 1)
        self.assertEqual(action.state, "waiting")

    def test_added_to_a_lost_opportunity(self):
        """The date that somebody chose stays, also where nothing was open before."""
        lead = self._lead("Perdue")
        lead.action_set_lost()
        action = self._actions(lead, 1, date_deadline=days(90))
        self.at("2027-01-24 12:00:00")
        lead.action_restore()
        self.assertEqual(action.date_deadline, days(90))

    def test_plan_date_after_a_pause_of_many_years(self):
        """It moves as far as the dates that were counted from it."""
        lead = self._lead("Endormie")
        action = lead._actions_start_plan(self._plan({}))
        lead.action_pause_actions()
        self.at("2040-11-24 12:00:00")
        lead.action_resume_actions()
        self.assertEqual(str(action.date_deadline), "2040-11-24")
        self.assertEqual(str(action.run_id.plan_date), "2040-11-24")

    def test_copy_and_search(self):
        self.lead.action_pause_actions()
        self.assertIn(
            self.lead, self.env["crm.lead"].search([("actions_paused", "=", True)])
        )

    # meetings

    def _book(self, lead, **values):
        return (
            self.env["calendar.event"]
            .with_user(self.ana)
            .create(
                {
                    "name": "Rendez-vous",
                    "start": f"{days(5)} 09:00:00",
                    "stop": f"{days(5)} 10:00:00",
                    "opportunity_id": lead.id,
                    **values,
                }
            )
        )

    def test_meeting(self):
        lead = self._lead("Rencontre")
        lead._actions_start_plan(self._plan({}, {}, pause_on_meeting=True))
        self._book(lead)
        self.assertPaused(lead, "meeting")

    def test_meeting_where_the_plan_does_not_say_so(self):
        lead = self._lead("Rencontre")
        lead._actions_start_plan(self._plan({}, pause_on_reply=True))
        self._book(lead)
        self._book(self.lead)
        self.assertFalse((lead + self.lead).filtered("actions_paused"))

    def test_meeting_that_is_the_step(self):
        lead = self._lead("Rencontre")
        actions = lead._actions_start_plan(self._plan({}, {}, pause_on_meeting=True))
        self._book(lead, activity_ids=[(6, 0, self.mirror(actions[0]).ids)])
        self.assertFalse(lead.actions_paused)

    # replies

    def _reply(self, lead, author="Núñez <nunez@example.org>", headers="", number=1):
        original = lead.message_post(
            body="Offre", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        thread_id = self.env["mail.thread"].message_process(
            "crm.lead",
            MAIL.format(
                author=author,
                to="pistes@example.com",
                reference=original.message_id,
                headers=headers,
                number=f"{number}.{lead.id}",
            ).encode(),
        )
        self.assertEqual(thread_id, lead.id)

    def _lead_with_plan(self, **values):
        lead = self._lead("Répond", email_from="nunez@example.org")
        lead._actions_start_plan(self._plan({}, {}, **values))
        return lead

    def test_reply(self):
        lead = self._lead_with_plan(pause_on_reply=True)
        self._reply(lead)
        self.assertPaused(lead, "reply")
        bodies = lead.message_ids.mapped("body")
        self.assertTrue([body for body in bodies if "The customer replied" in body])

    def test_reply_where_the_plan_does_not_say_so(self):
        lead = self._lead_with_plan(pause_on_meeting=True)
        self._reply(lead)
        self.assertFalse(lead.actions_paused)

    def test_reply_once_the_plan_says_so(self):
        plans = self.env["mail.activity.plan"].with_context(active_test=False)
        plans.search([]).write({"pause_on_reply": False})
        lead = self._lead_with_plan()
        self._reply(lead, number=1)
        self.assertFalse(lead.actions_paused)
        lead.action_ids.plan_id.pause_on_reply = True
        self._reply(lead, number=2)
        self.assertPaused(lead, "reply")

    def test_reply_when_the_plan_is_through(self):
        lead = self._lead_with_plan(pause_on_reply=True)
        lead.action_ids.action_done()
        self._reply(lead)
        self.assertFalse(lead.actions_paused)

    def test_reply_of_a_machine(self):
        for number, headers in enumerate(
            (
                "Auto-Submitted: auto-replied\n",
                "Auto-Submitted: auto-generated; owner-email=x\n",
                "X-Autoreply: yes\n",
                "X-Autorespond: Absence\n",
                "X-Auto-Response-Suppress: All\n",
                "Precedence: auto_reply\n",
                "Precedence: Bulk\n",
            )
        ):
            lead = self._lead_with_plan(pause_on_reply=True)
            with self.subTest(headers=headers):
                self._reply(lead, headers=headers, number=number)
                self.assertFalse(lead.actions_paused)

    def test_reply_of_a_person_who_says_so(self):
        lead = self._lead_with_plan(pause_on_reply=True)
        self._reply(lead, headers="Auto-Submitted: no\n")
        self.assertPaused(lead, "reply")

    def test_reply_of_a_colleague(self):
        lead = self._lead_with_plan(pause_on_reply=True)
        self._reply(lead, author="Ana <ana@example.com>")
        self.assertFalse(lead.actions_paused)

    def test_reply_of_a_portal_user(self):
        lead = self._lead_with_plan(pause_on_reply=True)
        self._reply(lead, author="Porta <porta@example.com>")
        self.assertPaused(lead, "reply")

    def test_reply_while_paused_by_hand(self):
        lead = self._lead_with_plan(pause_on_reply=True)
        lead.action_pause_actions()
        self._reply(lead)
        self.assertEqual(lead.actions_pause_reason, "manual")
