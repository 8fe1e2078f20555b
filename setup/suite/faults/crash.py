"""A worker, or PostgreSQL itself, killed in the middle of bulk work."""

import random
import threading
from collections.abc import Callable

from ..console import say
from .client import CONNECTION_LOST, Client, Refused
from .stage import Serving, Stage

KILLS = 6


def _crashes(
    stage: Stage,
    call: Callable[[Client], object],
    result: Callable[[], int],
    whole: "Callable[[int], bool]",
    undo: str = "SELECT",
    pauses: tuple[float, float] = (0.05, 0.8),
) -> list[str]:
    """Start the work and kill something in it, again and again, then let it end.

    :param call: the work, as a client asks for it; each time there is more to do
    :param result: how much of it is in the database
    :param whole: whether that may be after a crash
    :param undo: SQL that gives the work something to do again
    :param pauses: seconds into the work, at least and at most
    """
    found: list[str] = []
    # The same pauses each time; what they meet is up to the machine.
    chance = random.Random(7)
    hits = 0
    for number in range(KILLS):
        what = "PostgreSQL" if number % 3 == 2 else "a worker"
        stage.query(undo)
        with stage.serving(workers=1) as serving:
            kill = stage.kill_postgres if number % 3 == 2 else serving.kill_busy_worker
            hit = _killed(serving, call, chance.uniform(*pauses), kill)
            if number % 3 == 2:
                stage.restart_postgres()
        hits += hit
        done = result()
        say(f"  {what} killed {'in' if hit else 'after'} the work: {done} done")
        if not whole(done):
            found.append(f"{done} done after kill {number + 1}")
        found += stage.violations()
    if hits < KILLS // 2:
        found.append(f"only {hits} of {KILLS} kills hit the work: make it longer")
    with stage.serving() as serving:
        call(serving.client(0))
    say(f"  at last: {result()} done")
    return found


def _killed(
    serving: Serving,
    call: Callable[[Client], object],
    pause: float,
    kill: Callable[[threading.Thread], None],
) -> bool:
    """Whether the work lost its server.

    :param pause: seconds into the work
    """
    client = serving.client(0)
    # The first call of a worker builds what later calls find ready.
    client.call("res.users", "read", [client.uid], ["name"])
    lost: list[Exception] = []
    working = threading.Thread(target=_note_lost, args=(call, client, lost))
    working.start()
    working.join(pause)
    kill(working)
    working.join()
    return bool(lost)


def _note_lost(
    call: Callable[[Client], object], client: Client, lost: list[Exception]
) -> None:
    try:
        call(client)
    except (*CONNECTION_LOST, Refused) as error:
        lost.append(error)


_ACTIONS = """
user = env["res.users"].search([("login", "=", "client0")])
leads = env["crm.lead"].with_context(tracking_disable=True).create([
    {"name": f"Chute {n}", "type": "opportunity", "user_id": user.id}
    for n in range(400)
])
env["crm.action"].create([
    {"lead_id": lead.id, "summary": f"Étape {n}", "user_id": user.id,
     "date_deadline": "2026-12-01"}
    for lead in leads for n in range(10)
])
env["mail.activity.plan"].create([{
    "name": f"Chute {number}", "res_model": "crm.lead", "sequential": True,
    "template_ids": [(0, 0, {
        "activity_type_id": env.ref("mail.mail_activity_data_call").id,
        "summary": f"Pas {n}", "sequence": n, "responsible_type": "other",
        "responsible_id": user.id,
    }) for n in range(5)],
} for number in range(10)])
env.cr.commit()
"""


def bulk_done(stage: Stage, _rounds: int) -> list[str]:
    """Killed while 400 actions are marked done.

    All of them or none: they are one transaction.
    """
    stage.shell(_ACTIONS)

    def work(client: Client) -> None:
        current = client.call(
            "crm.action",
            "search",
            [("lead_id.name", "like", "Chute "), ("state", "=", "todo")],
        )
        client.call("crm.action", "action_done", current, feedback="Fait")

    def done() -> int:
        return stage.number(_DONE)

    return _crashes(stage, work, done, lambda number: number % 400 == 0)


# The demonstration data has done actions too.
_DONE = """
SELECT count(*) FROM crm_action action JOIN crm_lead lead ON lead.id = action.lead_id
 WHERE action.state = 'done' AND lead.name LIKE 'Chute %'
"""


def bulk_start(stage: Stage, _rounds: int) -> list[str]:
    """Killed while a plan of 5 steps starts on 400 opportunities."""
    stage.shell(_ACTIONS)
    steps = """
        SELECT count(*) FROM crm_action action JOIN crm_lead lead ON lead.id = lead_id
         WHERE plan_id IS NOT NULL AND lead.name LIKE 'Chute %'
    """

    def work(client: Client) -> None:
        leads = client.call("crm.lead", "search", [("name", "like", "Chute ")])
        # One that has not been started on these.
        name = f"Chute {stage.number(steps) // 2000}"
        (plan,) = client.call("mail.activity.plan", "search", [("name", "=", name)])
        wizard = client.call(
            "mail.activity.schedule",
            "create",
            {"res_model": "crm.lead", "res_ids": str(leads), "plan_id": plan},
        )
        client.call("mail.activity.schedule", "action_schedule_plan", [wizard])

    return _crashes(
        stage, work, lambda: stage.number(steps), lambda number: number % 2000 == 0
    )


