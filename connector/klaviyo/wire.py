"""One HTTP exchange with Klaviyo: one pooled client per process, bodies capped in size and time."""

import os
import time
from email.utils import parsedate_to_datetime

import httpx

API_URL = "https://a.klaviyo.com"
CONNECT, READ = 10.0, 60.0
WHOLE = 180.0
"""Seconds for one whole answer: a body that drips keeps every single read within its time-out."""
BODY = 64 * 1024 * 1024
"""Bytes of one answer, unpacked."""

_pools: dict[int, httpx.Client] = {}


class TooMuch(httpx.HTTPError):
    """An answer that is larger or slower than any that Klaviyo documents."""


def pool() -> httpx.Client:
    """This process's connections. Made on first use, so never before a fork; a fork makes its own."""
    pid = os.getpid()
    # setdefault: of two threads that come first, both take the same one.
    return _pools.get(pid) or _pools.setdefault(pid, _connections())


def read(
    request: httpx.Request, auth: httpx.Auth | None = None, whole: float | None = None
) -> tuple[int, httpx.Headers, bytes]:
    """Send, and read the whole answer: status, headers, body. Raises httpx.HTTPError, also for a broken encoding."""
    deadline = time.monotonic() + (whole or WHOLE)
    response = pool().send(request, auth=auth, stream=True)
    try:
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > BODY or time.monotonic() > deadline:
                raise TooMuch("An answer of Klaviyo is too large or too slow.")
        return response.status_code, response.headers, b"".join(parts)
    finally:
        response.close()


def _connections() -> httpx.Client:
    return httpx.Client(
        http2=False,
        follow_redirects=False,
        timeout=httpx.Timeout(READ, connect=CONNECT),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30.0),
        headers={"accept-encoding": "gzip", "user-agent": "plumbline"},
    )


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that Klaviyo asks to wait, if it says so and if it makes sense. An HTTP date is understood too."""
    said = headers.get("retry-after", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), 86400.0) if seconds == seconds else None
