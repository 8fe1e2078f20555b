from . import (
    test_access_matrix,
    test_cooperator,
    test_deduplicate,
    test_easy_my_coop,
    test_merge_override,
    test_merge_routes,
    test_merge_rpc,
    test_merge_scope,
    test_merge_tour,
    test_performance,
    test_res_partner,
    test_rule,
)
