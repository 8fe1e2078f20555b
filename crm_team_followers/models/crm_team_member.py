# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, models


class CrmTeamMember(models.Model):
    _inherit = "crm.team.member"

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        members._sync_team_followers(members.crm_team_id)
        return members

    def write(self, vals):
        teams = self.crm_team_id
        result = super().write(vals)
        if {"active", "crm_team_id", "user_id"} & vals.keys():
            self._sync_team_followers(teams | self.crm_team_id)
        return result

    def unlink(self):
        teams = self.crm_team_id
        result = super().unlink()
        self._sync_team_followers(teams)
        return result

    def _sync_team_followers(self, teams):
        teams.filtered("follow_members")._sync_automatic_followers(at_once=True)
