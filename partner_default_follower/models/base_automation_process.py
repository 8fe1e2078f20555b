# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import logging

from odoo import api, models, tools
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools.safe_eval import safe_eval

from odoo.addons.base_automation.models.base_automation import CREATE_TRIGGERS

_logger = logging.getLogger(__name__)


class BaseAutomation(models.Model):
    """How default follower rules run; their fields are in ``base_automation.py``."""

    _inherit = "base.automation"

    def _register_hook(self):
        result = super()._register_hook()
        model_class = type(self.env["res.partner"])
        if "create" not in vars(model_class):
            return result
        if self._follow_needs_create():
            # Odoo keeps the method that it found, and so passes by whatever replaces it
            # afterwards, as tests do.
            model_class.create.origin = lambda contacts, vals_list, **kw: super(
                model_class, contacts
            ).create(vals_list, **kw)
        else:
            # the seeded rule has nobody at first: contacts then cost nothing more
            del model_class.create
        return result

    def _get_actions(self, records, triggers):
        rules = super()._get_actions(records, triggers)
        if records._name == "res.partner":
            # Read the people now: once contacts are created, and not yet flushed,
            # reading any partner would first write them all.
            # sudo: the rules are for Settings only
            rules.sudo()._follow_actions()._follow_grants()
        return rules

    def _filter_post_export_domain(self, records, feedback=False):
        # sudo: the rules are for Settings only
        if self.sudo().is_default_follower:
            try:
                self.sudo()._follow_contact_domain()
            except UserError as error:
                # the form of the rule says so: contacts are created nonetheless
                _logger.info("Default followers are not given: %s", error)
                return records.browse(), None
        return super()._filter_post_export_domain(records, feedback=feedback)

    def _process(self, records, domain_post=None):
        # Odoo runs each action once for each record. These do the same for many.
        # sudo: the rules are for Settings only
        actions = self.sudo().action_server_ids
        if not records or actions != self.sudo()._follow_actions():
            return super()._process(records, domain_post=domain_post)
        done = self.env.context.get("__action_done", {})
        records -= done.get(self, records.browse())
        if self.env.context.get("old_values") is not None:
            records = records.filtered(self._check_trigger_fields)
        for action in actions:
            try:
                action.with_context(
                    active_model=records._name,
                    active_ids=records.ids,
                    active_id=records[:1].id,
                    domain_post=domain_post,
                ).run()
            except Exception as error:
                self._add_postmortem(error)
                raise

    @api.model
    def _follow_needs_create(self):
        """Return whether any rule has something to do when contacts are created."""
        rules = self.sudo().search(
            [
                ("active", "=", True),
                ("model_name", "=", "res.partner"),
                ("trigger", "in", CREATE_TRIGGERS),
            ]
        )
        return any(
            not rule._follow_is_plain() or rule.follow_partner_ids for rule in rules
        )

    @api.model
    @tools.ormcache(cache="stable")
    def _follow_is_used(self):
        """Return whether a rule that is on names people, or any gave followers."""
        # sudo: whoever's rules and followers
        rules = self.sudo().with_context(active_test=False)
        named = [
            ("is_default_follower", "=", True),
            ("active", "=", True),
            ("action_server_ids.partner_ids", "!=", False),
        ]
        return bool(
            rules.search_count(named, limit=1)
            or rules.env["mail.followers"].search_count(
                [("default_follower", "=", True)], limit=1
            )
        )

    @api.model
    def _follow_refresh(self):
        """Take note that the people of rules have changed."""
        self.env.registry.clear_cache("stable")  # _follow_is_used
        patched = "create" in vars(type(self.env["res.partner"]))
        if patched != self._follow_needs_create():
            self._update_registry()

    def _follow_is_plain(self):
        """Return whether this rule does nothing but add named followers."""
        actions = self.action_server_ids
        return self.is_default_follower and actions == self._follow_actions()

    @api.model
    def _follow_rules(self):
        """Return the default follower rules, without those built by hand."""
        rules = self.with_context(active_test=True)
        return rules.search([("is_default_follower", "=", True)])

    def _follow_actions(self):
        """Return the actions of these rules that add named people."""
        return self.action_server_ids.filtered(
            lambda a: a.state == "followers" and a.followers_type == "specific"
        )

    def _follow_create_action(self, people):
        """Give this rule an action that makes people follow."""
        self.ensure_one()
        return self.env["ir.actions.server"].create(
            {
                "name": self.env._("Add the default followers"),
                "model_id": self.model_id.id,
                "state": "followers",
                "followers_type": "specific",
                "partner_ids": [Command.set(people.ids)],
                "usage": "base_automation",
                "base_automation_id": self.id,
            }
        )

    def _follow_contact_domain(self):
        """Return the domain of the contacts that this rule is about.

        :raise UserError: if the filter cannot be used, for example because it names a
            field that is gone
        """
        self.ensure_one()
        try:
            domain = Domain(
                safe_eval(self.filter_domain or "[]", self._get_eval_context())
            )
            domain.validate(self.env["res.partner"])
        except Exception as error:
            raise UserError(
                self.env._(
                    "The filter of the rule “%(rule)s” cannot be used: %(error)s",
                    rule=self.display_name,
                    error=error,
                )
            ) from error
        return domain

    def _follow_give(self, contacts, people=None):
        """Make the people of this rule, or some of them, follow those of the contacts
        that the rule is about; nobody if its filter cannot be used."""
        try:
            domain = self._follow_contact_domain()
        except UserError:
            return
        contacts = contacts.sudo().filtered_domain(domain)
        self._follow_actions()._follow_give(contacts, people)

    @api.model
    def _cron_follow_existing(self):
        """Go on with the existing contacts of all rules that asked for it."""
        self.env["partner.default.follower.job"]._run()
