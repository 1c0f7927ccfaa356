"""The wording of an account's own messages: who they are from, and the words that return in them."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from connector.installs.models import Install
from connector.records.models import Kind, Record

KEPT: Final = 50  # senders and words, the most frequent first
AT_LEAST: Final = 2  # messages that hold a word
TAG: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|https?://\S+")
WORD: Final = re.compile(r"[^\W\d_][\w'’-]+[^\W_]")
# Words of every text, of nobody's brand: articles, pronouns and the like in English, German, French and Spanish.
COMMON: Final = frozenset(
    [
        "about",
        "after",
        "all",
        "also",
        "and",
        "any",
        "are",
        "back",
        "been",
        "before",
        "but",
        "can",
        "did",
        "does",
        "don't",
        "every",
        "for",
        "from",
        "get",
        "gets",
        "has",
        "have",
        "her",
        "here",
        "him",
        "his",
        "how",
        "its",
        "it's",
        "just",
        "let",
        "like",
        "more",
        "most",
        "new",
        "not",
        "now",
        "off",
        "one",
        "only",
        "open",
        "our",
        "out",
        "over",
        "see",
        "she",
        "some",
        "still",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "too",
        "very",
        "was",
        "want",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "without",
        "yes",
        "yet",
        "you",
        "you're",
        "your",
        "aber",
        "als",
        "alle",
        "alles",
        "am",
        "auch",
        "auf",
        "aus",
        "bei",
        "bis",
        "das",
        "dass",
        "dein",
        "deine",
        "deinen",
        "deiner",
        "dem",
        "den",
        "der",
        "des",
        "die",
        "dich",
        "dir",
        "doch",
        "ein",
        "eine",
        "einem",
        "einen",
        "einer",
        "es",
        "für",
        "hat",
        "haben",
        "hier",
        "ich",
        "ihr",
        "ihre",
        "immer",
        "ist",
        "jetzt",
        "kann",
        "kein",
        "keine",
        "mehr",
        "mit",
        "nach",
        "nicht",
        "noch",
        "nur",
        "oder",
        "ohne",
        "sich",
        "sie",
        "sind",
        "über",
        "und",
        "uns",
        "unser",
        "unsere",
        "vom",
        "von",
        "vor",
        "war",
        "was",
        "wenn",
        "wie",
        "wir",
        "wird",
        "zu",
        "zum",
        "zur",
        "aux",
        "avec",
        "ces",
        "cette",
        "dans",
        "des",
        "est",
        "les",
        "leur",
        "mais",
        "mes",
        "nos",
        "notre",
        "nous",
        "par",
        "pas",
        "plus",
        "pour",
        "que",
        "qui",
        "sans",
        "ses",
        "son",
        "sur",
        "tes",
        "ton",
        "tous",
        "tout",
        "une",
        "vos",
        "votre",
        "vous",
        "como",
        "con",
        "del",
        "ella",
        "esta",
        "este",
        "las",
        "los",
        "más",
        "muy",
        "nos",
        "para",
        "pero",
        "por",
        "que",
        "sin",
        "sobre",
        "son",
        "sus",
        "todo",
        "una",
        "uno",
        "y",
    ]
)


@dataclass(frozen=True)
class Sender:
    """`messages`: how many campaign messages are from them."""

    label: str
    email: str
    messages: int


@dataclass(frozen=True)
class Word:
    """As it is mostly written; `messages`: how many hold it."""

    word: str
    messages: int


@dataclass(frozen=True)
class Wording:
    senders: list[Sender]
    words: list[Word]


def wording_of(install: Install, channel: str) -> Wording:
    """Of the messages of sent campaigns and of flows; only campaigns' messages tell their sender."""
    went_out = Q(kind=Kind.CAMPAIGN, status="Sent") | Q(kind=Kind.FLOW)
    parents = Record.objects.filter(went_out, install=install).values("klaviyo_id")
    messages = Record.objects.filter(install=install, kind=Kind.MESSAGE, channel=channel, parent__in=parents)
    told = [row.attributes for row in messages]
    texts = (" ".join(str(facts.get(name) or "") for name in ("subject", "preview", "body")) for facts in told)
    return Wording(_senders(told), words_in(texts))


def _senders(told: Iterable[dict[str, str]]) -> list[Sender]:
    counts = Counter((facts.get("sender") or "", facts.get("sender_email") or "") for facts in told)
    found = [Sender(label, email, number) for (label, email), number in counts.items() if label or email]
    return sorted(found, key=lambda sender: (-sender.messages, sender.label, sender.email))[:KEPT]


def words_in(texts: Iterable[str]) -> list[Word]:
    """Words of at least 3 letters in at least 2 texts, in each counted once, the most frequent first; common words left out."""
    held: Counter[str] = Counter()
    written: dict[str, Counter[str]] = {}
    for text in texts:
        words = WORD.findall(TAG.sub(" ", text))
        held.update({word.casefold() for word in words} - COMMON)
        for word in words:
            written.setdefault(word.casefold(), Counter())[word] += 1
    found = sorted((-number, folded) for folded, number in held.items() if number >= AT_LEAST)[:KEPT]
    return [Word(_mostly(written[folded]), -number) for number, folded in found]


def _mostly(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda word: (-spellings[word], word))
