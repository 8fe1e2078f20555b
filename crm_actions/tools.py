# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError
from odoo.models import LOG_ACCESS_COLUMNS

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


def owned_fields(model):
    """Names of the fields of this addon that only the engine sets: those that are
    stored and readonly."""
    return frozenset(
        name
        for name, field in model._fields.items()
        if "crm_actions" in field._modules
        and field.readonly
        and field.store
        and name not in LOG_ACCESS_COLUMNS
    )


def check_owned(model, *vals_list, is_new=False, ignored_defaults=()):
    """Refuse values of fields that only the engine sets, whatever the value.

    :param bool is_new: of new records, which take defaults from the context too
    :param ignored_defaults: names of those of which a ``default_…`` in the context
        says nothing: it is meant for another model
    :raise UserError: when one is given, as a value or a default
    """
    if is_engine(model.env):
        return
    owned = owned_fields(model)
    names = owned & set().union(*vals_list)
    names |= {
        name
        for name in owned.difference(ignored_defaults)
        if is_new and f"default_{name}" in model.env.context
    }
    if names:
        raise UserError(
            model.env._(
                "%(fields)s cannot be set by hand: finish, skip, cancel, pause or "
                "reopen the actions instead.",
                fields=", ".join(sorted(model._fields[name].string for name in names)),
            )
        )
