from . import crm_action_report
