# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.mail.models.mail_followers import MailFollowers as MailFollowersCore


class MailFollowers(models.Model):
    """A follower of a contact knows whether a default follower rule gave it.

    ``default_follower`` is set while the row is there because of the rules alone: they
    may change it and take it back. As soon as somebody chooses its events, it is no
    longer theirs.
    """

    _inherit = "mail.followers"

    default_follower = fields.Boolean(string="Given by Default", readonly=True)
    default_follower_rule_id = fields.Many2one(
        "base.automation",
        string="Given by",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
        help="The first rule that gave it; empty once that rule is deleted.",
    )

    _default_follower_idx = models.Index("(partner_id) WHERE default_follower")

    def write(self, vals):
        if "subtype_ids" in vals and self.env["base.automation"]._follow_is_used():
            vals = {
                "default_follower": False,
                "default_follower_rule_id": False,
                **vals,
            }
        return super().write(vals)

    def unlink(self):
        if self.env["base.automation"]._follow_is_used():
            self._default_follower_decline()
        return super().unlink()

    # --------------------------------------------------
    # Giving
    # --------------------------------------------------

    @api.model
    def _default_follower_accepted(self, events):
        """Return what other addons leave of the followers to add.

        They filter people in ``_add_followers``.

        :param events: dict of ``res.partner`` id to ids of ``mail.message.subtype``
        :return: the same, without the people who are refused
        """
        if not events:
            return {}
        new, _update = self._add_followers("res.partner", [0], list(events), events)
        return {
            values["partner_id"]: values["subtype_ids"][0][2]
            for values in new.get(0, ())
        }

    @api.model
    def _default_follower_give(self, rule, pairs, events):
        """Make people follow contacts because of a rule.

        A subscription of the person's own stays as it is; one that a rule gave gets
        the events that it lacks. Whoever unfollowed a contact is left out. Nobody is
        sent anything.

        :param rule: the default follower rule
        :param pairs: list of (contact id, person id)
        :param events: dict of person id to ids of subtypes
        :return: whether anything was missing
        """
        if not pairs:
            return False
        wanted = self._default_follower_wanted_sql(pairs)
        created = self._default_follower_create(rule, wanted, events)
        self.flush_model()
        # a follower that exists, even one that another transaction is just
        # adding, is neither an error nor narrowed
        self.env.cr.execute(
            SQL(
                """
                WITH wanted AS (%(wanted)s), added AS (
                    INSERT INTO mail_followers (res_model, res_id, partner_id,
                                default_follower, default_follower_rule_id)
                         SELECT 'res.partner', res_id, partner_id, TRUE, %(rule)s
                           FROM wanted
                    ON CONFLICT (res_model, res_id, partner_id) DO NOTHING
                      RETURNING id, partner_id
                ), given AS (
                    SELECT id, partner_id FROM added
                     UNION ALL
                    SELECT id, partner_id
                      FROM mail_followers JOIN wanted USING (res_id, partner_id)
                     WHERE res_model = 'res.partner' AND default_follower
                )
                INSERT INTO mail_followers_mail_message_subtype_rel
                            (mail_followers_id, mail_message_subtype_id)
                     SELECT given.id, event.subtype_id
                       FROM given
                       JOIN unnest(%(people)s::int[], %(events)s::int[])
                            AS event(partner_id, subtype_id) USING (partner_id)
                ON CONFLICT DO NOTHING
                """,
                wanted=wanted,
                rule=rule.id,
                people=[person for person, ids in events.items() for _id in ids],
                events=[subtype for ids in events.values() for subtype in ids],
            )
        )
        changed = bool(created or self.env.cr.rowcount)
        self.invalidate_model(["subtype_ids"], flush=False)
        contacts = self.env["res.partner"].browse({contact for contact, _p in pairs})
        contacts.invalidate_recordset(
            ["message_follower_ids", "message_partner_ids", "message_is_follower"],
            flush=False,
        )
        return changed

    @api.model
    def _default_follower_create(self, rule, wanted, events):
        """Create followers one by one where somebody must see each of them.

        That is as soon as another addon, an audit log or an automation rule on
        followers extends ``create``.

        :param wanted: the query of ``_default_follower_wanted_sql``
        :return: whether any were wanted
        """
        owner = next(cls for cls in type(self).__mro__ if "create" in vars(cls))
        if owner is MailFollowersCore:
            return False
        contacts = {}
        for contact, person in self.env.execute_query(wanted):
            contacts.setdefault(person, []).append(contact)
        followers = self.with_context(
            default_default_follower=True, default_default_follower_rule_id=rule.id
        )
        for person, contact_ids in contacts.items():
            followers._insert_followers(
                "res.partner", contact_ids, [person], subtypes=events
            )
        return bool(contacts)

    @api.model
    def _default_follower_wanted_sql(self, pairs):
        """The pairs as a query, without the people who left a contact."""
        return SQL(
            """
            SELECT res_id, partner_id
              FROM unnest(%(contacts)s::int[], %(people)s::int[])
                   AS pair(res_id, partner_id)
             WHERE NOT EXISTS (
                   SELECT FROM res_partner_default_follower_declined_rel
                    WHERE contact_id = res_id AND person_id = partner_id)
            """,
            contacts=[contact for contact, _person in pairs],
            people=[person for _contact, person in pairs],
        )

    # --------------------------------------------------
    # Taking back
    # --------------------------------------------------

    def _default_follower_decline(self):
        """Remember who leaves a contact of their own accord.

        The person does it themselves, in Odoo or by the link in an e-mail, which is
        open without logging in. Somebody else who takes them off decides nothing for
        the person.
        """
        user = self.env.user
        declined = self.filtered(
            lambda follower: (
                follower.res_model == "res.partner"
                and (follower.partner_id == user.partner_id or not user._is_internal())
            )
        )
        if not declined or self.env.context.get("partner_default_follower_withdraw"):
            return
        declined.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO res_partner_default_follower_declined_rel
                            (contact_id, person_id)
                     SELECT contact.id, follower.partner_id
                       FROM mail_followers follower
                       JOIN res_partner contact ON contact.id = follower.res_id
                      WHERE follower.id = ANY(%s)
                ON CONFLICT DO NOTHING
                """,
                declined.ids,
            )
        )

    def _default_follower_withdraw(self):
        """Take these followers back, which rules gave.

        What another rule gives as well stays.
        """
        given = {
            person: self.env["res.partner"].browse(followers.mapped("res_id"))
            for person, followers in self.grouped("partner_id").items()
        }
        self.with_context(partner_default_follower_withdraw=True).unlink()
        rules = self.env["base.automation"].sudo()._follow_rules()
        for person, contacts in given.items():
            for rule in rules:
                if person in rule.follow_partner_ids:
                    rule._follow_give(contacts.exists(), person)

    @api.model
    def _default_follower_withdraw_unseen(self, person, contacts=None):
        """Take back what was given to a person who may no longer have it.

        :param person: ``res.partner`` record
        :param contacts: only on these ``res.partner`` records
        """
        lost = Domain("default_follower", "=", True)
        lost &= Domain("partner_id", "=", person.id)
        if contacts is not None:
            lost &= Domain("res_id", "in", contacts.ids)
        reach = person._follow_reach()
        if person in reach:
            if reach[person] is None:
                return
            partners = self.env["res.partner"].sudo().with_context(active_test=False)
            hidden = [("company_id", "not in", [False, *reach[person].ids])]
            lost &= Domain("res_id", "in", partners._search(hidden))
        # sudo: as they were given
        followers = self.sudo().search(lost)
        followers.with_context(partner_default_follower_withdraw=True).unlink()
