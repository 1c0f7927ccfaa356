"""A small pool of connections, as the web process has a larger one; PostgreSQL alone has pools."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def pooled(size: int) -> Iterator[None]:
    """This process's connections come from a pool of so many; who gets none within five seconds fails."""
    wrapper: Any = connection  # of a pool the general type knows nothing
    options = connection.settings_dict["OPTIONS"]
    connection.close()
    options["pool"] = {"min_size": 1, "max_size": size, "timeout": 5}
    try:
        yield
    finally:
        connection.close()
        wrapper.close_pool()
        del options["pool"]
