# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.tools import sql


def migrate(cr, version):
    """Fill, in one statement, what Odoo would compute opportunity by opportunity."""
    if not sql.column_exists(cr, "crm_lead", "no_next_action"):
        sql.create_column(cr, "crm_lead", "no_next_action", "bool")
    cr.execute(
        """
        WITH list AS (
            SELECT lead_id
              FROM crm_action
          GROUP BY lead_id
            HAVING bool_and(state NOT IN ('waiting', 'todo'))
        )
        UPDATE crm_lead lead
           SET no_next_action = TRUE
          FROM list
         WHERE list.lead_id = lead.id AND lead.active AND lead.won_status = 'pending'
        """
    )
