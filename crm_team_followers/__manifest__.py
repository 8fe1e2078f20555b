# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

{
    "name": "CRM Team Followers",
    "summary": "A sales team lists who follows its opportunities, and for which events",
    "version": "19.0.2.0.0",
    "category": "Sales/CRM",
    "author": "CRM and Contacts Suite",
    "license": "AGPL-3",
    "depends": ["crm"],
    "data": [
        # security
        "security/ir.model.access.csv",
        "security/crm_team_follower_security.xml",
        # data
        "data/mail_message_subtype_data.xml",
        "data/ir_cron_data.xml",
        # views
        "views/crm_team_follower_views.xml",
        "views/crm_team_views.xml",
        "views/crm_team_follower_handover_views.xml",
        "views/res_partner_views.xml",
        "views/res_users_views.xml",
        "views/menus.xml",
    ],
    "demo": ["demo/crm_team_follower_demo.xml"],
    "post_init_hook": "post_init_hook",
    "assets": {
        "web.assets_backend": [
            "crm_team_followers/static/src/**/*",
        ],
        "web.assets_tests": [
            "crm_team_followers/static/tests/tours/**/*",
        ],
    },
}
