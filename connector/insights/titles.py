"""Titles of line items: what an `item` argument names, compared like a name; the title is its own id."""

from rapidfuzz.distance.Levenshtein import distance

from connector.insights.outcome import Refusal
from connector.installs.models import Install
from connector.lake.query import Reader
from connector.records.models import Kind, Record
from connector.records.names import CHOICES, contains, fold, words

TITLES = """select distinct item.title from (select unnest(items) as item from read_parquet($events, hive_partitioning=false)
where items is not null) where item.title is not null"""


def titles_named(install: Install, text: str, lake: Reader) -> list[str]:
    """The titles meant: a text that is a title as it stands, else each part between commas. Raises Refusal."""
    catalog = Record.objects.filter(install=install, kind=Kind.CATALOG_ITEM).values_list("name", flat=True)
    titles = sorted({str(title) for (title,) in lake.rows(TITLES)} | set(catalog))
    whole = text.strip()
    if whole in titles:
        return [whole]
    if "," in whole and len(folded := [title for title in titles if fold(title) == fold(whole)]) == 1:
        return folded
    return [title for part in whole.split(",") if part.strip() for title in _part(install, titles, part.strip())]


def _part(install: Install, titles: list[str], text: str) -> list[str]:
    folded, wanted = fold(text), words(fold(text))
    if text in titles:
        return [text]
    exact = [title for title in titles if fold(title) == folded]
    found = exact or [title for title in titles if contains(wanted, fold(title), words(fold(title)))]
    if len(found) == 1:
        return found
    near = sorted(
        found or titles, key=lambda title: (-len(wanted & words(fold(title))), distance(folded, fold(title)), title)
    )[:CHOICES]
    choices = tuple(Record(install=install, kind="item", klaviyo_id=title, name=title) for title in near)
    if found:
        raise Refusal(
            "needs_choice",
            text=f"“{text}” fits {len(found)} items of {install.name}.",
            what_to_do="Call again with one title.",
            choices=choices,
        )
    raise Refusal(
        "refused", "not_found", f"{install.name} has no item “{text}”.", "Use one of the choices.", choices=choices
    )
