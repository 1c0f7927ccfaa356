"""Finding objects by what a person would type: exact names first, then whole words, then former names."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from connector.installs.models import Install
from connector.records.models import FormerName, Kind, Record
from connector.records.names import LONGEST, Entry, contains, entry, fold, nearest, parts_of, words

NEWEST: Final = 200  # campaigns that a `*` takes at most
ALSO: Final = 3  # of those that contain the words too, beside an exact match
FILTERED: Final = 8  # words by which the database narrows the names; all of them are compared afterwards
NEVER: Final = datetime.min.replace(tzinfo=UTC)
# A campaign of which people may have received something. Others are candidates only where a tool shows them.
SENT: Final = ~Q(kind=Kind.CAMPAIGN) | Q(status__in=["Sent", "Sending", "Sending Segments", "Variations Sent"])
ANY: Final = Q()
PRESENT: Final = Q(deleted_at=None)  # still there in Klaviyo


@dataclass(frozen=True)
class Match:
    """What one part of an argument means.

    One of `records` (what is meant), `choices` (several fit, or, when `missing`, what comes closest) and `elsewhere` (the
    id of another account's object) is filled or true; a missing part beside another missing one has no choices.
    """

    text: str
    records: tuple[Record, ...] = ()
    choices: tuple[Record, ...] = ()
    fits: int = 0  # how many fit, before choices were cut to CHOICES and a star's to NEWEST
    exact: bool = False  # by id or by the whole name, not by words in it
    missing: bool = False
    renamed: bool = False  # asked by a name that it had before
    elsewhere: bool = False
    latest: bool = False  # asked as `latest`: the answer says which one that is
    also_fits: tuple[Record, ...] = ()  # contain the words too, beside an exact match: newest first


@dataclass(frozen=True)
class Finding:
    """What a whole argument means, part by part."""

    matches: tuple[Match, ...] = field(default_factory=tuple)

    @property
    def records(self) -> list[Record]:
        """All objects meant, each once, in the order named."""
        return list({record.pk: record for match in self.matches for record in match.records}.values())

    @property
    def missing(self) -> Match | None:
        return next((match for match in self.matches if match.missing), None)

    @property
    def ambiguous(self) -> Match | None:
        return next((match for match in self.matches if match.choices and not match.missing), None)

    @property
    def is_elsewhere(self) -> bool:
        """Nothing of this account is asked for: every part is the id of another account's object."""
        return bool(self.matches) and all(match.elsewhere for match in self.matches)


def find(
    install: Install,
    kinds: Sequence[str],
    text: str,
    *,
    candidate: Q = ANY,
    star: bool = False,
    latest: bool = False,
    many: bool = False,
    elsewhere: Collection[str] = (),
) -> Finding:
    """Resolve `text` among the install's records of these kinds that fit `candidate`. Raises TooManyParts.

    A text that is an id or a name as it stands, commas and all, is that one; else each part between commas is resolved
    alone. `star`: a part ending in `*` takes all that contain the words before it, the newest NEWEST. `latest`: a part
    `latest` or `latest:WORDS` takes the newest. `many`: a name takes all that match exactly, else all that contain its
    words, instead of asking which one is meant. `elsewhere`: ids of other accounts' objects (`ids_in`). With several
    kinds `list:NAME` says of which one the name is.
    """
    parts = parts_of(text)
    names = _Names(install, kinds, candidate, [*parts, text.strip()])
    rules = _Rules(star, latest, many, frozenset(elsewhere))
    found = _resolve(names, text.strip(), parts, rules)
    return Finding(_loaded(found))


def ids_in(installs: Iterable[Install], kinds: Sequence[str], texts: Iterable[str], candidate: Q = ANY) -> set[str]:
    """Which of the texts are ids of objects of any of these accounts."""
    records = Record.objects.filter(candidate, install__in=list(installs), kind__in=kinds)
    return set(records.filter(klaviyo_id__in=_storable(texts)).values_list("klaviyo_id", flat=True))


class _Rules(NamedTuple):
    star: bool
    latest: bool
    many: bool
    elsewhere: frozenset[str]


class _Row(NamedTuple):
    """As much of a record as tells whether it is meant."""

    pk: UUID
    kind: str
    klaviyo_id: str
    folded: str
    at: datetime | None

    @property
    def age(self) -> tuple[datetime, str]:
        """Sorts from the oldest to the newest; what has no time is the oldest."""
        return (self.at or NEVER, self.klaviyo_id)


@dataclass(frozen=True)
class _Part:
    """A Match with rows' keys in place of records."""

    match: Match
    records: tuple[UUID, ...] = ()
    choices: tuple[UUID, ...] = ()
    also_fits: tuple[UUID, ...] = ()


class _Names:
    """The names of one account's candidates, asked for as far as they are needed and never twice."""

    def __init__(self, install: Install, kinds: Sequence[str], candidate: Q, texts: Iterable[str]) -> None:
        self.kinds = kinds
        self.records = Record.objects.filter(candidate, install=install, kind__in=kinds)
        self.texts = {form for text in texts for form in (text, _prefixed(kinds, text)[1])}

    @cached_property
    def _by_id(self) -> dict[str, _Row]:
        return {row.klaviyo_id: row for row in _rows(self.records.filter(klaviyo_id__in=_storable(self.texts)))}

    @cached_property
    def _by_name(self) -> dict[str, list[_Row]]:
        wanted = {fold(text)[:LONGEST] for text in self.texts}
        found: dict[str, list[_Row]] = {}
        for row in _rows(self.records.filter(folded__in=wanted)):
            found.setdefault(row.folded, []).append(row)
        return found

    @cached_property
    def entries(self) -> list[Entry]:
        """All of them, for what comes closest."""
        rows = self.records.values_list("pk", "klaviyo_id", "folded").order_by().iterator()
        return [entry(key, folded, pk) for pk, key, folded in rows]

    def of_id(self, text: str) -> list[_Row]:
        kind, bare = _prefixed(self.kinds, text)
        row = self._by_id.get(text) or self._by_id.get(bare)
        return _of_kind([row] if row else [], kind)

    def named(self, text: str) -> list[_Row]:
        """Those of exactly this name; failing that, of the name after `list:`."""
        kind, bare = _prefixed(self.kinds, text)
        return self._by_name.get(fold(text)[:LONGEST]) or _of_kind(self._by_name.get(fold(bare)[:LONGEST], []), kind)

    def containing(self, text: str) -> list[_Row]:
        kind, bare = _prefixed(self.kinds, text)
        wanted = words(fold(bare))
        rows = _of_kind(_rows(narrowed(self.records, wanted)), kind)
        return [row for row in rows if contains(wanted, row.folded, words(row.folded))]

    def every(self) -> list[_Row]:
        return _rows(self.records)

    def former(self, text: str, *, exact: bool = False) -> list[_Row]:
        """Those that had the name before; failing that (unless `exact`) one that contains the words."""
        kind, bare = _prefixed(self.kinds, text)
        names = FormerName.objects.filter(record__in=self.records)
        pks = set(names.filter(folded=fold(bare)[:LONGEST]).values_list("record_id", flat=True))
        if not pks and not exact:
            wanted = words(fold(bare))
            near = narrowed(names, wanted).values_list("record_id", "folded")
            pks = {pk for pk, folded in near if contains(wanted, folded, words(folded))}
        return _of_kind(_rows(self.records.filter(pk__in=pks)), kind) if pks else []


def _resolve(names: _Names, text: str, parts: list[str], rules: _Rules) -> list[_Part]:
    if parts != [text] and names.of_id(text):
        return [_identified(names, text)]
    whole = [] if parts == [text] else names.named(text)
    if whole:
        return [_several(names, text, whole, rules, exact=True)]
    found = [_part(names, part, rules) for part in parts]
    if parts != [text] and any(part.match.missing or part.match.renamed for part in found):
        former = names.former(text, exact=True)
        if former:
            return [_several(names, text, former, rules, renamed=True)]
    missing = next((part for part in found if part.match.missing), None)
    if missing is None:
        return found
    wanted = _prefixed(names.kinds, _words_of(missing.match.text, rules))[1]
    near = tuple(one.of for one in nearest(wanted, names.entries))
    return [replace(part, choices=near) if part is missing else part for part in found]


def _part(names: _Names, text: str, rules: _Rules) -> _Part:
    if rules.star and text.endswith("*"):
        return _starred(names, text, rules)
    if rules.latest and _is_latest(names, text):
        return _latest(names, text, rules)
    if names.of_id(text):
        return _identified(names, text)
    if text in rules.elsewhere:
        return _Part(Match(text, elsewhere=True))
    return _named(names, text, rules)


def _identified(names: _Names, text: str) -> _Part:
    return _Part(Match(text, fits=1, exact=True), (names.of_id(text)[0].pk,))


def _named(names: _Names, text: str, rules: _Rules) -> _Part:
    exact = names.named(text)
    found = exact or names.containing(text)
    if found:
        return _several(names, text, found, rules, exact=bool(exact))
    former = names.former(text)
    if former:
        return _several(names, text, former, rules, renamed=True)
    return _Part(Match(text, missing=True))


def _several(
    names: _Names, text: str, found: list[_Row], rules: _Rules, *, exact: bool = False, renamed: bool = False
) -> _Part:
    """The one found, all of them where many are meant, else a choice to make."""
    match = Match(text, fits=len(found), exact=exact, renamed=renamed)
    if len(found) > 1 and not rules.many:
        near = nearest(_prefixed(names.kinds, text)[1], [entry(row.klaviyo_id, row.folded, row.pk) for row in found])
        return _Part(match, choices=tuple(one.of for one in near))
    also = _also_fitting(names, text, found) if exact else ()
    return _Part(match, tuple(row.pk for row in found), also_fits=also)


def _also_fitting(names: _Names, text: str, found: list[_Row]) -> tuple[UUID, ...]:
    meant = {row.pk for row in found}
    others = [row for row in names.containing(text) if row.pk not in meant]
    return tuple(row.pk for row in _newest(others)[:ALSO])


def _starred(names: _Names, text: str, rules: _Rules) -> _Part:
    stem = _words_of(text, rules)
    found = names.containing(stem) if stem else names.every()
    former = [] if found else names.former(stem)
    newest = _newest(found or former)
    match = Match(text, fits=len(newest), renamed=bool(former), missing=not newest)
    return _Part(match, tuple(row.pk for row in newest[:NEWEST]))


def _latest(names: _Names, text: str, rules: _Rules) -> _Part:
    wanted = _words_of(text, rules)
    found = names.containing(wanted) if wanted else names.every()
    former = [] if found else names.former(wanted)
    newest = _newest(found or former)[:1]
    match = Match(text, fits=len(newest), renamed=bool(former), missing=not newest, latest=True)
    return _Part(match, tuple(row.pk for row in newest))


def _is_latest(names: _Names, text: str) -> bool:
    """`latest` always; `latest:WORDS` unless something has exactly that name."""
    form, colon, _ = text.partition(":")
    return fold(form) == "latest" and not (colon and names.named(text))


def _words_of(text: str, rules: _Rules) -> str:
    """What of a part says the name: without a star after it, without `latest:` before it."""
    if rules.star and text.endswith("*"):
        return text.rstrip("*").strip()
    form, _, rest = text.partition(":")
    return rest.strip() if rules.latest and fold(form) == "latest" else text


def _prefixed(kinds: Sequence[str], text: str) -> tuple[str | None, str]:
    """`list:VIP` -> ("list", "VIP") where several kinds are asked for; else (None, text)."""
    kind, colon, name = text.partition(":")
    if len(kinds) > 1 and colon and fold(kind) in kinds and name.strip():
        return fold(kind), name.strip()
    return None, text


def _of_kind(rows: list[_Row], kind: str | None) -> list[_Row]:
    return [row for row in rows if kind in (None, row.kind)]


def _newest(rows: Iterable[_Row]) -> list[_Row]:
    return sorted(rows, key=lambda row: row.age, reverse=True)


def _rows(records: QuerySet[Record]) -> list[_Row]:
    """Ordered by id here: each database sorts capitals its own way."""
    rows = [_Row(*row) for row in records.order_by().values_list(*_Row._fields)]
    return sorted(rows, key=lambda row: row.klaviyo_id)


def narrowed(names: QuerySet[Any], wanted: frozenset[str]) -> QuerySet[Any]:
    """Names in which each of the longest wanted words stands somewhere; none where no word is wanted."""
    if not wanted or max(map(len, wanted)) > LONGEST:
        return names.none()
    for word in sorted(wanted, key=len, reverse=True)[:FILTERED]:
        names = names.filter(folded__contains=word)
    return names


def _storable(texts: Iterable[str]) -> list[str]:
    """Those that can be an id: a database takes no null character and no half of a surrogate pair."""
    return [text for text in texts if len(text) <= 64 and text.isprintable()]


def _loaded(parts: list[_Part]) -> tuple[Match, ...]:
    """The matches with their records, all read at once."""
    wanted = {pk for part in parts for pk in (*part.records, *part.choices, *part.also_fits)}
    records = Record.objects.in_bulk(wanted) if wanted else {}

    def read(pks: tuple[UUID, ...]) -> tuple[Record, ...]:
        return tuple(records[pk] for pk in pks if pk in records)

    return tuple(
        replace(part.match, records=read(part.records), choices=read(part.choices), also_fits=read(part.also_fits))
        for part in parts
    )
