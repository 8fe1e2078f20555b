from . import test_merge_routes
