# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)


def post_init_hook(env):
    """Choices that people made before the addon came are theirs all the same."""
    env["crm.team.grant"]._note_earlier_choices()
