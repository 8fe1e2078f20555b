"""Actions: done, started from a plan, looked at."""

from . import world
from .case import Case


def _done_suite(env, count):
    user = world.salesperson(env)
    leads = world.leads(env, count, user_id=user.id)
    actions = env["crm.action"].create(
        [
            {
                "lead_id": lead.id,
                "summary": summary,
                "user_id": user.id,
                "date_deadline": "2026-11-24",
            }
            for lead in leads
            for summary in ("Appeler Zoé Núñez", "Envoyer l’offre")
        ]
    )
    current = actions.filtered(lambda action: action.state == "todo").with_user(user)
    return lambda: current.action_done(feedback="Fait")


def _done_plain(env, count):
    user = world.salesperson(env)
    leads = world.leads(env, count, user_id=user.id)
    types = env["mail.activity.type"]
    following = types.create(
        {"name": "Envoyer l’offre", "res_model": "crm.lead", "delay_count": 3}
    )
    first = types.create(
        {
            "name": "Appeler Zoé Núñez",
            "res_model": "crm.lead",
            "chaining_type": "trigger",
            "triggered_next_type_id": following.id,
        }
    )
    activities = (
        env["mail.activity"]
        .with_context(mail_activity_quick_update=True)
        .create(
            [
                {
                    "res_model_id": env["ir.model"]._get_id("crm.lead"),
                    "res_id": lead.id,
                    "activity_type_id": first.id,
                    "user_id": user.id,
                    "date_deadline": "2026-11-24",
                }
                for lead in leads
            ]
        )
    )
    activities = activities.with_env(env).with_user(user)
    return lambda: activities.action_feedback(feedback="Fait")


def _launch(**plan_values):
    def prepare(env, count):
        user = world.salesperson(env)
        leads = world.leads(env, count, user_id=user.id)
        plan = env["mail.activity.plan"].create(
            {
                "name": "Cinq étapes",
                "res_model": "crm.lead",
                "template_ids": [
                    (
                        0,
                        0,
                        {
                            "activity_type_id": env.ref(
                                "mail.mail_activity_data_call"
                            ).id,
                            "summary": f"Étape {number}",
                            "sequence": number,
                            "delay_count": number,
                            "delay_unit": "days",
                            "responsible_type": "other",
                            "responsible_id": user.id,
                        },
                    )
                    for number in range(1, 6)
                ],
                **plan_values,
            }
        )
        wizard = (
            env["mail.activity.schedule"]
            .with_user(user)
            .create(
                {"res_model": "crm.lead", "res_ids": str(leads.ids), "plan_id": plan.id}
            )
        )
        return wizard.action_schedule_plan

    return prepare


# Of all actions, one in five is current.
LISTED = 5
USERS = 20


def _fill_page(env, count, suite):
    """``count`` actions of 20 users, or as many activities."""
    users = env["res.users"].search([("login", "like", "bench\\_%")], order="id")
    if not users:
        users = env["res.users"].union(
            *(world.salesperson(env, number) for number in range(USERS))
        )
    table = "crm_action" if suite else "mail_activity"
    env.cr.execute(f"SELECT count(*) FROM {table}")
    missing = count - env.cr.fetchone()[0]
    first = _insert_leads(env, -(-missing // LISTED), users)
    user = f"{users.ids[0]} + ({first} + (n - 1) / {LISTED}) % {USERS}"
    kind = env.ref("mail.mail_activity_data_call").id
    common = {
        "activity_type_id": str(kind),
        "summary": "'Appeler Zoé Núñez ' || n",
        "date_deadline": "DATE '2026-11-24' + abs(hashint4(n)) % 60 - 10",
        "create_uid": "1",
        "write_uid": "1",
        "create_date": "now()",
        "write_date": "now()",
    }
    if not suite:
        _insert_activities(env, missing, first, user, common)
        return
    lead = f"{first} + (n - 1) / {LISTED}"
    world.insert_many(
        env,
        "crm_action",
        missing,
        lead_id=lead,
        user_id=user,
        lead_user_id=user,
        sequence=f"10 * (n % {LISTED})",
        state=f"CASE n % {LISTED} WHEN 0 THEN 'done' WHEN 1 THEN 'todo'"
        " ELSE 'waiting' END",
        **common,
    )
    env.cr.execute(
        """
        INSERT INTO mail_activity (crm_action_id, res_model, res_model_id, res_id,
                    active, user_id, activity_type_id, summary, date_deadline)
             SELECT action.id, 'crm.lead', %s, lead_id, TRUE, user_id,
                    activity_type_id, summary, date_deadline
               FROM crm_action action
              WHERE state = 'todo' AND NOT EXISTS (
                    SELECT FROM mail_activity WHERE crm_action_id = action.id)
        """,
        [env["ir.model"]._get_id("crm.lead")],
    )
    env.cr.execute(
        """
        UPDATE crm_lead SET next_action_id = action.id,
               next_action_date = action.date_deadline
          FROM crm_action action
         WHERE action.lead_id = crm_lead.id AND action.state = 'todo'
           AND next_action_id IS NULL
        """
    )


def _insert_leads(env, count, users) -> int:
    """Opportunities of the users in turn; returns the first one's id."""
    world.insert_leads(env, count, env["crm.team"].search([], limit=1))
    env.cr.execute("SELECT max(id) - %s FROM crm_lead", [count - 1])
    (first,) = env.cr.fetchone()
    env.cr.execute(
        f"UPDATE crm_lead SET user_id = {users.ids[0]} + id %% {USERS} WHERE id >= %s",
        [first],
    )
    return first


def _insert_activities(env, count, first, user, common) -> None:
    world.insert_many(
        env,
        "mail_activity",
        count,
        res_model="'crm.lead'",
        res_model_id=str(env["ir.model"]._get_id("crm.lead")),
        res_id=f"{first} + (n - 1) / {LISTED}",
        res_name="'Œuvre & Cie'",
        active="TRUE",
        user_id=user,
        **common,
    )


def _look(env, model, domain, order):
    """The first page of the list and the counts of its groups."""
    user = env["res.users"].search([("login", "=", "bench_3")])
    records = env[model].with_user(user).with_context(force_search_count=1)
    domain = [*domain, ("user_id", "=", user.id)]
    specification = world.page_specification(records.env, model, "list")

    def work():
        records.env.invalidate_all()
        records.web_search_read(
            domain, specification, limit=80, order=order, count_limit=10_001
        )
        records.formatted_read_group(domain, ["activity_type_id"], ["__count"])

    return work


def _page_suite(env, _count):
    return _look(env, "crm.action", [("state", "=", "todo")], "date_deadline, id")


def _page_plain(env, _count):
    # The default filters of My Activities: late and today.
    due = [("date_deadline", "<=", "today")]
    return _look(env, "mail.activity", due, "date_deadline")


CASES = (
    Case(
        "action_done",
        "1,000 current actions done, the next ones appear",
        "1,000 activities whose type triggers the next",
        1.0,
        suite=_done_suite,
        plain=_done_plain,
    ),
    Case(
        "plan_launch",
        "a sequential plan of 5 steps on 500 opportunities",
        "the same plan, all at once",
        0.5,
        suite=_launch(sequential=True),
        plain=_launch(),
        size=500,
    ),
    Case(
        "actions_page",
        "first page and counts of Actions among 1,000,000 actions",
        "*My Activities* among as many activities",
        1.0,
        suite=_page_suite,
        plain=_page_plain,
        size=1_000_000,
        fill=_fill_page,
        repeat=10,
        max_growth=1.5,
    ),
)
