# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)


def uninstall_hook(env):
    """Remove every default follower rule, not only the seeded one.

    Without this addon a rule added under Contacts would go on as a plain
    automation rule, with other events and without its company limits. Rules
    built by hand and never adopted are not ours and stay; so do the followers
    that contacts already have, unless *Take Back* removed them before.
    """
    rules = env["base.automation"].with_context(active_test=False)
    rules.search([("is_default_follower", "=", True)]).unlink()
