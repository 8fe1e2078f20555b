from . import partner_merge_guard_rule, res_partner
