"""The Odoo command line inside the provisioned environment.

setup/odoo ARGS…            e.g. setup/odoo shell -d demo < script.py
                                 setup/odoo -d x -i crm_actions --stop-after-init
setup/odoo --help           Odoo's own help

What is missing is provisioned first (see setup/run --help). ODOO_HOME names an Odoo 19
to use instead, PGHOST PGPORT PGUSER PGPASSWORD a PostgreSQL server.
"""

import sys

from ..odoo import odoo


def main() -> int:
    arguments = sys.argv[1:]
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
    with odoo(safe=True) as instance:
        return instance.foreground(*arguments)
