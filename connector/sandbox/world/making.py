"""Makes the accounts of a world, each when it is first asked for."""

from dataclasses import dataclass
from math import ceil, sqrt

from connector.sandbox.world.account import Account, Size, blank
from connector.sandbox.world.crowd import people
from connector.sandbox.world.furniture import furnish
from connector.sandbox.world.messages import campaigns, flows
from connector.sandbox.world.odd import odd_cases
from connector.sandbox.world.roster import Shop, roster
from connector.sandbox.world.story import Story, date_of_last_event


@dataclass(frozen=True)
class Plan:
    """What a world is made from; the same plan gives the same world. `base` is in seconds since 1970; `happened`: some of
    its profiles were merged or deleted, and some events came late."""

    seed: int
    base: int
    accounts: int
    size: Size
    empty: bool = False
    happened: bool = True


class World:
    """The accounts by their id."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.shops = {shop.id: shop for shop in roster(plan.accounts, plan.empty)}
        self._made: dict[str, Account] = {}

    def account(self, id: str) -> Account:
        """The account, made now if it was not yet. Raises KeyError."""
        if id not in self._made:
            self._made[id] = make(self.shops[id], self.plan)
        return self._made[id]


def make(shop: Shop, plan: Plan) -> Account:
    account = blank(shop, plan.seed, plan.base)
    furnish(account)
    if shop.empty:
        account.events.changed()
        return account
    paths = flows(account)
    sent = campaigns(account, _campaigns(plan.size))
    story = Story(account, people(account, plan.size.people), paths)
    story.tell(sent, plan.size)
    odd_cases(story)
    story.attribute()
    date_of_last_event(account)
    return account


def _campaigns(size: Size) -> int:
    """More events are more campaigns and larger ones; each is sent to four fifths of the people at most."""
    few = max(16, min(120, round(sqrt(size.events) / 3)))
    reached = max(1, int(size.people * 0.6))
    return min(600, max(few, ceil(size.events * 0.5 / (reached * 1.65))))
