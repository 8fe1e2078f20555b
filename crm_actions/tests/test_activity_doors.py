# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""Whatever happens to the activity of the current action happens to the action."""

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import TODAY, CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestActivityDone(CrmActionsCommon):
    def assertAdvanced(self, feedback=False):
        self.assertStates(
            self.first + self.second + self.third, "done", "todo", "waiting"
        )
        self.assertEqual(self.first.feedback, feedback)
        self.assertEqual(self.first.done_on.date(), TODAY)
        self.assertEqual(self.lead.next_action_id, self.second)
        self.assertEqual(self.lead.next_action_date, days(2))
        self.assertEqual(self.mirror(self.second).date_deadline, days(2))
        self.assertEqual(self.lead.activity_ids, self.mirror(self.second))

    def _done_message(self):
        return self.lead.message_ids.filtered("mail_activity_type_id")

    def test_chatter_feedback(self):
        mirror = self.as_user(self.ana, self.mirror(self.first))
        message_id = mirror.action_feedback(feedback="Rappeler à l’été")
        self.assertAdvanced("Rappeler à l’été")
        self.assertEqual(self.first.done_by_id, self.ana)
        self.assertEqual(self._done_message().id, message_id)
        self.assertEqual(self._done_message().author_id, self.ana.partner_id)

    def test_chatter_feedback_with_attachment(self):
        attachment = self.env["ir.attachment"].create({"name": "é.txt", "raw": b"x"})
        self.mirror(self.first).action_feedback(attachment_ids=attachment.ids)
        self.assertAdvanced()
        self.assertEqual(self._done_message().attachment_ids, attachment)

    def test_systray_done(self):
        self.as_user(self.ana, self.mirror(self.first)).action_done()
        self.assertAdvanced()

    def test_done_and_schedule_next_asks_nothing_when_a_step_follows(self):
        mirror = self.as_user(self.ana, self.mirror(self.first))
        self.assertFalse(mirror.action_feedback_schedule_next(feedback="Oui"))
        self.assertAdvanced("Oui")

    def test_done_and_schedule_next_asks_after_the_last_step(self):
        (self.first + self.second).action_done()
        action = self.mirror(self.third).action_feedback_schedule_next()
        self.assertEqual(action["res_model"], "mail.activity")

    def test_done_schedule_next_wrapper(self):
        self.assertFalse(self.mirror(self.first).action_done_schedule_next())
        self.assertAdvanced()

    def test_done_redirect_to_other(self):
        self.mirror(self.first).action_done_redirect_to_other()
        self.assertAdvanced()

    def test_private_done_returns_the_next_activity(self):
        messages, following = self.mirror(self.first)._action_done(feedback="Ok")
        self.assertEqual(messages, self._done_message())
        self.assertEqual(following, self.mirror(self.second))
        self.assertAdvanced("Ok")

    def test_activity_feedback_of_the_document(self):
        self.lead.activity_feedback(
            ["mail.mail_activity_data_call"], feedback="Fait", only_automated=False
        )
        self.assertAdvanced("Fait")

    def test_archived_by_write(self):
        self.as_user(self.ana, self.mirror(self.first)).write({"active": False})
        self.assertAdvanced()
        self.assertFalse(self._done_message())

    def test_archived_from_the_list(self):
        self.as_user(self.ana, self.mirror(self.first)).action_archive()
        self.assertAdvanced()

    def test_archived_then_feedback_written(self):
        mirror = self.mirror(self.first)
        mirror.active = False
        mirror.feedback = "Après coup"
        self.assertAdvanced("Après coup")

    def test_our_done_posts_through_the_activity(self):
        self.as_user(self.ana, self.first).action_done(feedback="Depuis la liste")
        self.assertAdvanced("Depuis la liste")
        self.assertEqual(self._done_message().author_id, self.ana.partner_id)

    def test_context_with_defaults_does_not_leak(self):
        self.mirror(self.first).with_context(
            default_res_id=1,
            default_res_model="res.partner",
            default_summary="Faux",
            default_crm_action_id=self.third.id,
        ).action_feedback_schedule_next()
        self.assertAdvanced()
        self.assertEqual(self.mirror(self.second).summary, "Étape 2")

    def test_automation_skip_does_not_lose_the_mirror(self):
        self.mirror(self.first).with_context(
            mail_activity_automation_skip=True
        ).action_feedback()
        self.assertAdvanced()

    def test_double_click_posts_once(self):
        mirror = self.mirror(self.first)
        mirror.action_feedback(feedback="Une fois")
        self.assertFalse(mirror.action_feedback(feedback="Deux fois"))
        self.assertAdvanced("Une fois")
        self.assertEqual(len(self._done_message()), 1)

    def test_type_that_triggers_spawns_nothing_else(self):
        trigger = self.env["mail.activity.type"].create(
            {
                "name": "Enchaîné",
                "chaining_type": "trigger",
                "triggered_next_type_id": self.todo.id,
            }
        )
        self.first.activity_type_id = trigger
        self.assertEqual(self.mirror(self.first).activity_type_id, trigger)
        self.mirror(self.first).action_feedback()
        self.assertAdvanced()

    def test_type_that_triggers_still_does_elsewhere(self):
        trigger = self.env["mail.activity.type"].create(
            {
                "name": "Enchaîné",
                "chaining_type": "trigger",
                "triggered_next_type_id": self.todo.id,
            }
        )
        other = self._lead("Núñez").activity_schedule(activity_type_id=trigger.id)
        self.assertEqual(other.chaining_type, "trigger")
        _messages, following = other._action_done()
        self.assertEqual(following.activity_type_id, self.todo)

    def test_assignee_without_access_to_the_lead(self):
        self.first.user_id = self.employee
        mirror = self.as_user(self.employee, self.mirror(self.first))
        mirror.action_feedback(feedback="Sans accès")
        self.assertAdvanced("Sans accès")
        self.assertEqual(self.first.done_by_id, self.employee)

    def test_other_activities_are_left_alone(self):
        other = self.lead.activity_schedule(activity_type_id=self.todo.id)
        self.mirror(self.first).action_feedback()
        self.assertTrue(other.active)
        other.action_feedback(feedback="Autre")
        self.assertStates(self.first + self.second, "done", "todo")

    def test_several_lists_in_one_call(self):
        leads = [self._lead(f"N° {number}") for number in range(3)]
        lists = [self._actions(lead) for lead in leads]
        mirrors = self.env["mail.activity"].union(*(self.mirror(a[0]) for a in lists))
        _messages, following = mirrors._action_done(feedback="Tous")
        for actions in lists:
            self.assertStates(actions, "done", "todo", "waiting")
        self.assertEqual(len(following), 3)

    def test_last_one_leaves_nothing_open(self):
        for action in (self.first, self.second, self.third):
            self.mirror(action).action_feedback()
        self.assertStates(self.lead.action_ids, "done", "done", "done")
        self.assertFalse(self.lead.next_action_id)
        self.assertFalse(self.lead.activity_ids)

    def test_days_late(self):
        self.at("2026-11-28 12:00:00")
        self.mirror(self.first).action_feedback()
        self.assertEqual(self.first.days_late, 3)
        self.third.action_done()
        self.assertEqual(self.third.days_late, 1)

    def test_done_date_is_the_assignees(self):
        self.ana.tz = "Pacific/Auckland"
        self.first.date_deadline = TODAY
        self.mirror(self.first).action_feedback()  # one in the morning over there
        self.assertEqual(self.first.days_late, 1)

    def test_step_with_upload(self):
        upload = self.env.ref("mail.mail_activity_data_upload_document")
        self.first.activity_type_id = upload
        attachment = self.env["ir.attachment"].create({"name": "é.pdf", "raw": b"x"})
        self.mirror(self.first).action_feedback(attachment_ids=attachment.ids)
        self.assertAdvanced()


