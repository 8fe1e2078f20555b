# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestAccess(TeamFollowersCommon):
    """Managers keep the list; salespeople read it; everyone keeps to their own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lead = cls._new_lead()
        cls.mine = cls.follower_all.with_user(cls.user_all)

    def test_salesperson_changes_nothing(self):
        follower = self.follower_inbox.with_user(self.salesman)
        for values in (
            {"subtype_ids": [Command.set(self.won.ids)]},
            {"customer_messages_only": True},
            {"active": False},
            {"source": "leader"},
        ):
            with self.subTest(values=values), self.assertRefused("", AccessError):
                follower.write(values)
        with self.assertRefused("", AccessError):
            follower.unlink()
        with self.assertRefused("", AccessError):
            self.team.with_user(self.salesman).action_apply_default_followers()
        with self.assertRefused("", AccessError):
            self.team.with_user(self.salesman).action_stop_follower_job()
        with self.assertRefused("", AccessError):
            self.team.with_user(self.salesman).write(
                {"default_follower_ids": [Command.clear()]}
            )

    def test_narrow_ones_own(self):
        """By somebody without any right on opportunities, effective at once."""
        closed = self._new_lead()
        closed.action_set_lost()
        self.mine.subtype_ids = self.won
        self.assertFollows(self.lead, self.partner_all, self.won)
        self.assertFollows(closed, self.partner_all, self.won)
        self.assertFollows(self._new_lead(), self.partner_all, self.won)

    def test_own_choice_on_one_opportunity_survives_narrowing(self):
        self.lead.message_subscribe(self.partner_all.ids, self.note.ids)
        self.mine.subtype_ids = self.won
        self.assertFollows(self.lead, self.partner_all, self.note)

    def test_customers_only_for_oneself(self):
        self.mine.write(
            {
                "subtype_ids": [Command.set(self.comment.ids)],
                "customer_messages_only": True,
            }
        )
        self.assertFollows(self.lead, self.partner_all, self.customer_message)

    def test_widen_ones_own(self):
        mine = self.follower_inbox.with_user(self.user_inbox)
        with self.assertRefused("not add any", AccessError):
            mine.subtype_ids |= self.won
        # who reads opportunities may follow them anyway
        own = self._add(self.team, self.salesman.partner_id)
        own.with_user(self.salesman).subtype_ids |= self.won
        self.assertFollows(
            self._new_lead(), self.salesman.partner_id, self.comment | self.won
        )

    def test_stop_and_start_again(self):
        self.mine.action_stop()
        self.assertNotFollows(self.lead, self.partner_all)
        self.assertNotFollows(self._new_lead(), self.partner_all)
        # a manager does not start it again for them
        with self.assertRefused("Only the person", AccessError):
            self.follower_all.with_user(self.manager).active = True
        with self.assertRefused("Only the person", AccessError):
            self.follower_inbox.with_user(self.manager).action_stop()
        self.mine.action_resume()
        self.assertFollows(self.lead, self.partner_all, self.all_events)

    def test_only_ones_own(self):
        mine = self.mine
        for values in ({"source": "leader"}, {"to_apply": False}):
            with self.subTest(values=values), self.assertRefused("", AccessError):
                mine.write(values)
        other = self.follower_inbox.with_user(self.user_all)
        with self.assertRefused("", AccessError):
            other.write({"subtype_ids": [Command.set(self.comment.ids)]})
        with self.assertRefused("", AccessError):
            mine.unlink()
        with self.assertRefused("", AccessError):
            mine.create({"team_id": self.team.id, "partner_id": self.customer.id})

    def test_my_page(self):
        """The page of a person of another company than the team's."""
        team = self.env["crm.team"].create(
            {"name": "Gent", "company_id": self.company_admin.id}
        )
        user = self._new_user("Deux", "base.group_user")
        follower = self._add(team, user.partner_id)
        user.write(
            {
                "company_ids": [Command.set((self.company_admin | self.company_2).ids)],
                "company_id": self.company_2.id,
            }
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_team_followers.crm_team_follower_action_mine"
        )
        self.assertEqual(action["domain"], "[('partner_id.user_ids', 'in', [uid])]")
        page = (
            self.env["crm.team.follower"]
            .with_user(user)
            .with_context(allowed_company_ids=self.company_2.ids)
        )
        result = page.web_search_read(
            [("partner_id.user_ids", "in", user.ids)],
            {"team_name": {}, "subtype_ids": {"fields": {"display_name": {}}}},
        )
        self.assertEqual([line["id"] for line in result["records"]], follower.ids)
        self.assertEqual(result["records"][0]["team_name"], "Gent")
        page.browse(follower.ids).action_stop()
        self.assertFalse(follower.active)

    def test_how_one_is_notified(self):
        self.assertEqual(self.follower_inbox.notification_type, "inbox")
        self.assertEqual(self.follower_all.notification_type, "email")
        self.assertEqual(self.follower_contact.notification_type, "email")
        self.mine.notification_type = "inbox"
        self.assertEqual(self.user_all.notification_type, "inbox")
        with self.assertRefused("Only Ångström can choose", AccessError):
            self.follower_inbox.with_user(self.manager).notification_type = "email"

    def test_portal_sees_no_follower_share(self):
        with self.assertRefused("", AccessError):
            self.lead.with_user(self.portal).read(["team_unfollowed_partner_ids"])

    def test_follower_list_shows_the_team(self):
        data = self.lead.with_user(self.colleague).message_get_followers()
        names = {
            follower["name"]: follower.get("crm_team_name")
            for follower in data["mail.followers"]
        }
        self.assertEqual(names["Núñez"], "Bruxelles")
        self.lead.message_subscribe(self.partner_liege.ids)
        data = self.lead.with_user(self.colleague).message_get_followers()
        names = {
            follower["name"]: follower.get("crm_team_name")
            for follower in data["mail.followers"]
        }
        self.assertFalse(names["Liégeois"])
