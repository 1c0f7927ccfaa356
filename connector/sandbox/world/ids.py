"""Ids that look as Klaviyo's do and follow from the seed alone."""

from random import Random

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def short(chance: Random) -> str:
    """Six letters and digits: metrics, flows, lists, segments, templates."""
    return "".join(chance.choices(LETTERS, k=6))


def ulid(at: int, chance: Random) -> str:
    """Twenty-six characters that sort by time: profiles, campaigns and their messages. `at` is in seconds."""
    number = (at * 1000 << 80) | chance.getrandbits(80)
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def uuid(chance: Random) -> str:
    """For tags."""
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def number(chance: Random) -> str:
    """For flow actions and images: plain figures."""
    return str(chance.randrange(10_000_000, 99_999_999))
