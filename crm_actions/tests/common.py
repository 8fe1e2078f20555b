# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from datetime import date

from odoo.tests import new_test_user

from odoo.addons.mail.tests.common import MailCommon

TODAY = date(2026, 11, 24)  # a Tuesday


class CrmActionsCommon(MailCommon):
    """Leads, users and a list of actions; frozen at noon UTC of ``TODAY``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.frozen = cls.enterClassContext(cls._freeze(f"{TODAY} 12:00:00"))

    @classmethod
    def _freeze(cls, moment):
        from freezegun import freeze_time

        return freeze_time(moment)
