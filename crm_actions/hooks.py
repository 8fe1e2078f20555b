# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.tools import sql


def pre_init_hook(env):
    """Prepare the tables, before the models of this module exist."""
    # Without them Odoo would compute, lead by lead, that there is no action yet.
    columns = {
        "next_action_id": "int4",
        "next_action_date": "date",
        "no_next_action": "bool",
    }
    existing = sql.table_columns(env.cr, "crm_lead")
    for name, kind in columns.items():
        if name not in existing:
            sql.create_column(env.cr, "crm_lead", name, kind)


def post_init_hook(env):
    """Nothing yet."""
