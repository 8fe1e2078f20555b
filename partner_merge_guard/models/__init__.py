from . import (
    partner_merge_guard_case,
    partner_merge_guard_log,
    partner_merge_guard_rule,
    partner_merge_guard_source,
    res_config_settings,
    res_partner,
)
