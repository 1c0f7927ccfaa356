"""What must outlive a restart: the world's plan, grants, and every change made since."""

import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
create table if not exists plan (name text primary key, value text not null);
create table if not exists installs (
    id integer primary key, account text not null, scopes text not null, refresh text not null unique, role text,
    created real not null);
create table if not exists tokens (hash text primary key, install integer not null references installs on delete cascade,
    expires real not null);
create table if not exists codes (
    hash text primary key, account text not null, role text, scopes text not null, challenge text not null,
    redirect text not null, expires real not null, used integer not null default 0);
create table if not exists changes (
    number integer primary key, account text not null, kind text not null, body text not null, at real not null);
create table if not exists counts (account text, bucket text, day integer, used integer not null,
    primary key (account, bucket, day));
"""


@dataclass(frozen=True)
class Install:
    """One account that has installed the app, and the scopes it granted."""

    id: int
    account: str
    scopes: frozenset[str]


class State:
    """A SQLite file. Tokens and codes are kept as hashes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "sandbox.sqlite3"
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self.db.executescript("pragma journal_mode=wal; pragma synchronous=normal; pragma foreign_keys=on;" + SCHEMA)

    def settled(self, name: str, value: Any) -> Any:
        """The value that stood first under this name: `value` if none did."""
        self.db.execute("insert or ignore into plan values (?, ?)", (name, json.dumps(value)))
        return json.loads(self.db.execute("select value from plan where name = ?", (name,)).fetchone()[0])

    # Codes and tokens.

    def issue_code(self, account: str, role: str, scopes: str, challenge: str, redirect: str, expires: float) -> str:
        code = secrets.token_urlsafe(24)
        row = (hashed(code), account, role, scopes, challenge, redirect, expires)
        self.db.execute("insert into codes values (?, ?, ?, ?, ?, ?, ?, 0)", row)
        return code

    def take_code(self, code: str, now: float) -> dict[str, Any] | None:
        """What a code stands for, once."""
        taken = self.db.execute(
            "update codes set used = 1 where hash = ? and used = 0 and expires > ?"
            " returning account, role, scopes, challenge, redirect",
            (hashed(code), now),
        ).fetchone()
        return dict(zip(("account", "role", "scopes", "challenge", "redirect"), taken, strict=True)) if taken else None

    def install(self, account: str, role: str, scopes: str, now: float) -> tuple[int, str]:
        """One more grant of an account: its id and refresh token. Earlier ones live on, as two tenants may hold one."""
        refresh = secrets.token_urlsafe(32)
        row = (account, scopes, hashed(refresh), role, now)
        made = self.db.execute("insert into installs (account, scopes, refresh, role, created) values (?,?,?,?,?)", row)
        return int(made.lastrowid or 0), refresh

    def installed(self) -> set[str]:
        """The accounts that have the app."""
        return {account for (account,) in self.db.execute("select account from installs")}

    def issue_token(self, install: int, expires: float) -> str:
        token = secrets.token_urlsafe(32)
        self.db.execute("insert into tokens values (?, ?, ?)", (hashed(token), install, expires))
        return token

    def rotate(self, install: int) -> str:
        refresh = secrets.token_urlsafe(32)
        self.db.execute("update installs set refresh = ? where id = ?", (hashed(refresh), install))
        return refresh

    def by_refresh(self, token: str) -> Install | None:
        return self._install("select id, account, scopes from installs where refresh = ?", (hashed(token),))

    def by_access(self, token: str, now: float) -> Install | None:
        return self._install(
            "select installs.id, account, scopes from tokens join installs on installs.id = install"
            " where hash = ? and expires > ?",
            (hashed(token), now),
        )

    def _install(self, sql: str, values: tuple[Any, ...]) -> Install | None:
        row = self.db.execute(sql, values).fetchone()
        return Install(row[0], row[1], frozenset(row[2].split())) if row else None

    def revoke(self, token: str) -> None:
        """End the grant that this refresh or access token belongs to."""
        held = hashed(token)
        self.db.execute(
            "delete from installs where refresh = ? or id in (select install from tokens where hash = ?)", (held, held)
        )

    def uninstall(self, account: str | None) -> int:
        """The app is removed from the account (from all): its tokens end."""
        return self.db.execute("delete from installs where ?1 is null or account = ?1", (account,)).rowcount

    def expire(self, account: str | None) -> int:
        """All access tokens (of an account) end now; refresh tokens stay."""
        return self.db.execute(
            "update tokens set expires = 0 where ?1 is null or install in (select id from installs where account = ?1)",
            (account,),
        ).rowcount

    def remove_scope(self, account: str | None, scope: str) -> int:
        changed = 0
        for id, of, scopes in self.db.execute("select id, account, scopes from installs").fetchall():
            if account in (None, of) and scope in scopes.split():
                kept = " ".join(one for one in scopes.split() if one != scope)
                changed += self.db.execute("update installs set scopes = ? where id = ?", (kept, id)).rowcount
        return changed

    # Changes to the world, and the counts of a day.

    def record(self, account: str, kind: str, body: Any, at: float) -> int:
        row = (account, kind, json.dumps(body), at)
        made = self.db.execute("insert into changes (account, kind, body, at) values (?, ?, ?, ?)", row)
        return int(made.lastrowid or 0)

    def recorded(self, account: str) -> list[tuple[int, str, Any, float]]:
        rows = self.db.execute(
            "select number, kind, body, at from changes where account = ? order by number", (account,)
        )
        return [(number, kind, json.loads(body), at) for number, kind, body, at in rows]

    def count(self, account: str, bucket: str, day: int) -> int:
        """One more request of a day: how many there are now."""
        used: int = self.db.execute(
            "insert into counts values (?, ?, ?, 1) on conflict do update set used = used + 1 returning used",
            (account, bucket, day),
        ).fetchone()[0]
        return used


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
