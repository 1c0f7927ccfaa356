"""How many worlds the random tests try: few in a usual run, many with DRILL=full."""

import os

from hypothesis import HealthCheck, settings

FULL = os.environ.get("DRILL") == "full"


def examples(usual: int, full: int) -> settings:
    """No deadline: the machines that run this are shared, and a slow example is not a wrong one."""
    return settings(
        max_examples=full if FULL else usual,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
