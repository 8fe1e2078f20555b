"""Contacts: created, merged, searched for duplicates."""

from . import world
from .case import Case


def _create(follow):
    def prepare(env, count):
        user = world.salesperson(env)
        if follow:
            follow(env, world.people(env, 3))
        values = world.contact_values(count)
        model = env["res.partner"].with_user(user)
        return lambda: model.create(values)

    return prepare


def _follow_suite(env, people):
    rule = env.ref("partner_default_follower.automation_new_partner")
    rule.follow_partner_ids = people


def _follow_plain(env, people):
    """The rule that the manual makes by hand."""
    model = env["ir.model"]._get("res.partner")
    env["base.automation"].create(
        {
            "name": "Abonnés",
            "model_id": model.id,
            "trigger": "on_create",
            "action_server_ids": [
                (
                    0,
                    0,
                    {
                        "name": "Abonner",
                        "model_id": model.id,
                        "state": "followers",
                        "followers_type": "specific",
                        "partner_ids": [(6, 0, people.ids)],
                    },
                )
            ],
        }
    )


def _merge(env, count):
    user = world.salesperson(env)
    contacts = world.contacts(env, 2 * count).with_user(user)
    pairs = [(contacts[2 * n], contacts[2 * n + 1]) for n in range(count)]
    wizard = env["base.partner.merge.automatic.wizard"].with_user(user)

    def work():
        for kept, merged in pairs:
            # The wizard insists on one address, as its user would see to.
            wizard._merge((kept | merged).ids, kept, extra_checks=False)

    return work


GROUP = 5


def _fill_contacts(env, count, _suite):
    """Contacts in groups of the same name, one in twenty with a bank account."""
    env.cr.execute("SELECT count(*) FROM res_partner WHERE starts_with(ref, 'bench-')")
    (there,) = env.cr.fetchone()
    name = f"'Zoé Núñez ' || ({there} + n - 1) / {GROUP}"
    ref = f"'bench-' || ({there} + n)"
    world.insert_contacts(env, count - there, name=name, complete_name=name, ref=ref)
    env.cr.execute(
        """
        INSERT INTO res_partner_bank (partner_id, acc_number, sanitized_acc_number,
                    active, create_uid, write_uid, create_date, write_date)
             SELECT id, ref, ref, TRUE, 1, 1, now(), now()
               FROM res_partner partner
              WHERE starts_with(ref, 'bench-') AND mod(id, 20) = 0
                AND NOT EXISTS (
                    SELECT FROM res_partner_bank WHERE partner_id = partner.id)
        """
    )


def _dedupe(protect):
    def prepare(env, _count):
        user = world.salesperson(env)
        if protect:
            protect(env)
        wizard = (
            env["base.partner.merge.automatic.wizard"]
            .with_user(user)
            .create({"group_by_name": True, "maximum_group": 0})
        )
        return wizard.action_start_manual_process

    return prepare


def _protect_bank_accounts(env):
    env["partner.merge.guard.rule"].create(
        {
            "name": "Comptes bancaires",
            "model_name": "res.partner.bank",
            "partner_field": "partner_id",
            "domain": "[]",
        }
    )


def _backfill_suite(env, _count):
    rule = env.ref("partner_default_follower.automation_new_partner")
    rule.follow_partner_ids = world.people(env, 3)
    rule.action_follow_existing()
    # The scheduled action's own method, as the scheduler calls it.
    return env["base.automation"]._cron_follow_existing


def _backfill_plain(env, _count):
    people = world.people(env, 3)
    subtypes = env["mail.message.subtype"].default_subtypes("res.partner")[0]
    return lambda: world.insert_followers(
        env, "res.partner", "active", people, subtypes
    )


CASES = (
    Case(
        "contact_create",
        "1,000 contacts created, 3 default followers",
        "the rule that one makes by hand",
        0.4,
        suite=_create(_follow_suite),
        plain=_create(_follow_plain),
    ),
    Case(
        "contact_create_no_rule",
        "1,000 contacts created, 3 default followers",
        "no rule at all",
        1.15,
        suite=_create(_follow_suite),
        plain=_create(None),
        group="contact_create",
    ),
    Case(
        "merge",
        "100 merges of 2 contacts that nothing protects",
        "the same",
        1.05,
        suite=_merge,
        plain=_merge,
        size=100,
    ),
    Case(
        "dedupe",
        "duplicates among 100,000 contacts in 20,000 groups, 5 % protected",
        "the same, nothing protected",
        1.05,
        suite=_dedupe(_protect_bank_accounts),
        plain=_dedupe(None),
        size=100_000,
        unit="seconds",
        fill=_fill_contacts,
    ),
    Case(
        "backfill_contacts",
        "3 default followers put onto 100,000 contacts",
        "one ``INSERT … SELECT`` of the same rows",
        3,
        suite=_backfill_suite,
        plain=_backfill_plain,
        size=100_000,
        unit="seconds",
        fill=_fill_contacts,
        group="backfill",
    ),
)
