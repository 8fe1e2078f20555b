# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Odoo: followers from outside get the link that ends it in their e-mails
    _partner_unfollow_enabled = True

    follows_new_contacts = fields.Boolean(
        compute="_compute_follows_new_contacts",
        search="_search_follows_new_contacts",
        compute_sudo=True,
        groups="base.group_partner_manager",
        help="An active automation rule adds this person as a follower of new "
        "contacts.",
    )
    follows_new_contacts_rules = fields.Char(
        string="Follows",
        compute="_compute_follows_new_contacts",
        compute_sudo=True,
        groups="base.group_partner_manager",
        help="The rules that make this person follow new contacts.",
    )
    default_follower_declined_ids = fields.Many2many(
        "res.partner",
        relation="res_partner_default_follower_declined_rel",
        column1="contact_id",
        column2="person_id",
        string="Unfollowed by",
        copy=False,
        readonly=True,
        groups="base.group_system",
        help="People who left this contact: no default follower rule brings them back.",
    )
    follow_user_deleted = fields.Boolean(
        string="User Deleted",
        copy=False,
        readonly=True,
        groups="base.group_system",
        help="The last user of this default follower was deleted.",
    )

    def _compute_follows_new_contacts(self):
        # automation rules are for Settings only; contact managers may know whom
        # they add to contacts, not how
        rules = self.env["base.automation"].search(
            self.env["base.automation"]._follow_rule_domain()
        )
        for person in self:
            person_rules = rules.filtered(
                lambda rule, person=person: person._origin in rule.follow_partner_ids
            )
            person.follows_new_contacts = bool(person_rules)
            person.follows_new_contacts_rules = ", ".join(
                person_rules.mapped("display_name")
            )

    def _search_follows_new_contacts(self, operator, value):
        if operator != "in":
            return NotImplemented
        # sudo: see the compute
        rules = self.env["base.automation"].sudo()
        people = rules.search(rules._follow_rule_domain()).follow_partner_ids
        return [("id", "in" if True in value else "not in", people.ids)]

    def write(self, vals):
        result = super().write(vals)
        if {"active", "company_id"} & vals.keys():
            self._follow_withdraw(contacts=self if "company_id" in vals else None)
        return result

    # --------------------------------------------------
    # Actions
    # --------------------------------------------------

    def action_hand_over_contacts(self):
        """Ask who is to follow, by default, in this person's place.

        The dialog hands over what other addons have too: see _hand_over_follows.
        """
        self.ensure_one()
        self.env["base.automation"].check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Hand Over"),
            "res_model": "partner.default.follower.hand.over",
            "view_mode": "form",
            "target": "new",
            "context": {"default_person_id": self.id},
        }

    # --------------------------------------------------
    # Who may follow what
    # --------------------------------------------------

    def _follow_reach(self):
        """Return who of these people can be made to follow contacts, and of which
        companies.

        Archived people are left out, and people whose users are all archived or
        deleted: nobody reads what they would be sent.

        :return: dict of ``res.partner`` record to the ``res.company`` records whose
            contacts they see beside those that all companies share; None for all
        """
        reach = {}
        # sudo: people's users and companies are for Settings only
        for person in self.sudo().with_context(active_test=False):
            users = person.user_ids.filtered("active")
            gone = person.user_ids or person.follow_user_deleted
            if not person.active or (gone and not users):
                continue
            companies = person.company_id
            if users:
                # Odoo keeps the companies of users in a cache
                ids = {id_ for user in users for id_ in user._get_company_ids()}
                companies = companies.browse(ids)
            # contacts of a company are seen from its branches
            reach[person.with_env(self.env)] = (
                companies.parent_ids if users or companies else None
            )
        return reach

    def _follow_warn_external(self):
        """Warn whoever has just chosen these people if they are not employees.

        :return: the result of an onchange
        """
        external = self.filtered("partner_share")
        if not external:
            return None
        return {
            "warning": {
                "title": self.env._("External Contact"),
                "message": self.env._(
                    "%(people)s: not an employee. External contacts receive by e-mail "
                    "what colleagues and customers write on the contacts they follow. "
                    "Remove them from the list unless this is what you want.",
                    people=", ".join(external.mapped("display_name")),
                ),
            }
        }

    def _follow_withdraw(self, contacts=None):
        """Take back what rules gave to these people, or on these contacts, to whoever
        may no longer have it."""
        if not self.env["base.automation"]._follow_is_used():
            return
        # sudo: as they were given
        followers = self.env["mail.followers"].sudo()
        given = Domain("default_follower", "=", True)
        mine = given & Domain("partner_id", "in", self.ids)
        for (person,) in followers._read_group(mine, ["partner_id"]):
            followers._default_follower_withdraw_unseen(person)
        if contacts:
            given &= Domain("res_id", "in", contacts.ids)
            for (person,) in followers._read_group(given, ["partner_id"]):
                followers._default_follower_withdraw_unseen(person, contacts)

    def _follow_withdraw_without_user(self):
        """Take back what rules gave to these people, some of whom lost a user."""
        # sudo: people's users are for Settings only; nobody else writes the field
        people = self.sudo().with_context(active_test=False)
        people.filtered(lambda p: not p.user_ids).follow_user_deleted = True
        self._follow_withdraw()

    def _get_default_follow_rules(self):
        """The rules that make this person follow, those that are switched off too."""
        # sudo: whoever hands over need not be allowed to see rules where there are none
        rules = self.env["base.automation"].sudo().with_context(active_test=False)
        found = rules.search(rules._follow_rule_domain()).filtered(
            lambda rule: self in rule.follow_partner_ids
        )
        return found.sudo(self.env.su)

    def _get_follows_by_default(self):
        """A line of text for each thing that this person follows by default.

        As :meth:`_hand_over_follows`, another addon may have its own part.

        :rtype: list
        """
        self.ensure_one()
        others = getattr(super(), "_get_follows_by_default", list)
        # sudo: the names of the rules
        rules = self._get_default_follow_rules().sudo()
        return [
            self.env._("New contacts: %(rule)s", rule=rule.name) for rule in rules
        ] + others()

    def _hand_over_follows(self, new_person):
        """Let somebody else follow, by default, in this person's place.

        Another addon of the suite may do its own part: the method is cooperative
        without either depending on the other.

        :param new_person: ``res.partner`` record; empty to end it without successor
        """
        self.ensure_one()
        rules = self._get_default_follow_rules()
        # sudo: the followers that were given
        given = self.env["mail.followers"].sudo()
        given = given.search(
            [("default_follower", "=", True), ("partner_id", "=", self.id)]
        )
        if rules or given:
            rules.check_access("write")
        contacts = {
            rule: self.browse(followers.mapped("res_id"))
            for rule, followers in given.grouped("default_follower_rule_id").items()
        }
        for rule in rules:
            rule.follow_partner_ids = rule.follow_partner_ids - self + new_person
        given._default_follower_withdraw()
        for rule, rule_contacts in contacts.items():
            rule._follow_give(rule_contacts, new_person)
        other = getattr(super(), "_hand_over_follows", None)
        return other and other(new_person)
