# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from collections import namedtuple

from odoo import api, models
from odoo.tools import SQL

# what one default follower gives: ``company_ids`` is None for all companies
Grant = namedtuple(
    "Grant", ["follower_id", "team_id", "partner_id", "company_ids", "subtype_ids"]
)

# the events of a row, and those of them that came from the team
EVENTS = SQL(
    "ARRAY(SELECT mail_message_subtype_id FROM mail_followers_mail_message_subtype_rel"
    " WHERE mail_followers_id = fol.id)"
)
TEAM_EVENTS = SQL(
    "CASE WHEN fol.crm_team_grant = 'part' THEN ARRAY("
    "SELECT mail_message_subtype_id FROM mail_followers_crm_team_subtype_rel"
    " WHERE mail_followers_id = fol.id) ELSE %s END",
    EVENTS,
)
# whether somebody may follow an opportunity at all
REACHES = SQL(
    "(lead.company_id IS NULL OR grants.company_ids IS NULL"
    " OR lead.company_id = ANY(grants.company_ids))"
)


class CrmTeamGrant(models.AbstractModel):
    """What the lists of sales teams do to the followers of opportunities.

    Rows of ``mail_followers`` are compared with grants (see :meth:`_prepare`) and
    brought in line with them, each in a constant number of statements.
    :class:`MailFollowers` says what a row may be.
    """

    _name = "crm.team.grant"
    _description = "Followers Given by Sales Teams"

    # ------------------------------------------------------------
    # GRANTS
    # ------------------------------------------------------------

    @api.model
    def _prepare(self, followers):
        """What default followers give now; nothing for those whom it cannot reach.

        :param followers: crm.team.follower
        :return: list of Grant
        """
        obstacles = followers._get_obstacles()
        grants = []
        for follower in followers:
            if follower in obstacles:
                continue
            companies = follower.partner_id._team_followers_companies()
            grants.append(
                Grant(
                    follower.id,
                    follower.team_id.id,
                    follower.partner_id.id,
                    None if companies is None else companies.ids,
                    follower._granted_subtypes().ids,
                )
            )
        return grants

    @api.model
    def _grants_sql(self, grants):
        """
        :param list grants: see :meth:`_prepare`
        :return: the relation ``grants``
        """
        return SQL(
            "grants (follower_id, team_id, partner_id, company_ids, subtype_ids)"
            " AS (VALUES %s)",
            SQL(", ").join(
                SQL("(%s::int, %s::int, %s::int, %s::int[], %s::int[])", *grant)
                for grant in grants or [Grant(None, None, None, None, None)]
            ),
        )

    @api.model
    def _lacking_sql(self, scope):
        """People of the list who are missing on opportunities, or lack events there:
        neither where they left, nor where somebody chose their events.

        :param SQL scope: condition on ``lead``
        """
        return SQL(
            """
            SELECT lead.id AS lead_id, grants.follower_id, grants.partner_id,
                   fol.id AS row_id
              FROM crm_lead lead
              JOIN grants ON grants.team_id = lead.team_id AND %(reaches)s
         LEFT JOIN mail_followers fol
                ON fol.res_model = 'crm.lead' AND fol.res_id = lead.id
               AND fol.partner_id = grants.partner_id
             WHERE %(scope)s
               AND (fol.id IS NULL OR fol.crm_team_grant IS NULL
                    AND NOT %(events)s @> grants.subtype_ids)
               AND NOT EXISTS (
                   SELECT FROM crm_lead_team_unfollow_rel declined
                    WHERE declined.lead_id = lead.id
                      AND declined.partner_id = grants.partner_id)
            """,
            reaches=REACHES,
            events=EVENTS,
            scope=scope,
        )

    @api.model
    def _wrong_sql(self, scope, events=True):
        """Rows of which the team's part is not what the list says (any more).

        :param SQL scope: condition on ``fol`` and ``lead``
        :param bool events: also rows that are right but for their events
        """
        return SQL(
            """
            SELECT fol.id AS row_id, lead.id AS lead_id, fol.crm_team_grant,
                   grants.follower_id IS NULL AS gone
              FROM mail_followers fol
              JOIN crm_lead lead ON lead.id = fol.res_id
         LEFT JOIN grants ON grants.follower_id = fol.crm_team_follower_id
                         AND grants.team_id = lead.team_id AND %(reaches)s
             WHERE fol.res_model = 'crm.lead' AND %(scope)s
               AND fol.crm_team_grant IN ('full', 'kept', 'part')
               AND (grants.follower_id IS NULL OR %(differ)s)
            """,
            reaches=REACHES,
            scope=scope,
            differ=SQL(
                "NOT %s @> grants.subtype_ids OR NOT grants.subtype_ids @> %s",
                EVENTS,
                TEAM_EVENTS,
            )
            if events
            else SQL("FALSE"),
        )

    @api.model
    def _give(self, grants, scope):
        """Subscribe default followers to opportunities where they are missing.

        :param list grants: see :meth:`_prepare`
        :param SQL scope: condition on ``lead``
        :return: number of rows added or extended
        :rtype: int
        """
        if not grants:
            return 0
        self.env["mail.followers"].flush_model()
        self.env.cr.execute(
            SQL(
                """
          WITH %(grants)s, lacking AS (%(lacking)s), added AS (
              INSERT INTO mail_followers (res_model, res_id, partner_id,
                                          crm_team_follower_id, crm_team_grant)
                   SELECT 'crm.lead', lead_id, partner_id, follower_id, 'full'
                     FROM lacking WHERE row_id IS NULL
              ON CONFLICT DO NOTHING
                RETURNING id
          ), shared AS (
              UPDATE mail_followers fol
                 SET crm_team_follower_id = lacking.follower_id, crm_team_grant = 'part'
                FROM lacking WHERE fol.id = lacking.row_id
           RETURNING fol.id
          )
        SELECT id FROM added UNION ALL SELECT id FROM shared
                """,
                grants=self._grants_sql(grants),
                lacking=self._lacking_sql(scope),
            )
        )
        row_ids = [row_id for (row_id,) in self.env.cr.fetchall()]
        self._fill(grants, row_ids)
        return len(row_ids)

    @api.model
    def _correct(self, grants, scope, events=True):
        """Take back what is not granted any more, and bring what is up to date.

        :param list grants: what stays, see :meth:`_prepare`
        :param SQL scope: condition on ``fol`` and ``lead``
        :param bool events: also bring the events of what stays up to date
        :return: number of rows removed or changed
        :rtype: int
        """
        self.env["mail.followers"].flush_model()
        self.env.cr.execute(
            SQL(
                "WITH %s SELECT row_id, crm_team_grant, gone FROM (%s) AS wrong",
                self._grants_sql(grants),
                self._wrong_sql(scope, events),
            )
        )
        rows = self.env.cr.fetchall()
        full_ids = [row_id for row_id, grant, gone in rows if gone and grant == "full"]
        if full_ids:
            self.env.cr.execute(
                SQL("DELETE FROM mail_followers WHERE id = ANY(%s)", full_ids)
            )
        self._release(
            [row_id for row_id, grant, gone in rows if gone and grant != "full"]
        )
        changed_ids = [row_id for row_id, _grant, gone in rows if not gone]
        self._strip(changed_ids)
        self._fill(grants, changed_ids)
        return len(rows)

    @api.model
    def _strip(self, row_ids):
        """Remove the events that came from the team."""
        if not row_ids:
            return
        for statement in (
            """
        DELETE FROM mail_followers_mail_message_subtype_rel rel
              USING mail_followers fol
              WHERE fol.id = rel.mail_followers_id AND fol.id = ANY(%s)
                AND (fol.crm_team_grant != 'part' OR EXISTS (
                    SELECT FROM mail_followers_crm_team_subtype_rel team
                     WHERE team.mail_followers_id = fol.id
                       AND team.mail_message_subtype_id = rel.mail_message_subtype_id))
            """,
            """
        DELETE FROM mail_followers_crm_team_subtype_rel
              WHERE mail_followers_id = ANY(%s)
            """,
        ):
            self.env.cr.execute(SQL(statement, row_ids))

    @api.model
    def _fill(self, grants, row_ids):
        """Add the events of the list, and note them where others were there before."""
        if not row_ids:
            return
        self.env.cr.execute(
            SQL(
                """
          WITH %s, added AS (
              INSERT INTO mail_followers_mail_message_subtype_rel
                          (mail_followers_id, mail_message_subtype_id)
                   SELECT fol.id, unnest(grants.subtype_ids)
                     FROM mail_followers fol
                     JOIN grants ON grants.follower_id = fol.crm_team_follower_id
                    WHERE fol.id = ANY(%s)
              ON CONFLICT DO NOTHING
                RETURNING mail_followers_id, mail_message_subtype_id
          )
        INSERT INTO mail_followers_crm_team_subtype_rel
                    (mail_followers_id, mail_message_subtype_id)
             SELECT added.*
               FROM added JOIN mail_followers fol ON fol.id = added.mail_followers_id
              WHERE fol.crm_team_grant = 'part'
                """,
                self._grants_sql(grants),
                row_ids,
            )
        )

    @api.model
    def _release(self, row_ids):
        """The team's part ends, and the rows stay: with what they had before, else with
        the events that Odoo gives by default."""
        if not row_ids:
            return
        self._strip(row_ids)
        default, _, external = self.env["mail.message.subtype"].default_subtypes(
            "crm.lead"
        )
        self.env.cr.execute(
            SQL(
                """
          WITH released AS (
              UPDATE mail_followers
                 SET crm_team_follower_id = NULL, crm_team_grant = NULL
               WHERE id = ANY(%s)
           RETURNING id, partner_id
          )
        INSERT INTO mail_followers_mail_message_subtype_rel
                    (mail_followers_id, mail_message_subtype_id)
             SELECT released.id, unnest(CASE WHEN person.partner_share
                                             THEN %s::int[] ELSE %s::int[] END)
               FROM released JOIN res_partner person ON person.id = partner_id
              WHERE NOT EXISTS (SELECT FROM mail_followers_mail_message_subtype_rel
                                 WHERE mail_followers_id = released.id)
                """,
                row_ids,
                external.ids,
                default.ids,
            )
        )

    @api.model
    def _invalidate(self, leads=None):
        """Forget what the statements above have changed.

        :param leads: crm.lead records whose followers changed; all by default
        """
        self.env["mail.followers"].invalidate_model(flush=False)
        names = ["message_follower_ids", "message_partner_ids", "message_is_follower"]
        if leads is None:
            self.env["crm.lead"].invalidate_model(names, flush=False)
        else:
            leads.invalidate_recordset(names, flush=False)
        self.env["crm.team"].invalidate_model(
            ["default_follower_due_count", "default_follower_pending"], flush=False
        )

    @api.model
    def _take_back(self, teams, leftovers_only=False):
        """
        :param bool leftovers_only: only what those left who were taken off the list
        :return: number of rows that teams gave and that are taken back
        :rtype: int
        """
        if not self.env["crm.team.follower"]._is_used():
            return 0
        scope = SQL("lead.team_id = ANY(%s)", teams.ids)
        if leftovers_only:
            scope = SQL("%s AND fol.crm_team_follower_id IS NULL", scope)
        self.env["crm.lead"].flush_model(["team_id"])
        changed = self._correct([], scope)
        if changed:
            self._invalidate()
        return changed

    @api.model
    def _note_earlier_choices(self):
        """Take for a choice what was chosen while nobody noted it: whoever follows an
        opportunity without its discussions was not added by Odoo itself."""
        self.env.cr.execute(
            SQL(
                """
        UPDATE mail_followers fol
           SET crm_team_grant = 'own'
         WHERE fol.res_model = 'crm.lead' AND fol.crm_team_grant IS NULL
           AND NOT EXISTS (SELECT FROM mail_followers_mail_message_subtype_rel rel
                            WHERE rel.mail_followers_id = fol.id
                              AND rel.mail_message_subtype_id = %s)
                """,
                self.env.ref("mail.mt_comment").id,
            )
        )
        self.env["mail.followers"].invalidate_model(flush=False)
