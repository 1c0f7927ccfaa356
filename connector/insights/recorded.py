"""What a question's names came to, kept in a typed form, so that a receipt can be run again with the same meaning."""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast, get_type_hints

import msgspec

LONGEST_KEY: Final = 500

Params = ParamSpec("Params")
Result = TypeVar("Result")


class Book:
    """Results by question. `stored`: those of the answer that is run again; they stand, nothing is looked up anew."""

    def __init__(self, stored: Mapping[str, Any] | None = None) -> None:
        self._stored = stored or {}
        self._results: dict[str, Any] = {}

    def once(self, key: str, of_type: Any, find: Callable[[], Any]) -> Any:
        if key not in self._results:
            self._results[key] = (
                msgspec.convert(self._stored[key], of_type, strict=False) if key in self._stored else find()
            )
        return self._results[key]

    def plain(self) -> dict[str, Any]:
        """For JSON: instants to the microsecond, amounts as text; `once` reads it back equal."""
        return {key: msgspec.to_builtins(result) for key, result in self._results.items()}


class HasBook(Protocol):
    book: Book


Self = TypeVar("Self", bound=HasBook)


def recorded(
    method: Callable[Concatenate[Self, Params], Result],
) -> Callable[Concatenate[Self, Params], Result]:
    """A method of JSON-able arguments whose result is found once per question and kept with the receipt."""

    @functools.wraps(method)
    def once(self: Self, *args: Params.args, **kwargs: Params.kwargs) -> Result:
        key = _key(json.dumps([method.__name__, *args, *([kwargs] if kwargs else [])], ensure_ascii=False))
        result: Result = self.book.once(key, _result_type(method), lambda: method(self, *args, **kwargs))
        return result

    return cast(Callable[Concatenate[Self, Params], Result], once)


def _key(asked: str) -> str:
    """The question itself; of a long one a digest, since the receipt need not hold a thousand titles twice."""
    return asked if len(asked) <= LONGEST_KEY else hashlib.sha256(asked.encode(errors="surrogatepass")).hexdigest()


@functools.cache
def _result_type(method: Callable[..., Any]) -> Any:
    return get_type_hints(method)["return"]
