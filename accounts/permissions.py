"""May this caller do it? Asked by every door, answered from the role table (roles.py).

`can(caller, ability)` answers, `check` raises `Refused`. Who may do it stands there; what a state allows stands with the state.
"""

from accounts.caller import Caller
from accounts.roles import ROLES, Ability


class Refused(Exception):
    """The caller's role does not allow it. The text is shown to the person."""

    def __init__(self, ability: Ability, role: str) -> None:
        super().__init__(f"Your role ({role}) does not allow this. Ask an owner or admin of your organization.")
        self.ability = ability


def can(caller: Caller, ability: Ability) -> bool:
    return ability in ROLES.get(caller.role, frozenset())


def check(caller: Caller, ability: Ability) -> None:
    """Raises Refused unless the caller's role holds the ability."""
    if not can(caller, ability):
        raise Refused(ability, caller.role)
