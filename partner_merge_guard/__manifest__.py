# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Contact merge guard",
    "summary": "Contacts that hold cooperator shares cannot be merged by any route",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "CRM and Contacts Suite",
    "license": "AGPL-3",
    "depends": ["contacts"],
    "data": [
        # security
        "security/partner_merge_guard_groups.xml",
        "security/ir.model.access.csv",
        # data
        "data/partner_merge_guard_rule_data.xml",
        # views
        "views/partner_merge_guard_rule_views.xml",
        "views/res_partner_views.xml",
        # wizards
        "wizards/base_partner_merge_automatic_wizard_views.xml",
    ],
    "demo": [
        "demo/res_partner_demo.xml",
        "demo/partner_merge_guard_rule_demo.xml",
    ],
    "assets": {
        "web.assets_tests": [
            "partner_merge_guard/static/tests/tours/**/*",
        ],
    },
}
