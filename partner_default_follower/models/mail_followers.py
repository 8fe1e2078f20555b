# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, models
from odoo.tools import SQL

from odoo.addons.mail.models.mail_followers import MailFollowers as MailFollowersCore


class MailFollowers(models.Model):
    _inherit = "mail.followers"

    @api.model
    def _follow_in_bulk(self, records, people, subtypes):
        """Make people follow records, in one statement for the whole batch.

        Who follows already keeps the subscription as it is; nobody is sent
        anything. Access rights are the caller's business, as they are in
        ``_insert_followers``.

        :param records: recordset of a model that has followers
        :param people: ``res.partner`` records to subscribe
        :param subtypes: ``mail.message.subtype`` records to subscribe them to,
            the model's default ones if empty. People who are not employees
            never get the internal ones.
        """
        if not (records and people):
            return
        subtypes = subtypes or subtypes.default_subtypes(records._name)[0]
        external = subtypes.filtered(lambda subtype: not subtype.internal)
        insert = self._follow_can_insert()
        # other addons filter people in this method
        new, _update = self._add_followers(
            records._name,
            records.ids,
            people.ids,
            {
                person.id: (external if person.partner_share else subtypes).ids
                for person in people
            },
            check_existing=not insert,
        )
        values_list = [
            dict(values, res_id=res_id)
            for res_id, values_of_record in new.items()
            for values in values_of_record
        ]
        if not insert:
            self.sudo().with_context(default_partner_id=False).create(values_list)
            return
        self._follow_insert(records._name, values_list)
        records.invalidate_recordset(
            ["message_follower_ids", "message_partner_ids", "message_is_follower"],
            flush=False,
        )

    @api.model
    def _follow_can_insert(self):
        """Return whether creating a follower does nothing but insert it.

        False as soon as another addon, an audit log or an automation rule on
        followers extends ``create``: then they must see each follower.
        """
        owner = next(cls for cls in type(self).__mro__ if "create" in vars(cls))
        return owner is MailFollowersCore

    @api.model
    def _follow_insert(self, res_model, values_list):
        """Insert followers as ``create`` would, without its cost per record."""
        self.flush_model(["res_model", "res_id", "partner_id"])
        followers = [(vals["res_id"], vals["partner_id"]) for vals in values_list]
        events = [
            (vals["res_id"], vals["partner_id"], subtype_id)
            for vals in values_list
            for _command, _id, subtype_ids in vals["subtype_ids"]
            for subtype_id in subtype_ids
        ]
        # a follower that exists, even one that another transaction is just
        # adding, is neither an error nor changed
        self.env.cr.execute(
            SQL(
                """
                WITH added AS (
                    INSERT INTO mail_followers (res_model, res_id, partner_id)
                         SELECT %(res_model)s, res_id, partner_id
                           FROM unnest(%(res_ids)s::int[], %(partner_ids)s::int[])
                                AS follower(res_id, partner_id)
                    ON CONFLICT (res_model, res_id, partner_id) DO NOTHING
                      RETURNING id, res_id, partner_id
                )
                INSERT INTO mail_followers_mail_message_subtype_rel
                            (mail_followers_id, mail_message_subtype_id)
                     SELECT added.id, event.subtype_id
                       FROM added
                       JOIN unnest(
                                %(event_res_ids)s::int[],
                                %(event_partner_ids)s::int[],
                                %(subtype_ids)s::int[]
                            ) AS event(res_id, partner_id, subtype_id)
                         ON event.res_id = added.res_id
                        AND event.partner_id = added.partner_id
                """,
                res_model=res_model,
                res_ids=[res_id for res_id, _partner_id in followers],
                partner_ids=[partner_id for _res_id, partner_id in followers],
                event_res_ids=[event[0] for event in events],
                event_partner_ids=[event[1] for event in events],
                subtype_ids=[event[2] for event in events],
            )
        )
