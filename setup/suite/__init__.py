"""Provision Odoo 19 and drive it: what stands behind the commands in ``setup/``.

Nothing here but the standard library is needed to start; what the commands run
lives in one cache folder, see :mod:`suite.cache`.
"""

import sys

# Read before anything that an older Python could not even parse.
if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit("error: this needs Python 3.10 or newer\n  → run it with python3.11")
