# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from odoo import SUPERUSER_ID, api
from odoo.tools.convert import convert_file

NEW_SEEDS = "data/partner_merge_guard_rule_more_data.xml"


def migrate(cr, version):
    """Rules stay as they are; names of models are what they were meant to be."""
    cr.execute(
        """
        UPDATE partner_merge_guard_rule
           SET model_name = btrim(model_name), partner_field = btrim(partner_field),
               quantity_field = btrim(quantity_field),
               condition_field = btrim(condition_field)
        """
    )
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    # an update does not create them, so that a deleted rule stays deleted
    convert_file(env, "partner_merge_guard", NEW_SEEDS, {}, mode="init", noupdate=True)
    env["partner.merge.guard.rule"].search([])._remember_source()
