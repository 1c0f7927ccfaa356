"""Finding an object by the name a person would type: exact first, then by whole words, then by a former name."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from connector.installs.models import Install
from connector.records.models import FormerName, Kind, Record

CHOICES: Final = 10
LONGEST: Final = 500  # characters of a folded name that are kept and compared
NEWEST: Final = 200  # campaigns that a `*` takes at most
# Scripts written without spaces between words: a word may stand inside another.
UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
)


def fold(name: str) -> str:
    """The form in which names are compared: NFKC, case folded, spaces squeezed, without invisible characters."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return " ".join(visible.split())


def words(folded: str) -> frozenset[str]:
    """The words of a folded name: runs of letters, digits and marks; each symbol (an emoji, a currency sign) is one."""
    found, run = set(), ""
    for char in folded:
        group = unicodedata.category(char)[0]
        if group in "LNM":
            run += char
            continue
        found.add(run)
        run = ""
        if group == "S":
            found.add(char)
    found.add(run)
    return frozenset(found - {""})


def contains(wanted: frozenset[str], folded: str, present: frozenset[str]) -> bool:
    """All the wanted words are words of the name; an unspaced script's word may stand inside another."""
    return bool(wanted) and all(
        word in present or (UNSPACED.search(word) is not None and word in folded) for word in wanted
    )


@dataclass(frozen=True)
class Match:
    """What one part of an argument means. Exactly one of `records` and `choices` is filled, or neither (not found)."""

    text: str
    records: tuple[Record, ...] = ()
    choices: tuple[Record, ...] = ()  # several fit, or, when `missing`, what comes closest
    missing: bool = False
    renamed: bool = False


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


def find(
    install: Install,
    kinds: Sequence[str],
    text: str,
    *,
    candidate: Callable[[Record], bool] = lambda record: True,
    star: bool = False,
    many: bool = False,
) -> Finding:
    """Resolve `text` (parts joined by commas, each an id or a name) among the install's records of these kinds.

    `star`: a part ending in `*` takes every candidate containing the words before it, newest NEWEST. `many`: a name takes
    all that match exactly, else all that contain its words (flows), instead of asking which one is meant.
    """
    pool = [record for record in Record.objects.filter(install=install, kind__in=kinds) if candidate(record)]
    parts = [part.strip() for part in text.split(",") if part.strip()] or [text]  # of commas alone: nothing's name
    return Finding(tuple(_match(pool, part, star=star, many=many) for part in parts))


def _match(pool: list[Record], text: str, *, star: bool, many: bool) -> Match:
    by_id = [record for record in pool if record.klaviyo_id == text]
    if by_id:
        return Match(text, records=tuple(by_id[:1]))
    if star and text.endswith("*"):
        return _starred(pool, text)
    exact = [record for record in pool if record.folded == fold(text)[:LONGEST]]
    found = exact or containing(pool, text)
    if not found:
        return _former(pool, text)
    if len(found) == 1 or many:
        return Match(text, records=tuple(found))
    return Match(text, choices=tuple(ranked(found, text)[:CHOICES]))


def containing(pool: Iterable[Record], text: str) -> list[Record]:
    """Records whose name contains all the words of the text."""
    wanted = words(fold(text))
    return [record for record in pool if contains(wanted, record.folded, words(record.folded))]


def ranked(pool: Iterable[Record], text: str) -> list[Record]:
    """By most shared words, then smallest edit distance of the folded names, then id."""
    wanted, folded = words(fold(text)), fold(text)
    return sorted(
        pool,
        key=lambda record: (-len(wanted & words(record.folded)), distance(folded, record.folded), record.klaviyo_id),
    )


def distance(one: str, other: str) -> int:
    """Levenshtein distance in characters.

    A whole column of the table in the bits of one integer (Myers 1999, in Hyyrö's form): an account has thousands of
    names, and a table cell by cell would take seconds for them.
    """
    if not one:
        return len(other)
    places: dict[str, int] = {}
    for place, char in enumerate(one):
        places[char] = places.get(char, 0) | 1 << place
    whole, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    ups, downs, score = whole, 0, len(one)
    for char in other:
        equal = places.get(char, 0)
        vertical = equal | downs
        horizontal = (((equal & ups) + ups) ^ ups) | equal
        rises, falls = downs | ~(horizontal | ups) & whole, ups & horizontal
        score += (1 if rises & last else 0) - (1 if falls & last else 0)
        rises, falls = (rises << 1 | 1) & whole, falls << 1 & whole
        ups, downs = falls | ~(vertical | rises) & whole, rises & vertical
    return score


def _starred(pool: list[Record], text: str) -> Match:
    stem = text.rstrip("*").strip()
    found = containing(pool, stem) if stem else pool
    newest = sorted(found, key=lambda record: (record.at is not None, record.at, record.klaviyo_id), reverse=True)[
        :NEWEST
    ]
    return Match(text, records=tuple(newest)) if newest else _former(pool, stem)


def _former(pool: list[Record], text: str) -> Match:
    """Objects that once had the name; failing that, what comes closest now."""
    by_pk = {record.pk: record for record in pool}
    former = FormerName.objects.filter(record__in=by_pk)
    folded, wanted = fold(text)[:LONGEST], words(fold(text))
    exact = {name.record_id for name in former if name.folded == folded}
    found = exact or {name.record_id for name in former if contains(wanted, name.folded, words(name.folded))}
    if len(found) == 1:
        return Match(text, records=(by_pk[found.pop()],), renamed=True)
    if found:
        return Match(text, choices=tuple(ranked((by_pk[pk] for pk in found), text)[:CHOICES]))
    return Match(text, choices=tuple(ranked(pool, text)[:CHOICES]), missing=True)


SENT: Final = frozenset({"Sent", "Sending", "Sending Segments", "Variations Sent"})


def was_sent(record: Record) -> bool:
    """A campaign of which people may have received something. Others are never candidates of a question about people."""
    return record.kind != Kind.CAMPAIGN or record.status in SENT
