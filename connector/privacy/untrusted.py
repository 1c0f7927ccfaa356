"""Text that others wrote (in Klaviyo, in an argument), made fit to be shown and to be read by a model.

What no reader sees is taken out: it hides instructions, turns the order of words round, or makes two names look alike.
What a script or an emoji needs stays where it needs it. The ranges are Unicode's Cc, Cf, Cs and
Default_Ignorable_Code_Point. What reads like an instruction to the model stays as it is and is told beside the answer.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

_TABLE: Final = """
    0000-0008 000E-001F 007F-0084 0086-009F  controls; tab and newline stay
    00AD 034F 061C                           soft hyphen, grapheme joiner, Arabic letter mark
    0600-0605 06DD 070F 0890-0891 08E2       signs that enclose numbers
    115F-1160 3164 FFA0                      Hangul fillers
    17B4-17B5 180B-180F                      Khmer inherent vowels, Mongolian selectors and vowel separator
    200B-200F 202A-202E 2060-206F FEFF       zero width, bidi, invisible operators, byte order mark
    D800-DFFF                                lone surrogates
    FE00-FE0F FFF0-FFFB                      variation selectors, annotation
    110BD 110CD 13430-1343F 1BCA0-1BCA3      Kaithi, Egyptian, shorthand
    1D173-1D17A E0000-E0FFF                  musical beams, tags and more variation selectors
