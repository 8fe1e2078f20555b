# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

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

    def _compute_follows_new_contacts(self):
        # automation rules are for Settings only; contact managers may know whom
        # they add to contacts, not how
        rules = self.env["base.automation"].search(
            self.env["base.automation"]._follow_rule_domain()
        )
        for person in self:
            person_rules = rules.filtered(
                lambda rule, person=person: person in rule.follow_partner_ids
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

    @api.model_create_multi
    def create(self, vals_list):
        # Nothing is added: the seeded rule lets base_automation wrap the outermost
        # `create` of contacts. Were that the one of base itself, whatever replaces
        # base's afterwards (Odoo's own tests of mail do) would be passed by.
        return super().create(vals_list)

    def _follow_by_default(self, people, subtypes):
        """Make people follow these contacts, as a default follower rule does.

        Archived people are left out, and so is whoever may not see a contact
        because it belongs to a company that is not theirs. Existing followers
        stay as they are, and nobody is notified.

        :param people: ``res.partner`` records
        :param subtypes: ``mail.message.subtype`` records, empty for the default
            ones
        """
        # sudo: contacts are created by people who may not subscribe others
        # (portal, public form), and people's companies are for Settings only
        contacts = self.sudo()
        people = people.sudo().filtered("active")
        for company, company_contacts in contacts.grouped("company_id").items():
            self.env["mail.followers"]._follow_in_bulk(
                company_contacts, people._follow_filter_company(company), subtypes
            )

    def _follow_filter_company(self, company):
        """Keep the people who may see the contacts of a company.

        :param company: ``res.company`` of the contacts; empty for contacts that
            all companies share
        """
        if not company:
            return self

        def sees(person):
            companies = (person.user_ids.company_ids or person.company_id).parent_ids
            return not companies or company in companies

        return self.filtered(sees)
