"""Install, upgrade and uninstall every combination of the addons, with data.

After the last addon is gone the database must be as it was before the first came:
nothing of the schema, and no record that an addon brought. Meanwhile and afterwards the
pipeline, the contacts and the activities must open.
"""

import itertools
import re
from collections.abc import Iterator

from . import cache, databases, invariants, testlog
from .console import call, say
from .odoo import Odoo

# The schema is compared as pg_dump writes it. Of these tables each record; Odoo's own
# records of foreign keys have no xmlid, so every module leaves them behind.
_TABLES = """
ir_ui_view(name) ir_ui_menu(name) ir_act_window(name) ir_act_server(name)
ir_act_client(name) ir_rule(name)
ir_model_access(name) ir_cron(cron_name) ir_asset(name) res_groups(name)
res_groups_privilege(name) mail_message_subtype(name) mail_template(name)
mail_activity_type(name) ir_default(field_id) ir_filters(name) base_automation(name)
"""
_OTHERS = """
SELECT 'model ' || model FROM ir_model;
SELECT 'field ' || model || '.' || name FROM ir_model_fields;
SELECT 'relation ' || name FROM ir_model_relation;
SELECT 'parameter ' || key FROM ir_config_parameter;
SELECT 'selection ' || f.model || '.' || f.name || ' ' || s.value
  FROM ir_model_fields_selection s JOIN ir_model_fields f ON f.id = s.field_id;
SELECT 'constraint record ' || name FROM ir_model_constraint WHERE type != 'f';
SELECT 'xmlid ' || module || '.' || name FROM ir_model_data
 WHERE module != '__export__' AND name NOT LIKE 'module\\_%';
SELECT 'attachment of ' || res_model || ' ' || id FROM ir_attachment
 WHERE res_model NOT IN (SELECT model FROM ir_model)
"""

# Written into `odoo shell`: the records of a small cooperative, plain Odoo's only.
_DATA = """
user = env["res.users"].create({
    "name": "Zoé Núñez", "login": "matrix", "email": "zoe@suite.example",
    "group_ids": [(4, env.ref("sales_team.group_sale_manager").id)],
})
env["crm.lead"].create([{
    "name": f"Œuvre & Cie {n}", "type": "opportunity", "user_id": user.id,
    "email_from": f"client{n}@customer.example",
} for n in range(20)])
env["res.partner"].create([{"name": f"Núñez {n}"} for n in range(20)])
env.cr.commit()
"""

# The same, of what the installed addons can hold.
_OWN_DATA = """
leads = env["crm.lead"].search([("name", "like", "Œuvre")])
contacts = env["res.partner"].search([("name", "like", "Núñez")])
if "crm.action" in env:
    env["crm.action"].create([
        {"lead_id": lead.id, "summary": f"Étape {n}", "date_deadline": "2026-12-01"}
        for lead in leads for n in range(3)
    ])
    leads.action_ids.filtered(lambda a: a.state == "todo")[:10].action_done("Fait")
    env["mail.activity.plan"].create({
        "name": "Relance", "res_model": "crm.lead", "sequential": True,
        "template_ids": [(0, 0, {
            "activity_type_id": env.ref("mail.mail_activity_data_call").id,
            "summary": "Appel",
        })],
    })
if "crm.team.follower" in env:
    team = leads.team_id[:1] or env["crm.team"].search([], limit=1)
    env["crm.team.follower"].create(
        [{"team_id": team.id, "partner_id": contact.id} for contact in contacts[:3]]
    )
    leads.write({"team_id": False})
    leads.write({"team_id": team.id})
if "partner.merge.guard.rule" in env:
    env["partner.merge.guard.rule"].create({
        "name": "Comptes", "model_name": "res.partner.bank",
        "partner_field": "partner_id", "domain": "[]",
    })
    env["res.partner.bank"].create(
        {"partner_id": contacts[0].id, "acc_number": "BE71 0961 2345 6769"}
    )
if "partner.default.follower.job" in env:
    rule = env.ref("partner_default_follower.automation_new_partner")
    rule.follow_partner_ids = contacts[:2]
    env["res.partner"].create([{"name": f"Núñez suivie {n}"} for n in range(5)])
    rule.action_follow_existing()
env.cr.commit()
"""

