"""An install in words: its status, how fresh it is, how far a sync has come, which scopes it has and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import models

from connector.installs.models import Install
from connector.klaviyo.resources import SCOPES
from connector.sync.models import Run


@dataclass(frozen=True)
class Badge:
    """A status in a word, an icon and a tone (good, busy, warn, bad, idle); never by colour alone."""

    label: str
    icon: str
    tone: str
    text: str
    needs_person: bool = False


BADGES: Final[dict[str, Badge]] = {
    "connecting": Badge("Connecting", "loader", "busy", "Connected to Klaviyo. The first sync is about to begin."),
    "syncing": Badge("Syncing", "refresh-cw", "busy", "Reading from Klaviyo right now."),
    "waiting": Badge(
        "Waiting", "hourglass", "busy", "Waiting for Klaviyo's rate limit. That is normal: it goes on by itself."
    ),
    "connected": Badge("Connected", "circle-check", "good", "Up to date. New events are read every few minutes."),
    "paused": Badge("Paused", "circle-pause", "idle", "Nothing is read from Klaviyo until the account is resumed."),
    "needs_reconnect": Badge(
        "Needs reconnect",
        "unplug",
        "bad",
        "Klaviyo no longer accepts the connection. Reconnect it: everything held so far stays.",
        True,
    ),
    "scope_missing": Badge(
        "Scope missing",
        "shield-alert",
        "warn",
        "Klaviyo has not granted everything that was asked for. Reconnect and approve all scopes.",
        True,
    ),
    "disconnected": Badge("Disconnected", "unplug", "idle", "The connection was ended here. Its data is gone."),
    "error": Badge("Error", "circle-alert", "bad", "Something went wrong. It is tried again by itself.", True),
}

PHASES: Final = {
    "account": "Reading the account",
    "metrics": "Reading the names of metrics",
    "campaigns": "Reading campaigns and their messages",
    "flows": "Reading flows",
    "audiences": "Reading lists and segments",
    "flow_messages": "Reading the messages of flows",
    "catalog": "Reading the catalog",
    "oldest": "Finding the oldest event",
    "events": "Reading events",
    "profiles": "Reading profiles",
}


@dataclass(frozen=True)
class Row:
    """One install as lists show it."""

    install: Install
    badge: Badge

    @property
    def reason(self) -> str:
        """Why it is not well, in the words of whoever found out; else what the status means."""
        return self.install.status_reason or self.badge.text


@dataclass(frozen=True)
class Scope:
    name: str
    reason: str
    granted: bool


@dataclass(frozen=True)
class Progress:
    """How far the running sync is; `percent` is None while the total is unknown."""

    title: str
    count: str
    percent: int | None
    is_waiting: bool
    events: int


def row(install: Install) -> Row:
    return Row(install, BADGES[install.status])


def rows(installs: Iterable[Install]) -> list[Row]:
    """Those that need a person first, then by name."""
    return sorted(
        (row(install) for install in installs),
        key=lambda shown: (not shown.badge.needs_person, shown.install.name.casefold()),
    )


def scopes(install: Install) -> list[Scope]:
    """Every scope that is asked for, why, and whether Klaviyo granted it."""
    return [Scope(name, reason, name in install.scopes) for name, reason in SCOPES.items()]


def asked_scopes() -> list[Scope]:
    """The same before there is an install."""
    return [Scope(name, reason, False) for name, reason in SCOPES.items()]


def progress(run: Run) -> Progress:
    """Phase and n of m in words."""
    unit = run.unit or "rows"
    count = f"{run.done:,} of {run.total:,} {unit}" if run.total else f"{run.done:,} {unit}" if run.done else ""
    percent = min(100, int(100 * run.done / run.total)) if run.total else None
    title = (
        "Waiting for a worker"
        if run.state == Run.State.QUEUED and not run.phase
        else PHASES.get(run.phase, words(run.phase) or "Starting")
    )
    return Progress(title, count, percent, run.state == Run.State.WAITING, run.events)


def words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()


def by_client(installs: models.QuerySet[Install]) -> list[dict[str, Any]]:
    """Installs in groups of the agency's clients, those without a client last."""
    groups: dict[str, list[Row]] = {}
    for shown in rows(installs):
        groups.setdefault(shown.install.client.name if shown.install.client else "", []).append(shown)
    names = sorted((name for name in groups if name), key=str.casefold) + ([""] if "" in groups else [])
    return [{"client": name, "rows": groups[name]} for name in names]
