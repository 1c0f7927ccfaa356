"""What the tests of tokens share."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections

from accounts.bearer import bearer_caller


def works(tokens: dict[str, Any]) -> bool:
    return bearer_caller(tokens["access_token"]) is not None


def installs_of(tokens: dict[str, Any]) -> Any:
    caller = bearer_caller(tokens["access_token"])
    assert caller is not None
    return caller.installs


def at_once(count: int, call: Callable[[], Any]) -> list[Any]:
    """The same request from this many threads, let go together."""
    gate = Barrier(count)

    def one(_: int) -> Any:
        gate.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def refused_with(response: Any) -> str:
    assert response["Content-Type"].startswith("application/json")
    return response.json()["error"]