@tagged("post_install", "-at_install")
class TestActivityReopened(CrmActionsCommon):
    def test_unarchived_activity_reopens(self):
        mirror = self.mirror(self.first)
        mirror.action_feedback(feedback="Trop tôt")
        mirror.action_unarchive()
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")
        self.assertEqual(self.mirror(self.first), mirror)
        self.assertFalse(self.first.feedback)
        self.assertFalse(self.first.done_on)
        self.assertEqual(self.lead.activity_ids, mirror)

    def test_unarchived_by_the_assignee_without_access(self):
        self.first.user_id = self.employee
        mirror = self.mirror(self.first)
        mirror.action_feedback()
        self.as_user(self.employee, mirror).write({"active": True})
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_unarchived_while_paused_waits(self):
        mirror = self.mirror(self.first)
        mirror.action_feedback()
        self.lead.action_pause_actions()
        mirror.action_unarchive()
        self.assertStates(self.lead.action_ids, "paused", "waiting", "waiting")
        self.assertFalse(self.lead.activity_ids)
        self.lead.action_resume_actions()
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_reopen_from_the_list(self):
        self.as_user(self.ana, self.first).action_done()
        self.as_user(self.ana, self.first).action_reopen()
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_reopen_several(self):
        (self.first + self.second).action_done()
        (self.first + self.second).action_reopen()
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")
        self.assertEqual(self.lead.next_action_id, self.first)

    def test_reopen_what_was_done_before_its_turn(self):
        self.third.action_done()
        self.assertStates(self.lead.action_ids, "todo", "waiting", "done")
        self.third.action_reopen()
        self.assertEqual(self.lead.next_action_id, self.third)
        self.assertStates(self.first + self.second, "waiting", "waiting")

    def test_reopen_skipped_and_cancelled(self):
        self.first.action_skip(reason="Congé")
        self.second.action_cancel()
        self.first.action_reopen()
        self.assertFalse(self.first.skip_reason)
        self.second.action_reopen()
        self.assertEqual(self.lead.next_action_id, self.second)

    def test_reopened_open_is_no_matter(self):
        self.first.action_reopen()
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")


