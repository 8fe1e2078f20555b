# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
"""What happens to the lead happens to its list; a row of "Decisions" each."""

from odoo.tests import Form, tagged

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestLostAndRestored(CrmActionsCommon):
    def assertStopped(self):
        self.assertStates(self.lead.action_ids, "paused", "waiting", "waiting")
        self.assertFalse(
            self.lead.with_context(active_test=False).activity_ids,
        )
        self.assertFalse(self.lead.next_action_id)
        self.assertEqual(self.lead.actions_pause_reason, "lost")

    def assertRunning(self):
        self.assertStates(self.lead.action_ids, "todo", "waiting", "waiting")
        self.assertEqual(self.lead.activity_ids, self.mirror(self.first))
        self.assertFalse(self.lead.actions_paused)

    def test_lost_and_restored(self):
        lead = self.as_user(self.ana, self.lead)
        lead.action_set_lost()
        self.assertStopped()
        lead.action_restore()
        self.assertRunning()

    def test_lost_through_the_dialog(self):
        wizard = (
            self.env["crm.lead.lost"]
            .with_user(self.ana)
            .create({"lead_ids": [(6, 0, self.lead.ids)]})
        )
        wizard.action_lost_reason_apply()
        self.assertStopped()

    def test_archived_and_unarchived(self):
        lead = self.as_user(self.ana, self.lead)
        lead.action_archive()
        self.assertStopped()
        lead.action_unarchive()
        self.assertRunning()

    def test_archived_by_write(self):
        self.lead.write({"active": False})
        self.assertStopped()
        self.lead.write({"active": True})
        self.assertRunning()

    def test_paused_by_hand_stays_paused_when_restored(self):
        self.lead.action_pause_actions()
        self.lead.action_set_lost()
        self.lead.action_restore()
        self.assertTrue(self.lead.actions_paused)
        self.assertStates(self.lead.action_ids, "paused", "waiting", "waiting")

    def test_added_while_lost(self):
        lead = self._lead("Vide")
        lead.action_set_lost()
        action = self._actions(lead, 1)
        self.assertEqual(action.state, "paused")
        lead.action_restore()
        self.assertEqual(action.state, "todo")

    def test_dates_move_by_the_time_lost(self):
        self.lead.action_set_lost()
        self.at("2026-12-04 12:00:00")
        self.lead.action_restore()
        self.assertEqual(self.first.date_deadline, days(11))
        self.assertEqual(self.mirror(self.first).date_deadline, days(11))
        self.assertEqual(self.third.date_deadline, days(13))

    def test_won_from_lost(self):
        self.lead.action_set_lost()
        self.lead.action_set_won()
        self.assertRunning()


