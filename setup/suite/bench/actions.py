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


USERS = 20


def _fill_page(env, count, suite):
    """``count`` actions of 20 users, or as many activities."""
    users = env["res.users"].search([("login", "like", "bench\\_%")], order="id")
    if not users:
        users = env["res.users"].union(
            *(world.salesperson(env, number) for number in range(USERS))
        )
    env.cr.execute("SELECT count(*) FROM crm_lead WHERE user_id IS NOT NULL")
    missing = count // world.LISTED - env.cr.fetchone()[0]
    world.insert_leads(env, missing, env["crm.team"].search([], limit=1), users)
    if suite:
        world.insert_actions(env, missing)
    else:
        world.insert_activities(env, missing, world.LISTED)


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
