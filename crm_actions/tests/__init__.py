from . import common
from . import test_crm_action
