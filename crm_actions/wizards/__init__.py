from . import crm_action_finish
from . import crm_action_reassign
from . import crm_action_reschedule
from . import crm_action_skip
from . import mail_activity_schedule
