"""Connections to the database, which are few: who waits gives its own back, and what must never wait has one apart."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper


def release_connections() -> None:
    """Give this thread's connections back before a wait, unless a transaction is open. The next query takes another.

    SQLite's stay: a file that is open keeps nobody out, and opening it again costs more than a short wait.
    """
    for held in connections.all(initialized_only=True):
        if held.vendor != "sqlite" and not held.in_atomic_block:
            held.close()


def separate_connection(**options: Any) -> BaseDatabaseWrapper:
    """A connection outside of this process's pool, for the thread that made it, which closes it.

    It stays open between uses and is checked before each (`close_if_unusable_or_obsolete`). `options` are the driver's.
    """
    made = connections.create_connection(DEFAULT_DB_ALIAS)
    ours = {name: value for name, value in made.settings_dict["OPTIONS"].items() if name != "pool"} | options
    made.settings_dict = {**made.settings_dict, "OPTIONS": ours, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    return made
