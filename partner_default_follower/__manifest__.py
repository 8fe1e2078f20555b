# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
{
    "name": "Default Followers of Contacts",
    "summary": "Chosen people follow every new contact, whatever created it",
    "version": "19.0.2.0.0",
    "category": "Sales/CRM",
    "author": "CRM and Contacts Suite",
    "license": "AGPL-3",
    "depends": ["base_automation", "contacts"],
    "data": [
        # security
        "security/ir.model.access.csv",
        # data
        "data/base_automation_data.xml",
        "data/ir_cron_data.xml",
        # views
        "views/base_automation_views.xml",
        "views/ir_actions_server_views.xml",
        "views/res_config_settings_views.xml",
        "views/res_partner_views.xml",
        # wizards
        "wizards/partner_default_follower_hand_over_views.xml",
        # menus
        "views/menus.xml",
    ],
    "demo": ["demo/base_automation_demo.xml"],
    "assets": {
        "web.assets_tests": [
            "partner_default_follower/static/tests/tours/**/*",
        ],
    },
    "uninstall_hook": "uninstall_hook",
}
