"""How often one address may do what costs us something, counted in the cache in fixed windows."""

import time

from django.core.cache import cache


def within_limit(what: str, address: str, *, most: int, seconds: int) -> bool:
    """Count one more of `what` from this address; False once there were more than `most` in the running window."""
    key = f"limit:{what}:{address}:{int(time.time() // seconds)}"
    if cache.add(key, 1, seconds):
        return True
    try:
        return cache.incr(key) <= most
    except ValueError:  # the window ended between the two calls
        return True
