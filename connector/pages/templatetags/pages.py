"""What templates of all pages use: icons, times, numbers, names."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

DOORS: Final = {
    "page": "page",
    "mcp": "assistant",
    "rest": "API",
    "cli": "command line",
    "admin": "admin",
    "task": "Plumbline itself",
}
UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60))
RELATIVE_UNTIL: Final = timedelta(days=30)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative picture: the words beside it say the same."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
def when(value: datetime | str | None, empty: str = "never") -> SafeString | str:
    """A moment as people say it, the exact one on hover (static/js/pages.js puts it in the reader's zone)."""
    moment = as_moment(value)
    if moment is None:
        return empty
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(),
        absolute(moment),
        relative(moment, timezone.now()),
    )


@register.simple_tag
def moment(value: datetime | str | None, empty: str = "never") -> SafeString | str:
    """The exact moment in words (UTC, or the reader's zone once the script has run)."""
    at = as_moment(value)
    if at is None:
        return empty
    return format_html('<time datetime="{}" data-absolute>{}</time>', at.isoformat(), absolute(at))


def as_moment(value: datetime | str | None) -> datetime | None:
    """The moment, from a row or from an envelope's ISO text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if value else None
    return value.astimezone(UTC) if value else None


def absolute(value: datetime) -> str:
    return f"{value:%-d %b %Y, %H:%M} UTC"


def relative(then: datetime, now: datetime) -> str:
    """`12 minutes ago`, `in 2 hours`; a date when it is more than a month away."""
    seconds = (now - then).total_seconds()
    if abs(seconds) > RELATIVE_UNTIL.total_seconds():
        return f"{then:%-d %b %Y}"
    for unit, size in UNITS:
        count = int(abs(seconds) // size)
        if count:
            words = f"{count} {unit}{'s' if count != 1 else ''}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now"


@register.filter
def number(value: int | None) -> str:
    """1234567 -> 1,234,567"""
    return "" if value is None else str(intcomma(value, use_l10n=False))


@register.filter
def door(via: str) -> str:
    """The door's name in words."""
    return DOORS.get(via, via)