"""


def _class(table: str) -> str:
    """The inside of a character class from a table of hexadecimal ranges."""
    ranges = re.findall(r"\b[0-9A-F]{4,5}(?:-[0-9A-F]{4,5})?\b", table)
    return "".join("-".join(rf"\U{int(end, 16):08x}" for end in one.split("-")) for one in ranges)


_GONE: Final = _class(_TABLE)
_BREAKS: Final = r"\x0b\x0c\x85\u2028\u2029"  # split lines for some readers and not for others

# Scripts in which a joiner decides the shape of letters: Arabic to Mandaic, the Indic ones and those derived from them,
# Khmer, Myanmar, Mongolian. Their signs that are taken out are no neighbours that count.
_JOINED: Final = _class(
    """
    0620-06DC 06DE-070E 0710-074F 0750-077F 0840-086F 08A0-08E1 08E3-08FF 07CA-07F5 FB50-FDCF FDF0-FDFF FE70-FEFC
    0900-0DFF 1000-109F 1780-17B3 17B6-17D3 1820-18AA 1A20-1AAD 1B00-1C4F 1CD0-1CFA A840-A8FF A980-A9DF AA60-AA7F
    ABC0-ABED 10AC0-10AF6 10D00-10D27 11000-110BC 110BE-110CC 110CE-11FFF 1E900-1E94B
    """
)
# After these a joiner also ends a word: Malayalam's older spelling does.
_VIRAMAS: Final = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_MONGOLIAN: Final = r"\u1820-\u18aa"

# Wider than Extended_Pictographic, so that next year's emoji are in it; without regional letters and skin tones.
_PICTURE: Final = (
    r"[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
)
_EMOJI: Final = rf"{_PICTURE}[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
_TAG_FLAGS: Final = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")  # the only ones that Unicode recommends
)

_SUSPECT: Final = re.compile(f"[\r{_BREAKS}{_GONE}]")
_PIECES: Final = re.compile(
    rf"""
    (?P<kept>
        {_TAG_FLAGS}
      | {_EMOJI}(?:\u200d{_EMOJI})*
      | (?<=[0-9*\#])\ufe0f(?=\u20e3)
      | (?<=[{_MONGOLIAN}])[\u180b-\u180d\u180f]
    )
  | (?P<joiner> (?: (?<=[{_JOINED}])[\u200c\u200d]+(?=[{_JOINED}]) | (?<=[{_VIRAMAS}])[\u200c\u200d]+ ))
  | (?P<newline> \r\n? )
  | (?P<space> [{_BREAKS}] )
  | [{_GONE}]
    """,
    re.VERBOSE,
)

# What people write to a model and not to each other, from the start of a word on, held against the folded text; `_` stands
# for what divides two words. A harmless name that fits costs a sentence, so they keep clear of what subject lines say.
ORDERS: Final = (
    r"(ignor\w*|disregard|forget|override|bypass)_(\w+_){0,4}(instructions?|prompts?|directives?|guidelines|guardrails)",
    r"(ignor\w*|disregard|forget|override|bypass)_(\w+_){0,2}(your|previous|prior|above|earlier|preceding)_(rules|orders|context)",
    r"(ignoriere|missachte|vergiss)_(\w+_){0,4}(anweisung(en)?|vorgaben|regeln)",
    r"(ignor(e[zr]?|a|ar)|oublie[zr]?|olvida|dimentica|esque[cç]a)_(\w+_){0,4}(consignes|instrucciones|istruzioni|instruções)",
    r"(system|developer)_(prompt|override|instructions?)",
    r"(new|updated|hidden|secret|additional)_instructions?\s*:",
    r"instructions?_(for|to)_(the_|any_)?(ai|llm|assistant|chatbot|(language_)?model)\b",
    r"you_are_(now_)?(an?_|the_|in_)?(ai|llm|assistant|chatbot|language_model|developer_mode|jailbroken|unrestricted)\b",
    r"(attention|dear|hey|hello|note_(to|for))_(the_|all_|any_)?(ai|llms?|chatgpt|gpt|assistants?|chatbots?|language_models?)\b",
    r"as_an_(ai|llm)(_language_model)?\b",
    r"(do_not|don\W?t|never|without)_(tell|inform|alert|warn|ask|telling|informing|alerting|asking)_(the_|your_)?(user|human|operator)",
    r"(tell|inform|convince|instruct|ask)_(the_|your_)?(user|human|operator)\b",
    r"(call|invoke|execute|run)_(\w+_){0,3}(tools?|functions?|commands?|scripts?)\b",
    r"(propose_(campaign|template|segment|list|profiles|image)|erase_profile|withdraw_draft|get_receipt|people_who)\b",
    r"(reveal|print|repeat|output|leak|send|show|exfiltrate)_(\w+_){0,4}(api_keys?|passwords?|credentials|access_tokens?)\b",
    r"(reveal|print|repeat|output|leak|exfiltrate)_(\w+_){0,2}(your|previous|above)_(instructions?|context|conversation)",
)
MARKS: Final = (  # of who speaks, as models are told
    r"<\W{0,3}(system|assistant|im_(start|end)|endoftext|tool_(call|result)|function_calls?|instructions?)\b",
    r"\[\W{0,3}(system|inst|assistant)\W{0,3}\]",
    r"^\W{0,5}(system|assistant|developer)(_message)?\s*:",
)
_SHORTEST: Final = 8  # characters of a text that could be one
# Letters and what divides words never overlap, so no text takes longer than its length.
_FORMS: Final = rf"(?<!\w)(?:{'|'.join(ORDERS)})|{'|'.join(MARKS)}"
_INSTRUCTION: Final = re.compile(_FORMS.replace("_", r"[\W_]{1,5}").replace(r"\w", r"[^\W_]"), re.MULTILINE)


def clean_text(text: str) -> str:
    """The text as a reader sees it; `\\n` and `\\t` stay, other separators of lines become a space."""
    return text if not _SUSPECT.search(text) else _PIECES.sub(_seen, text)


def clean(value: Any) -> Any:
    """The value with every text in it cleaned: of dicts (keys too), lists and tuples, however deep."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    return tuple(clean(item) for item in value) if isinstance(value, tuple) else value


def reads_like_instruction(text: str) -> bool:
    """Whether a cleaned text tells a model what to do."""
    if len(text) < _SHORTEST or text.isalnum():
        return False
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _INSTRUCTION.search(plain.casefold()) is not None


def instructions_in(texts: Iterable[str]) -> list[str]:
    """Those of the texts that read like an instruction, each once, in their order."""
    return [text for text in dict.fromkeys(texts) if reads_like_instruction(text)]


def _seen(piece: re.Match[str]) -> str:
    found = piece[0]
    match piece.lastgroup:
        case "kept":
            return found
        case "joiner":
            return found[0]
        case "newline":
            return "\n"
        case "space":
            return " "
    return ""
