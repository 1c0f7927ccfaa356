"""What of a question's span is held, and what must be said about the rest."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from connector.insights.caveats import Caveat
from connector.insights.periods import Period, zone_of
from connector.insights.refusal import Refusal
from connector.installs.models import Install

# Klaviyo's event endpoint lags; figures that end closer to the last complete pass may still grow.
LAG: Final = timedelta(hours=2)
FIRST_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)  # Klaviyo keeps no event from before


@dataclass(frozen=True)
class Span:
    """All that a question reads, not-Y windows included, cut at the moment of the question."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class AccountState:
    """What an answer uses of the install itself, as of the question: a receipt keeps it, since it can change later."""

    id: str
    name: str
    time_zone: str
    currency: str
    floor: int  # the organization's privacy floor, in people
    complete_from: datetime | None
    complete_to: datetime | None
    is_whole: bool

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.time_zone)


def state_of(install: Install) -> AccountState:
    return AccountState(
        install.klaviyo_id,
        install.name,
        install.time_zone,
        install.currency,
        install.organization.privacy_floor,
        install.complete_from,
        install.complete_to,
        install.is_whole,
    )


def check_loaded(install: Install) -> None:
    """Raises Refusal while nothing at all is held: pending, or reconnect_needed when nothing will come."""
    if install.complete_from is not None and install.complete_to is not None:
        return
    if install.status in (Install.Status.NEEDS_RECONNECT, Install.Status.DISCONNECTED):
        raise reconnect_needed(install)
    if install.status == Install.Status.SCOPE_MISSING:
        raise Refusal("refused", "scope_missing", install.status_reason, "Reconnect the account and grant it.")
    if install.status == Install.Status.ERROR:
        raise Refusal(
            "error",
            "klaviyo_unavailable",
            f"{install.name} could not be loaded yet: {install.status_reason}",
            "It is tried again by itself; ask later.",
            retry_after=900,
        )
    raise Refusal("pending", text=f"{install.name} is still being loaded for the first time.")


def reconnect_needed(install: Install) -> Refusal:
    """What is asked for is not held, and will not come before a person reconnects the account."""
    return Refusal(
        "refused",
        "reconnect_needed",
        f"The connection of {install.name} to Klaviyo has ended.",
        "Reconnect it on the page Accounts.",
    )


def check_held(install: Install, period: Period) -> None:
    """Raises Refusal: pending while nothing of the period has been loaded yet, out_of_range when none of it will be."""
    if install.complete_from is None or install.complete_to is None:
        check_loaded(install)
        return
    before = period.end <= install.complete_from and not install.is_whole and period.end > period.start
    after = period.start >= install.complete_to + LAG
    if before and is_loading(install):
        raise Refusal("pending", text=f"{install.name} is still being loaded; it has not reached that period yet.")
    if before or after:
        zone = zone_of(install.time_zone)
        raise Refusal(
            "refused",
            "out_of_range",
            f"Events of {install.name} are held from {_day(install.complete_from, zone)} to {_day(install.complete_to, zone)}; the whole period lies outside.",
            "Ask about a period within that span.",
        )


def is_before_held(state: AccountState, period: Period) -> bool:
    """Whether the whole period lies before what is held."""
    return not state.is_whole and state.complete_from is not None and period.end <= state.complete_from


def is_loading(install: Install) -> bool:
    return (
        install.status in (Install.Status.CONNECTING, Install.Status.SYNCING, Install.Status.WAITING)
        and not install.is_whole
    )


def caveats_of(state: AccountState, span: Span) -> list[Caveat]:
    """`outside_range` (the answer is then partial) or `provisional`, or nothing."""
    if state.complete_from is None or state.complete_to is None:
        return []
    until = f"{state.complete_to.astimezone(state.zone):%Y-%m-%d %H:%M}"
    if span.start < state.complete_from or span.end > state.complete_to + LAG:
        text = f"Not all of the time asked about is held: events are held from {_day(state.complete_from, state.zone)} to {until}."
        return [Caveat("outside_range", text)]
    if span.end > state.complete_to - LAG:
        return [Caveat("provisional", f"Data up to {until}; late events can still arrive.")]
    return []


def _day(at: datetime, zone: ZoneInfo) -> str:
    return "the beginning" if at <= FIRST_MOMENT else f"{at.astimezone(zone):%Y-%m-%d}"
