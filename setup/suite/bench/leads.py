"""Opportunities: created, moved between teams, shown, written to by customers."""

from . import world
from .case import Case


def _create(env, count):
    user = world.salesperson(env)
    values = world.lead_values(
        count, user_id=user.id, team_id=world.team(env, "Équipe").id
    )
    model = env["crm.lead"].with_user(user)
    # A new user empties the caches of the server, which users seldom meet.
    model.create(values[:1])
    return lambda: model.create(values)


def _create_with_followers(follow):
    def prepare(env, count):
        user = world.salesperson(env)
        crm_team = world.team(env, "Équipe")
        follow(env, crm_team, world.people(env, 3))
        values = world.lead_values(count, user_id=user.id, team_id=crm_team.id)
        model = env["crm.lead"].with_user(user)
        return lambda: model.create(values)

    return prepare


def _two_teams(env):
    teams = world.team(env, "Équipe"), world.team(env, "Œuvre")
    people = world.people(env, 6)
    return world.salesperson(env), teams, (people[:3], people[3:])


def _move_suite(env, count):
    user, teams, people = _two_teams(env)
    for crm_team, partners in zip(teams, people, strict=True):
        world.default_followers(env, crm_team, partners)
    leads = world.leads(env, count, user_id=user.id, team_id=teams[0].id)
    leads = leads.with_user(user)
    return lambda: leads.write({"team_id": teams[1].id})


def _move_plain(env, count):
    user, teams, (former, new) = _two_teams(env)
    leads = world.leads(env, count, user_id=user.id, team_id=teams[0].id)
    leads = leads.with_user(user)
    subtypes = world.lead_subtypes(env)
    leads.message_subscribe(former.ids, subtypes.ids)

    def work():
        leads.write({"team_id": teams[1].id})
        leads.message_unsubscribe(former.ids)
        leads.message_subscribe(new.ids, subtypes.ids)

    return work


def _page(env, _count):
    user = world.salesperson(env, group="sales_team.group_sale_salesman_all_leads")
    model = env["crm.lead"].with_user(user)
    domain = [("type", "=", "opportunity"), ("team_id", "=", _filled_team(env).id)]
    specifications = [
        world.page_specification(model.env, "crm.lead", view_type)
        for view_type in ("kanban", "list")
    ]

    def work():
        for specification in specifications:
            model.env.invalidate_all()
            model.web_search_read(domain, specification, limit=80)

    return work


MAIL = """\
From: {email}
To: reply@suite.example
Subject: =?utf-8?q?R=C3=A9ponse?=
Message-ID: <bench-{number}@customer.example>
In-Reply-To: {parent}
References: {parent}
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

Bonjour, d'accord pour jeudi. Zoé Núñez
"""


def _customer_mail(follow):
    def prepare(env, count):
        user = world.salesperson(env)
        people = world.people(env, 5)
        crm_team = world.team(env, "Équipe")
        leads = follow(env, count, user, crm_team, people)
        mails = []
        for number, lead in enumerate(leads):
            parent = lead.message_post(
                body="Jeudi ?",
                message_type="comment",
                subtype_xmlid="mail.mt_comment",
            )
            mails.append(
                MAIL.format(
                    number=number, email=lead.email_from, parent=parent.message_id
                )
            )

        def work():
            for mail in mails:
                env["mail.thread"].message_process("crm.lead", mail)

        return work

    return prepare


def _mail_suite(env, count, user, crm_team, people):
    world.default_followers(env, crm_team, people)
    return world.leads(env, count, user_id=user.id, team_id=crm_team.id)


def _mail_plain(env, count, user, crm_team, people):
    leads = world.leads(env, count, user_id=user.id, team_id=crm_team.id)
    leads.message_subscribe(people.ids)
    return leads


def _filled_team(env):
    return env["crm.team"].search([("name", "=", "Banc")])


def _fill_leads(env, count, _suite):
    """Opportunities of one team, up to ``count`` of them."""
    crm_team = _filled_team(env) or world.team(env, "Banc")
    there = env["crm.lead"].search_count([("team_id", "=", crm_team.id)])
    world.insert_leads(env, count - there, crm_team)


def _fill_followed(env, _count, suite):
    """10,000 opportunities with 3 followers.

    In a database that has hardly any followers, PostgreSQL reads all of them for each
    opportunity until autovacuum has counted the new ones, whoever makes these.
    """
    if _filled_team(env):
        return
    _fill_leads(env, 10_000, suite)
    world.insert_followers(
        env,
        "crm.lead",
        f"team_id = {_filled_team(env).id}",
        world.contacts(env, 3),
        world.lead_subtypes(env),
    )


def _backfill_suite(env, _count):
    crm_team = _filled_team(env)
    world.default_followers(env, crm_team, world.people(env, 3))

    def work():
        crm_team.action_apply_default_followers()
        # The scheduled action's own method, as the scheduler calls it.
        env["crm.team"]._cron_apply_default_followers()

    return work


def _backfill_plain(env, _count):
    crm_team = _filled_team(env)
    people, subtypes = world.people(env, 3), world.lead_subtypes(env)
    return lambda: world.insert_followers(
        env, "crm.lead", f"team_id = {crm_team.id}", people, subtypes
    )


CASES = (
    Case(
        "lead_create",
        "1,000 opportunities created, nothing of the suite in use",
        "the same",
        1.03,
        suite=_create,
        plain=_create,
        same_queries=True,
    ),
    Case(
        "lead_create_team",
        "1,000 opportunities created in a team with 3 default followers",
        "3 followers of the team, for the same events",
        0.9,
        suite=_create_with_followers(world.default_followers),
        plain=_create_with_followers(world.follow_team),
        fill=_fill_followed,
    ),
    Case(
        "team_move",
        "1,000 opportunities moved to another team, 3 default followers each",
        "the move, ``message_unsubscribe`` and ``message_subscribe``",
        0.7,
        suite=_move_suite,
        plain=_move_plain,
        fill=_fill_followed,
    ),
    Case(
        "lead_page",
        "80 of 10,000 opportunities for the kanban and the list",
        "the same views without our fields",
        1.05,
        suite=_page,
        plain=_page,
        size=10_000,
        fill=_fill_leads,
        repeat=10,
    ),
    Case(
        "customer_mail",
        "200 mails of customers through the gateway, 5 default followers",
        "5 followers",
        1.03,
        suite=_customer_mail(_mail_suite),
        plain=_customer_mail(_mail_plain),
        size=200,
    ),
    Case(
        "backfill_leads",
        "3 default followers put onto 100,000 opportunities",
        "one ``INSERT … SELECT`` of the same rows",
        3,
        suite=_backfill_suite,
        plain=_backfill_plain,
        size=100_000,
        unit="seconds",
        fill=_fill_leads,
        group="backfill",
    ),
)
