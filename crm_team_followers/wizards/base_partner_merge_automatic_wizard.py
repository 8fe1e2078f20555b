# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Two default followers of one team who turn out to be one person: core would
        delete the second in the database, unseen by the team that counts them."""
        (dst_partner | src_partners)._merge_default_followers()
        return super()._update_foreign_keys(src_partners, dst_partner)
