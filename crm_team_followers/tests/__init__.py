# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from . import (
    test_access,
    test_access_matrix,
    test_customers,
    test_doors,
    test_follows,
    test_grants,
    test_jobs,
    test_list,
    test_mail_stories,
    test_people,
    test_performance,
    test_random_walk,
    test_tour,
    test_unused,
    test_upgrade,
)