# The web client opens its views: their fields are read for a page of records.
_OPEN = """
from lxml import etree
for model, types in {
    "crm.lead": ["kanban", "list", "form", "search", "calendar", "pivot", "graph",
                 "activity"],
    "crm.team": ["kanban", "list", "form", "search"],
    "crm.stage": ["list", "form", "search"],
    "res.partner": ["kanban", "list", "form", "search", "activity"],
    "mail.activity": ["list", "form", "search", "calendar"],
    "mail.activity.plan": ["list", "form", "search"],
    "mail.activity.schedule": ["form"],
    "base.automation": ["list", "form", "search"],
    "base.partner.merge.automatic.wizard": ["form"],
    "res.config.settings": ["form"],
    "res.users": ["list", "form"],
}.items():
    for uid in [2, env.ref("base.user_admin").id]:
        records = env[model].with_user(uid)
        views = records.get_views([(False, kind) for kind in types])["views"]
        for kind in types:
            arch = etree.fromstring(views[kind]["arch"])
            if kind not in ("kanban", "list", "form") or records._transient:
                continue
            inner = set(arch.iterfind(".//field//field"))
            names = [
                node.get("name") for node in arch.iter("field") if node not in inner
            ]
            records.web_search_read([], dict.fromkeys(names, {}), limit=80)
"""


def orders(addons: "tuple[str, ...]") -> Iterator[tuple[tuple[str, ...], ...]]:
    """Each combination once, with an order to install and one to uninstall in.

    The orders change from one combination to the next; the whole suite is uninstalled
    in the order of installation, in the reverse one, and from the middle.
    """
    for size in range(1, len(addons) + 1):
        for number, some in enumerate(itertools.combinations(addons, size)):
            coming = some[::-1] if number % 2 else some
            yield coming, coming if number % 3 else coming[::-1]
    yield addons[::-1], addons[::-1]
    yield addons[1:] + addons[:1], addons[2:] + addons[:2]


def run(instance: Odoo) -> testlog.Outcome:
    """Go through all combinations; what is left behind or logged is a failure."""
    outcome = testlog.Outcome()
    template = databases.template(instance)
    with databases.copy(instance, template, "matrix_data") as data:
        outcome.unexpected += instance.shell(data, _DATA)
        # What uninstalling anything changes is not what an addon leaves.
        before = _snapshot(instance, data)
        for coming, leaving in orders(cache.ADDONS):
            title = f"{' + '.join(coming)}, leaving as {' + '.join(leaving)}"
            say(f"• {title}")
            with databases.copy(instance, data, "matrix") as database:
                found = _combination(instance, database, coming, leaving)
                left = _snapshot(instance, database)
            found += [f"left behind: {line}" for line in sorted(left - before)]
            found += [f"taken along: {line}" for line in sorted(before - left)]
            outcome.started.append(title)
            if found:
                outcome.failed.append(title)
                outcome.unexpected += [f"{title}: {line}" for line in found]
                say("\n".join(f"  {line}" for line in found))
    return outcome


def _combination(
    instance: Odoo, database: str, coming: tuple[str, ...], leaving: tuple[str, ...]
) -> list[str]:
    found = []
    for name in coming:
        found += instance.try_install(database, name)
    found += instance.shell(database, _OWN_DATA)
    found += instance.update(database, ",".join(coming))
    found += instance.shell(database, _OPEN)
    found += invariants.violations(instance.server, database)
    for name in leaving:
        found += instance.uninstall(database, name)
        found += invariants.violations(instance.server, database)
    found += instance.shell(database, _OPEN)
    return found


def _snapshot(instance: Odoo, database: str) -> set[str]:
    server = instance.server
    queries = _OTHERS.split(";")
    for table, column in re.findall(r"(\w+)\(([^)]+)\)", _TABLES):
        queries.append(
            f"SELECT '{table} ' || id || ' ' || ({column})::text FROM {table}"
        )
    dump = [server.programs / "pg_dump", "--schema-only", "--no-owner", database]
    schema = call(dump, "look at the database", env=server.environment())
    lines = {
        line
        for line in schema.splitlines()
        # pg_dump's own remarks, and sequences that Odoo makes by itself
        if line.strip() and not re.match(r"--|\\|SET |.*ir_sequence_\d", line)
    }
    return lines.union(*(server.query(query, database) for query in queries))
