"""What happened: sign-ups, messages with their opens and clicks, visits, carts and orders."""

from bisect import bisect_right
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from connector.sandbox.world.account import DAY, Account, Message, Size, iso
from connector.sandbox.world.crowd import Visitor, unsubscribed
from connector.sandbox.world.events import NOBODY, Credit
from connector.sandbox.world.trade import Basket

ATTRIBUTION = 5 * DAY
encode = msgspec.json.encode


@dataclass
class Story:
    """Tells an account's history into its events. `opens` remembers who opened when, for orders that follow."""

    account: Account
    visitors: list[Visitor]
    flows: dict[str, list[Message]]
    opens: list[tuple[int, int]] = field(default_factory=list)
    touches: set[int] = field(default_factory=set)
    orders: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        account = self.account
        self.chance: Random = account.chance
        self.events = account.events
        self.number = {thing.attributes["name"]: place for place, thing in reversed(list(enumerate(account.metrics)))}
        self.machine = f',"{account.shop.machine[0]}":{account.shop.machine[1]}'.encode()
        self.basket = Basket(account)

    def tell(self, campaigns: list[Message], size: Size) -> None:
        """About size.events events: sign-ups, then campaigns for three fifths, then visits till it is enough."""
        self.sign_ups(limit=size.events * 2 // 5)
        budget = (size.events - len(self.events)) * 3 // 5
        for message in campaigns:
            self.send_to_many(message, int(budget / max(1, len(campaigns)) / 1.65))
        while self.visitors and len(self.events) < size.events:
            self.visit()

    def sign_ups(self, limit: int) -> None:
        account = self.account
        lists = {name: account.named[f"list {name}"] for name in ("Newsletter", "SMS Subscribers")}
        for visitor in self.visitors:
            for wanted, list_name, metric in ((visitor.email, "Newsletter", "Subscribed to Email Marketing"),
                                              (visitor.sms, "SMS Subscribers", "Subscribed to SMS Marketing")):  # fmt: skip
                if not wanted:
                    continue
                account.lists[lists[list_name]][visitor.number] = visitor.created
                if len(self.events) < limit:
                    self._signed_up(visitor, metric, list_name, lists[list_name])
            if visitor.number % 50 == 0:
                account.lists[account.named["list VIP Early Access"]][visitor.number] = visitor.created + DAY

    def _signed_up(self, visitor: Visitor, metric: str, list_name: str, list_id: str) -> None:
        said: dict[str, Any] = {"List": list_name, "$list": list_id, "Method": "Form" if visitor.form else "API"}
        if visitor.form:
            said |= {"form_id": visitor.form[0], "form_name": visitor.form[1], "Method Detail": visitor.form[0]}
        properties = encode(said)
        at = visitor.created
        if metric == "Subscribed to SMS Marketing" and self._long_ago(at):
            metric = "Consented to Receive SMS"
        if visitor.form:
            self.add(
                at,
                "Form submitted by profile",
                visitor,
                encode({"form_id": visitor.form[0], "Form Name": visitor.form[1]}),
            )
        self.add(at + 1, metric, visitor, properties)
        self.add(at + 1, "Subscribed to List", visitor, properties)
        if list_name == "Newsletter":
            for step, message in enumerate(self.flows["welcome"]):
                self.send(message, visitor, at + 300 + step * 3 * DAY)

    def _long_ago(self, at: int) -> bool:
        """Whether Klaviyo still used its former names, in accounts that are that old."""
        return self.account.shop.old_names and at < self.account.base - 365 * DAY

    def add(self, at: int, metric: str, visitor: Visitor | None, properties: bytes, message: int = -1) -> int:
        person = visitor.number if visitor else NOBODY
        return self.events.add(at, self.number[metric], person, properties, message)

    def send_to_many(self, message: Message, wanted: int) -> None:
        """A campaign to a sample of those who could have had it."""
        if message.sent_at is None or message.sent_at > self.account.base:
            return
        there = bisect_right(self.visitors, message.sent_at, key=lambda one: one.created)
        reachable = "sms" if message.channel == "sms" else "email"
        able = [one for one in self.visitors[:there] if getattr(one, reachable)]
        for visitor in self.chance.sample(able, min(wanted, len(able))):
            self.send(message, visitor, message.sent_at + self.chance.randrange(0, 900))

    def send(self, message: Message, visitor: Visitor, at: int) -> None:
        if at > self.account.base:
            return
        if message.channel == "email":
            self._email(message, visitor, at)
        elif message.channel == "sms":
            self._text(message, visitor, at)
        else:
            self.add(at, "Received Push", visitor, message.opening + b"}", message.number)
            if self.chance.random() < 0.2:
                self.add(at + 60, "Opened Push", visitor, message.opening + b"}", message.number)

    def _email(self, message: Message, visitor: Visitor, at: int) -> None:
        chance = self.chance
        start = message.opening + b"," + visitor.inbox
        roll = chance.random()
        if roll < 0.012:
            kind = b',"Bounce Type":"Hard"}' if roll < 0.004 else b',"Bounce Type":"Soft"}'
            self.add(at + 5, "Bounced Email", visitor, start + kind, message.number)
            return
        cohort = b',"$event_id":"%b:%d","$_cohort$message_send_cohort":"%d:%b"}'
        code = message.code.encode()
        self.add(at, "Received Email", visitor, start + cohort % (code, visitor.number, at, code), message.number)
        if visitor.apple and chance.random() < 0.6:
            self.opened(message, visitor, at + 2 + chance.randrange(60), start, machine=True)
        if roll < 0.38:
            opened = at + 30 + int(chance.expovariate(1 / 20_000))
            self.opened(message, visitor, opened, start, machine=False)
            if chance.random() < 0.25:
                self.clicked(message, visitor, opened + chance.randrange(0, 400), start)
        elif roll < 0.385:
            self._left(message, visitor, at + 4000, start)
        if roll > 0.985:
            self._scanned(message, visitor, at + 3, start)

    def opened(self, message: Message, visitor: Visitor, at: int, start: bytes, machine: bool) -> None:
        if at > self.account.base:
            return
        client = (
            b',"Client Name":"Apple Mail","Client Type":"Mobile"'
            if visitor.apple
            else b',"Client Name":"Gmail","Client Type":"Web"'
        )
        flag = self.machine if machine else b""
        row = self.add(at, "Opened Email", visitor, start + client + flag + b"}", message.number)
        self.touches.add(row)
        self.opens.append((visitor.number, at))

    def clicked(self, message: Message, visitor: Visitor, at: int, start: bytes, bot: bool = False) -> None:
        if at > self.account.base:
            return
        shop = self.account.shop
        url = f"https://{shop.domain}/sale?utm_source=klaviyo&_kx=secret{visitor.number}#top"
        said = b',"URL":%b,"Bot Click":%b}' % (encode(url), b"true" if bot else b"false")
        self.touches.add(self.add(at, "Clicked Email", visitor, start + said, message.number))

    def _scanned(self, message: Message, visitor: Visitor, at: int, start: bytes) -> None:
        """A security scanner clicks every link within seconds."""
        for offset in range(2):
            self.clicked(message, visitor, at + offset, start, bot=True)

    def _left(self, message: Message, visitor: Visitor, at: int, start: bytes) -> None:
        name = "Unsubscribed" if self._long_ago(at) else "Unsubscribed from Email Marketing"
        complained = self.chance.random() < 0.15
        if at < self.account.base:
            self.add(at, "Marked Email as Spam" if complained else name, visitor, start + b"}", message.number)
            reason = "SPAM_COMPLAINT" if complained else "UNSUBSCRIBE"
            unsubscribed(self.account.people.all[visitor.number], at, reason)

    def _text(self, message: Message, visitor: Visitor, at: int) -> None:
        roll = self.chance.random()
        if roll < 0.02:
            failed = message.opening + b',"Failure Type":"Carrier"}'
            self.add(at, "Failed to Deliver SMS", visitor, failed, message.number)
            return
        self.add(at, "Received SMS", visitor, message.opening + b',"Segment Count":1}', message.number)
        if roll < 0.12:
            said = message.opening + b',"URL":"https://s.example/x?_kx=secret","Bot Click":false}'
            self.touches.add(self.add(at + 90, "Clicked SMS", visitor, said, message.number))

    def visit(self) -> None:
        """Somebody looks around, perhaps fills a cart, perhaps buys; carts left behind start the flow."""
        chance, account = self.chance, self.account
        visitor, at = self._caller()
        self.add(at, "Active on Site", visitor, b'{"page":"https://%b/"}' % account.shop.domain.encode())
        items = self.basket.fill()
        self.add(at + 20, "Viewed Product", visitor, self.basket.viewed(items[0]))
        roll = chance.random()
        if roll < 0.3:
            return
        self.add(at + 60, "Added to Cart", visitor, self.basket.added(items))
        if roll < 0.4:
            return
        cart = f"{account.id}-{len(self.events)}"
        self.add(at + 120, account.shop.checkout, visitor, self.basket.checkout(cart, items))
        if roll < 0.7:
            self._abandoned(visitor, at + 120)
            return
        self.order(visitor, at + 200 + chance.randrange(600), items, f"{10_000 + len(self.events)}")

    def _caller(self) -> tuple[Visitor, int]:
        chance, account = self.chance, self.account
        if self.opens and chance.random() < 0.35:
            number, at = chance.choice(self.opens)
            return self.visitors[number], min(account.base, at + int(chance.expovariate(1 / DAY)))
        visitor = self.visitors[int(chance.random() ** 2 * len(self.visitors))]
        return visitor, chance.randrange(visitor.created, account.base + 1)

    def order(self, visitor: Visitor | None, at: int, items: list[Any], id: str, metric: int | None = None) -> int:
        """A Placed Order with what belongs to it. Returns its row."""
        placed = self.number["Placed Order"] if metric is None else metric
        person = visitor.number if visitor else NOBODY
        row = self.events.add(at, placed, person, self.basket.placed(id, items))
        self.orders.add(row)
        if at > self.account.base:
            return row
        for item in items:
            self.add(at, "Ordered Product", visitor, self.basket.ordered(id, item))
        roll = self.chance.random()
        if roll < 0.7:
            self.add(min(at + DAY, self.account.base), "Fulfilled Order", visitor, self.basket.placed(id, items))
        elif roll > 0.96:
            name = "Refunded Order" if roll > 0.98 else "Cancelled Order"
            self.add(min(at + 3 * DAY, self.account.base), name, visitor, self.basket.placed(id, items))
        if visitor and visitor.email and roll < 0.3:
            self.send(self.flows["thanks"][0], visitor, at + 600)
        return row

    def _abandoned(self, visitor: Visitor, at: int) -> None:
        messages = self.flows["vip cart" if visitor.number % 50 == 0 else "cart"]
        for message, delay in zip(messages, (3600, DAY, 2 * DAY), strict=False):
            if visitor.sms if message.channel == "sms" else visitor.email:
                self.send(message, visitor, at + delay)

    def attribute(self) -> None:
        """Klaviyo's default: an order belongs to the last open or click at most five days before it."""
        events, last = self.events, dict[int, int]()
        events.changed()
        waiting = self.touches | self.orders
        for row in events.order:
            if row not in waiting:
                continue
            person = events.person[row]
            if row in self.touches:
                last[person] = row
            elif person in last and events.time[row] - events.time[last[person]] <= ATTRIBUTION:
                events.credits[row] = [Credit(events.message[last[person]], last[person])]


def date_of_last_event(account: Account) -> None:
    """Write `last_event_date` into the profiles that have events."""
    newest: dict[int, int] = {}
    for row in account.events.order:
        newest[account.events.person[row]] = account.events.time[row]
    for number, at in newest.items():
        if number != NOBODY:
            person = account.people.all[number]
            person.attributes = person.attributes.replace(
                b'"last_event_date":null', b'"last_event_date":%b' % encode(iso(at)), 1
            )
