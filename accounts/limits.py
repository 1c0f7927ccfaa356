"""Who calls from where, and how often one address may do what costs us something (fixed windows, in the cache)."""

import ipaddress
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


def ip_of(address: str | None) -> str | None:
    """The address if it is one: proxies and sockets may hand on other words, which no column takes."""
    try:
        return str(ipaddress.ip_address(address or ""))
    except ValueError:
        return None
