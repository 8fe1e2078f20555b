# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo.tests import HttpCase, tagged

from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestTour(HttpCase, TeamFollowersCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # the tours read English, which a database need not have
        cls.env["res.lang"]._activate_lang("en_US")
        cls.manager.lang = "en_US"

    def test_manager_then_person(self):
        """A manager adds a follower from the team's card and applies the list to what
        is open; the follower narrows it from the preferences."""
        person = self._new_user("Ève Tour", "base.group_user", lang="en_US")
        team = self.env["crm.team"].create({"name": "Namur", "alias_name": "namur"})
        leads = self._new_lead(team) | self._new_lead(team)
        action = self.env.ref("sales_team.crm_team_action_pipeline")
        self.start_tour(
            f"/odoo/action-{action.id}",
            "crm_team_followers_manager",
            login=self.manager.login,
        )
        for lead in leads:
            self.assertFollows(
                lead, person.partner_id, self.comment | self.stage_changed
            )
        self.start_tour("/odoo", "crm_team_followers_person", login=person.login)
        for lead in leads:
            self.assertFollows(lead, person.partner_id, self.comment)
