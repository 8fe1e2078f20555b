"""Many clients on the same lists at the same moment."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from ..console import say
from .client import Client, Refused
from .stage import CLIENTS, Stage

LEADS = 20
# Odoo tries a transaction again when another one was faster, five times at most, and
# then hands the database's refusal on.
RETRIED = ("SerializationFailure", "DeadlockDetected", "LockNotAvailable")

_LISTS = """
user = env["res.users"].search([("login", "=", "client0")])
leads = env["crm.lead"].with_context(tracking_disable=True).create([
    {{"name": f"Course {{n}}", "type": "opportunity", "user_id": user.id}}
    for n in range({leads})
])
env["crm.action"].create([
    {{"lead_id": lead.id, "summary": f"Étape {{n}}", "user_id": user.id,
      "date_deadline": "2026-12-01"}}
    for lead in leads for n in range({actions})
])
env.cr.commit()
"""


# The demonstration data has done actions too.
_DONE = """
SELECT count(*) FROM crm_action action JOIN crm_lead lead ON lead.id = action.lead_id
 WHERE action.state = 'done' AND lead.name LIKE 'Course %'
"""
_MESSAGES = """
SELECT count(*) FROM mail_message message JOIN crm_lead lead ON lead.id = message.res_id
 WHERE message.model = 'crm.lead' AND message.mail_activity_type_id IS NOT NULL
       AND lead.name LIKE 'Course %'
"""


def finish_together(stage: Stage, rounds: int) -> list[str]:
    """8 clients finish the same current action at the same time.

    Half of them by the action, half by its activity, as list and chatter do.
    """
    stage.shell(_LISTS.format(leads=LEADS, actions=rounds // LEADS + 2))
    found: list[str] = []
    refusals: Counter[str] = Counter()
    with stage.serving() as serving:
        clients = serving.clients()
        leads = clients[0].call(
            "crm.lead", "search", [("name", "like", "Course ")], order="id"
        )
        for number in range(rounds):
            lead = leads[number % LEADS]
            (current,) = clients[0].call(
                "crm.action",
                "search_read",
                [("lead_id", "=", lead), ("state", "=", "todo")],
                ["activity_ids"],
            )
            _together(clients, _finishers(current), refusals)
            done = stage.number(_DONE)
            if done != number + 1:
                found.append(f"round {number + 1}: {done} actions are done")
                break
            if number % 50 == 49:
                say(
                    f"  … {number + 1} of {rounds}; refused: {dict(refusals) or 'none'}"
                )
                if found := stage.violations():
                    break
    found += [
        f"{count} × {name}" for name, count in refusals.items() if name not in RETRIED
    ]
    messages = stage.number(_MESSAGES)
    if not found and messages != rounds:
        found.append(f"{messages} messages say that one of {rounds} actions was done")
    return found + serving.logged()


def _finishers(current: dict) -> list[tuple]:
    calls = [
        ("crm.action", "action_done", [current["id"]]),
        ("mail.activity", "action_feedback", current["activity_ids"]),
    ]
    return calls * (CLIENTS // 2)


def _together(
    clients: list[Client], calls: list[tuple], refusals: "Counter[str]"
) -> None:
    """All clients call at the same moment."""
    barrier = threading.Barrier(len(clients))

    def run(client: Client, model: str, method: str, *arguments) -> None:
        barrier.wait()
        try:
            client.call(model, method, *arguments)
        except Refused as refused:
            refusals[refused.name.rpartition(".")[2]] += 1

    _at_once(
        [(run, client, *call) for client, call in zip(clients, calls, strict=True)]
    )


def _at_once(calls: list[tuple]) -> None:
    """Call all, each in a thread; raises what one of them raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for answer in [pool.submit(*call) for call in calls]:
            answer.result()


# What a colleague may find: the opportunity was merged away, the date is gone.
ANSWERED = ("MissingError", "UserError")


def everything_together(stage: Stage, rounds: int) -> list[str]:
    """8 clients finish, reassign, reschedule, merge and lose the same opportunities."""
    stage.shell(_LISTS.format(leads=LEADS * 3, actions=12))
    found: list[str] = []
    refusals: Counter[str] = Counter()
    traces: dict[str, str] = {}
    with stage.serving() as serving:
        clients = serving.clients()
        # The same calls each time; how they meet is up to the machine.
        _at_once(
            [
                (_wander, client, random.Random(n), rounds // 4, refusals, traces)
                for n, client in enumerate(clients)
            ]
        )
    say(f"  refused: {dict(refusals) or 'none'}")
    found += [
        f"{count} × {name}\n{traces[name]}"
        for name, count in refusals.items()
        if name not in (*RETRIED, *ANSWERED)
    ]
    return found + serving.logged(sum(refusals[name] for name in ANSWERED))


def _wander(
    client: Client,
    chance: random.Random,
    steps: int,
    refusals: "Counter[str]",
    traces: dict[str, str],
) -> None:
    for _step in range(steps):
        leads = client.call(
            "crm.lead",
            "search",
            [("name", "like", "Course ")],
            order="id",
            context={"active_test": False},
        )
        # Few of them, so that the clients meet.
        lead, other = chance.sample(leads[:6], 2)
        try:
            _step_on(client, chance, lead, other)
        except Refused as refused:
            name = refused.name.rpartition(".")[2]
            refusals[name] += 1
            traces[name] = refused.debug


def _step_on(client: Client, chance: random.Random, lead: int, other: int) -> None:
    actions = client.call(
        "crm.action",
        "search_read",
        [("lead_id", "=", lead), ("state", "in", ["waiting", "todo"])],
        ["state", "activity_ids"],
    )
    current = [action["id"] for action in actions if action["state"] == "todo"]
    mirrors = [mirror for action in actions for mirror in action["activity_ids"]]
    anyone = chance.choice([action["id"] for action in actions] or [0])
    call = client.call
    match chance.randrange(12):
        case 0 | 1 | 2 if current:
            call("crm.action", "action_done", current, feedback="Fait")
        case 3 | 4 if mirrors:
            call("mail.activity", "action_feedback", mirrors)
        case 5 if anyone:
            call("crm.action", "action_reassign", [anyone], client.uid)
        case 6 if anyone:
            day = chance.randrange(1, 28)
            call("crm.action", "action_reschedule", [anyone], f"2026-12-{day:02}")
        case 7 if mirrors:
            call("mail.activity", "write", mirrors, {"date_deadline": "2026-12-24"})
        case 8:
            call("crm.lead", "action_set_lost", [lead])
        case 9:
            call("crm.lead", "action_restore", [lead])
        case 10 if chance.random() < 0.2:
            call("crm.lead", "merge_opportunity", [lead, other])
        case 11 if anyone:
            call("crm.action", "write", [anyone], {"sequence": chance.randrange(99)})
        case _:
            values = {"lead_id": lead, "summary": "De plus", "date_deadline": False}
            call("crm.action", "create", [values])
