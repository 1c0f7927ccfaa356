"""Everything that is not a GET, by its operation."""

from collections.abc import Callable

from connector.sandbox.call import Answer, Call

WRITES: dict[str, Callable[[Call], Answer]] = {}
