"""Odoo's command line, with all tests run after everything is loaded.

Odoo runs a test tagged ``at_install`` only while its module installs. Here both kinds
run at the end: ``python -m suite.upstream_server ARGS``.
"""

import odoo.cli
from odoo.tests import loader

_make_suite = loader.make_suite


def _make_suite_of_all(module_names, position="at_install"):
    if position == "at_install":
        # Called for each module while it loads, also without installing anything.
        return _make_suite([], position)
    return _make_suite(module_names, "at_install,post_install")


if __name__ == "__main__":
    loader.make_suite = _make_suite_of_all
    odoo.cli.main()
