# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestListCrossings(CrmActionsCommon):
    """What happens to lists where two features meet."""

    def _started(self, *steps, **values):
        lead = self._lead("Été")
        return lead, lead._actions_start_plan(self._plan(*steps, **values))

    def _outcome_of(self, step, kind, **values):
        return self.env["crm.action.outcome"].create(
            {"name": kind, "template_id": step.id, "next_kind": kind, **values}
        )

    def _what(self, actions):
        """All that a person could see of these actions."""
        self.env.flush_all()
        self.env.invalidate_all()
        names = (
            "sequence",
            "state",
            "summary",
            "note",
            "user_id",
            "date_deadline",
            "date_origin",
            "activity_type_id",
            "delay_count",
            "delay_from",
            "run_id",
            "lead_id",
        )
        return [tuple(action[name] for name in names) for action in actions]

    # --------------------------------------------------------- apply to waiting

    def test_apply_an_unchanged_plan(self):
        """Nothing changes where the plan did not, whatever happened to the list."""
        plan = self._plan(
            {},
            {"delay_count": 5},
            {"delay_count": 3, "delay_from": "previous_done"},
            {"responsible_type": "team_leader"},
        )
        manager = self.manager
        ana = self.ana

        def changed_by_people(lead, actions):
            actions[1].with_user(ana).write(
                {
                    "date_deadline": days(40),
                    "note": "<p>à moi</p>",
                    "user_id": self.bo.id,
                    "summary": "Autre",
                }
            )

        def manual_between(lead, actions):
            self.env["crm.action"].with_user(ana).create(
                {
                    "lead_id": lead.id,
                    "summary": "Entre",
                    "sequence": actions[1].sequence + 1,
                }
            )

        def paused_and_resumed(lead, actions):
            lead.with_user(ana).action_pause_actions()
            self.at(f"{days(9)} 12:00:00")
            lead.with_user(ana).action_resume_actions()

        def paused(lead, actions):
            lead.with_user(ana).action_pause_actions()

        def reordered(lead, actions):
            actions[3].with_user(ana).write({"sequence": actions[1].sequence - 1})

        def last_step(lead, actions):
            actions[:3].with_user(ana).action_done()

        def done_early(lead, actions):
            actions[2].with_user(ana).action_done()

        def merged(lead, actions):
            other = self._lead("Double")
            other._actions_start_plan(plan)
            (lead | other).with_user(manager)._merge_opportunity(auto_unlink=True)

        def deleted_step(lead, actions):
            actions[1].with_user(ana).unlink()

        for change in (
            changed_by_people,
            manual_between,
            paused,
            paused_and_resumed,
            reordered,
            last_step,
            done_early,
            merged,
            deleted_step,
        ):
            with self.subTest(change=change.__name__):
                self.at(f"{days(0)} 12:00:00")
                lead = self._lead("Plan")
                actions = lead._actions_start_plan(plan, plan_date=days(30))
                change(lead, actions)
                lists = self.env["crm.action"].search([("plan_id", "=", plan.id)])
                lists |= lists.lead_id.action_ids
                before = self._what(lists)
                plan.with_user(manager).action_apply_to_waiting()
                self.assertEqual(self._what(lists), before)
                self.assertEqual(lists.lead_id.action_ids, lists)

    def test_apply_an_appended_step_to_the_last_step(self):
        lead, actions = self._started({}, {})
        actions[0].with_user(self.ana).action_done()
        plan = actions.plan_id
        plan.template_ids = [
            Command.create(
                {
                    "summary": "Ajout",
                    "activity_type_id": self.call.id,
                    "sequence": 99,
                    "responsible_type": "salesperson",
                    "delay_from": "previous_done",
                    "delay_count": 2,
                }
            )
        ]
        plan.with_user(self.manager).action_apply_to_waiting()
        added = lead.action_ids._in_order()[-1]
        self.assertEqual((added.summary, added.state), ("Ajout", "waiting"))
        plan.with_user(self.manager).action_apply_to_waiting()
        self.assertEqual(len(lead.action_ids), 3)

    # -------------------------------------------------------------- new and copied

    def test_new_actions_come_last(self):
        soon = {"date_deadline": days(-9)}
        Action = self.env["crm.action"].with_user(self.ana)
        for name, door in {
            "create": lambda: Action.create({"lead_id": self.lead.id, **soon}),
            "default": lambda: Action.with_context(default_lead_id=self.lead.id).create(
                soon
            ),
            "zero": lambda: Action.create(
                {"lead_id": self.lead.id, "sequence": 0, **soon}
            ),
            "import": lambda: Action.browse(
                Action.load(
                    ["lead_id/.id", "date_deadline"],
                    [[str(self.lead.id), str(days(-9))]],
                )["ids"]
            ),
            "opportunity": lambda: (
                self.lead.with_user(self.ana).write(
                    {"action_ids": [Command.create(soon)]}
                ),
                self.lead.action_ids.sorted("id")[-1],
            )[1],
            "copy": lambda: self.first.with_user(self.ana).copy(),
            "copy of a step": lambda: (
                self.lead._actions_start_plan(self._plan({})).with_user(self.ana).copy()
            ),
        }.items():
            with self.subTest(door=name):
                made = door().sudo()
                self.assertEqual(made.state, "waiting")
                self.assertEqual(self.lead.action_ids._in_order()[-1], made)
                self.assertEqual(self.lead.next_action_id, self.first)

    def test_copies(self):
        done = self.first
        done.with_user(self.ana).action_done("Fait")
        lead, actions = self._started({}, {"delay_from": "previous_done"})
        for action in (done, actions[0], actions[1]):
            with self.subTest(state=action.state):
                copy = action.with_user(self.ana).copy()
                self.assertEqual(copy.state, "waiting")
                self.assertFalse(copy.done_on)
                self.assertFalse(copy.run_id)
                self.assertFalse(copy.plan_template_id)
                self.assertFalse(copy.feedback)
                self.assertEqual(copy.lead_id, action.lead_id)
        copy = lead.copy()
        self.assertFalse(copy.action_ids)
        self.assertFalse(copy.actions_paused)

    def test_opportunity_with_actions_of_its_creator(self):
        for user in (self.ana, self.manager):
            with self.subTest(user=user.name):
                lead = (
                    self.env["crm.lead"]
                    .with_user(user)
                    .create(
                        {
                            "name": "Avec actions",
                            "user_id": user.id,
                            "action_ids": [
                                Command.create({"summary": "A", "user_id": user.id}),
                                Command.create({"summary": "B", "user_id": user.id}),
                            ],
                        }
                    )
                )
                self.assertEqual(lead.action_ids.mapped("state"), ["todo", "waiting"])
                self.assertEqual(self.mirror(lead.next_action_id).user_id, user)

    # ---------------------------------------------------------------------- merge

    def test_merge_of_three_lists(self):
        main, beta, gamma = (self._lead(name) for name in ("main", "beta", "gamma"))
        lists = [
            self._actions(lead, 2, summary=lead.name) for lead in (main, beta, gamma)
        ]
        for actions in lists:
            for number, action in enumerate(actions, 1):
                action.summary = f"{action.lead_id.name[0]}{number}"
        lists[1][0].with_user(self.ana).action_done()
        lists[2].lead_id.with_user(self.ana).action_pause_actions()
        kept = (
            (main | beta | gamma)
            .with_user(self.manager)
            ._merge_opportunity(auto_unlink=True)
        )
        names = kept.sudo().action_ids._in_order().mapped("summary")
        own = kept.name[0]
        self.assertEqual(names[:2], [f"{own}1", f"{own}2"])
        for letter in "mbg":
            at = names.index(f"{letter}1")
            self.assertEqual(names[at + 1], f"{letter}2", "each list in its order")

    # ------------------------------------------------------------------------ who

    def test_leader_of_the_day(self):
        _lead, actions = self._started({}, {"responsible_type": "team_leader"})
        self.assertFalse(actions[1].user_id)
        self.team.user_id = self.bo
        actions[0].with_user(self.ana).action_done()
        self.assertEqual(actions[1].user_id, self.bo)
        self.assertEqual(self.mirror(actions[1]).user_id, self.bo)

    def test_team_of_the_day(self):
        lead, actions = self._started({}, {"responsible_type": "team_leader"})
        other = self.env["crm.team"].create({"name": "B", "user_id": self.bo.id})
        lead.with_user(self.manager).write({"team_id": other.id})
        actions[0].with_user(self.manager).action_done()
        self.assertEqual(actions[1].user_id, self.bo)

    def test_salesperson_comes_later(self):
        lead = self._lead("Sans vendeur", user_id=False)
        plan = self._plan({}, {}, {"responsible_type": "previous"})
        actions = lead._actions_start_plan(plan)
        manual = self._actions(lead, 1, user_id=False)
        self.assertFalse((actions | manual).user_id)
        lead.with_user(self.manager).write({"user_id": self.bo.id})
        self.assertEqual(actions[0].user_id, self.bo)
        self.assertEqual(manual.user_id, self.bo)
        actions[0].with_user(self.bo).action_done()
        self.assertEqual(actions[1].user_id, self.bo)
        actions[1].with_user(self.manager).action_done()
        self.assertEqual(actions[2].user_id, self.manager)

    def test_person_of_a_colleague_stays(self):
        lead, actions = self._started({}, {})
        actions[1].with_user(self.ana).write({"user_id": self.employee.id})
        lead.with_user(self.manager).write({"user_id": self.bo.id})
        self.assertEqual(actions.user_id, self.bo | self.employee)
        actions[0].with_user(self.bo).action_done()
        self.assertEqual(actions[1].user_id, self.employee)

    # --------------------------------------------------------------------- meeting

    def test_meeting_survives_what_takes_the_activity_away(self):
        def paused(lead, action):
            lead.action_pause_actions()
            lead.action_resume_actions()

        def lost(lead, action):
            lead.action_set_lost()
            lead.action_restore()

        def dragged(lead, action):
            other = lead.action_ids.filtered(lambda a: a.state == "waiting")[:1]
            place = other.sequence
            other.write({"sequence": action.sequence - 1})
            self.assertEqual(action.state, "waiting")
            other.write({"sequence": place + 50})

        for way in (paused, lost, dragged):
            with self.subTest(way=way.__name__):
                lead = self._lead("Rendez-vous")
                first, _second = self._actions(
                    lead, 2, activity_type_id=self.meeting.id
                )
                mirror = self.mirror(first)
                event = (
                    self.env["calendar.event"]
                    .with_user(self.ana)
                    .create(
                        {
                            "name": "R",
                            "start": f"{days(5)} 09:00:00",
                            "stop": f"{days(5)} 10:00:00",
                            "activity_ids": [Command.link(mirror.id)],
                            "opportunity_id": lead.id,
                        }
                    )
                )
                mirror.calendar_event_id = event
                self.assertEqual(first.calendar_event_id, event)
                way(
                    lead.with_user(self.ana),
                    first.with_user(self.ana),
                )
                self.assertTrue(event.exists())
                self.assertEqual(lead.next_action_id, first)
                self.assertEqual(self.mirror(first).calendar_event_id, event)

    def test_existing_meeting_is_linked(self):
        for door in ("opportunity_id", "res"):
            with self.subTest(door=door):
                lead, _actions = self._started({}, {}, pause_on_meeting=True)
                event = (
                    self.env["calendar.event"]
                    .with_user(self.ana)
                    .create(
                        {
                            "name": "R",
                            "start": f"{days(5)} 09:00:00",
                            "stop": f"{days(5)} 10:00:00",
                        }
                    )
                )
                self.assertFalse(lead.actions_paused)
                if door == "res":
                    event.write(
                        {
                            "res_model_id": self.env["ir.model"]._get_id("crm.lead"),
                            "res_id": lead.id,
                            "opportunity_id": lead.id,
                        }
                    )
                else:
                    event.write({"opportunity_id": lead.id})
                self.assertEqual(lead.actions_pause_reason, "meeting")

    # ------------------------------------------------------------------ won and back

    def test_won_keeps_what_people_added(self):
        lead, actions = self._started({}, {})
        manual = self._actions(lead, 1)
        messages = lead.message_ids
        lead.with_user(self.ana).write({"stage_id": self.stage_won.id})
        self.assertEqual(set(actions.mapped("state")), {"cancelled"})
        self.assertEqual(manual.state, "todo")
        self.assertTrue(lead.message_ids - messages)
        lead.with_user(self.ana).write({"stage_id": self.stage_new.id})
        self.assertEqual(lead.next_action_id, actions[0])
        self.assertEqual(manual.state, "waiting")
        self.assertEqual(actions.run_id.state, "running")

    def test_cancelled_before_won_stays_cancelled(self):
        lead, actions = self._started({}, {}, {})
        actions[1].with_user(self.ana).action_cancel()
        lead.with_user(self.ana).action_set_won()
        lead.with_user(self.ana).write({"stage_id": self.stage_new.id})
        self.assertEqual(actions.mapped("state"), ["todo", "cancelled", "waiting"])

    def test_stopped_by_hand_before_won_stays_stopped(self):
        lead, actions = self._started({}, {})
        actions.run_id.with_user(self.ana).action_stop()
        lead.with_user(self.ana).action_set_won()
        lead.with_user(self.ana).write({"stage_id": self.stage_new.id})
        self.assertEqual(set(actions.mapped("state")), {"cancelled"})

    # ------------------------------------------------------------------------- undo

    def test_undo_of_another_plan_after_a_change(self):
        """A step of the new plan was touched: the list is the former one again."""
        lead, actions = self._started({}, {})
        other = self._plan({}, {}, name="Autre")
        outcome = self._outcome_of(
            actions[0].plan_template_id, "plan", plan_id=other.id
        )
        actions[0].with_user(self.ana).action_done(outcome_id=outcome.id)
        new = lead.action_ids - actions
        new[0].with_user(self.ana).write({"note": "<p>touché</p>"})
        actions[0].with_user(self.ana).action_reopen()
        self.assertEqual(lead.next_action_id, actions[0])
        self.assertEqual(actions[1].state, "waiting")
        self.assertEqual(new.exists().mapped("state"), ["cancelled"])

    def test_undo_of_stop_with_an_archived_user(self):
        _lead, actions = self._started({}, {})
        actions[1].with_user(self.ana).write({"user_id": self.bo.id})
        outcome = self._outcome_of(actions[0].plan_template_id, "stop")
        actions[0].with_user(self.ana).action_done(outcome_id=outcome.id)
        self.bo.action_archive()
        actions[0].with_user(self.ana).action_reopen()
        self.assertEqual(actions.mapped("state"), ["todo", "waiting"])
        self.assertNotIn(self.bo, actions.user_id)

    def test_undo_of_a_repeat_whose_original_is_gone(self):
        lead, actions = self._started({}, {})
        outcome = self._outcome_of(actions[0].plan_template_id, "repeat")
        actions[0].with_user(self.ana).action_done(outcome_id=outcome.id)
        repeat = lead.next_action_id
        actions[0].plan_template_id.unlink()
        repeat.with_user(self.ana).action_done()
        repeat.with_user(self.ana).action_reopen()
        self.assertEqual(lead.next_action_id, repeat)
        actions[0].with_user(self.ana).action_reopen()
        self.assertEqual(lead.next_action_id, actions[0])
        self.assertFalse(repeat.exists())

    def test_undo_of_a_deleted_step(self):
        """A step is deleted in the plan, then the repeat of its action undone."""
        lead, actions = self._started({}, {})
        step = actions[0].plan_template_id
        outcome = self._outcome_of(step, "repeat")
        actions[0].with_user(self.ana).action_done(outcome_id=outcome.id)
        repeat = lead.next_action_id
        step.unlink()
        actions[0].with_user(self.ana).action_reopen()
        self.assertEqual(lead.next_action_id, actions[0])
        self.assertFalse(repeat.exists() and repeat.state in ("todo", "waiting"))

    def test_undo_of_lost_keeps_the_probability(self):
        lead, actions = self._started({}, {})
        lead.with_user(self.ana).write({"probability": 25})
        outcome = self._outcome_of(actions[0].plan_template_id, "lost")
        actions[0].with_user(self.ana).action_done(outcome_id=outcome.id)
        self.assertFalse(lead.active)
        self.at(f"{days(4)} 12:00:00")
        actions[0].with_user(self.ana).action_reopen()
        self.assertTrue(lead.active)
        self.assertEqual(lead.probability, 25)
        self.assertEqual(actions.mapped("state"), ["todo", "waiting"])

    # ------------------------------------------------------------------------ small

    def test_resume_tells_nobody(self):
        leads = self.env["crm.lead"].union(*(self._lead(f"L{n}") for n in range(3)))
        for lead in leads:
            self._actions(lead, 1, user_id=self.bo.id)
        leads.with_user(self.manager).action_pause_actions()
        before = self.env["mail.mail"].search_count([])
        messages = self.env["mail.message"].search(
            [("message_type", "=", "user_notification")]
        )
        leads.with_user(self.manager).action_resume_actions()
        self.assertEqual(self.env["mail.mail"].search_count([]), before)
        self.assertEqual(
            self.env["mail.message"].search(
                [("message_type", "=", "user_notification")]
            ),
            messages,
        )

    def test_date_of_a_done_action(self):
        self.at(f"{days(5)} 12:00:00")
        self.first.with_user(self.ana).action_done()
        self.assertEqual(self.first.days_late, 4)
        (self.first | self.second).with_user(self.ana).write({"date_deadline": days(3)})
        self.assertEqual(self.first.days_late, 2)

    def test_nothing_is_current(self):
        lead = self._lead("Vide").with_user(self.ana)
        for method in (
            "action_done_next_action",
            "action_skip_next_action",
            "action_postpone_next_action",
        ):
            with self.subTest(method=method), self.assertRaises(UserError):
                getattr(lead, method)()

    def test_repair_stops_when_it_is_told(self):
        leads = self.env["crm.lead"].union(*(self._lead(f"L{n}") for n in range(4)))
        for lead in leads:
            self._actions(lead, 1)
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM mail_activity WHERE crm_action_id IN %s",
            (tuple(leads.next_action_id.ids),),
        )
        self.env.invalidate_all()
        asked = []

        def commit_progress(self, processed=0, *, remaining=None, deactivate=False):
            asked.append((processed, remaining))
            return 0  # no time is left

        IrCron = self.env.registry["ir.cron"]
        with patch.object(IrCron, "_commit_progress", commit_progress):
            for _hour in range(3):
                self.env["crm.action"]._cron_repair(batch_size=2)
        self.assertGreaterEqual(len(asked), 1)
        self.assertTrue(all(processed <= 2 for processed, _remaining in asked))
        self.env["crm.action"]._cron_repair()

    def test_late_is_one_question(self):
        """Read, searched and shown: as the assignee's day says, whoever asks."""
        zones = ("Pacific/Auckland", "America/Los_Angeles", "Pacific/Kiritimati", False)
        for moment in ("2026-11-24 00:30:00", "2026-11-24 12:00:00"):
            self.at(moment)
            for zone in zones:
                for assigned in (True, False):
                    self.ana.tz = "UTC" if assigned else zone
                    self.bo.tz = zone
                    lead = self._lead("Tard")
                    actions = self.env["crm.action"]
                    for day in (-1, 0, 1):
                        other = self._lead("Tard")
                        actions |= self._actions(
                            other,
                            1,
                            date_deadline=days(day),
                            user_id=self.bo.id if assigned else False,
                        )
                    lead = actions.lead_id
                    lead[0].action_set_lost()
                    for reader in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
                        self.manager.tz = reader
                        with self.subTest(
                            at=moment, zone=zone, assigned=assigned, reader=reader
                        ):
                            seen = self.as_user(self.manager, actions).with_context(
                                tz=reader
                            )
                            read = seen.filtered("is_late")
                            found = seen.search(
                                [("id", "in", actions.ids), ("is_late", "=", True)]
                            )
                            self.assertEqual(read, found)
                            self.assertNotIn(actions[0], read)
                            not_late = seen.search(
                                [("id", "in", actions.ids), ("is_late", "=", False)]
                            )
                            self.assertEqual(not_late, seen - read)
                            leads = lead.with_user(self.manager).with_context(tz=reader)
                            overdue = leads.filtered("action_overdue")
                            self.assertEqual(overdue, read.lead_id)
                            self.assertEqual(
                                overdue,
                                leads.search(
                                    [
                                        ("id", "in", leads.ids),
                                        ("action_overdue", "=", True),
                                    ]
                                ),
                            )

    def test_names_are_searched(self):
        Action = self.env["crm.action"].with_user(self.ana)
        self.assertFalse(Action.name_search("Nonexistent"))
        self.assertIn(
            self.first.id,
            [action_id for action_id, _n in Action.name_search("Étape 1")],
        )
        Lead = self.env["crm.lead"].with_user(self.ana)
        self.assertFalse(Lead.search([("next_action_id", "ilike", "Nonexistent")]))
        self.assertIn(self.lead, Lead.search([("next_action_id", "ilike", "Étape 1")]))
        self.assertNotIn(
            self.lead, Lead.search([("next_action_id", "not ilike", "Étape 1")])
        )

    def test_activity_types_of_other_models(self):
        foreign = self.env["mail.activity.type"].create(
            {"name": "Contact", "res_model": "res.partner"}
        )
        ana = self.first.with_user(self.ana)
        for name, door in {
            "write": lambda: ana.write({"activity_type_id": foreign.id}),
            "create": lambda: ana.create(
                {"lead_id": self.lead.id, "activity_type_id": foreign.id}
            ),
            "default": lambda: ana.with_context(
                default_activity_type_id=foreign.id
            ).create({"lead_id": self.lead.id}),
            "activity": lambda: (
                self.mirror(self.first)
                .with_user(self.ana)
                .write({"activity_type_id": foreign.id})
            ),
            "type": lambda: self.call.write({"res_model": "res.partner"}),
        }.items():
            with self.subTest(door=name), self.assertRaises(UserError):
                door()
                self.env.flush_all()

    def test_plan_that_is_no_longer_sequential(self):
        plan = self._plan({}, {})
        self.stage_next.action_plan_id = plan
        plan.sequential = False
        lead = self._lead("En une fois")
        lead.with_user(self.ana).write({"stage_id": self.stage_next.id})
        self.assertFalse(lead.action_ids)
        self.assertEqual(len(lead.activity_ids), 2)
