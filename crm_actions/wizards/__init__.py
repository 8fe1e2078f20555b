from . import (
    crm_action_finish,
    crm_action_reschedule,
    crm_action_resume,
    crm_action_skip,
    mail_activity_schedule,
)
