# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError

# Proof that a change comes from the engine. No request can carry it: what arrives
# by RPC, import or as ``default_…`` is JSON, and never this object.
_ENGINE = object()


class WorkingDays(dict):
    """company → predicate "is it a working day there?", asked once per batch."""

    def __missing__(self, company):
        works_on = self[company] = company._crm_actions_works_on()
        return works_on


def as_engine(records):
    """``records`` as the engine changes them: owned fields may be written, and
    nothing follows from it but what other addons and automation rules do."""
    return records.with_context(crm_actions_engine=_ENGINE)


def is_engine(env):
    """Whether the current change is one of the engine."""
    return env.context.get("crm_actions_engine") is _ENGINE


def check_owned(model, owned, *vals_list, defaults=()):
    """Refuse values of fields that only the engine sets, whatever the value.

    :param owned: names of the fields
    :param defaults: those that no ``default_…`` of the context may give either
    :raise UserError: when one is given
    """
    if is_engine(model.env):
        return
    names = {name for name in defaults if f"default_{name}" in model.env.context}
    names.update(owned & set().union(*vals_list))
    if names:
        raise UserError(
            model.env._(
                "%(fields)s cannot be set by hand: finish, skip, cancel, pause or "
                "reopen the actions instead.",
                fields=", ".join(sorted(model._fields[name].string for name in names)),
            )
        )
