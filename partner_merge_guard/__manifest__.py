# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Contact merge guard",
    "summary": "Contacts that hold cooperator shares cannot be merged by any route",
    "version": "19.0.2.0.0",
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
        "data/partner_merge_guard_rule_more_data.xml",
        "data/ir_config_parameter_data.xml",
        "data/ir_cron_data.xml",
        # views
        "views/partner_merge_guard_case_views.xml",
        "views/partner_merge_guard_log_views.xml",
        "views/partner_merge_guard_rule_views.xml",
        "views/res_config_settings_views.xml",
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
