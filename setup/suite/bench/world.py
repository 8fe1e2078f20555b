"""What several cases prepare: people, teams, opportunities, contacts."""

from typing import Any

NAMES = ("Zoé Núñez", "Œuvre & Cie", "Łukasz Çelik", "Ana O’Brien", "Søren Äijälä")


def salesperson(env, number: int = 0, group: str = "sales_team.group_sale_salesman"):
    """A user who may see all that the case makes, notified by e-mail."""
    return (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": NAMES[number % len(NAMES)],
                "login": f"bench_{number}",
                "email": f"bench{number}@suite.example",
                "group_ids": [
                    (4, env.ref(group).id),
                    (4, env.ref("base.group_partner_manager").id),
                ],
            }
        )
    )


def people(env, count: int):
    """Partners of ``count`` users, to make followers of."""
    return env["res.partner"].union(
        *(salesperson(env, number).partner_id for number in range(10, 10 + count))
    )


def team(env, name: str):
    return env["crm.team"].create({"name": name, "company_id": False})


def follow_team(env, crm_team, partners) -> None:
    """Plain Odoo: followers of the team follow its opportunities, for all events."""
    subtypes = env["mail.message.subtype"].search(
        [("res_model", "in", ["crm.team", False]), ("internal", "=", False)]
    )
    crm_team.message_subscribe(partners.ids, subtypes.ids)


def lead_subtypes(env):
    """All events of opportunities that plain Odoo knows, but internal ones."""
    subtypes = env["mail.message.subtype"].search(
        [("res_model", "in", ["crm.lead", False]), ("internal", "=", False)]
    )
    ours = env.ref("crm_team_followers.mt_lead_customer_message", False)
    return subtypes - ours if ours else subtypes


def default_followers(env, crm_team, partners) -> None:
    """The suite: default followers of the team, for the same events."""
    subtypes = lead_subtypes(env)
    env["crm.team.follower"].create(
        [
            {
                "team_id": crm_team.id,
                "partner_id": partner.id,
                "subtype_ids": [(6, 0, subtypes.ids)],
            }
            for partner in partners
        ]
    )


def lead_values(count: int, **values: Any) -> list[dict]:
    return [
        {
            "name": f"Œuvre & Cie {number}",
            "type": "opportunity",
            "contact_name": "Zoé Núñez",
            "email_from": f"client{number}@customer.example",
            **values,
        }
        for number in range(count)
    ]


def leads(env, count: int, **values: Any):
    """Opportunities, made in a way that costs nothing but themselves."""
    quiet = env["crm.lead"].with_context(tracking_disable=True)
    return quiet.create(lead_values(count, **values)).with_env(env)


def contacts(env, count: int):
    quiet = env["res.partner"].with_context(tracking_disable=True)
    return quiet.create(contact_values(count)).with_env(env)


def contact_values(count: int) -> list[dict]:
    return [
        {
            "name": f"{NAMES[number % len(NAMES)]} {number}",
            "email": f"contact{number}@customer.example",
            "phone": f"+32 2 {number:07}",
        }
        for number in range(count)
    ]


def insert_many(env, table: str, count: int, **columns: str) -> None:
    """Rows by SQL: ``columns`` are expressions over ``n``, from 1 to ``count``."""
    env.flush_all()
    names, expressions = ", ".join(columns), ", ".join(columns.values())
    # The expressions are those of this package, nothing comes from outside.
    env.cr.execute(
        f"INSERT INTO {table} ({names}) SELECT {expressions}"
        f" FROM generate_series(1, {int(count)}) AS n"
    )
    env.invalidate_all()


def insert_followers(env, model, condition, people, subtypes):
    """The rows that a backfill must make, in one statement."""
    env.cr.execute(
        f"""
        WITH added AS (
            INSERT INTO mail_followers (res_model, res_id, partner_id)
                 SELECT %s, record.id, person.id
                   FROM {env[model]._table} record, unnest(%s) AS person(id)
                  WHERE {condition}
              RETURNING id
        )
        INSERT INTO mail_followers_mail_message_subtype_rel
                    (mail_followers_id, mail_message_subtype_id)
             SELECT added.id, subtype.id FROM added, unnest(%s) AS subtype(id)
        """,
        [model, people.ids, subtypes.ids],
    )


def insert_leads(env, count: int, crm_team) -> None:
    """Opportunities by SQL."""
    stage = env["crm.stage"].search([], limit=1)
    insert_many(
        env,
        "crm_lead",
        count,
        name="'Œuvre & Cie ' || n",
        type="'opportunity'",
        active="TRUE",
        team_id=str(crm_team.id),
        stage_id=str(stage.id),
        won_status="'pending'",
        probability="10",
        automated_probability="10",
        priority="'0'",
        create_uid="1",
        write_uid="1",
        create_date="now()",
        write_date="now()",
    )


def page_specification(env, model: str, view_type: str) -> dict:
    """What the web client asks ``web_search_read`` for, read off the view."""
    view = env[model].get_views([(False, view_type)])
    arch_fields = view["models"][model]["fields"]
    names = _field_names(view["views"][view_type]["arch"])
    return {
        name: {"fields": {"display_name": {}}}
        if arch_fields[name]["type"] in ("many2one", "many2many")
        else {}
        for name in names
        if name in arch_fields
    }


def _field_names(arch: str) -> list[str]:
    from lxml import etree

    tree = etree.fromstring(arch)
    inner = {field for field in tree.iterfind(".//field//field")}
    return list(
        dict.fromkeys(
            field.get("name") for field in tree.iter("field") if field not in inner
        )
    )
