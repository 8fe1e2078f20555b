# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

import json

from odoo.http import Request
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from .common import TeamFollowersCommon


class DoorsCommon(TeamFollowersCommon):
    """Whatever door an opportunity came through, each behaviour holds for it."""

    def assertBehaviours(self, lead):
        self.env.flush_all()
        self.env.invalidate_all()
        lead = lead.sudo()
        self.assertEqual(lead.team_id, self.team)
        # given, without internal events outside, without archived people
        self.assertTeamFollowers(lead)
        self._check_customer_writes(lead)
        self._check_list_changes(lead)
        self._check_person_archived(lead)
        self._check_other_company(lead)
        self._check_moved(lead)

    def _check_customer_writes(self, lead):
        told = self._notified(
            lead.message_post(
                body="Bonjour",
                author_id=self.customer.id,
                message_type="email",
                subtype_xmlid="mail.mt_comment",
            )
        )
        self.assertLessEqual(self.team_partners, self.env["res.partner"].union(*told))
        told = self._notified(
            lead.message_post(
                body="Réponse",
                author_id=self.employee.partner_id.id,
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
        )
        self.assertNotIn(self.partner_customers, told)
        self.assertEqual(told[self.partner_inbox], "inbox")

    def _check_list_changes(self, lead):
        apply = self.team.with_user(self.manager).action_apply_default_followers
        newcomer = self._new_user("Ève", "base.group_user").partner_id
        # a person's own choice stays, with an own reason to follow besides the list
        lead.message_subscribe(self.partner_all.ids, self.won.ids)
        added = self._add(self.team, newcomer)
        self.follower_inbox.subtype_ids |= self.won
        apply()
        self.assertFollows(lead, newcomer, self.comment)
        self.assertFollows(lead, self.partner_inbox, self.comment | self.won)
        self.assertFollows(lead, self.partner_all, self.won)
        added.with_user(self.manager).unlink()
        apply()
        self.assertNotFollows(lead, newcomer)

    def _check_person_archived(self, lead):
        self.user_inbox.action_archive()
        self.assertNotFollows(lead, self.partner_inbox)

    def _check_other_company(self, lead):
        lead.company_id = self.company_admin
        self._add(self.team, self.user_other_company.partner_id)
        self.team.action_apply_default_followers()
        self.assertNotFollows(lead, self.user_other_company.partner_id)

    def _check_moved(self, lead):
        # was there before: never reduced, and stays
        self.other_team.message_subscribe(self.employee.partner_id.ids)
        lead.team_id = self.other_team
        self.env.flush_all()
        for partner in (self.partner_customers, self.partner_contact):
            self.assertNotFollows(lead, partner)
        self.assertFollows(lead, self.partner_liege, self.comment)
        self.assertFollows(lead, self.partner_all, self.won)


@tagged("post_install", "-at_install")
class TestDoors(DoorsCommon):
    def test_form(self):
        with Form(self.env["crm.lead"].with_user(self.salesman)) as form:
            form.name = "Café à Gênes"
        self.assertBehaviours(form.record)

    def test_quick_create_in_the_pipeline(self):
        model = self.env["crm.lead"].with_user(self.salesman)
        view = "crm.quick_create_opportunity_form"
        with Form(model.with_context(default_type="opportunity"), view=view) as form:
            form.name = "Café à Gênes"
        self.assertBehaviours(form.record)

    def test_import(self):
        result = (
            self.env["crm.lead"]
            .with_user(self.salesman)
            .with_context(import_file=True)
            .load(
                ["name", "type", "team_id"],
                [["Œuvre", "opportunity", "Bruxelles"], ["Été", "lead", "Bruxelles"]],
            )
        )
        self.assertFalse(result["messages"])
        leads = self.env["crm.lead"].browse(result["ids"])
        self.assertTeamFollowers(leads[1])
        self.assertBehaviours(leads[0])

    def test_mail_alias(self):
        with self.mock_mail_gateway():
            lead = self._receive(
                "zoe@customer.example", self.team.alias_id.alias_full_name, "Vélo"
            )
        self.assertBehaviours(lead)

    def test_assignment_cron(self):
        self.env["crm.team"].search([("id", "!=", self.team.id)]).active = False
        self.env["ir.config_parameter"].set_param("crm.lead.auto.assignment", True)
        self.env["ir.config_parameter"].set_param("crm.assignment.delay", "0")
        self.team.crm_team_member_ids.assignment_max = 30
        lead = self._new_lead(team=self.env["crm.team"])
        lead.flush_recordset()
        self.assertFalse(lead.team_id)
        self.assertNotFollows(lead, self.partner_all)
        self.env["crm.team"]._cron_assign_leads(force_quota=True)
        self.other_team.active = True
        self.assertEqual(lead.user_id, self.salesman)
        self.assertBehaviours(lead)

    def test_conversion(self):
        lead = self._new_lead(self.other_team, type="lead")
        wizard = (
            self.env["crm.lead2opportunity.partner"]
            .with_user(self.colleague)
            .with_context(
                active_model="crm.lead", active_ids=lead.ids, active_id=lead.id
            )
            .create({"name": "convert", "team_id": self.team.id})
        )
        wizard.write({"user_id": False, "team_id": self.team.id})
        wizard.action_apply()
        self.assertEqual(lead.type, "opportunity")
        self.assertBehaviours(lead)

    def test_merge(self):
        head = self._new_lead(probability=90)
        tail = self._new_lead(self.other_team, probability=10)
        tail.message_post(
            body="J'y étais",
            author_id=self.partner_liege.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        merged = (head | tail).with_user(self.colleague).merge_opportunity()
        self.assertEqual(merged, head)
        # who wrote on the other one comes along, as in plain Odoo
        self.assertFollows(merged, self.partner_liege, self.comment)
        self.assertBehaviours(merged)

    def test_copy(self):
        lead = self._new_lead()
        lead.message_subscribe(self.partner_liege.ids)
        lead.message_unsubscribe(self.partner_inbox.ids)
        copied = lead.with_user(self.colleague).copy()
        self.assertNotFollows(copied, self.partner_liege)
        self.assertBehaviours(copied)

    def test_without_tracking(self):
        lead = (
            self.env["crm.lead"]
            .with_user(self.salesman)
            .with_context(tracking_disable=True)
            .create({"name": "Silence", "user_id": self.salesman.id})
        )
        self.assertBehaviours(lead)

    def test_without_creator(self):
        lead = (
            self.env["crm.lead"]
            .with_user(self.colleague)
            .with_context(mail_create_nosubscribe=True, mail_create_nolog=True)
            .create({"name": "Seul", "team_id": self.team.id, "user_id": False})
        )
        self.assertNotFollows(lead, self.colleague.partner_id)
        self.assertBehaviours(lead)


@tagged("post_install", "-at_install")
class TestRpcDoor(HttpCase, DoorsCommon):
    def test_rpc(self):
        self.authenticate(self.salesman.login, self.salesman.login)
        params = {
            "model": "crm.lead",
            "method": "create",
            "args": [{"name": "Par le réseau", "team_id": self.team.id}],
            "kwargs": {},
        }
        response = self.url_open(
            "/web/dataset/call_kw/crm.lead/create",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        )
        self.assertBehaviours(self.env["crm.lead"].browse(response.json()["result"]))

    def test_rpc_list_is_refused(self):
        """A salesperson reaches nothing of the list over the network."""
        self.authenticate(self.salesman.login, self.salesman.login)
        for method, args in (
            ("write", [self.follower_all.ids, {"customer_messages_only": True}]),
            ("unlink", [self.follower_all.ids]),
            ("action_stop", [self.follower_all.ids]),
            ("_withdraw", [self.follower_all.ids]),
            ("_give", [[], []]),
        ):
            params = {
                "model": "crm.team.follower",
                "method": method,
                "args": args,
                "kwargs": {},
            }
            with self.subTest(method=method), self._expecting_refusal():
                response = self.url_open(
                    f"/web/dataset/call_kw/crm.team.follower/{method}",
                    data=json.dumps(
                        {"jsonrpc": "2.0", "method": "call", "params": params}
                    ),
                    headers={"Content-Type": "application/json"},
                )
                error = response.json()["error"]["data"]["name"]
                self.assertEqual(error, "odoo.exceptions.AccessError")
        self.env.invalidate_all()
        self.assertTrue(self.follower_all.active)
        self.assertFalse(self.follower_all.customer_messages_only)

    def _expecting_refusal(self):
        return mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")


@tagged("post_install", "-at_install", "-standard", "website")
class TestWebsiteDoor(HttpCase, DoorsCommon):
    """Skipped where ``website_crm`` is not installed, and only there."""

    def setUp(self):
        super().setUp()
        if "website_crm" not in self.env.registry._init_modules:
            self.skipTest("website_crm is not installed")

    def test_contact_form(self):
        website = self.env["website"].get_current_website()
        website.write(
            {"crm_default_team_id": self.team.id, "crm_default_user_id": False}
        )
        response = self.url_open(
            "/website/form/crm.lead",
            data={
                "name": "Depuis le site",
                "contact_name": "Zoë Müller",
                "email_from": "zoe@customer.example",
                "csrf_token": self._csrf_token(),
            },
        )
        self.assertBehaviours(self.env["crm.lead"].browse(response.json()["id"]))

    def _csrf_token(self):
        # the token of a visitor who is not logged in
        self.authenticate(None, None)
        return Request.csrf_token(self)