@tagged("post_install", "-at_install")
class TestWon(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manual = cls.lead.action_ids
        cls.steps = cls.lead._actions_start_plan(cls._plan({}, {}, {}))
        cls.plan_run = cls.steps.run_id

    def assertStopped(self):
        self.assertStates(self.steps, "cancelled", "cancelled", "cancelled")
        self.assertEqual(
            (self.plan_run.state, self.plan_run.stop_reason), ("stopped", "won")
        )
        # What people added is still to be done, as activities are.
        self.assertStates(self.manual, "todo", "waiting", "waiting")
        self.assertEqual(self.lead.activity_ids, self.mirror(self.first))

    def test_button(self):
        self.as_user(self.ana, self.lead).action_set_won()
        self.assertStopped()
        self.assertEqual(self.steps.done_by_id, self.ana)

    def test_rainbow(self):
        self.as_user(self.ana, self.lead).action_set_won_rainbowman()
        self.assertStopped()

    def test_dragged_to_a_won_stage(self):
        self.as_user(self.ana, self.lead).stage_id = self.stage_won
        self.assertStopped()

    def test_done_ones_stay_done(self):
        self.manual.action_done()
        self.steps[0].action_done()
        self.lead.action_set_won()
        self.assertStates(self.steps, "done", "cancelled", "cancelled")
        self.assertFalse(self.lead.next_action_id)

    def test_plan_that_is_kept(self):
        self.plan_run.plan_id.keep_on_won = True
        self.lead.action_set_won()
        self.assertStates(self.steps, "waiting", "waiting", "waiting")
        self.assertEqual(self.plan_run.state, "running")

    def test_steps_of_colleagues_are_cancelled_too(self):
        self.steps[1].user_id = self.employee
        self.as_user(self.ana, self.lead).action_set_won()
        self.assertStopped()

    def test_said_in_the_chatter(self):
        self.as_user(self.ana, self.lead).action_set_won()
        bodies = " ".join(self.lead.message_ids.mapped("body"))
        self.assertIn("Relance d’été", bodies)
        self.assertIn("won", bodies)

    def test_open_again(self):
        self.steps[2].action_cancel()
        self.as_user(self.ana, self.lead).action_set_won()
        self.as_user(self.ana, self.lead).stage_id = self.stage_next
        self.assertStates(self.steps, "waiting", "waiting", "cancelled")
        self.assertEqual(self.plan_run.state, "running")
        self.assertFalse(self.plan_run.stop_reason)

    def test_started_on_a_won_one(self):
        lead = self._lead("Déjà gagné", stage_id=self.stage_won.id)
        steps = lead._actions_start_plan(self.plan_run.plan_id)
        self.assertStates(steps, "todo", "waiting", "waiting")


@tagged("post_install", "-at_install")
class TestSalesperson(CrmActionsCommon):
    def test_open_actions_follow(self):
        self.first.action_done()
        self.third.user_id = self.employee
        self.as_user(self.manager, self.lead).user_id = self.bo
        self.assertEqual(self.first.user_id, self.ana)
        self.assertEqual(self.second.user_id, self.bo)
        self.assertEqual(self.mirror(self.second).user_id, self.bo)
        self.assertEqual(self.third.user_id, self.employee)

    def test_form(self):
        with Form(self.lead.with_user(self.manager)) as form:
            form.user_id = self.bo
        self.assertEqual(self.lead.action_ids.user_id, self.bo)

    def test_nobody(self):
        self.lead.user_id = False
        self.assertFalse(self.lead.action_ids.user_id)
        self.assertFalse(self.mirror(self.first).user_id)

    def test_several_leads_with_several_salespeople(self):
        other = self._lead("Autre", user_id=self.manager.id)
        actions = self._actions(other)
        (self.lead + other).user_id = self.bo
        self.assertEqual((actions + self.lead.action_ids).user_id, self.bo)

    def test_batch_assignment(self):
        self.lead._handle_salesmen_assignment(user_ids=[self.bo.id])
        self.assertEqual(self.lead.action_ids.user_id, self.bo)

    def test_one_mail_only(self):
        before = self._mails_to(self.bo)
        self.lead.with_user(self.manager).user_id = self.bo
        self.env.cr.precommit.run()
        self.assertLessEqual(self._mails_to(self.bo) - before, 1)

    def _mails_to(self, user):
        return self.env["mail.notification"].search_count(
            [("res_partner_id", "=", user.partner_id.id)]
        )


@tagged("post_install", "-at_install")
class TestMerge(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._lead("Doublon Núñez", stage_id=cls.stage_next.id)
        cls.theirs = cls._actions(cls.other)
        cls.theirs[0].action_done(feedback="Histoire")
        cls.first.action_done(feedback="Passé")

    def assertMerged(self, kept, gone):
        self.assertFalse(gone.exists())
        actions = self.first + self.second + self.third + self.theirs
        self.assertEqual(kept.action_ids.sorted("id"), actions.sorted("id"))
        self.assertEqual(len(kept.action_ids.filtered(lambda a: a.state == "todo")), 1)
        self.assertEqual(len(kept.activity_ids), 1)
        self.assertEqual(kept.activity_ids.crm_action_id, kept.next_action_id)
        self.assertEqual(self.theirs[0].feedback, "Histoire")
        self.assertEqual(self.theirs[0].state, "done")
        for done in self.first + self.theirs[0]:
            self.assertEqual(done.activity_ids.res_id, kept.id)
            self.assertFalse(done.activity_ids.active)
        bodies = " ".join(kept.message_ids.mapped("body"))
        self.assertIn("Histoire", bodies)
        self.assertIn("Passé", bodies)

    def test_by_method(self):
        kept = (self.lead + self.other).with_user(self.manager).merge_opportunity()
        self.assertEqual(kept, self.other)
        self.assertMerged(self.other, self.lead)
        # what was current on the kept one stays so
        self.assertEqual(self.other.next_action_id, self.theirs[1])

    def test_by_salesperson_with_actions_of_others(self):
        self.second.user_id = self.employee
        self.theirs[2].user_id = self.bo
        (self.lead + self.other).with_user(self.ana).merge_opportunity()
        self.assertMerged(self.other, self.lead)

    def test_by_dialog(self):
        wizard = (
            self.env["crm.merge.opportunity"]
            .with_user(self.manager)
            .create({"opportunity_ids": [(6, 0, (self.lead + self.other).ids)]})
        )
        wizard.action_merge()
        self.assertMerged(self.other, self.lead)

    def test_by_conversion(self):
        (self.lead + self.other).partner_id = self.env["res.partner"].create(
            {"name": "Núñez", "email": "nunez@example.com"}
        )
        self.lead.type = "lead"
        wizard = (
            self.env["crm.lead2opportunity.partner"]
            .with_context(active_model="crm.lead", active_id=self.lead.id)
            .create(
                {
                    "name": "merge",
                    "lead_id": self.lead.id,
                    "duplicated_lead_ids": [(6, 0, (self.lead + self.other).ids)],
                }
            )
        )
        wizard.action_apply()
        self.assertMerged(self.other, self.lead)

    def test_lost_one_into_an_open_one(self):
        self.lead.action_set_lost()
        (self.lead + self.other).merge_opportunity()
        self.assertMerged(self.other, self.lead)

    def test_into_a_paused_one(self):
        self.other.action_pause_actions()
        (self.lead + self.other).merge_opportunity()
        self.assertFalse(self.lead.exists())
        self.assertFalse(self.other.activity_ids)
        self.assertEqual(len(self.other.action_ids), 6)

    def test_plain_activities_move_as_before(self):
        plain = self.lead.activity_schedule(activity_type_id=self.todo.id)
        (self.lead + self.other).merge_opportunity()
        self.assertEqual(plain.res_id, self.other.id)

    def test_front_counts_anew(self):
        """What was found at its turn on the one list is found anew on the other."""
        plan = self._plan({}, {"delay_count": 3, "delay_from": "previous_done"})
        self.theirs._open().action_done()
        for done in (False, True):
            with self.subTest(kept_list_done=done), self.env.cr.savepoint() as point:
                source = self._lead("Autre vendeur", user_id=self.bo.id)
                steps = source._actions_start_plan(plan)
                steps[0].action_done()
                self.assertEqual(steps[1].user_id, self.bo)
                if not done:
                    self._actions(self.other, 1)
                (source + self.other).merge_opportunity()
                self.assertEqual(steps.lead_id, self.other)
                self.assertEqual(steps[1].state, "todo" if done else "waiting")
                self.assertEqual(steps[1].user_id, self.ana if done else self.bo[:0])
                self.assertEqual(steps[1].date_deadline, done and days(3))
                point.rollback()
            self.env.invalidate_all()

    def test_three_at_once(self):
        third = self._lead("Triple")
        actions = self._actions(third)
        (self.lead + self.other + third).merge_opportunity()
        self.assertEqual(len(self.other.action_ids), 9)
        self.assertEqual(actions.lead_id, self.other)


@tagged("post_install", "-at_install")
class TestCopyAndDelete(CrmActionsCommon):
    def test_copy_has_no_actions(self):
        copy = self.lead.copy()
        self.assertFalse(copy.action_ids)
        self.assertFalse(copy.next_action_id)
        self.assertFalse(copy.activity_ids)
        self.assertEqual(copy.action_count, 0)

    def test_copy_of_a_paused_lead_runs(self):
        self.lead.action_pause_actions()
        self.assertFalse(self.lead.copy().actions_paused)

    def test_delete(self):
        self.first.action_done()
        mirrors = self.lead.action_ids.activity_ids
        actions = self.lead.action_ids
        self.assertEqual(len(mirrors), 2)
        self.as_user(self.manager, self.lead).unlink()
        self.assertFalse(actions.exists())
        self.assertFalse(mirrors.exists())


@tagged("post_install", "-at_install")
class TestCompany(CrmActionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls.env["res.company"].create({"name": "Ailleurs SÀRL"})
        cls.both = cls._user(
            "both",
            "sales_team.group_sale_salesman",
            "Partout",
            company_ids=[(6, 0, (cls.company + cls.elsewhere).ids)],
        )

    def test_lead_moves_to_another_company(self):
        team = self.env["crm.team"].create(
            {"name": "Là-bas", "company_id": self.elsewhere.id}
        )
        self.third.user_id = self.both
        self.lead.write(
            {
                "user_id": self.both.id,
                "team_id": team.id,
                "company_id": self.elsewhere.id,
            }
        )
        self.assertEqual(self.lead.company_id, self.elsewhere)
        self.assertEqual(self.lead.action_ids.company_id, self.elsewhere)
        self.assertEqual(self.lead.action_ids.user_id, self.both)
        self.assertEqual(self.mirror(self.first).user_id, self.both)

    def test_colleague_who_may_not_follow(self):
        self.second.user_id = self.bo
        team = self.env["crm.team"].create(
            {"name": "Là-bas", "company_id": self.elsewhere.id}
        )
        self.lead.write(
            {
                "user_id": False,
                "team_id": team.id,
                "company_id": self.elsewhere.id,
            }
        )
        self.assertFalse(self.lead.action_ids.user_id)
