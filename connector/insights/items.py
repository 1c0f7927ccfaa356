"""Titles of line items: what an `item` argument names, compared like a name; the title is its own id."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final

from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.lake.query import Lake
from connector.records.models import Kind, Record
from connector.records.names import Entry, contains, entry, fold, nearest, parts_of, words

TITLES: Final = """select distinct item.title from (
    select unnest(items) as item from read_parquet($events, hive_partitioning=false) where items is not null
) where item.title is not null"""


def titles_held(lake: Lake) -> list[str]:
    """Every title of a line item of the events held. Reads all of them: ask once per question."""
    return [str(title) for (title,) in lake.rows(TITLES)]


class Items:
    """The items of one account as one question sees them: read and folded at the first name, and only once.

    `held` gives the titles of line items of events; those of the catalog are added.
    """

    def __init__(self, install: Install, held: Callable[[], Iterable[str]]) -> None:
        self.install, self.held = install, held

    def named(self, text: str) -> list[str]:
        """The titles meant, each once: a text that is a title as it stands, else each part between commas.

        Raises TooManyParts, or Refusal: needs_choice, not_found.
        """
        text, parts = text.strip(), parts_of(text)
        whole = [] if parts == [text] else self._exact(text)
        found = [self._only(text, whole)] if whole else [self._part(part) for part in parts]
        return list(dict.fromkeys(found))

    @cached_property
    def _entries(self) -> list[Entry]:
        catalog = Record.objects.filter(install=self.install, kind=Kind.CATALOG_ITEM).values_list("name", flat=True)
        return [entry(title, fold(title), title) for title in sorted({*self.held(), *catalog})]

    @cached_property
    def _by_name(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for one in self._entries:
            found.setdefault(one.folded, []).append(one)
        return found

    def _exact(self, text: str) -> list[Entry]:
        """The title itself, else all that are the same once folded."""
        same = self._by_name.get(fold(text), [])
        return [one for one in same if one.key == text] or same

    def _part(self, text: str) -> str:
        wanted = words(fold(text))
        found = self._exact(text) or [one for one in self._entries if contains(wanted, one.folded, one.words)]
        if not found:
            raise self._not_found(text)
        return self._only(text, found)

    def _only(self, text: str, found: list[Entry]) -> str:
        if len(found) == 1:
            return found[0].key
        raise Refusal(
            "needs_choice",
            text=f"“{text}” fits {len(found)} items of {self.install.name}.",
            what_to_do="Call again with one title.",
            choices=self._choices(text, found),
        )

    def _not_found(self, text: str) -> Refusal:
        return Refusal(
            "refused",
            "not_found",
            f"{self.install.name} has no item “{text}”.",
            "Use one of the choices.",
            choices=self._choices(text, self._entries),
        )

    def _choices(self, text: str, pool: list[Entry]) -> tuple[Record, ...]:
        return tuple(
            Record(install=self.install, kind="item", klaviyo_id=one.key, name=one.key) for one in nearest(text, pool)
        )
