"""How many worlds the random tests try: a few, always the same ones, in a usual run; many new ones with DRILL=full."""

import os

from hypothesis import HealthCheck, Phase, settings

FULL = os.environ.get("DRILL") == "full"


def examples(usual: int, full: int) -> settings:
    """No deadline: machines that run this are shared, and a slow example is not a wrong one. Shrinking a whole world
    takes minutes, so a usual run leaves it out."""
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if FULL else [])]
    return settings(
        max_examples=full if FULL else usual,
        derandomize=not FULL,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
