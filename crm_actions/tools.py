# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from odoo.exceptions import UserError
from odoo.models import LOG_ACCESS_COLUMNS


class EnginePass:
    """Leave for the engine to change ``left`` records; see :func:`as_engine`.

    No request can carry it: what arrives by RPC, import or as ``default_…`` is JSON,
    and never this object.
    """

    def __init__(self):
        self.left = 0


class WorkingDays(dict):
    """company → predicate "is it a working day there?", asked once per batch."""

    def __missing__(self, company):
        works_on = self[company] = company._crm_actions_works_on()
        return works_on


def as_engine(records, count=None):
    """``records`` as the engine changes them: owned fields may be written, and
    nothing follows from it but what other addons and automation rules do.

    It is good for one change of them. Those others, which find it in their context,
    act as anybody does: what they do to a list has its consequences, and they may
    not write owned fields.

    :param int count: how many records are created or changed, if not ``records``
    """
    # What is spent serves again: as many contexts would be as many environments.
    passes = records.env.cr.cache.setdefault("crm_actions_passes", [])
    leave = next((leave for leave in passes if not leave.left), None)
    if leave is None:
        passes.append(leave := EnginePass())
    leave.left = len(records) if count is None else count
    return records.with_context(crm_actions_engine=leave)


def takes_pass(env, count):
    """Whether the change of ``count`` records that begins is one of the engine."""
    leave = env.context.get("crm_actions_engine")
    if not isinstance(leave, EnginePass) or leave.left < count:
        return False
    leave.left -= count
    return True


def owned_fields(model):
    """Names of the fields of this addon that only the engine sets: those that are
    stored and readonly. Looked up once for each registry."""
    registered = model.env.registry[model._name]
    if "_crm_actions_owned" not in vars(registered):
        registered._crm_actions_owned = frozenset(
            name
            for name, field in model._fields.items()
            if "crm_actions" in field._modules
            and field.readonly
            and field.store
            and name not in LOG_ACCESS_COLUMNS
        )
    return registered._crm_actions_owned


def without_foreign_defaults(model, defaults):
    """What ``default_get`` gives, without values of fields that only the engine sets:
    a context that is meant for another model, or a default that an administrator has
    stored, says nothing about them.
    """
    for name in owned_fields(model) & defaults.keys():
        default = model._fields[name].default
        defaults[name] = default(model) if default else False
    return defaults


def check_owned(model, *vals_list, is_new=False, ignored_defaults=()):
    """Refuse values of fields that only the engine sets, whatever the value.

    :param bool is_new: of new records, which take defaults from the context too
    :param ignored_defaults: names of those of which a ``default_…`` in the context
        says nothing: it is meant for another model
    :raise UserError: when one is given, as a value or a default
    """
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
