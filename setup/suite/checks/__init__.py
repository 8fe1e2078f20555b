"""Tests that the four addons share, run by setup/ from a table each addon carries.

An addon's ``tests/suite_*.py`` is such a table: it says what is special about the
addon and derives from a class of this package. ``tests/__init__.py`` does not import
it, so that plain ``odoo --test-tags`` runs the addon's own tests on a machine without
setup/; Odoo started by setup/ finds it, under the addon's tag
(:mod:`suite.checks.loading`).
"""
