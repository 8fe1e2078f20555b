# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
import json

from odoo.http import Request
from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import MailCommon

from .common import DefaultFollowerMixin


@tagged("post_install", "-at_install")
class TestHttp(DefaultFollowerMixin, MailCommon, HttpCase):
    """The doors that are open over HTTP, and the tour."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rule()

    def _find(self, **criteria):
        self.env.invalidate_all()
        return self.env["res.partner"].search(
            [(name, "=", value) for name, value in criteria.items()]
        )

    def test_rpc(self):
        self.authenticate("contact_manager", "contact_manager")
        partner_ids = self.make_jsonrpc_request(
            "/web/dataset/call_kw/res.partner/create",
            {
                "model": "res.partner",
                "method": "create",
                "args": [[{"name": "Œuvre & Cie"}, {"name": "Brasserie Ünal"}]],
                "kwargs": {},
            },
        )
        self.assertEqual(len(partner_ids), 2)
        self.env.invalidate_all()
        self.assertFollowed(self.env["res.partner"].browse(partner_ids))

    def test_signup(self):
        self.env["ir.config_parameter"].set_param("auth_signup.invitation_scope", "b2c")
        self.authenticate(None, None)
        with self.mock_mail_gateway():
            response = self.url_open(
                "/web/signup",
                data={
                    "login": "gulsen@example.com",
                    "name": "Gülşen Núñez",
                    "password": "Mot-de-passe-2026",
                    "confirm_password": "Mot-de-passe-2026",
                    "csrf_token": Request.csrf_token(self),
                },
            )
        self.assertEqual(response.status_code, 200)
        self.assertFollowed(self._find(email="gulsen@example.com"))

    def test_portal_form(self):
        """A customer adds an address on the portal."""
        self.authenticate("portal_user", "portal_user")
        response = self.url_open(
            "/my/address/submit",
            data={
                "name": "Dépôt d'Œuvre",
                "email": "depot@example.com",
                "phone": "+32 2 555 01 02",
                "street": "Quai aux Briques 1",
                "city": "Bruxelles",
                "zipcode": "1000",
                "country_id": str(self.env.ref("base.be").id),
                "address_type": "delivery",
                "csrf_token": Request.csrf_token(self),
            },
        )
        self.assertIn("redirectUrl", json.loads(response.text), response.text)
        address = self._find(email="depot@example.com")
        self.assertEqual(address.parent_id, self.portal.partner_id)
        self.assertFollowed(address)

    def test_tour(self):
        self.rule.follow_partner_ids = False
        for lang, _name in self.env["res.lang"].get_installed():
            self.rule.with_context(lang=lang).name = "Tour rule"
        self.env.ref("base.group_no_one").user_ids += self.user_admin
        self.start_tour(
            "/odoo/settings?debug=1", "partner_default_follower", login="admin"
        )
        self.assertFalse(self.rule.active)
        self.assertFollowed(self._find(name="Œuvre & Cie"))
        self.assertNotFollowed(self._find(name="Brasserie Ünal"))
