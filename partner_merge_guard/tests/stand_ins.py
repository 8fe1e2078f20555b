# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Stand-ins for share addons, of which no release for Odoo 19 exists.

Model and field names, requiredness, delete rules and unique constraints are those of
the addons; nothing else is. ``_module = None`` keeps Odoo from loading them with the
addon: :class:`~.common.StandInCase` adds them to the registry of one test class.
"""

from odoo import fields, models


class ProductProduct(models.Model):
    """Only added where the product addon is not installed."""

    _name = "product.product"
    _description = "Stand-in: product"
    _module = None

    name = fields.Char()


# ---------------------------------------------------------------------------
# easy_my_coop 9–12: one company, flags on the contact
# ---------------------------------------------------------------------------


class EmcShareLine(models.Model):
    _name = "share.line"
    _description = "Stand-in: share line of easy_my_coop"
    _module = None

    share_product_id = fields.Many2one("product.product", required=True)
    share_number = fields.Integer(required=True)
    share_unit_price = fields.Float()
    effective_date = fields.Date()
    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")


class EmcSubscriptionRegister(models.Model):
    _name = "subscription.register"
    _description = "Stand-in: cooperator register of easy_my_coop"
    _module = None

    name = fields.Char(required=True)
    register_number_operation = fields.Integer(required=True)
    partner_id = fields.Many2one("res.partner", required=True)
    partner_id_to = fields.Many2one("res.partner")
    date = fields.Date(required=True)
    quantity = fields.Integer()
    share_unit_price = fields.Float()
    share_product_id = fields.Many2one("product.product", required=True)
    share_to_product_id = fields.Many2one("product.product")
    quantity_to = fields.Integer()
    share_to_unit_price = fields.Float()
    type = fields.Selection(
        [
            ("subscription", "Subscription"),
            ("transfer", "Transfer"),
            ("sell_back", "Sell Back"),
            ("convert", "Conversion"),
        ]
    )
    company_id = fields.Many2one("res.company", required=True)
    user_id = fields.Many2one("res.users")


class EmcSubscriptionRequest(models.Model):
    _name = "subscription.request"
    _description = "Stand-in: subscription request of easy_my_coop"
    _module = None

    name = fields.Char(required=True)
    partner_id = fields.Many2one("res.partner")
    share_product_id = fields.Many2one("product.product")
    ordered_parts = fields.Integer()
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("block", "Blocked"),
            ("done", "Done"),
            ("waiting", "Waiting"),
            ("transfer", "Transfer"),
            ("cancelled", "Cancelled"),
            ("paid", "paid"),
        ],
        required=True,
        default="draft",
    )


class EmcOperationRequest(models.Model):
    _name = "operation.request"
    _description = "Stand-in: operation request of easy_my_coop"
    _module = None

    partner_id = fields.Many2one("res.partner", required=True)
    partner_id_to = fields.Many2one("res.partner")
    quantity = fields.Integer(required=True, default=1)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("waiting", "Waiting"),
            ("approved", "Approved"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
            ("refused", "Refused"),
        ],
        required=True,
        default="draft",
    )


# A stand-in for another addon, not a part of this one.
class EmcResPartner(models.Model):
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited
    _module = None

    cooperator = fields.Boolean()
    member = fields.Boolean()
    old_member = fields.Boolean()
    share_ids = fields.One2many("share.line", "partner_id")
    cooperator_register_number = fields.Integer()
    representative = fields.Boolean()


EASY_MY_COOP = (
    EmcShareLine,
    EmcSubscriptionRegister,
    EmcSubscriptionRequest,
    EmcOperationRequest,
    EmcResPartner,
)


# ---------------------------------------------------------------------------
# cooperator 14/16: several companies, memberships, flags calculated
# ---------------------------------------------------------------------------


class CooperatorShareLine(models.Model):
    _name = "share.line"
    _description = "Stand-in: share line of cooperator"
    _check_company_auto = True
    _module = None

    share_product_id = fields.Many2one("product.product", required=True)
    share_number = fields.Integer(required=True)
    share_unit_price = fields.Monetary(currency_field="company_currency_id")
    effective_date = fields.Date()
    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    company_currency_id = fields.Many2one(
        "res.currency", related="company_id.currency_id"
    )

    _share_number_is_positive = models.Constraint("CHECK (share_number >= 0)")


class CooperatorMembership(models.Model):
    _name = "cooperative.membership"
    _description = "Stand-in: cooperative membership"
    _check_company_auto = True
    _module = None

    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    cooperator = fields.Boolean()
    member = fields.Boolean()
    old_member = fields.Boolean()
    cooperator_register_number = fields.Integer()

    _company_id_partner_id_key = models.Constraint("UNIQUE (company_id, partner_id)")


class CooperatorSubscriptionRegister(models.Model):
    _name = "subscription.register"
    _description = "Stand-in: cooperator register of cooperator"
    _check_company_auto = True
    _module = None

    name = fields.Char(required=True)
    register_number_operation = fields.Integer(required=True)
    partner_id = fields.Many2one("res.partner", required=True)
    partner_id_to = fields.Many2one("res.partner")
    date = fields.Date(required=True)
    quantity = fields.Integer()
    share_product_id = fields.Many2one("product.product", required=True)
    type = fields.Selection(
        [
            ("subscription", "Subscription"),
            ("transfer", "Transfer"),
            ("sell_back", "Sell Back"),
            ("convert", "Conversion"),
        ]
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )


class CooperatorSubscriptionRequest(models.Model):
    _name = "subscription.request"
    _description = "Stand-in: subscription request of cooperator"
    _module = None

    partner_id = fields.Many2one("res.partner")
    ordered_parts = fields.Integer(required=True, default=1)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("blocked", "Blocked"),
            ("done", "Done"),
            ("waiting", "Waiting"),
            ("transfer", "Transfer"),
            ("cancelled", "Cancelled"),
            ("paid", "Paid"),
        ],
        required=True,
        default="draft",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )


# Another generation's stand-in of the class above: never both in one registry.
class CooperatorResPartner(models.Model):
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited
    _module = None

    share_ids = fields.One2many("share.line", "partner_id")
    cooperative_membership_ids = fields.One2many("cooperative.membership", "partner_id")
    # of the current company only, as in cooperator: the guard must not rely on it
    member = fields.Boolean(compute="_compute_member", search="_search_member")

    def _compute_member(self):
        for partner in self:
            partner.member = any(
                membership.member
                for membership in partner.cooperative_membership_ids
                if membership.company_id == self.env.company
            )

    def _search_member(self, operator, value):
        return [
            ("cooperative_membership_ids.company_id", "=", self.env.company.id),
            ("cooperative_membership_ids.member", operator, value),
        ]


COOPERATOR = (
    CooperatorShareLine,
    CooperatorMembership,
    CooperatorSubscriptionRegister,
    CooperatorSubscriptionRequest,
    CooperatorResPartner,
)


# ---------------------------------------------------------------------------
# AwesomeFoodCoops
# ---------------------------------------------------------------------------


class FoodCoopOwnedShare(models.Model):
    _name = "res.partner.owned.share"
    _description = "Stand-in: owned share"
    _module = None

    partner_id = fields.Many2one("res.partner", required=True)
    owned_share = fields.Integer()


AWESOME_FOOD_COOPS = (FoodCoopOwnedShare,)
