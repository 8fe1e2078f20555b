# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)
from . import (
    test_access,
    test_access_matrix,
    test_backfill,
    test_batch,
    test_doors,
    test_events,
    test_hand_over,
    test_http,
    test_job,
    test_processes,
    test_rules,
    test_settings,
    test_unused,
    test_withdraw,
)
