"""Periods in an account's local calendar: half open, from local midnight to local midnight, right across clock changes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.insights.days import day_start, days_in, floor, step

HINT: Final = (
    "such as last_30_days, this_month, last_quarter, 2026-11, 2026-Q4, 2026-01-01..2026-03-31, 2026-01-01.., "
    "last_90_days..now or all"
)
FUTURE_HINT: Final = f"such as tomorrow, next_week, next_14_days, {HINT.removeprefix('such as ')}"
EARLIEST: Final = 1990  # years in which a date may be named
LATEST: Final = 2100
FOREMOST: Final = timedelta(hours=14)  # the clocks that are farthest ahead
FARTHEST: Final = date(1900, 1, 1)  # to which a period may be counted back
DATE: Final = r"(\d{4})-(\d\d)-(\d\d)"
FirstEvent = Callable[[], datetime | None]


class BadPeriod(ValueError):
    """No period can be read from the text; the message says what would do."""


@dataclass(frozen=True)
class Period:
    """`start` inclusive, `end` exclusive, aware instants (UTC); `running` while not over yet.

    `first` and `last` are its local dates, both included. It was given as `count` of a `unit` (day, week, month, quarter,
    year): dates count as so many days; `all` has no unit. `to_now`: it ends at the moment of the question.
    """

    start: datetime
    end: datetime
    label: str
    first: date
    last: date
    unit: str = "day"
    count: int = 1
    running: bool = False
    to_now: bool = False
    until: time | None = None  # the time of day at which a period cut within its last date ends

    def shown(self, zone: ZoneInfo) -> dict[str, str]:
        return {"from": self.start.astimezone(zone).isoformat(), "to": self.end.astimezone(zone).isoformat()}

    def shown_days(self, zone: str) -> tuple[str, str]:
        """The first and the last local date in it."""
        last = max(self.end - timedelta(microseconds=1), self.start)
        return f"{self.start.astimezone(zone_of(zone)):%Y-%m-%d}", f"{last.astimezone(zone_of(zone)):%Y-%m-%d}"

    def words(self) -> str:
        """For the end of a sentence: `in the last 6 months`, `since the first event (21 Feb 2024)`, `on 1 May 2026`."""
        return _fixed_words(self) or _open_words(self) or _dates_words(self)


def _fixed_words(period: Period) -> str:
    """Of the forms that are words or a whole month, quarter or year; "" of others."""
    label, last = period.label, re.fullmatch(r"(last|next)_(?:(\d+)_)?([a-z]+?)s?", period.label)
    if last and last[2] and int(last[2]) > 1:
        return f"in the {last[1]} {last[2]} {last[3]}s"
    if last and last[3] == "day":
        return "yesterday" if last[1] == "last" else "tomorrow"
    if last:
        return f"{last[1]} {last[3]}"
    if label in ("today", "yesterday", "tomorrow") or label.startswith("this_"):
        return label.replace("_", " ")
    if re.fullmatch(r"\d{4}", label):
        return f"in {label}"
    if re.fullmatch(r"\d{4}-Q\d", label):
        return f"in {label[5:]} {label[:4]}"
    return f"in {period.first:%B %Y}" if re.fullmatch(r"\d{4}-\d\d", label) else ""


def _open_words(period: Period) -> str:
    """Of the forms that begin with the first event or end now; "" of others."""
    if period.label == "all":
        return "at any time" if period.start == period.end else f"since the first event ({_day(period.first)})"
    if period.label.startswith(".."):
        return f"from the first event ({_day(period.first)}) to {_day(period.last)}"
    if period.label.endswith(("..", "..now")):
        return f"from {_day(period.first)} to now"
    return ""


def _dates_words(period: Period) -> str:
    at = f"{period.until:%H:%M}" if period.until else ""
    if period.first == period.last:
        return f"on {_day(period.first)}" + (f" until {at}" if at else "")
    return f"from {_day(period.first)} to {_day(period.last)}" + (f", {at}" if at else "")


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def utc_text(at: datetime | None) -> str | None:
    """An instant as answers write it: ISO 8601 in UTC, ending in Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def zone_of(name: str) -> ZoneInfo:
    """The zone, or UTC where Klaviyo's name is none that we know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def parse(text: str, zone: ZoneInfo, now: datetime, first_event: FirstEvent, *, future: bool = False) -> Period:
    """The period that `text` names at the moment `now`; raises BadPeriod.

    `first_event` gives the time of the account's first event held (None: no event yet) and is asked for `all` and `..B`
    alone. `future`: `tomorrow`, `next_week` and `next_N_days` are periods too.
    """
    read = _Reading(text, zone, now, first_event)
    forms = [read.named, read.last, read.this, read.calendar, read.dates, read.since, read.until, read.last_to_now]
    for form in [*forms, read.next] if future else forms:
        period = form()
        if period:
            return period
    raise BadPeriod(f"{text!r} is no period; give one {FUTURE_HINT if future else HINT}")


@dataclass(frozen=True)
class _Reading:
    """One text at one moment: each form gives its period, or None where the text is none of that form."""

    text: str
    zone: ZoneInfo
    now: datetime
    first_event: FirstEvent

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def named(self) -> Period | None:
        if self.text == "all":
            first = min(self.first_event() or self.now, self.now).astimezone(UTC)
            day = first.astimezone(self.zone).date()
            return Period(first, self.now, "all", day, self.today, unit="", count=0, running=True, to_now=True)
        if self.text == "today":
            return self._to_now(self.today)
        yesterday = self.today - timedelta(days=1)
        return self._whole(yesterday, yesterday) if self.text == "yesterday" else None

    def last(self) -> Period | None:
        return self._counted_back(self.text)

    def _counted_back(self, text: str) -> Period | None:
        found = re.fullmatch(r"last_(?:([1-9]\d{0,3})_)?(day|week|month|quarter|year)(s?)", text, re.ASCII)
        if not found or bool(found[1]) != bool(found[3]) or (found[2] == "day" and not found[1]):
            return None
        unit, count, end = found[2], int(found[1] or 1), floor(self.today, found[2])
        try:
            first = step(end, unit, -count)
        except (ValueError, OverflowError):
            first = date.min
        if first < FARTHEST:
            raise BadPeriod(f"{self.text!r} reaches too far back")
        return self._whole(first, end - timedelta(days=1), unit, count)

    def this(self) -> Period | None:
        found = re.fullmatch(r"this_(week|month|quarter|year)", self.text, re.ASCII)
        return self._to_now(floor(self.today, found[1]), found[1]) if found else None

    def calendar(self) -> Period | None:
        for pattern, unit in (
            (r"(\d{4})", "year"),
            (r"(\d{4})-Q([1-4])", "quarter"),
            (r"(\d{4})-(\d\d)", "month"),
            (DATE, "day"),
        ):
            found = re.fullmatch(pattern, self.text, re.ASCII)
            if found:
                year, number, day = (*found.groups(), "1", "1")[:3]
                first = self._date(year, 3 * int(number) - 2 if unit == "quarter" else number, day)
                return self._whole(first, step(first, unit, 1) - timedelta(days=1), unit)
        return None

    def dates(self) -> Period | None:
        found = re.fullmatch(rf"{DATE}\.\.{DATE}", self.text, re.ASCII)
        if not found:
            return None
        first, last = self._date(*found.groups()[:3]), self._date(*found.groups()[3:])
        if last < first:
            raise BadPeriod(f"{self.text!r} ends before it begins")
        return self._whole(first, last, count=days_in(first, last))

    def since(self) -> Period | None:
        found = re.fullmatch(rf"{DATE}\.\.", self.text, re.ASCII)
        if not found:
            return None
        first = self._date(*found.groups())
        if first > (self.now.astimezone(UTC) + FOREMOST).date():  # of several accounts one may have that day already
            raise BadPeriod(f"{self.text!r} begins after today, {self.today}; give A..B for dates to come")
        return self._to_now(first, count=max(days_in(first, self.today), 1))

    def until(self) -> Period | None:
        """From the first event, to the second; where there is none before the end, nothing."""
        found = re.fullmatch(rf"\.\.{DATE}", self.text, re.ASCII)
        if not found:
            return None
        last = self._date(*found.groups())
        end = day_start(last + timedelta(days=1), self.zone)
        start = min((self.first_event() or end).astimezone(UTC), end)
        first = min(start.astimezone(self.zone).date(), last)
        return Period(start, end, self.text, first, last, "day", days_in(first, last), running=start <= self.now < end)

    def last_to_now(self) -> Period | None:
        if not self.text.endswith("..now"):
            return None
        whole = self._counted_back(self.text.removesuffix("..now"))
        return self._to_now(whole.first, count=days_in(whole.first, self.today)) if whole else None

    def next(self) -> Period | None:
        tomorrow = self.today + timedelta(days=1)
        if self.text == "tomorrow":
            return self._whole(tomorrow, tomorrow)
        if self.text == "next_week":
            monday = step(floor(self.today, "week"), "week", 1)
            return self._whole(monday, monday + timedelta(days=6), "week")
        found = re.fullmatch(r"next_([1-9]\d{0,3})_days", self.text, re.ASCII)
        return self._whole(tomorrow, self.today + timedelta(days=int(found[1])), count=int(found[1])) if found else None

    def _date(self, year: str, month: str | int, day: str) -> date:
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            raise BadPeriod(f"{self.text!r} names a date that does not exist") from None
        if not EARLIEST <= found.year <= LATEST:
            raise BadPeriod(f"{self.text!r} lies outside the years {EARLIEST} to {LATEST}")
        return found

    def _whole(self, first: date, last: date, unit: str = "day", count: int = 1) -> Period:
        start, end = day_start(first, self.zone), day_start(last + timedelta(days=1), self.zone)
        return Period(start, end, self.text, first, last, unit, count, running=start <= self.now < end)

    def _to_now(self, first: date, unit: str = "day", count: int = 1) -> Period:
        start, last = day_start(first, self.zone), max(first, self.today)
        return Period(start, max(start, self.now), self.text, first, last, unit, count, running=True, to_now=True)
