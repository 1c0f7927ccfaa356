"""Which accounts a question is about: by Klaviyo id, client's name, account's name, several, or all the caller may see."""

from dataclasses import dataclass

from accounts.caller import Caller
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.records.names import contains, fold, words


@dataclass(frozen=True)
class Named:
    """One account meant, or a part of the argument that fits none (`install` None)."""

    text: str
    install: Install | None


def named(caller: Caller, text: str | None) -> list[Named]:
    """The accounts meant, each once, in the order named. Raises Refusal (needs_choice) when it cannot be told.

    An account the caller may not see does not exist.
    """
    installs = list(Install.objects.visible_to(caller).select_related("client", "connected_by"))
    if text is None or not installs:
        return _only(installs)
    if fold(text) == "all":
        return [Named(install.name, install) for install in installs]
    found: dict[object, Named] = {}
    for part in (piece.strip() for piece in text.split(",")):
        if part:
            for entry in _part(installs, part):
                found.setdefault(entry.install.pk if entry.install else part, entry)
    return list(found.values())


def _only(installs: list[Install]) -> list[Named]:
    if len(installs) == 1:
        return [Named(installs[0].name, installs[0])]
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
        choices=tuple(installs[:10]),
    )


def _part(installs: list[Install], text: str) -> list[Named]:
    """An exact account id wins, then a client's name, then an account's name; then whole words of either."""
    folded, wanted = fold(text), words(fold(text))
    by_id = [install for install in installs if install.klaviyo_id == text]
    of_client = [install for install in installs if install.client and fold(install.client.name) == folded]
    by_name = [install for install in installs if fold(install.name) == folded]
    found = by_id or of_client or by_name
    if not found:
        clients = {install.client_id for install in installs if install.client and _holds(wanted, install.client.name)}
        found = [install for install in installs if install.client_id in clients] if len(clients) == 1 else []
    if not found:
        found = by_name = [install for install in installs if _holds(wanted, install.name)]
    if found is by_name and len(found) > 1:
        raise Refusal(
            "needs_choice",
            text=f"“{text}” fits {len(found)} accounts.",
            what_to_do="Call again with the id of one, or several joined by commas.",
            choices=tuple(found[:10]),
        )
    return [Named(install.name, install) for install in found] or [Named(text, None)]


def _holds(wanted: frozenset[str], name: str) -> bool:
    folded = fold(name)
    return contains(wanted, folded, words(folded))
