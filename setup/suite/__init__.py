"""Provision Odoo 19 and drive it: what stands behind the commands in ``setup/``.

Nothing here but the standard library is needed to start; what the commands run
lives in one cache folder, see :mod:`suite.cache`.
"""
