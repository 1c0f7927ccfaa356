"""Which accounts a question is about: by Klaviyo id, client's name, account's name, several, or all the caller may see."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.caller import Caller
from connector.insights.arguments import bad
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.records.names import CHOICES, Entry, TooManyParts, contains, entry, fold, nearest, parts_of, words


@dataclass(frozen=True)
class Named:
    """One account meant, or a part of the argument that fits none (`install` None)."""

    text: str
    install: Install | None


def named(caller: Caller, text: str | None) -> list[Named]:
    """The accounts meant, each once, in the order named. An account the caller may not see does not exist.

    Raises BadArguments for too many names, Refusal (needs_choice, not_found) when it cannot be told.
    """
    parts = _parts(text)
    installs = list(Install.objects.visible_to(caller).select_related("client", "connected_by"))
    if text is None or not installs:
        return _only(installs)
    if fold(text) == "all":
        return _each(installs)
    pool = _Pool(installs)
    whole = pool.exact(text.strip())
    if whole and parts != [text.strip()]:
        return _each(_told(text.strip(), whole))
    found: dict[object, Named] = {}
    for part in parts:
        for one in _each(pool.part(part)) or [Named(part, None)]:
            found.setdefault(one.install.pk if one.install else part, one)
    return list(found.values())


def _parts(text: str | None) -> list[str]:
    try:
        return parts_of(text or "")
    except TooManyParts as error:
        raise bad("account", f"{error}, or give a client's name, or all") from None


def _each(installs: Iterable[Install]) -> list[Named]:
    return [Named(install.name, install) for install in installs]


def _only(installs: list[Install]) -> list[Named]:
    if len(installs) == 1:
        return _each(installs)
    if not installs:
        raise Refusal(
            "refused",
            "not_found",
            "No Klaviyo account is connected that you may see.",
            "Connect one on the page Accounts, or ask an admin for access.",
        )
    raise Refusal(
        "needs_choice",
        text=f"You see {len(installs)} accounts; say which one is meant.",
        what_to_do="Call again with account: an id, a name, several joined by commas, or all.",
        choices=tuple(installs[:CHOICES]),
    )


@dataclass(frozen=True)
class _Fitting:
    """Accounts that a text fits. `one`: they are a single answer, however many (an id's, a client's)."""

    installs: tuple[Install, ...]
    one: bool

    def __bool__(self) -> bool:
        return bool(self.installs)


class _Pool:
    """The caller's accounts and their clients, folded once."""

    def __init__(self, installs: list[Install]) -> None:
        self.installs = installs
        self.accounts = [entry(install.klaviyo_id, fold(install.name), install) for install in installs]
        clients = {install.client.pk: install.client.name for install in installs if install.client}
        self.clients = [entry(str(pk), fold(name), pk) for pk, name in clients.items()]

    def part(self, text: str) -> tuple[Install, ...]:
        """What one part means; nothing where it fits none. Raises Refusal where it fits several."""
        fitting = self.exact(text) or self.containing(text)
        return _told(text, fitting)

    def exact(self, text: str) -> _Fitting:
        """An exact account id wins, then a client's name, then an account's name."""
        folded = fold(text)
        by_id = tuple(install for install in self.installs if install.klaviyo_id == text)
        of_client = self._of_clients(one for one in self.clients if one.folded == folded)
        by_name = tuple(one.of for one in self.accounts if one.folded == folded)
        return _Fitting(by_id or of_client or by_name, one=bool(by_id or of_client))

    def containing(self, text: str) -> _Fitting:
        """By whole words: the only client with them, else accounts, else the accounts of several clients."""
        wanted = words(fold(text))
        clients = [one for one in self.clients if contains(wanted, one.folded, one.words)]
        if len(clients) == 1:
            return _Fitting(self._of_clients(clients), one=True)
        accounts = tuple(one.of for one in self.accounts if contains(wanted, one.folded, one.words))
        return _Fitting(accounts or self._of_clients(clients), one=False)

    def _of_clients(self, clients: Iterable[Entry]) -> tuple[Install, ...]:
        wanted = {one.of for one in clients}
        return tuple(install for install in self.installs if install.client_id in wanted)


def _told(text: str, fitting: _Fitting) -> tuple[Install, ...]:
    if fitting.one or len(fitting.installs) < 2:
        return fitting.installs
    near = nearest(text, [entry(one.klaviyo_id, fold(one.name), one) for one in fitting.installs])
    raise Refusal(
        "needs_choice",
        text=f"“{text}” fits {len(fitting.installs)} accounts.",
        what_to_do="Call again with the id of one, or several joined by commas.",
        choices=tuple(one.of for one in near),
    )