@tagged("post_install", "-at_install")
class TestActivityDeleted(CrmActionsCommon):
    def assertSkipped(self):
        self.assertStates(
            self.first + self.second + self.third, "skipped", "todo", "waiting"
        )
        self.assertEqual(self.lead.activity_ids, self.mirror(self.second))

    def test_unlink(self):
        self.as_user(self.ana, self.mirror(self.first)).unlink()
        self.assertSkipped()
        self.assertEqual(self.first.done_by_id, self.ana)

    def test_cancel_in_the_chatter(self):
        self.as_user(self.ana, self.mirror(self.first)).action_cancel()
        self.assertSkipped()

    def test_unlink_with_meeting(self):
        self.mirror(self.first).unlink_w_meeting()
        self.assertSkipped()

    def test_activity_unlink_of_the_document(self):
        self.lead.activity_unlink(
            ["mail.mail_activity_data_call"], only_automated=False
        )
        self.assertSkipped()

    def test_automated_activities_only(self):
        self.lead.activity_unlink(["mail.mail_activity_data_call"])
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_old_overdue_activities_are_collected(self):
        self.env["ir.config_parameter"].set_param(
            "mail.activity.gc.delete_overdue_years", 3
        )
        self.first.date_deadline = days(-4 * 366)
        self.env["mail.activity"]._gc_delete_old_overdue_activities()
        self.assertSkipped()

    def test_history_can_be_deleted(self):
        mirror = self.mirror(self.first)
        mirror.action_feedback()
        mirror.unlink()
        self.assertStates(self.lead.action_ids, "done", "todo", "waiting")

    def test_our_skip(self):
        self.as_user(self.ana, self.first).action_skip(reason="Déjà client")
        self.assertSkipped()
        self.assertEqual(self.first.skip_reason, "Déjà client")
        self.assertIn("Déjà client", self.lead.message_ids[0].body)

    def test_our_cancel(self):
        self.as_user(self.ana, self.first).action_cancel()
        self.assertStates(self.lead.action_ids, "cancelled", "todo", "waiting")

    def test_skip_before_its_turn(self):
        self.second.action_skip()
        self.assertStates(self.lead.action_ids, "todo", "skipped", "waiting")
        self.first.action_done()
        self.assertStates(self.lead.action_ids, "done", "skipped", "todo")


