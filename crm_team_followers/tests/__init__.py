# Copyright 2026 CRM and Contacts Suite
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl)

from . import test_access
from . import test_grants
from . import test_list
from . import test_mail_stories
from . import test_performance
from . import test_random_walk
