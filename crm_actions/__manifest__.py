# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
{
    "name": "CRM Actions",
    "summary": "One ordered list of dated actions per opportunity; "
    "the next one appears when the current one is done",
    "version": "19.0.2.0.0",
    "category": "Sales/CRM",
    "author": "CRM and Contacts Suite",
    "license": "AGPL-3",
    "depends": ["crm"],
    "data": [
        # security
        "security/ir.model.access.csv",
        "security/crm_action_security.xml",
        "security/crm_action_report_security.xml",
        "security/crm_action_wizards_security.xml",
        # data
        "data/ir_cron_data.xml",
        "data/crm_action_mail_templates.xml",
        # views
        "views/crm_action_views.xml",
        "views/crm_action_run_views.xml",
        "views/crm_lead_views.xml",
        "views/crm_stage_views.xml",
        "views/crm_team_views.xml",
        "views/mail_activity_plan_template_views.xml",
        "views/mail_activity_plan_views.xml",
        "views/res_config_settings_views.xml",
        "views/res_users_views.xml",
        # wizards
        "wizards/crm_action_finish_views.xml",
        "wizards/crm_action_skip_views.xml",
        "wizards/crm_action_reschedule_views.xml",
        "wizards/crm_action_resume_views.xml",
        # reports
        "report/crm_action_report_views.xml",
        # menus
        "views/crm_action_menus.xml",
    ],
    "demo": [
        "demo/mail_activity_plan_demo.xml",
        "demo/crm_lead_demo.xml",
    ],
    "assets": {
        "web.assets_backend": ["crm_actions/static/src/**/*"],
        "web.assets_tests": ["crm_actions/static/tests/tours/**/*"],
    },
    "pre_init_hook": "pre_init_hook",
    "post_init_hook": "post_init_hook",
}
