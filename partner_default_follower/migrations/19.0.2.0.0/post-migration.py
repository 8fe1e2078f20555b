# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from ast import literal_eval
from itertools import product

from odoo import SUPERUSER_ID, api
from odoo.fields import Domain

from odoo.addons.partner_default_follower.models.base_automation import KINDS


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    _read_filters(env)
    _move_jobs(env)


def _read_filters(env):
    """Which contacts a rule is about was read from its filter; now it is stored."""
    companies = env["res.company"].with_context(active_test=False).search([])
    rules = env["base.automation"].with_context(active_test=False)
    for rule in rules.search(
        [("is_default_follower", "=", True), ("follow_kind", "=", "custom")]
    ):
        try:
            domain = Domain(literal_eval(rule.filter_domain))
        except (SyntaxError, TypeError, ValueError):
            continue  # it computes something
        parts = _parts(domain)
        for kind, company in product(
            ("person", "company", "contact", "all"), [*companies, companies.browse()]
        ):
            start = _parts(KINDS[kind])
            if company:
                start.append(Domain("company_id", "in", [False, company.id]))
            rest = Domain.AND(parts[len(start) :])
            conditions = False if rest.is_true() else repr(list(rest))
            made = rule._follow_make_filter(kind, company, conditions)
            if parts[: len(start)] == start and made == rule.filter_domain:
                rule.write(
                    {
                        "follow_kind": kind,
                        "follow_company_id": company.id,
                        "follow_domain": conditions,
                    }
                )
                break


def _parts(domain):
    """Return the conditions that must all hold."""
    parts = list(getattr(domain, "children", [domain]))
    if domain != Domain.AND(parts):
        parts = [domain]
    return [part for part in parts if not part.is_true()]


def _move_jobs(env):
    """The progress of a rule becomes its first job."""
    env.cr.execute(
        """
        INSERT INTO partner_default_follower_job
                    (automation_id, state, done_count, total_count,
                     create_uid, create_date, write_uid, write_date)
             SELECT rule.id,
                    CASE WHEN finished THEN 'done' ELSE rule.follow_backfill END,
                    done, GREATEST(done, total),
                    progress.create_uid, progress.create_date,
                    progress.write_uid, progress.write_date
               FROM default_follower_progress progress
               JOIN base_automation rule ON rule.id = progress.automation_id
              WHERE finished OR rule.follow_backfill IN ('running', 'stopped')
        """
    )
    env["partner.default.follower.job"]._trigger()
    # Odoo drops the column by itself, and leaves the table of a model that is gone
    env.cr.execute("DROP TABLE default_follower_progress")