_MANY_LEADS = """
team = env["crm.team"].create({"name": "Banc", "company_id": False})
env["crm.lead"].with_context(tracking_disable=True).create([
    {"name": f"Chute {n}", "type": "opportunity", "team_id": team.id, "user_id": False}
    for n in range(2500)
])
users = env["res.users"].search([("login", "like", "client")])
env["crm.team.follower"].create([
    {"team_id": team.id, "partner_id": user.partner_id.id} for user in users
])
env.cr.commit()
"""


def backfill_leads(stage: Stage, _rounds: int) -> list[str]:
    """Killed while 2,500 opportunities get their default followers."""
    stage.shell(_MANY_LEADS)
    given = """
        SELECT count(*) FROM mail_followers JOIN crm_lead lead ON lead.id = res_id
         WHERE crm_team_grant IS NOT NULL AND lead.name LIKE 'Chute %'
    """

    def work(client: Client) -> None:
        (team,) = client.call("crm.team", "search", [("name", "=", "Banc")])
        client.call("crm.team", "action_apply_default_followers", [team])

    return _crashes(
        stage,
        work,
        lambda: stage.number(given),
        lambda number: number % 20_000 == 0,
        undo="DELETE FROM mail_followers WHERE crm_team_grant = 'full'",
    )


_MANY_CONTACTS = """
INSERT INTO res_partner (name, complete_name, active, type)
     SELECT 'Zoé Núñez ' || n, 'Zoé Núñez ' || n, TRUE, 'contact'
       FROM generate_series(1, 100000) AS n
"""
_THEIR_FOLLOWERS = """
rule = env.ref("partner_default_follower.automation_new_partner")
users = env["res.users"].search([("login", "like", "client")])
rule.follow_partner_ids = users.partner_id
env.cr.commit()
"""


def backfill_contacts(stage: Stage, _rounds: int) -> list[str]:
    """Killed while 100,000 contacts get their default followers.

    In the background, committed batch by batch; the next run goes on from there.
    """
    stage.query(_MANY_CONTACTS)
    stage.shell(_THEIR_FOLLOWERS)
    missing = """
        SELECT count(*) FROM res_partner partner
         WHERE name LIKE 'Zoé Núñez %' AND NOT EXISTS (
               SELECT FROM mail_followers WHERE res_model = 'res.partner'
                      AND res_id = partner.id)
    """

    def work(client: Client) -> None:
        rule, cron = (
            client.call("ir.model.data", "check_object_reference", *name.split("."))[1]
            for name in (
                "partner_default_follower.automation_new_partner",
                "partner_default_follower.ir_cron_follow_existing",
            )
        )
        (state,) = client.call("base.automation", "read", [rule], ["follow_state"])
        if state["follow_state"] == "none":
            client.call("base.automation", "action_follow_existing", [rule])
        client.call("ir.cron", "method_direct_trigger", [cron])

    # Long enough for some batches: Odoo gives a job up that ends thrice without any.
    found = _crashes(
        stage,
        work,
        lambda: stage.number(missing),
        lambda _number: True,
        pauses=(3, 6),
    )
    if left := stage.number(missing):
        found.append(f"{left} contacts have no followers at the end")
    return found


_DOUBLES = """
contacts = env["res.partner"].with_context(tracking_disable=True).create([
    {"name": f"Double {n // 2}", "email": f"double{n // 2}@suite.example"}
    for n in range(120)
])
env["res.partner.bank"].create([
    {"partner_id": contact.id, "acc_number": f"BE{contact.id:012}"}
    for contact in contacts[::20]
])
env["partner.merge.guard.rule"].create({
    "name": "Comptes", "model_name": "res.partner.bank",
    "partner_field": "partner_id", "domain": "[]",
})
env.cr.commit()
"""


def automatic_merge(stage: Stage, _rounds: int) -> list[str]:
    """Killed while 60 pairs of contacts merge, some of them protected.

    Odoo commits after each pair: a pair is merged or it is not, and the protected
    contacts are all there in the end.
    """
    stage.shell(_DOUBLES)
    contacts = "SELECT count(*) FROM res_partner WHERE name LIKE 'Double %'"
    protected = "SELECT count(*) FROM res_partner_bank WHERE acc_number LIKE 'BE0%'"

    def work(client: Client) -> None:
        model = "base.partner.merge.automatic.wizard"
        values = {"group_by_name": True, "group_by_email": True, "maximum_group": 100}
        wizard = client.call(model, "create", values)
        client.call(model, "action_start_automatic_process", [wizard])

    found = _crashes(stage, work, lambda: stage.number(contacts), lambda _number: True)
    if stage.number(protected) != 6 or stage.number(contacts) != 66:
        found.append(
            f"{stage.number(protected)} of 6 protected contacts, and"
            f" {stage.number(contacts)} of 66 contacts, are left"
        )
    return found