@tagged("post_install", "-at_install")
class TestActivityChanged(CrmActionsCommon):
    def test_rescheduled(self):
        self.as_user(self.ana, self.mirror(self.first)).date_deadline = days(9)
        self.assertEqual(self.first.date_deadline, days(9))
        self.assertEqual(self.lead.next_action_date, days(9))
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")

    def test_rescheduled_from_the_pop_over(self):
        mirror = self.mirror(self.first)
        mirror.action_reschedule_today()
        self.assertEqual(self.first.date_deadline, TODAY)
        mirror.action_reschedule_tomorrow()
        self.assertEqual(self.first.date_deadline, days(1))
        mirror.action_reschedule_nextweek()
        self.assertEqual(self.first.date_deadline, days(6))

    def test_rescheduled_from_the_activity_column(self):
        self.lead.with_user(self.ana).action_reschedule_my_next_today()
        self.assertEqual(self.first.date_deadline, TODAY)

    def test_rescheduled_through_the_document(self):
        self.lead.activity_reschedule(
            ["mail.mail_activity_data_call"],
            date_deadline=days(5),
            new_user_id=self.bo.id,
            only_automated=False,
        )
        self.assertEqual(self.first.date_deadline, days(5))
        self.assertEqual(self.first.user_id, self.bo)

    def test_reassigned_renamed_retyped(self):
        mirror = self.mirror(self.first)
        with Form(mirror.with_user(self.ana)) as form:
            form.activity_type_id = self.todo
            form.summary = "Autrement"
            form.user_id = self.bo
            form.note = "<p>Été</p>"
        self.assertEqual(self.first.activity_type_id, self.todo)
        self.assertEqual(self.first.summary, "Autrement")
        self.assertEqual(self.first.user_id, self.bo)
        self.assertIn("Été", self.first.note)

    def test_by_the_assignee_without_access(self):
        self.first.user_id = self.employee
        mirror = self.as_user(self.employee, self.mirror(self.first))
        mirror.write({"date_deadline": days(8), "summary": "À moi"})
        self.assertEqual(self.first.date_deadline, days(8))
        self.assertEqual(self.first.summary, "À moi")

    def test_unassigned(self):
        self.mirror(self.first).user_id = False
        self.assertFalse(self.first.user_id)

    def test_meeting_moves_and_renames(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Rendez-vous",
                "start": f"{days(1)} 09:00:00",
                "stop": f"{days(1)} 10:00:00",
                "activity_ids": [(6, 0, self.mirror(self.first).ids)],
                "opportunity_id": self.lead.id,
            }
        )
        event.write(
            {
                "name": "Autre jour",
                "start": f"{days(4)} 09:00:00",
                "stop": f"{days(4)} 10:00:00",
            }
        )
        self.assertEqual(self.first.summary, "Autre jour")
        self.assertEqual(self.first.date_deadline, days(4))
        self.first.date_deadline = days(6)
        self.assertEqual(event.start.date(), days(6))

    def test_meeting_deleted_keeps_the_action(self):
        event = self.env["calendar.event"].create(
            {
                "name": "Rendez-vous",
                "start": f"{days(1)} 09:00:00",
                "stop": f"{days(1)} 10:00:00",
                "activity_ids": [(6, 0, self.mirror(self.first).ids)],
                "opportunity_id": self.lead.id,
            }
        )
        event.unlink()
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")
        self.assertTrue(self.mirror(self.first))

    def test_moved_to_another_lead(self):
        other = self._lead("Autre piste")
        theirs = self._actions(other, 1)
        self.mirror(self.first).res_id = other.id
        self.assertEqual(other.action_ids, theirs + self.first)
        self.assertStates(theirs + self.first, "todo", "waiting")
        self.assertStates(self.lead.action_ids, "todo", "waiting")

    def test_moved_to_another_document(self):
        mirror = self.mirror(self.first)
        partner = self.env["res.partner"].create({"name": "Núñez"})
        mirror.write(
            {
                "res_model_id": self.env["ir.model"]._get_id("res.partner"),
                "res_id": partner.id,
            }
        )
        self.assertFalse(mirror.crm_action_id)
        self.assertNotEqual(self.mirror(self.first), mirror)

    def test_action_changes_its_activity(self):
        self.as_user(self.ana, self.first).write(
            {
                "activity_type_id": self.todo.id,
                "summary": "Nouveau",
                "note": "<p>Détail</p>",
                "date_deadline": days(7),
            }
        )
        mirror = self.mirror(self.first)
        self.assertEqual(mirror.activity_type_id, self.todo)
        self.assertEqual(mirror.summary, "Nouveau")
        self.assertIn("Détail", mirror.note)
        self.assertEqual(mirror.date_deadline, days(7))

    def test_action_reassigned_tells_the_new_assignee(self):
        self.as_user(self.ana, self.first).action_reassign(self.bo.id)
        self.assertEqual(self.mirror(self.first).user_id, self.bo)
        notified = self.env["mail.message"].search(
            [
                ("model", "=", "crm.lead"),
                ("res_id", "=", self.lead.id),
                ("partner_ids", "in", self.bo.partner_id.ids),
            ]
        )
        self.assertEqual(len(notified), 1)

    def test_advancing_ones_own_list_tells_nobody(self):
        messages = self.env["mail.message"].search_count([])
        self.as_user(self.ana, self.mirror(self.first)).action_feedback()
        self.assertEqual(self.env["mail.message"].search_count([]), messages + 1)

    def test_linking_by_hand_is_refused(self):
        other = self.lead.with_user(self.ana).activity_schedule(
            activity_type_id=self.todo.id, user_id=self.ana.id
        )
        with self.assertRaises(AccessError):
            other.crm_action_id = self.second
        with self.assertRaises(AccessError):
            other.create(
                {
                    "res_model_id": self.env["ir.model"]._get_id("crm.lead"),
                    "res_id": self.lead.id,
                    "crm_action_id": self.second.id,
                }
            )
