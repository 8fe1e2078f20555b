# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models

from ..tools import as_engine

# How many opportunities a run of the repair looks at.
REPAIR_SIZE = 5_000


class CrmActionMirror(models.AbstractModel):
    """The activities of actions: the part of ``crm.action`` that keeps them.

    A current action has one open ``mail.activity``, which says what the action says.
    The other direction, what happens to the activity, is in ``mail_activity.py``.
    """

    _name = "crm.action.mirror"
    _description = "CRM Action: Mirror"

    def _mirror_values(self):
        """What the activity of the action must say."""
        self.ensure_one()
        return {
            "activity_type_id": self.activity_type_id.id,
            "summary": self.summary,
            "note": self.note,
            "user_id": self.user_id.id,
            "date_deadline": self.date_deadline,
            "calendar_event_id": self.calendar_event_id.id,
        }

    def _create_mirrors(self, notify=True):
        """One activity for each action.

        :param bool notify: Odoo mails the assignees, but never the user
        """
        mirrors = self.env["mail.activity"]._crm_actions_create(
            [
                {
                    **action._mirror_values(),
                    "date_deadline": action.date_deadline or action._today(),
                    "res_id": action.lead_id.id,
                    "crm_action_id": action.id,
                }
                for action in self
            ],
            notify=notify,
        )
        for mirror in mirrors.filtered("calendar_event_id"):
            # Written, it moves the meeting, had the action another date meanwhile.
            if mirror.calendar_event_id._crm_actions_day() != mirror.date_deadline:
                as_engine(mirror).write({"date_deadline": mirror.date_deadline})
        return mirrors

    def _unlink_mirrors(self):
        """Delete the open activities, which does not skip the actions."""
        as_engine(self.activity_ids.filtered("active")).unlink()

    def _push(self):
        """Make the active mirrors say what the actions say."""
        for diff, mirrors in (
            self.activity_ids.filtered("active")
            .grouped(
                lambda mirror: tuple(mirror.crm_action_id._mirror_diff(mirror).items())
            )
            .items()
        ):
            if diff:
                as_engine(mirrors).write(dict(diff))

    def _mirror_diff(self, mirror):
        return {
            name: value
            for name, value in self._mirror_values().items()
            if (mirror[name].id if name.endswith("_id") else mirror[name] or False)
            != (value or False)
        }

    def _sync_mirrors(self):
        """Bring the activities in line with the states of open actions."""
        activities = self.activity_ids
        active = activities.filtered("active")
        unwanted = active.filtered(lambda mirror: mirror.crm_action_id.state != "todo")
        todo = self.filtered(lambda action: action.state == "todo")
        mirrors = (active - unwanted).grouped("crm_action_id")
        surplus = activities.browse(
            mirror_id for own in mirrors.values() for mirror_id in own[1:].ids
        )
        bare = todo.filtered(lambda action: action not in mirrors)
        # Those were done before: it is the same thing to do again.
        reopened = bare.filtered("activity_ids")
        missing = bare - reopened
        as_engine(unwanted | surplus).unlink()
        if reopened:
            as_engine(
                activities.browse(action.activity_ids[-1:].id for action in reopened)
            ).write({"active": True})
        if missing:
            missing._create_mirrors()
        (todo - missing)._push()

    # ----------------------------------------------------------------- repair

    @api.model
    def _cron_repair(self, batch_size=500):
        """Mend the lists that plain SQL (cascades, other programs) broke.

        Each run looks at the next part of the opportunities, so that it costs the same
        however many there are.
        """
        self.env.cr.execute("SELECT count(*), min(id), max(id) FROM crm_lead")
        count, first, last = self.env.cr.fetchone()
        parts = count // REPAIR_SIZE + 1
        hours = int(fields.Datetime.now().timestamp()) // 3600
        # A part more each day: a job that runs daily comes to every part as well.
        part = (hours + hours // 24) % parts
        size = ((last or 0) - (first or 0)) // parts + 1
        first = (first or 0) + part * size
        broken = self.env["crm.lead"].browse(
            self._broken_lead_ids(first, first + size - 1)
        )
        for start in range(0, len(broken), batch_size):
            batch = broken[start : start + batch_size]
            batch._actions_repair()
            left = max(len(broken) - start - batch_size, 0)
            if not self.env["ir.cron"]._commit_progress(len(batch), remaining=left):
                break

    @api.model
    def _broken_lead_ids(self, first_id=0, last_id=2**31 - 1):
        """Ids of the leads whose list and activities contradict each other.

        Only what other programs and cascades of the database can break: a column
        that only the engine writes is not compared.

        :param int first_id: look at the leads from this id …
        :param int last_id: … to this one
        """
        self.env.flush_all()
        self.env.cr.execute(
            """
            WITH open_list AS (
                SELECT lead_id,
                       (array_agg(id ORDER BY sequence, date_deadline, id))[1] AS front,
                       max(id) FILTER (WHERE state IN ('todo', 'paused')) AS actual,
                       max(state) FILTER (WHERE state IN ('todo', 'paused')) AS state,
                       bool_or(date_deadline IS NULL AND state != 'waiting') AS undated
                  FROM crm_action
                 WHERE lead_id BETWEEN %(first)s AND %(last)s
                   AND state IN ('waiting', 'todo', 'paused')
              GROUP BY lead_id
            )
            SELECT lead.id
              FROM crm_lead lead
         LEFT JOIN open_list ON open_list.lead_id = lead.id
             WHERE lead.id BETWEEN %(first)s AND %(last)s
               AND (open_list.front IS DISTINCT FROM open_list.actual
                    OR open_list.undated
                    OR (lead.actions_pause_reason IS NOT NULL)
                       != COALESCE(open_list.state = 'paused', FALSE)
                    OR (NOT lead.active AND open_list.state = 'todo')
                    OR lead.next_action_id IS DISTINCT FROM CASE
                       WHEN open_list.state = 'todo' THEN open_list.actual END)
             UNION
            SELECT action.lead_id
              FROM crm_action action
         LEFT JOIN mail_activity activity
                ON activity.crm_action_id = action.id AND activity.active
             WHERE action.lead_id BETWEEN %(first)s AND %(last)s
          GROUP BY action.id
            HAVING count(activity.id) != (action.state = 'todo')::int
                OR bool_or(
                   activity.id IS NOT NULL
                   AND (activity.res_model, activity.res_id, activity.user_id,
                        activity.date_deadline, activity.activity_type_id,
                        COALESCE(activity.summary, ''), COALESCE(activity.note, ''))
                       IS DISTINCT FROM
                       ('crm.lead', action.lead_id, action.user_id,
                        action.date_deadline, action.activity_type_id,
                        COALESCE(action.summary, ''), COALESCE(action.note, '')))
            """,
            {"first": first_id, "last": last_id},
        )
        return [lead_id for (lead_id,) in self.env.cr.fetchall()]
