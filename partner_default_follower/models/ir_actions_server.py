# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo import api, fields, models


class IrActionsServer(models.Model):
    _inherit = "ir.actions.server"

    follow_subtype_ids = fields.Many2many(
        "mail.message.subtype",
        relation="ir_act_server_follow_subtype_rel",
        string="Events to Follow",
        domain="[('res_model', 'in', (False, model_name)), ('hidden', '=', False)]",
        help="What the added people are told about. Empty: the events that Odoo "
        "proposes by default. Used by default follower rules of contacts.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        actions = super().create(vals_list)
        if actions.base_automation_id:
            self.env["base.automation"]._follow_refresh()
        return actions

    def write(self, vals):
        result = super().write(vals)
        if {"base_automation_id", "partner_ids", "state", "followers_type"} & set(
            vals
        ) and ("base_automation_id" in vals or self.base_automation_id):
            self.env["base.automation"]._follow_refresh()
        return result

    def unlink(self):
        rules = self.base_automation_id
        result = super().unlink()
        if rules:
            rules._follow_refresh()
        return result

    def run(self):
        # Rules run their actions as the superuser. When a user does it, Odoo looks at
        # the rights on the records only if the request also names their model, and
        # portal users can leave it out.
        # sudo: actions and rules are for Settings only
        rules = self.sudo().base_automation_id
        if not self.env.su and any(rules.mapped("is_default_follower")):
            self._follow_contacts().check_access("write")
        return super().run()

    def _follow_contacts(self):
        """Return the contacts that the context names, as the current user."""
        return self.env["res.partner"].browse(
            self.env.context.get("active_ids", self.env.context.get("active_id"))
        )

    def _run_action_followers_multi(self, eval_context=None):
        rule = self.base_automation_id
        if not (rule.is_default_follower and self in rule._follow_actions()):
            return super()._run_action_followers_multi(eval_context=eval_context)
        self._follow_give(self._follow_contacts())
        return False

    # --------------------------------------------------
    # What these actions give
    # --------------------------------------------------

    def _follow_grants(self):
        """Return what these actions give, to whom, and on contacts of which companies.

        One answer for giving, counting and taking back: nothing for people who cannot
        be reached, no internal event for those who are not employees.

        :return: dict of ``res.partner`` record to a pair: ``res.company`` records, None
            for all of them, and a set of ids of ``mail.message.subtype``
        """
        events = {}
        # sudo: actions, and who people are, is for Settings only
        for action in self.sudo():
            subtypes = action.follow_subtype_ids
            subtypes = subtypes or subtypes.default_subtypes("res.partner")[0]
            external = subtypes.filtered(lambda subtype: not subtype.internal)
            for person in action.partner_ids:
                given = external if person.partner_share else subtypes
                events.setdefault(person.id, set()).update(given.ids)
        events = {person: ids for person, ids in events.items() if ids}
        accepted = self.env["mail.followers"]._default_follower_accepted(events)
        people = self.env["res.partner"].browse(accepted)
        return {
            person: (companies, set(accepted[person.id]))
            for person, companies in people._follow_reach().items()
        }

    def _follow_give(self, contacts, people=None):
        """Make people follow contacts, as these actions of one rule say.

        :param contacts: ``res.partner`` records
        :param people: only these ``res.partner`` records
        :return: whether anything was missing
        """
        grants = self._follow_grants()
        # sudo: contacts are created by people who may not subscribe others (portal,
        # public form)
        pairs = [
            (contact.id, person.id)
            for company, contacts_of in contacts.sudo().grouped("company_id").items()
            for person, (companies, _events) in grants.items()
            if people is None or person in people
            if not company or companies is None or company in companies
            for contact in contacts_of
        ]
        return self.env["mail.followers"]._default_follower_give(
            self.base_automation_id,
            pairs,
            {person.id: list(events) for person, (_c, events) in grants.items()},
        )
