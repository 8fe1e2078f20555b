# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from odoo.exceptions import UserError


class BrokenRulesRefusal(UserError):
    """Merges are refused because a rule cannot be evaluated.

    The transaction is sound, so a screen may catch this and show the text.
    """


class BrokenRuleError(Exception):
    """A merge rule cannot be evaluated; the argument says why, translated.

    Never reaches a user as it is: whoever evaluates rules turns it into a refusal.
    """
