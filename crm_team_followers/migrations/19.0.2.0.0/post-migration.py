# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Jobs become records; rows of followers keep what they say."""
    cr.execute(
        """
        INSERT INTO crm_team_follower_job (team_id, whole_list, state, done_count,
                                           total_count, user_id, create_date,
                                           write_date, create_uid, write_uid)
             SELECT id, TRUE, 'running', follower_job_done,
                    GREATEST(follower_job_total, follower_job_done), write_uid,
                    now(), now(), write_uid, write_uid
               FROM crm_team
              WHERE follower_job_total > 0
        """
    )
    # fields of these names are computed now: Odoo would keep the columns
    cr.execute(
        """
        ALTER TABLE crm_team DROP COLUMN IF EXISTS follower_job_total,
                             DROP COLUMN IF EXISTS follower_job_done
        """
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["crm.team.grant"]._note_earlier_choices()
    if env["crm.team.follower.job"].search_count([("state", "=", "running")], limit=1):
        env.ref("crm_team_followers.ir_cron_apply_default_followers")._trigger()
