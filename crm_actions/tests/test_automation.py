# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import unittest

from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import tagged

from .common import CrmActionsCommon, days


@tagged("post_install", "-at_install")
class TestAutomation(CrmActionsCommon):
    """Whatever happens to an action or a run, an automation rule sees it, once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "base.automation" not in cls.env:
            raise unittest.SkipTest(
                "base_automation (Automation Rules) is not installed"
            )

    def _rule(self, name, trigger, code=None, model="crm.action", **values):
        """A rule that writes what it saw into a tag: ``name:id`` for each time."""
        model = self.env["ir.model"]._get(model)
        action = self.env["ir.actions.server"].create(
            {
                "name": name,
                "model_id": model.id,
                "state": "code",
                "code": code
                or f"env['crm.tag'].create({{'name': '{name}:%s:%s' % "
                "(record.id, env['crm.tag'].search_count([]))})",
                "usage": "base_automation",
            }
        )
        rule = self.env["base.automation"].create(
            {
                "name": name,
                "model_id": model.id,
                "trigger": trigger,
                "action_server_ids": [Command.link(action.id)],
                **values,
            }
        )
        # Odoo patches the models when the transaction of the rule is over.
        self.addCleanup(self.env["base.automation"]._unregister_hook)
        self.env["base.automation"]._unregister_hook()
        self.env["base.automation"]._register_hook()
        return rule

    def _becomes(self, state, model="crm.action", **values):
        return self._rule(
            state,
            "on_write",
            model=model,
            filter_pre_domain=f"[('state', '!=', '{state}')]",
            filter_domain=f"[('state', '=', '{state}')]",
            **values,
        )

    def _changes(self, field, model="crm.action"):
        """A rule that looks at one field."""
        field = self.env["ir.model.fields"]._get(model, field)
        return self._rule(
            field.name,
            "on_create_or_write",
            model=model,
            trigger_field_ids=[Command.set(field.ids)],
        )

    def seen(self, name, records):
        """How often a rule saw each of these records."""
        self.env.flush_all()
        ids = [
            int(tag.name.split(":")[1])
            for tag in self.env["crm.tag"].search([("name", "=like", f"{name}:%")])
        ]
        return [ids.count(record_id) for record_id in records.ids]

    def forget(self):
        self.env["crm.tag"].search([("name", "like", ":")]).unlink()

    def assertSeen(self, name, records, times=1):
        self.assertTrue(records)
        self.assertEqual(self.seen(name, records), [times] * len(records), name)

    def rpc(self, user, records, method, *args, **kwargs):
        call_kw(records.with_user(user).browse(), method, [records.ids, *args], kwargs)

    # ----------------------------------------------------------------- created

    def test_created(self):
        self._rule("born", "on_create")

        def by_hand():
            return (
                self.env["crm.action"]
                .with_user(self.ana)
                .create({"lead_id": self.lead.id, "date_deadline": days(9)})
            )

        def first_of_a_list():
            lead = self._lead("Première")
            return (
                self.env["crm.action"].with_user(self.ana).create({"lead_id": lead.id})
            )

        def with_the_opportunity():
            lead = (
                self.env["crm.lead"]
                .with_user(self.ana)
                .create({"name": "Avec", "action_ids": [Command.create({})]})
            )
            return lead.action_ids

        def copied():
            return self.first.with_user(self.ana).copy()

        def imported():
            result = (
                self.env["crm.action"]
                .with_user(self.ana)
                .load(["lead_id/.id", "summary"], [[str(self.lead.id), "Importée"]])
            )
            return self.env["crm.action"].browse(result["ids"])

        def planned():
            return self._lead("Plan")._actions_start_plan(self._plan({}, {}))

        def of_a_stage():
            self.stage_next.action_plan_id = self._plan({}, {})
            lead = self._lead("Étape")
            lead.with_user(self.ana).write({"stage_id": self.stage_next.id})
            return lead.action_ids

        for door in (
            by_hand,
            first_of_a_list,
            with_the_opportunity,
            copied,
            imported,
            planned,
            of_a_stage,
        ):
            with self.subTest(door=door.__name__):
                self.assertSeen("born", door())

    def test_created_or_written(self):
        """The rule of a due date sees the creation, not once more what we set."""
        self._changes("date_deadline")
        action = (
            self.env["crm.action"]
            .with_user(self.ana)
            .create({"lead_id": self._lead("Une").id, "date_deadline": days(3)})
        )
        self.assertSeen("date_deadline", action)

    def test_repeated_and_started_by_an_outcome(self):
        plan = self._plan({}, {})
        other = self._plan({}, name="Autre plan")
        Outcome = self.env["crm.action.outcome"]
        repeat, start = Outcome.create(
            [
                {
                    "name": "Absent",
                    "template_id": plan.template_ids[0].id,
                    "next_kind": "repeat",
                },
                {
                    "name": "Oui",
                    "template_id": plan.template_ids[0].id,
                    "next_kind": "plan",
                    "plan_id": other.id,
                },
            ]
        )
        lead = self._lead("Issue")
        actions = lead._actions_start_plan(plan)
        self._rule("born", "on_create")
        self._rule("run", "on_create", model="crm.action.run")
        self._becomes("done")
        self._becomes("cancelled")
        self._becomes("stopped", model="crm.action.run")
        actions[0].with_user(self.ana).action_done(outcome_id=repeat.id)
        again = lead.next_action_id
        self.assertSeen("born", again)
        self.assertSeen("done", actions[0])
        again.with_user(self.ana).action_done(outcome_id=start.id)
        self.assertSeen("done", again)
        self.assertSeen("cancelled", actions[1])
        self.assertSeen("born", lead.next_action_id)
        self.assertSeen("run", lead.next_action_id.run_id)
        self.assertSeen("stopped", actions.run_id)

    # -------------------------------------------------------------------- done

    def test_done_through_every_door(self):
        self._becomes("done")
        self._becomes("todo")

        doors = {
            "button": lambda a: a.with_user(self.ana).action_done("Fait"),
            "dialog": lambda a: (
                self.env["crm.action.finish"]
                .with_user(self.ana)
                .create({"action_ids": [Command.set(a.ids)]})
                .action_done()
            ),
            "chatter": lambda a: (
                self.mirror(a).with_user(self.ana).action_feedback("Fait")
            ),
            "menu bar": lambda a: self.mirror(a).with_user(self.ana).action_done(),
            "archived": lambda a: self.mirror(a).with_user(self.ana).action_archive(),
            "written": lambda a: (
                self.mirror(a).with_user(self.ana).write({"active": False})
            ),
            "rpc": lambda a: self.rpc(self.ana, a, "action_done", "Fait"),
            "rpc, activity": lambda a: self.rpc(
                self.ana, self.mirror(a), "action_feedback", feedback="Fait"
            ),
            "assignee": lambda a: (
                a.write({"user_id": self.employee.id}),
                self.mirror(a).with_user(self.employee).action_done(),
            ),
            "another addon": lambda a: a.sudo().action_done(),
        }
        for name, door in doors.items():
            with self.subTest(door=name):
                lead = self._lead("Porte")
                actions = self._actions(lead, 2)
                self.forget()
                door(actions[0])
                self.assertSeen("done", actions[0])
                self.assertSeen("done", actions[1], 0)
                self.assertSeen("todo", actions[1])
                self.assertSeen("todo", actions[0], 0)

    def test_done_in_bulk(self):
        leads = self.env["crm.lead"].union(*(self._lead(f"L{n}") for n in range(3)))
        for lead in leads:
            self._actions(lead, 2)
        self._becomes("done")
        self._becomes("todo")
        self.forget()
        fronts = leads.next_action_id
        fronts.with_user(self.ana).action_done()
        self.assertSeen("done", fronts)
        self.assertSeen("todo", leads.next_action_id)

    def test_undone(self):
        self._becomes("todo")
        self._becomes("waiting")
        for name, undo in {
            "button": lambda: self.first.with_user(self.ana).action_reopen(),
            "unarchived": lambda: self.first.activity_ids.with_user(
                self.ana
            ).action_unarchive(),
        }.items():
            with self.subTest(door=name):
                self.first.with_user(self.ana).action_done()
                self.forget()
                undo()
                self.assertSeen("todo", self.first)
                self.assertSeen("waiting", self.second)

    def test_skipped_and_cancelled(self):
        self._becomes("skipped")
        self._becomes("cancelled")
        doors = {
            "button": ("skipped", lambda a: a.with_user(self.ana).action_skip("Non")),
            "deleted": (
                "skipped",
                lambda a: self.mirror(a).with_user(self.ana).unlink(),
            ),
            "activity cancelled": (
                "skipped",
                lambda a: self.mirror(a).with_user(self.ana).action_cancel(),
            ),
            "cancelled": ("cancelled", lambda a: a.with_user(self.ana).action_cancel()),
        }
        for name, (state, door) in doors.items():
            with self.subTest(door=name):
                action = self._actions(self._lead("Non"), 2)[0]
                self.forget()
                door(action)
                self.assertEqual(action.state, state)
                self.assertSeen(state, action)

    def test_deleted(self):
        self._rule("gone", "on_unlink")
        self.first.with_user(self.ana).unlink()
        self.assertSeen("gone", self.first)
        self.assertSeen("gone", self.second, 0)

    # ----------------------------------------------------------------- changed

    def test_rescheduled(self):
        self._changes("date_deadline")
        doors = {
            "colleague's activity": lambda: (
                self.mirror(self.first)
                .with_user(self.manager)
                .write({"date_deadline": days(12)})
            ),
            "assignee's activity": lambda: (
                self.mirror(self.first).with_user(self.ana).action_reschedule_nextweek()
            ),
            "method": lambda: self.first.with_user(self.ana).action_reschedule(days(3)),
            "postponed": lambda: self.first.with_user(self.ana).action_postpone(2),
            "written": lambda: self.first.with_user(self.ana).write(
                {"date_deadline": days(6)}
            ),
            "opportunity": lambda: self.lead.with_user(self.ana).write(
                {
                    "action_ids": [
                        Command.update(self.first.id, {"date_deadline": days(9)})
                    ]
                }
            ),
        }
        for name, door in doors.items():
            with self.subTest(door=name):
                self.forget()
                door()
                self.assertSeen("date_deadline", self.first)

    def test_rescheduled_by_a_pause(self):
        self.lead.with_user(self.ana).action_pause_actions()
        self._changes("date_deadline")
        self.at(f"{days(4)} 12:00:00")
        self.lead.with_user(self.ana).action_resume_actions()
        self.assertSeen("date_deadline", self.lead.action_ids)

    def test_paused_and_resumed(self):
        run = self.lead._actions_start_plan(self._plan({})).run_id
        for pause, resume in (
            ("action_pause_actions", "action_resume_actions"),
            ("action_set_lost", "action_restore"),
            ("action_archive", "action_unarchive"),
        ):
            with self.subTest(pause=pause):
                self.env["base.automation"].search([]).unlink()
                self._becomes("paused")
                self._rule(
                    "run paused",
                    "on_write",
                    model="crm.action.run",
                    filter_pre_domain="[('state', '=', 'running')]",
                    filter_domain="[('state', '=', 'paused')]",
                )
                self._becomes("todo")
                self._becomes("running", model="crm.action.run")
                self.forget()
                getattr(self.lead.with_user(self.ana), pause)()
                self.assertSeen("paused", self.first)
                self.assertSeen("run paused", run)
                getattr(self.lead.with_user(self.ana), resume)()
                self.assertSeen("todo", self.first)
                self.assertSeen("running", run)

    def test_reassigned_with_the_salesperson(self):
        self._changes("user_id")
        self.lead.with_user(self.manager).write({"user_id": self.bo.id})
        self.assertSeen("user_id", self.lead.action_ids)
        self.forget()
        self.mirror(self.first).with_user(self.bo).write({"user_id": self.employee.id})
        self.assertSeen("user_id", self.first)
        self.forget()
        self.employee.action_archive()
        self.assertSeen("user_id", self.first)

    def test_merged(self):
        other = self._lead("Double")
        theirs = self._actions(other, 2)
        ours = self.lead.action_ids
        self._changes("lead_id")
        self.forget()
        leads = self.lead | other
        kept = leads.with_user(self.manager)._merge_opportunity(auto_unlink=True)
        self.assertSeen("lead_id", theirs if kept.id == self.lead.id else ours)

    def test_run_stopped_and_finished(self):
        lead = self._lead("Course")
        run = lead._actions_start_plan(self._plan({}, {})).run_id
        self._becomes("stopped", model="crm.action.run")
        self._becomes("finished", model="crm.action.run")
        self._becomes("cancelled")
        run.with_user(self.ana).action_stop()
        self.assertSeen("stopped", run)
        self.assertSeen("cancelled", run.action_ids)
        other = self._lead("Fin")
        run = other._actions_start_plan(self._plan({})).run_id
        other.next_action_id.with_user(self.ana).action_done()
        self.assertSeen("finished", run)
        self.assertSeen("stopped", run, 0)

    def test_won(self):
        lead = self._lead("Gagnée")
        run = lead._actions_start_plan(self._plan({}, {})).run_id
        self._becomes("stopped", model="crm.action.run")
        self._becomes("running", model="crm.action.run")
        self._becomes("cancelled")
        lead.with_user(self.ana).write({"stage_id": self.stage_won.id})
        self.assertSeen("stopped", run)
        self.assertSeen("cancelled", run.action_ids)
        lead.with_user(self.ana).write({"stage_id": self.stage_new.id})
        self.assertSeen("running", run)

    # ------------------------------------------------- what a rule does to a list

    def test_rule_adds_an_action(self):
        """A rule that acts on the list acts as a person, never as the engine."""
        self._becomes("done")
        self._rule(
            "follow-up",
            "on_write",
            code="if record.summary == 'Étape 1':\n"
            "    env['crm.action'].create(\n"
            "        {'lead_id': record.lead_id.id, 'summary': 'Suite'})\n",
            filter_pre_domain="[('state', '!=', 'done')]",
            filter_domain="[('state', '=', 'done')]",
        )
        self.first.with_user(self.ana).action_done()
        added = self.lead.action_ids.filtered(lambda a: a.summary == "Suite")
        self.assertEqual(added.state, "waiting")
        self.assertEqual(self.lead.action_ids._in_order()[-1], added)
        self.assertTrue(added.user_id)
        self.assertEqual(self.lead.next_action_id, self.second)

    def test_rule_adds_to_an_ended_list(self):
        self._rule(
            "follow-up",
            "on_write",
            code="if record.summary != 'Suite':\n"
            "    env['crm.action'].create(\n"
            "        {'lead_id': record.lead_id.id, 'summary': 'Suite'})\n",
            filter_pre_domain="[('state', '!=', 'done')]",
            filter_domain="[('state', '=', 'done')]",
        )
        for name, door in {
            "button": lambda a: a.with_user(self.ana).action_done(),
            "activity": lambda a: self.mirror(a).with_user(self.ana).action_done(),
            "archived": lambda a: self.mirror(a).with_user(self.ana).action_archive(),
        }.items():
            with self.subTest(door=name):
                lead = self._lead("Seule")
                door(self._actions(lead, 1))
                self.assertEqual(lead.next_action_id.summary, "Suite")
                self.assertTrue(self.mirror(lead.next_action_id))

    def test_rule_cannot_forge(self):
        """The engine is at work while the rule runs: nothing is lent to it."""
        self._rule(
            "forger",
            "on_write",
            code="try:\n"
            "    record.write({'done_on': '2000-01-01 00:00:00'})\n"
            "    env['crm.tag'].create({'name': 'forged:%s' % record.id})\n"
            "except UserError:\n"
            "    env['crm.tag'].create({'name': 'refused:%s' % record.id})\n",
            filter_pre_domain="[('state', '!=', 'done')]",
            filter_domain="[('state', '=', 'done')]",
        )
        self.first.with_user(self.ana).action_done()
        self.assertEqual(str(self.first.done_on)[:4], "2026")
        self.assertSeen("refused", self.first)

    def test_rule_of_the_activity(self):
        """Rules on activities that finish them are doors as well."""
        self._rule(
            "at once",
            "on_create",
            model="mail.activity",
            code="if record.summary == 'Étape 2':\n    record.action_done()\n",
        )
        self.first.with_user(self.ana).action_done()
        self.assertStates(self.lead.action_ids, "done", "done", "todo")

    def test_rule_of_the_opportunity(self):
        """A rule that a pause of the list triggers."""
        self._rule(
            "pause",
            "on_write",
            model="crm.lead",
            code="env['crm.action'].create("
            "{'lead_id': record.id, 'summary': 'Attente', 'sequence': 1})",
            filter_pre_domain="[('actions_pause_reason', '=', False)]",
            filter_domain="[('actions_pause_reason', '!=', False)]",
        )
        self.lead.with_user(self.ana).action_pause_actions()
        added = self.lead.action_ids.filtered(lambda a: a.summary == "Attente")
        self.assertEqual(added.state, "paused")
        self.assertEqual(self.first.state, "waiting")

    def test_rule_without_trigger(self):
        """Reading, or a change of something else, is no change of an action."""
        self._changes("state")
        self.forget()
        self.lead.with_user(self.ana).write({"name": "Autre nom"})
        self.first.with_user(self.ana).write({"summary": "Autre"})
        self.assertSeen("state", self.lead.action_ids, 0)
