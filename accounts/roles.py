"""The role table: which role holds which abilities. One place in code, printed in the docs."""

from enum import StrEnum
from typing import Final

from accounts.models import Role


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
