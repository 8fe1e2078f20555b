# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from datetime import date, timedelta

from freezegun import freeze_time

from odoo.tests import TransactionCase, new_test_user

TODAY = date(2026, 11, 24)  # a Tuesday


def days(count):
    """The date ``count`` days after TODAY."""
    return TODAY + timedelta(days=count)


class CrmActionsCommon(TransactionCase):
    """Users of every kind, and ``lead`` with a list of three actions.

    Time stands still at noon UTC of TODAY; ``at`` moves it. All users live in UTC.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(f"{TODAY} 12:00:00"))
        cls.env.user.tz = "UTC"
        cls.company = cls.env.company
        cls.company.resource_calendar_id = False
        cls.ana = cls._user("ana", "sales_team.group_sale_salesman", "Ana Núñez")
        cls.bo = cls._user("bo", "sales_team.group_sale_salesman", "Bo Œuvre")
        cls.manager = cls._user("chef", "sales_team.group_sale_manager", "Chloé")
        cls.employee = cls._user("emil", "base.group_user", "Émile Plain")
        cls.portal = cls._user("porta", "base.group_portal", "Porta")
        cls.team = cls.env["crm.team"].create(
            {
                "name": "Équipe Œuvre",
                "user_id": cls.manager.id,
                "company_id": False,
                "member_ids": [(4, cls.ana.id), (4, cls.bo.id)],
            }
        )
        cls.call = cls.env.ref("mail.mail_activity_data_call")
        cls.meeting = cls.env.ref("mail.mail_activity_data_meeting")
        cls.todo = cls.env.ref("mail.mail_activity_data_todo")
        cls.stage_new, cls.stage_next = cls.env["crm.stage"].create(
            [
                {"name": "Entrée", "sequence": 0},
                {"name": "Suite", "sequence": 1},
            ]
        )
        cls.stage_won = cls.env["crm.stage"].create(
            {"name": "Gagné !", "sequence": 900, "is_won": True}
        )
        cls.lead = cls._lead("Œuvre & Cie")
        cls.first, cls.second, cls.third = cls._actions(cls.lead, 3)

    @classmethod
    def _user(cls, login, groups, name, **values):
        return new_test_user(
            cls.env,
            login=f"crm_actions_{login}",
            groups=groups,
            name=name,
            tz="UTC",
            email=f"{login}@example.com",
            **values,
        )

    @classmethod
    def _lead(cls, name, **values):
        return cls.env["crm.lead"].create(
            {
                "name": name,
                "type": "opportunity",
                "user_id": cls.ana.id,
                "team_id": cls.team.id,
                "stage_id": cls.stage_new.id,
                **values,
            }
        )

    @classmethod
    def _actions(cls, lead, count=3, **values):
        """Actions due tomorrow, the day after, …"""
        return cls.env["crm.action"].create(
            [
                {
                    "lead_id": lead.id,
                    "summary": f"Étape {number}",
                    "activity_type_id": cls.call.id,
                    "date_deadline": days(number),
                    **values,
                }
                for number in range(1, count + 1)
            ]
        )

    @classmethod
    def _plan(cls, *steps, **values):
        """A sequential plan; each step is a dict of values of its template."""
        return cls.env["mail.activity.plan"].create(
            {
                "name": "Relance d’été",
                "res_model": "crm.lead",
                "sequential": True,
                "company_id": False,
                "template_ids": [
                    (
                        0,
                        0,
                        {
                            "activity_type_id": cls.call.id,
                            "summary": f"Pas {number}",
                            "sequence": number,
                            "responsible_type": "salesperson",
                            "delay_from": "after_plan_date",
                            **step,
                        },
                    )
                    for number, step in enumerate(steps, 1)
                ],
                **values,
            }
        )

    def at(self, moment):
        """Freeze another moment (UTC) until the end of the test."""
        freezer = freeze_time(moment)
        freezer.start()
        self.addCleanup(freezer.stop)

    def mirror(self, action):
        """The one active activity of an action."""
        mirror = action.activity_ids.filtered("active")
        self.assertEqual(len(mirror), 1)
        return mirror

    def as_user(self, user, records):
        """The records in the user's environment, nothing of them in the cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        return records.with_user(user)

    def assertStates(self, actions, *states):
        self.assertEqual(tuple(actions.mapped("state")), states)

    def assertListsAreRight(self):
        """No list of the database contradicts its activities."""
        self.assertFalse(self.env["crm.action"]._broken_lead_ids())

    def tearDown(self):
        self.assertListsAreRight()
        super().tearDown()
