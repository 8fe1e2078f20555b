# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Random rules: every screen and gate says the same, and never protects less.

``PARTNER_MERGE_GUARD_FUZZ_DOMAINS`` says how many domains are tried,
``PARTNER_MERGE_GUARD_FUZZ_SEED`` chooses others.
"""

import os

import hypothesis
from hypothesis import strategies as st

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import WIZARD, MergeGuardCase

DOMAINS = int(os.environ.get("PARTNER_MERGE_GUARD_FUZZ_DOMAINS", "10000"))
SEED = int(os.environ.get("PARTNER_MERGE_GUARD_FUZZ_SEED", "20261125"))
# the slow questions (screens, deduplication, a merge) are asked of one domain in
SLOW = 40

# model, field to the contact, paths of every type of field
MODELS = (
    (
        "res.partner",
        "id",
        (
            "id name active color partner_latitude create_date comment lang type "
            "is_company parent_id parent_id.name parent_id.active category_id "
            "category_id.name category_id.active category_id.color bank_ids "
            "bank_ids.acc_number bank_ids.active country_id country_id.name "
            "country_id.code company_id company_id.name user_ids user_ids.login "
            "user_id.name child_ids.name commercial_partner_id.name vat email "
            "create_date.month_number image_1920"
        ),
    ),
    (
        "res.partner",
        "parent_id",
        (
            "id name active color type category_id.name parent_id.category_id.name "
            "country_id.name create_date"
        ),
    ),
    (
        "res.partner.bank",
        "partner_id",
        (
            "id active acc_number sequence allow_out_payment create_date partner_id "
            "partner_id.name partner_id.category_id.name currency_id.name company_id "
            "partner_id.country_id.name bank_id.name"
        ),
    ),
    (
        "res.partner.category",
        "partner_ids",
        (
            "id name active color parent_id parent_id.name create_date child_ids.name "
            "partner_ids.name display_name"
        ),
    ),
    (
        "res.users",
        "partner_id",
        (
            "id login active name email share company_id group_ids group_ids.name "
            "action_id create_date partner_id.active company_ids.name"
        ),
    ),
    ("x.gone", "partner_id", "id number flag label partner_id.name moment x"),
)
OPERATORS = (
    *("=", "!=", "<", ">", "<=", ">=", "in", "not in", "like", "ilike", "not ilike"),
    *("=like", "not like", "=ilike", "child_of", "parent_of", "any", "not any"),
)
NAMES = ("Sociétaire", "Lid", "Member", "Fuzz", "fuzz", "%", "_", "", "Œuvre", "be")


class TestFuzzBase(MergeGuardCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in ("fr_FR", "nl_NL"):
            cls.env["res.lang"]._activate_lang(code)
        tags = cls.env["res.partner.category"].create(
            [{"name": "Member"}, {"name": "Fuzz", "color": 3}, {"name": "Off"}]
        )
        tags[0].with_context(lang="fr_FR").name = "Sociétaire"
        tags[0].with_context(lang="nl_NL").name = "Lid"
        tags[1].parent_id = tags[0]
        tags[2].active = False
        belgium = cls.env.ref("base.be")
        cls.people = cls.Partner.create(
            [
                {
                    "name": f"Fuzz {number}" if number % 3 else f"Œuvre {number}",
                    "color": number,
                    "partner_latitude": number / 2,
                    "is_company": not number % 4,
                    "active": bool(number % 5),
                    "company_id": cls.company_b.id if number % 6 == 1 else False,
                    "country_id": belgium.id if number % 2 else False,
                    "category_id": [Command.set(tags[: number % 4].ids)],
                    "vat": f"FUZZ-{number // 3}",
                }
                for number in range(12)
            ]
        )
        cls.people[5].parent_id = cls.people[4]
        cls.people[7].parent_id = cls.people[8]
        cls.env["res.partner.bank"].create(
            [
                {
                    "partner_id": partner.id,
                    "acc_number": f"FUZZ {partner.id}",
                    "active": bool(partner.color % 3),
                }
                for partner in cls.people[2:8]
            ]
        )
        cls.env.cr.execute(
            "CREATE TABLE x_gone (id serial, partner_id int, number int, flag bool,"
            " label varchar, moment timestamp)"
        )
        for number, partner in enumerate(cls.people[:6]):
            cls.env.cr.execute(
                "INSERT INTO x_gone (partner_id, number, flag, label) VALUES"
                " (%s, %s, %s, %s)",
                [partner.id, number or None, number > 3 or None, "Fuzz" * (number % 2)],
            )
        cls.env.cr.execute(
            "INSERT INTO x_gone (partner_id) VALUES (NULL), (2000000000)"
        )
        cls.Rule.search([]).active = False
        cls.rule = cls.Rule.create(
            {"name": "Fuzz", "model_name": "res.partner", "partner_field": "id"}
        )
        cls.mine = Domain("id", "in", cls.people.ids)
        cls.env.flush_all()

    def values(self):
        ids = [*self.people.ids, *self.people.category_id.ids]
        scalar = st.one_of(
            st.booleans(),
            st.none(),
            st.integers(-1, 13),
            st.sampled_from([*ids, 2**31, 2**63, -1.5, 1.5, float("1e400")]),
            st.sampled_from(
                [str(ids[0]), "0", "1", "45", "2026-01-01", "today", "-1d"]
            ),
            st.sampled_from(NAMES),
            st.sampled_from(["a\x00b", "'", '"', "\\", "2026-13-45", "é" * 300, "{}"]),
        )
        return st.one_of(scalar, st.lists(scalar, max_size=3), st.tuples(scalar))

    def domains(self, paths):
        leaf = st.tuples(
            st.sampled_from(paths), st.sampled_from(OPERATORS), self.values()
        )
        sub = st.tuples(
            st.sampled_from(paths),
            st.sampled_from(["any", "not any"]),
            st.lists(
                st.tuples(
                    st.sampled_from(["id", "name", "active", "nothing"]),
                    st.sampled_from(OPERATORS),
                    self.values(),
                ),
                max_size=2,
            ),
        )
        one = st.one_of(leaf, leaf, leaf, sub).map(lambda item: [item])
        return st.one_of(
            one,
            st.recursive(
                one,
                lambda inner: st.one_of(
                    st.tuples(st.sampled_from(["&", "|"]), inner, inner).map(
                        lambda t: [t[0], *t[1], *t[2]]
                    ),
                    inner.map(lambda d: ["!", *d]),
                    st.tuples(inner, inner).map(lambda t: [*t[0], *t[1]]),
                ),
                max_leaves=4,
            ),
            st.just([]),
        )

    def rules(self):
        return st.one_of(
            *(
                st.tuples(st.just(model), st.just(field), self.domains(paths.split()))
                for model, field, paths in MODELS
            )
        )

    def set_rule(self, model, field, domain):
        """As a later change of the database would leave it: no check on saving."""
        self.env.cr.execute(
            "UPDATE partner_merge_guard_rule SET model_name = %s, partner_field = %s,"
            " domain = %s, source_table = NULL WHERE id = %s",
            [model, field, repr(domain), self.rule.id],
        )
        self.env.invalidate_all(flush=False)

    def plain(self, model, field, domain):
        """What Odoo's own search finds, as the superuser in no company, per language.

        :return: ids of the people, None where Odoo cannot say
        """
        if model == "x.gone":
            rows = self.env.execute_query(SQL("SELECT DISTINCT partner_id FROM x_gone"))
            return {row[0] for row in rows} & set(self.people.ids)
        found = set()
        text = repr(domain)
        translated = any(
            word in text for word in ("name", "category", "country", "_of")
        )
        with (
            mute_logger("odoo.sql_db", "odoo.domains"),
            self.env.cr.savepoint(flush=False) as savepoint,
        ):
            try:
                for lang in ("en_US", "fr_FR", "nl_NL") if translated else (None,):
                    env = self.env(
                        user=SUPERUSER_ID,
                        su=True,
                        context={"active_test": False, "lang": lang},
                    )
                    records = env[model].search(domain)
                    partners = records if field == "id" else records[field]
                    found.update(partners.ids)
            except Exception:  # noqa: BLE001  # whatever it is
                savepoint.rollback()
                self.env.invalidate_all(flush=False)
                return None
        return found & set(self.people.ids)


@tagged("post_install", "-at_install")
class TestFuzz(TestFuzzBase):
    # Odoo warns of odd values where it cleans HTML.
    @mute_logger("odoo.tools.mail.html_sanitize")
    def test_rules(self):
        """Gate, count, list, filter and badge agree, and with Odoo's own search."""
        counts = dict.fromkeys(("protecting", "broken", "dormant", "some", "slow"), 0)

        @hypothesis.settings(
            max_examples=DOMAINS,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.seed(SEED)
        @hypothesis.given(self.rules())
        def check(rule):
            with self.env.cr.savepoint() as savepoint:
                try:
                    self.check_rule(*rule, counts)
                finally:
                    savepoint.rollback()

        with self.subTest(f"PARTNER_MERGE_GUARD_FUZZ_SEED={SEED}"):
            check()
        # it must not be content because everything is broken
        tried = counts["protecting"] + counts["broken"]
        self.assertGreaterEqual(tried, DOMAINS * 0.9)
        self.assertGreater(counts["some"], DOMAINS * 0.1)

    def check_rule(self, model, field, domain, counts):
        self.set_rule(model, field, domain)
        people = self.people
        protections, problems = self.Rule._get_protections(people.ids)
        gate = set(protections) if not problems else set(people.ids)
        counts["broken" if problems else "protecting"] += 1
        counts["some"] += 0 < len(gate) < len(people)
        plain = self.plain(model, field, domain)
        if plain is None:
            # Odoo cannot say either: merges must stop
            self.assertTrue(problems, "Odoo raises, the rule does not")
        else:
            self.assertLessEqual(plain, gate, "protects less than a search finds")
            if not problems:
                self.assert_only_more(model, domain, plain, gate)
        number = sum(counts[state] for state in ("protecting", "broken"))
        if number % SLOW == 1:
            counts["slow"] += 1
            self.check_screens(gate, problems)

    def assert_only_more(self, model, domain, plain, gate):
        """Nobody is protected for nothing."""
        if plain != gate:
            raise self.failureException(f"protects more: {gate - plain}")

    def check_screens(self, gate, problems):
        everybody, _problems = self.Rule._get_protections()
        self.assertEqual(bool(_problems), bool(problems))
        if not problems:
            self.assertEqual(set(everybody) & set(self.people.ids), gate)
        rule, people = self.rule, self.people.with_user(self.administrator)
        state = "broken" if problems else "protecting"
        self.assertEqual(rule.state, state)
        self.assertEqual(rule.protected_count, len(everybody))
        rule.with_user(self.administrator).web_read({"state": {}, "display_name": {}})
        badges = {partner.id for partner in people.sudo() if partner.merge_protected}
        self.assertEqual(badges, gate)
        Partner = self.Partner.with_context(active_test=False)
        for found in (
            Partner.search(self.mine & Domain("merge_protected", "=", True)),
            Partner.search(
                self.mine & Domain(rule.action_open_protected_contacts()["domain"])
            ),
        ):
            self.assertEqual(set(found.ids), gate)
        pairs = [self.people[:2], self.people[5:7]]
        wizard = self.env[WIZARD].create({"state": "selection"})
        lines = self.env["base.partner.merge.line"].create(
            [
                {"wizard_id": wizard.id, "min_id": p.ids[0], "aggr_ids": p.ids}
                for p in pairs
            ]
        )
        for pair in pairs:
            wizard.write({"partner_ids": [Command.set(pair.ids)]})
            wizard.dst_partner_id = pair[0]
            wanted = bool(gate & set(pair.ids))
            self.assertEqual(wizard.guard_locked, wanted)
            self.assertEqual(self._refuses(pair), wanted)
        if problems:
            with self.assertRaises(UserError):
                wizard._guard_clean_proposals()
            return
        wizard._guard_clean_proposals()
        kept = [not gate & set(pair.ids) for pair in pairs]
        self.assertEqual([bool(line.exists()) for line in lines], kept)

    def _refuses(self, pair):
        try:
            self.env[WIZARD]._guard_check(pair, pair[1:], pair[:1])
        except UserError:
            return True
        return False


@tagged("post_install", "-at_install")
class TestFuzzOddities(TestFuzzBase):
    """Cases that the fuzz test has found, and those of the review."""

    def test_strings_for_ids(self):
        partner = self.people[0]
        self.set_rule("res.partner", "id", [("id", "in", [str(partner.id)])])
        protections, problems = self.Rule._get_protections(self.people.ids)
        self.assertTrue(problems or partner.id in protections)
        self.assertTrue(partner.merge_protected)

    def test_condition_that_odoo_skips(self):
        """On a picture Odoo only knows whether there is one, and drops the rest."""
        self.set_rule("res.partner", "id", ["!", ("image_1920", "ilike", "x")])
        self.assertEqual(self.rule.state, "broken")
        self.set_rule("res.partner", "id", [("image_1920", "!=", False)])
        self.assertEqual(self.rule.state, "protecting")

    def test_pattern_that_fails_for_some(self):
        """PostgreSQL refuses it when it meets a row to compare, and not before."""
        for model, field in (("res.partner", "id"), ("res.partner", "parent_id")):
            for value, state in (("\\", "broken"), ("a\\\\", "protecting")):
                self.set_rule(model, field, [("category_id.name", "=like", value)])
                self.assertEqual(self.rule.state, state)
                _found, problems = self.Rule._get_protections(self.people.ids)
                self.assertEqual(bool(problems), state == "broken")

    def test_never_ending_nesting(self):
        domain = "[('id', '=', 1)]"
        for _number in range(150):
            domain = f"['!', *{domain}]"
        for text in (domain, "[" * 5000 + "]" * 5000, "['!'] * 5", "[('id','=',0j)]"):
            self.set_rule("res.partner", "id", [])
            self.env.cr.execute(
                "UPDATE partner_merge_guard_rule SET domain = %s WHERE id = %s",
                [text, self.rule.id],
            )
            self.env.invalidate_all(flush=False)
            self.assertEqual(self.rule.state, "broken")
            self.assertTrue(self.people[0].merge_protected)
            self.assertTrue(self.rule.state_info)
            with mute_logger("odoo.sql_db"), self.assertRaises(UserError):
                self.env[WIZARD]._merge(self.people[:2].ids)

    def test_archived_children(self):
        """A list that leaves archived records out cannot be used."""
        self.set_rule("res.partner", "id", [("child_ids.name", "=", "Fuzz 5")])
        self.assertEqual(self.rule.state, "broken")
        self.assertIn("child_ids", self.rule.state_info)
        self.set_rule("res.partner", "parent_id", [("name", "=", "Fuzz 5")])
        self.people[5].active = False
        self.assertTrue(self.people[4].merge_protected)
