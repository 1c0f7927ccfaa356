"""How names are compared: folded, split into whole words, and ranked by how near they come."""

import re
import unicodedata
from collections.abc import Iterable
from heapq import nlargest, nsmallest
from typing import Any, Final, NamedTuple

from rapidfuzz.distance.Levenshtein import distance

from connector.privacy.untrusted import clean_text

LONGEST: Final = 500  # characters of a folded name that are kept and compared
PARTS: Final = 20  # names that one argument may hold, joined by commas
CHOICES: Final = 10
# Scripts written without spaces between words: a word may stand inside another.
UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
)
VARIATIONS: Final = frozenset(map(chr, range(0xFE00, 0xFE10)))  # an emoji's colour
ASCII_WORDS: Final = re.compile(r"[a-z0-9]+|[$+<=>^`|~]")  # what `words` finds, where all is ASCII


class TooManyParts(ValueError):
    """An argument joins more names than are looked up in one question; the message says how many it may."""


class Entry(NamedTuple):
    """A name ready to be compared. `key` breaks ties: an id, or the name itself. `of` is what bears the name."""

    key: str
    folded: str
    words: frozenset[str]
    of: Any


def fold(name: str) -> str:
    """The form in which names are compared: NFKC, case folded, spaces squeezed, without what cannot be seen or stored.

    An argument has lost what no reader sees at the gate, so a name must lose it here.
    """
    seen = clean_text(name)
    if seen.isascii():
        return " ".join(seen.casefold().split())
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return " ".join("".join(char for char in text if not _is_joining(char)).split())


def _is_joining(char: str) -> bool:
    """What only shapes its neighbours, which two spellings of one name need not share."""
    return unicodedata.category(char) in ("Cf", "Cs") or char in VARIATIONS


def words(folded: str) -> frozenset[str]:
    """The words of a folded name: runs of letters, digits and marks; each symbol (an emoji, a currency sign) is one."""
    if folded.isascii():
        return frozenset(ASCII_WORDS.findall(folded))
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


def entry(key: str, folded: str, of: Any) -> Entry:
    return Entry(key, folded, words(folded), of)


def parts_of(text: str) -> list[str]:
    """The names that an argument joins by commas; of commas alone: the text, which is nothing's name.

    Raises TooManyParts. Asks no database.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > PARTS:
        raise TooManyParts(f"names {len(parts)} at once; at most {PARTS} may be joined by commas")
    return parts or [text.strip()]


def nearest(text: str, entries: Iterable[Entry], limit: int = CHOICES) -> list[Entry]:
    """The entries that come closest: by most shared words, then smallest edit distance of the folded names, then key."""
    folded = fold(text)
    wanted = words(folded)
    shared = [(len(wanted & entry.words), entry) for entry in entries]
    # Only those that the number of shared words leaves in the running are measured.
    least = min(nlargest(limit, (count for count, _ in shared)), default=0)
    measured = [
        (-count, distance(folded, entry.folded), entry.key, place)
        for place, (count, entry) in enumerate(shared)
        if count >= least
    ]
    return [shared[place][1] for *_, place in nsmallest(limit, measured)]
