"""Finding objects across accounts by words of their names, for whoever does not know which account or kind they are of."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from rapidfuzz.fuzz import partial_ratio

from connector.installs.models import Install
from connector.records.models import Kind, Record
from connector.records.names import LONGEST, contains, entry, fold, nearest, words
from connector.records.search import narrowed

KINDS: Final = tuple(kind.value for kind in Kind if kind != Kind.MESSAGE)
COMPARED: Final = 5_000  # names that are looked at, the newest: no search reads the whole of a large agency
ALIKE: Final = 75  # percent in which a name without any word in common must agree to be worth showing


def find_across(installs: Iterable[Install], text: str, most: int) -> list[Record]:
    """Objects with this id, of this name, or with all these words in it: first those, then the newest.

    Where there are none, those that come closest, deleted ones too. Records come with their installs.
    """
    records = Record.objects.filter(install__in=list(installs), kind__in=KINDS)
    if not text.isprintable():
        return []
    exact = _newest(records.filter(Q(klaviyo_id=text[:64]) | Q(folded=fold(text)[:LONGEST])))
    wanted = words(fold(text))
    fitting = [key for key, folded in _newest(narrowed(records, wanted)) if contains(wanted, folded, words(folded))]
    keys = list(dict.fromkeys([*(key for key, _ in exact), *fitting]))[:most]
    return _loaded(keys or _near(records, text, wanted, most))


def _newest(records: QuerySet[Record]) -> list[tuple[UUID, str]]:
    """Keys and folded names; a campaign is as new as its send time, anything else as its making."""
    made = records.annotate(made=Coalesce("at", "created", "updated"))
    ordered = made.order_by(F("made").desc(nulls_last=True), "kind", "klaviyo_id")
    return list(ordered.values_list("pk", "folded")[:COMPARED])


def _near(records: QuerySet[Record], text: str, wanted: frozenset[str], most: int) -> list[UUID]:
    """By words in common, then by edit distance; catalogs are too large to be compared letter by letter."""
    some = Q()
    for word in wanted:
        some |= Q(folded__contains=word)
    pool = _newest(records.filter(some)) if wanted else []
    pool = pool or _newest(records.exclude(kind=Kind.CATALOG_ITEM))
    folded = fold(text)
    alike = [
        entry(str(key), name, key)
        for key, name in pool
        if wanted & words(name) or partial_ratio(folded, name, score_cutoff=ALIKE)
    ]
    return [one.of for one in nearest(text, alike, most)]


def _loaded(keys: list[UUID]) -> list[Record]:
    records = Record.objects.select_related("install").in_bulk(keys)
    return [records[key] for key in keys if key in records]
