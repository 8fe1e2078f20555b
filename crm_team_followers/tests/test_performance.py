# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from functools import partial

from odoo.tests import tagged

from .common import TeamFollowersCommon


@tagged("post_install", "-at_install")
class TestPerformance(TeamFollowersCommon):
    """Counts of queries, relative to the same work without list: they are the
    contract."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bare_team = cls.env["crm.team"].create(
            {"name": "Anvers", "alias_name": "anvers"}
        )
        cls.team.default_follower_ids.unlink()
        for partner in (cls.partner_all, cls.partner_inbox, cls.partner_contact):
            cls._add(cls.team, partner, cls.comment | cls.stage_changed)
        cls.env["crm.team.follower"]._is_used()

    def _count(self, work):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        work()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _create(self, team, count, **context):
        return (
            self.env["crm.lead"]
            .with_user(self.colleague)
            .with_context(**context)
            .create(
                [
                    {"name": f"Affaire {index}", "team_id": team.id, "user_id": False}
                    for index in range(count)
                ]
            )
        )

    def _least(self, *works):
        """The least queries of several times the same work: what fills the caches of
        the registry is not what is measured."""
        return min(self._count(work) for work in works)

    def _extra(self, count, **context):
        """Queries of a creation beyond those for a team without list."""

        def least(team):
            return self._least(*[lambda: self._create(team, count, **context)] * 3)

        return least(self.team) - least(self.bare_team)

    def _moves(self, count, source, target):
        """Three moves of as many leads, ready to be made."""
        return [
            partial(self._create(source, count).sudo().write, {"team_id": target.id})
            for _move in range(3)
        ]

    def test_creation(self):
        """Three default followers cost a constant: their list, their users, companies
        and events are read once, and one statement gives all rows."""
        extra = self._extra(10)
        self.assertEqual(self._extra(90), extra)
        self.assertLessEqual(extra, 12)

    def test_creation_of_a_thousand(self):
        """As above, at the size that people import."""
        self.assertLessEqual(self._extra(1000, tracking_disable=True), 12)

    def test_move(self):
        """Leaving one list for another: one statement takes back, one gives."""
        self._add(self.other_team, self.partner_all, self.comment)
        bare_target = self.bare_team.copy({"alias_name": False})
        counts = [
            self._least(*self._moves(count, self.team, self.other_team))
            - self._least(*self._moves(count, self.bare_team, bare_target))
            for count in (10, 90)
        ]
        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[0], 16)

    def test_apply(self):
        """The same statements for five and for fifty open opportunities, of which some
        lack somebody and others have events of before."""
        newcomer = self._add(self.team, self.customer, customer_messages_only=True)
        leads = self.env["crm.lead"]

        def make_wrong():
            rows = self.env["mail.followers"].search(
                [("res_model", "=", "crm.lead"), ("res_id", "in", leads.ids)]
            )
            missing = rows.filtered(lambda row: row.partner_id == self.partner_all)
            self.env.cr.execute(
                "DELETE FROM mail_followers WHERE id = ANY(%s)", [missing.ids]
            )
            if self.won in newcomer.subtype_ids:
                newcomer.subtype_ids -= self.won
            else:
                newcomer.subtype_ids |= self.won

        def least():
            counts = []
            for _turn in range(3):
                make_wrong()
                counts.append(self._count(self.team._apply_default_followers))
                self.assertFalse(self.team.default_follower_pending)
            return min(counts)

        leads = self._create(self.team, 5)
        few = least()
        leads += self._create(self.team, 45)
        self.assertEqual(least(), few)

    def test_nothing_in_use(self):
        """A team without list reads nothing of ours: its number of default followers
        comes with the team itself."""
        lead = self._create(self.bare_team, 1)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(lead.team_id.sudo().company_id)
        with self.assertQueryCount(0):
            self.assertFalse(lead.team_id.sudo().default_follower_count)
