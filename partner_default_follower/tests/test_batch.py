# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import json

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import DefaultFollowerCommon

# What a create costs more with the rule on than with it off, when nothing but the
# ormcaches is warm. Reading the rule: its search (1), fields (1) and watched fields
# (1), its actions (1), their fields (1), people (1), groups (1), children (1) and
# events (1). Then the people (1), the subtypes (1) and the insertion (1).
RULE_QUERIES = 12


@tagged("post_install", "-at_install")
class TestBatch(DefaultFollowerCommon):
    def _count_queries(self, number, **values):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        contacts = self.env["res.partner"].create(
            [{"name": f"Contact {index}", **values} for index in range(number)]
        )
        self.env.flush_all()
        return contacts, self.env.cr.sql_log_count - before

    def _log_action_values(self, label, **values):
        """Return the values of a code action that writes down its records."""
        code = (
            "for contact in records: "
            f"contact['comment'] = (contact.comment or '') + '{label}' "
            "+ str(len(records))"
        )
        return {
            "name": label,
            "model_id": self.partner_model.id,
            "state": "code",
            "code": code,
            **values,
        }

    def test_constant_number_of_queries(self):
        """Followers cost the same number of queries for 1 contact and for 1,000."""
        for number in (1, 10, 1000):
            with self.subTest(number=number):
                self.rule.active = False
                self._count_queries(1)  # warm the ormcaches
                _contacts, without_rule = self._count_queries(number)
                self.rule.active = True
                self._count_queries(1)
                contacts, with_rule = self._count_queries(number)
                self.assertFollowed(contacts[:10] + contacts[-10:])
                self.assertEqual(with_rule - without_rule, RULE_QUERIES)
                self.assertEqual(
                    self.env["mail.followers"].search_count(
                        [
                            ("res_model", "=", "res.partner"),
                            ("res_id", "in", contacts.ids),
                            ("partner_id", "in", self.people.ids),
                        ]
                    ),
                    2 * number,
                )

    def test_nothing_while_nobody_is_chosen(self):
        """The seeded rule costs nothing before somebody is chosen."""
        self.rule.active = False
        self._count_queries(1)
        _contacts, without_rule = self._count_queries(10)
        self.rule.active = True
        self.rule.follow_partner_ids = False
        self._count_queries(1)
        _contacts, with_rule = self._count_queries(10)
        self.assertEqual(with_rule, without_rule)

    def test_hand_made_rule_with_domain(self):
        """A hand-made rule is batched too, and does what it does in Odoo."""
        self.rule.active = False
        self._create_hand_made_rule(
            self.people, filter_domain="[('city', '=', 'Liège')]"
        )
        self._count_queries(2, city="Liège")
        # Odoo inserts followers by 100: stay below that
        _contacts, few = self._count_queries(5, city="Liège")
        contacts, many = self._count_queries(45, city="Liège")
        self.assertEqual(few, many)
        self.assertFollowed(contacts)
        contacts, _count = self._count_queries(5, city="Namur")
        self.assertNotFollowed(contacts)
        mixed = self.env["res.partner"].create(
            [{"name": "Ö", "city": city} for city in ("Liège", "Namur", "Liège")]
        )
        self.assertFollowed(mixed[0] + mixed[2])
        self.assertNotFollowed(mixed[1])

    def test_dynamic_followers_are_not_batched(self):
        """Whoever follows depends on each record: one run per record, as in Odoo."""
        self.rule.active = False
        self._create_hand_made_rule(
            self.people,
            actions=[
                {
                    "name": "Parent",
                    "model_id": self.partner_model.id,
                    "state": "followers",
                    "followers_type": "generic",
                    "followers_partner_field_name": "parent_id",
                }
            ],
        )
        first, second = self.env["res.partner"].create(
            [
                {"name": "Ö", "parent_id": self.nunez.id},
                {"name": "Ü", "parent_id": self.dupont.id},
            ]
        )
        self.assertFollowed(first, self.nunez)
        self.assertFollowed(second, self.dupont)

    def test_actions_run_in_order_once_per_record(self):
        """Code before and after the followers, each once per record, in order."""
        self.rule.action_server_ids.sequence = 20
        self.rule.write(
            {
                "action_server_ids": [
                    (0, 0, self._log_action_values("avant", sequence=10)),
                    (
                        0,
                        0,
                        self._log_action_values(
                            "après",
                            sequence=30,
                            code="for contact in records: contact['comment'] += "
                            "'après%s/%s' % (len(records), "
                            "len(contact.message_partner_ids))",
                        ),
                    ),
                ]
            }
        )
        contacts = (
            self.env["res.partner"]
            .with_context(mail_create_nosubscribe=True)
            .create([{"name": f"Contact {index}", "comment": ""} for index in range(3)])
        )
        for contact in contacts:
            self.assertEqual(contact.comment.striptags(), "avant1après1/2")
        self.assertFollowed(contacts)

    def test_activity_action(self):
        self.rule.write(
            {
                "action_server_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Appeler",
                            "model_id": self.partner_model.id,
                            "state": "next_activity",
                            "activity_type_id": self.env.ref(
                                "mail.mail_activity_data_call"
                            ).id,
                            "activity_user_id": self.employee.id,
                            "sequence": 30,
                        },
                    )
                ]
            }
        )
        contacts = self.env["res.partner"].create([{"name": "Ö"}, {"name": "Ü"}])
        self.assertFollowed(contacts)
        self.assertEqual([len(contact.activity_ids) for contact in contacts], [1, 1])

    def test_mail_action(self):
        template = self.env["mail.template"].create(
            {
                "name": "Bienvenue",
                "model_id": self.partner_model.id,
                "subject": "Bienvenue",
                "body_html": "<p>Bienvenue</p>",
                "use_default_to": True,
            }
        )
        self.rule.write(
            {
                "action_server_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Bienvenue",
                            "model_id": self.partner_model.id,
                            "state": "mail_post",
                            "template_id": template.id,
                            "mail_post_method": "comment",
                            "sequence": 30,
                        },
                    )
                ]
            }
        )
        contacts = self.env["res.partner"].create(
            [{"name": "Ö", "email": "o@example.com"}, {"name": "Ü"}]
        )
        self.assertFollowed(contacts)
        for contact in contacts:
            message = contact.message_ids.filtered(lambda m: m.subject == "Bienvenue")
            self.assertEqual(len(message), 1)
            self.assertIn(self.nunez, message.notified_partner_ids)

    def test_several_rules(self):
        """Each rule adds its people, once, whatever their number and order."""
        other = self.env["res.partner"].create({"name": "Ångström"})
        self._create_hand_made_rule(self.people + other)
        contacts = self.env["res.partner"].create([{"name": "Ö"}, {"name": "Ü"}])
        for contact in contacts:
            followers = contact.message_follower_ids.partner_id
            self.assertEqual(followers & (self.people + other), self.people + other)
            self.assertEqual(len(followers), len(contact.message_follower_ids))

    def test_action_done(self):
        """Records on which the rule is done are left alone, as in Odoo."""
        contacts = self.env["res.partner"].create(
            [{"name": f"Contact {index}"} for index in range(3)]
        )
        contacts.message_unsubscribe(self.people.ids)
        done = {self.rule: contacts[0]}
        self.rule.with_context(__action_done=done, old_values=None)._process(
            contacts.with_context(__action_done=done)
        )
        self.assertNotFollowed(contacts[0])
        self.assertFollowed(contacts[1:])

    def test_recursion(self):
        """A rule that creates contacts on the creation of contacts stops by itself.

        The contacts it creates get their followers from both passes, once.
        """
        self.rule.write(
            {
                "action_server_ids": [
                    (
                        0,
                        0,
                        self._log_action_values(
                            "enfant",
                            code="if not record.parent_id: env['res.partner'].create("
                            "[{'name': 'Enfant', 'parent_id': record.id}] * 2)",
                            sequence=1,
                        ),
                    )
                ]
            }
        )
        contacts = self.env["res.partner"].create([{"name": "Ö"}, {"name": "Ü"}])
        self.assertEqual(len(contacts.child_ids), 4)
        self.assertFollowed(contacts + contacts.child_ids)

    def test_on_create_and_edit(self):
        """An administrator may change the trigger; the batch stays right."""
        self.rule.trigger = "on_create_or_write"
        contacts = self.env["res.partner"].create([{"name": "Ö"}, {"name": "Ü"}])
        self.assertFollowed(contacts)
        contacts.message_unsubscribe(self.people.ids)
        contacts.write({"city": "Liège"})
        self.assertFollowed(contacts)

    def test_error_in_the_batch_names_the_rule(self):
        """A failing action tells the user which rule it was, as in Odoo."""
        self.action.group_ids = self.env.ref("base.group_system")
        with self.assertRaises(AccessError) as caught:
            self.env["res.partner"].with_user(self.manager).create(
                [{"name": "Ö"}, {"name": "Ü"}]
            )
        self.assertEqual(
            caught.exception.context["base_automation"],
            {"id": self.rule.id, "name": self.rule.name},
        )
        contacts = (
            self.env["res.partner"]
            .with_user(self.settings_user)
            .create([{"name": "Ö"}, {"name": "Ü"}])
        )
        self.assertFollowed(contacts)

    def test_context_cannot_switch_rules_off(self):
        """What puts actions off cannot come from outside."""
        self._create_hand_made_rule(
            self.people, actions=[self._log_action_values("fait")]
        )
        for value in (json.loads('{"1": [2]}'), {}, True, [1]):
            with self.subTest(value=value):
                contacts = (
                    self.env["res.partner"]
                    .with_user(self.manager)
                    .with_context(partner_default_follower_batch=value)
                    .create([{"name": "Ö"}, {"name": "Ü"}])
                )
                self.assertFollowed(contacts.with_env(self.env))
                self.assertEqual(contacts[0].comment.striptags(), "fait1")

    def test_rules_on_followers_still_see_each_follower(self):
        """With a rule on followers, they are created one by one, as in Odoo."""
        follower_model = self.env["ir.model"]._get("mail.followers")
        self.env["base.automation"].create(
            {
                "name": "Journal",
                "model_id": follower_model.id,
                "trigger": "on_create",
                "action_server_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Journal",
                            "model_id": follower_model.id,
                            "state": "code",
                            "code": "env['res.partner'].browse(record.res_id)"
                            "['comment'] = 'vu'",
                        },
                    )
                ],
            }
        )
        contact = (
            self.env["res.partner"]
            .with_context(mail_create_nosubscribe=True)
            .create({"name": "Ö"})
        )
        self.assertFollowed(contact)
        self.assertEqual(contact.comment.striptags(), "vu")

    def test_rules_of_other_models(self):
        """A follow rule on another model is batched in Odoo's own way."""
        model = self.env["ir.model"]._get("mail.blacklist")
        self.assertTrue(model.is_mail_thread)
        self.env["base.automation"].create(
            {
                "name": "Liste noire",
                "model_id": model.id,
                "trigger": "on_create",
                "action_server_ids": [
                    (0, 0, self._follow_action_values(self.people, model_id=model.id))
                ],
            }
        )
        records = self.env["mail.blacklist"].create(
            [{"email": "a@example.com"}, {"email": "b@example.com"}]
        )
        for record in records:
            self.assertEqual(record.message_partner_ids & self.people, self.people)
