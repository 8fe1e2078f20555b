"""What several cases prepare: people, teams, opportunities, contacts."""

from typing import Any

STAMPS = {
    "create_uid": "1",
    "write_uid": "1",
    "create_date": "now()",
    "write_date": "now()",
}
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


def insert_leads(env, count: int, crm_team, users=None) -> None:
    """Opportunities by SQL, of the users in turn."""
    user = f"{users.ids[0]} + n % {len(users)}" if users else "NULL::integer"
    insert_many(
        env,
        "crm_lead",
        count,
        name="'Œuvre & Cie ' || n",
        type="'opportunity'",
        active="TRUE",
        team_id=str(crm_team.id),
        user_id=user,
        stage_id=str(env["crm.stage"].search([], limit=1).id),
        won_status="'pending'",
        probability="10",
        automated_probability="10",
        priority="'0'",
        **STAMPS,
    )


def insert_contacts(env, count: int, **columns: str) -> None:
    """Contacts by SQL."""
    values = {
        "name": "'Zoé Núñez ' || n",
        "complete_name": "'Zoé Núñez ' || n",
        "active": "TRUE",
        "is_company": "FALSE",
        "type": "'contact'",
        "lang": "'en_US'",
        "color": "0",
        "partner_share": "TRUE",
    }
    insert_many(env, "res_partner", count, **STAMPS, **(values | columns))


def insert_activities(env, leads: int, each: int = 1) -> None:
    """Activities by SQL, on opportunities that have none."""
    env.cr.execute(
        """
        INSERT INTO mail_activity (res_model, res_model_id, res_id, res_name, active,
                    user_id, activity_type_id, summary, date_deadline, create_date)
             SELECT 'crm.lead', %s, lead.id, lead.name, TRUE, lead.user_id, %s,
                    'Appeler ' || lead.id, CURRENT_DATE + (lead.id + n) %% 90 - 30,
                    now()
               FROM crm_lead lead, generate_series(1, %s) AS n
              WHERE lead.user_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM mail_activity
                     WHERE res_model = 'crm.lead' AND res_id = lead.id)
              ORDER BY lead.id
              LIMIT %s
        """,
        [
            env["ir.model"]._get_id("crm.lead"),
            env.ref("mail.mail_activity_data_call").id,
            each,
            leads * each,
        ],
    )


# Five actions an opportunity: one done, one current, the others wait.
LISTED = 5
# What an action may hold; ``n`` (0 to 4) is its place in the list. Adapt it here: a
# column that this version of crm_actions lacks is left out.
_ACTION = {
    "lead_id": "lead.id",
    "user_id": "lead.user_id",
    "lead_user_id": "lead.user_id",
    "team_id": "lead.team_id",
    "company_id": "lead.company_id",
    "run_id": "run.id",
    "sequence": "10 * n",
    "state": "CASE n WHEN 0 THEN 'done' WHEN 1 THEN 'todo' ELSE 'waiting' END",
    "done_on": "CASE n WHEN 0 THEN now() - interval '1 day' * (lead.id % 90) END",
    "date_deadline": "CASE WHEN n < 2 THEN CURRENT_DATE + lead.id % 90 - 30 END",
    "activity_type_id": "(SELECT min(id) FROM mail_activity_type)",
    "summary": "'Appeler ' || lead.id",
}
_RUN = {"lead_id": "lead.id", "state": "'running'"}
_CURRENT = ("next_action_id", "current_action_id")


def insert_actions(env, leads: int) -> None:
    """Lists of actions by SQL, on opportunities that have none.

    The activity of the opportunity, if it has one, mirrors the current action.
    """
    with_list = (
        "(SELECT * FROM crm_lead WHERE user_id IS NOT NULL AND NOT EXISTS (SELECT FROM"
        " crm_action WHERE lead_id = crm_lead.id) ORDER BY id LIMIT %(leads)s) AS lead"
    )
    run = "(SELECT NULL::integer AS id, NULL::integer AS lead_id)"
    if "crm.action.run" in env:
        _insert(env, "crm_action_run", _RUN, with_list, leads)
        run = "crm_action_run"
    source = (
        f"{with_list} LEFT JOIN {run} AS run ON run.lead_id = lead.id"
        f" CROSS JOIN generate_series(0, {LISTED - 1}) AS n"
    )
    _insert(env, "crm_action", _ACTION, source, leads)
    env.cr.execute(
        """
        INSERT INTO mail_activity (res_model, res_model_id, res_id, active, user_id,
                    crm_action_id, activity_type_id, summary, date_deadline)
             SELECT 'crm.lead', %s, lead_id, TRUE, user_id, action.id,
                    activity_type_id, summary, date_deadline
               FROM crm_action action
              WHERE state = 'todo' AND NOT EXISTS (
                    SELECT FROM mail_activity WHERE crm_action_id = action.id)
        """,
        [env["ir.model"]._get_id("crm.lead")],
    )
    for name in [name for name in _CURRENT if name in env["crm.lead"]._fields]:
        env.cr.execute(
            f"UPDATE crm_lead SET {name} = action.id, next_action_date ="
            " action.date_deadline FROM crm_action action"
            f" WHERE action.lead_id = crm_lead.id AND state = 'todo' AND {name} IS NULL"
        )


def _insert(env, table: str, values: dict, source: str, leads: int) -> None:
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
        [table],
    )
    there = {name for (name,) in env.cr.fetchall()}
    used = {name: sql for name, sql in (values | STAMPS).items() if name in there}
    expressions = ", ".join(sql.replace("%", "%%") for sql in used.values())
    env.cr.execute(
        f"INSERT INTO {table} ({', '.join(used)}) SELECT {expressions} FROM {source}",
        {"leads": leads},
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
