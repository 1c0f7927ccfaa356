"""The role table: one place in code, printed in the docs, asked by every door.

`can(caller, ability)` answers, `check` raises `Refused`. Who may do it stands here; what a state allows stands with the state.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from accounts.models import Role

if TYPE_CHECKING:
    from accounts.caller import Caller


class Ability(StrEnum):
    ASK = "ask"
    PROPOSE = "propose"
    APPROVE = "approve"
    CONNECT = "connect"
    SEE_AUDIT = "see_audit"
    MEMBERS = "members"
    KEYS = "keys"
    REVEAL = "reveal"
    SETTINGS = "settings"
    ERASE = "erase"


ALL: Final = frozenset(Ability)
ROLES: Final[dict[str, frozenset[Ability]]] = {
    Role.OWNER: ALL,
    Role.ADMIN: ALL - {Ability.ERASE},
    Role.MANAGER: frozenset(
        {Ability.ASK, Ability.PROPOSE, Ability.APPROVE, Ability.CONNECT, Ability.SEE_AUDIT, Ability.KEYS}
    ),
    Role.ANALYST: frozenset({Ability.ASK, Ability.PROPOSE, Ability.KEYS}),
}


class Refused(Exception):
    """The caller's role does not allow it. The text is shown to the person."""

    def __init__(self, ability: Ability, role: str) -> None:
        super().__init__(f"Your role ({role}) does not allow this. Ask an owner or admin of your organization.")
        self.ability = ability


def can(caller: "Caller", ability: Ability) -> bool:
    return ability in ROLES.get(caller.role, frozenset())


def check(caller: "Caller", ability: Ability) -> None:
    """Raises Refused unless the caller's role holds the ability."""
    if not can(caller, ability):
        raise Refused(ability, caller.role)
