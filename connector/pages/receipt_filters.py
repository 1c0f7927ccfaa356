"""Which receipts a person looks for: words, account, kind of question, person, assistant, time. All of it in the address."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from accounts.caller import Caller
from connector.installs.models import Install
from connector.pages.receipt_presenters import tool_title
from connector.receipts.models import ReceiptQuerySet

PERIODS: Final = {
    "1": "Last 24 hours",
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "365": "Last year",
}
NEWEST: Final = 1_000  # receipts whose tools, persons and assistants are offered
WORDS: Final = 5

Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Filter:
    """What the address asks for; "" where it asks for nothing."""

    q: str = ""
    account: str = ""
    tool: str = ""
    person: str = ""
    assistant: str = ""
    period: str = ""

    @classmethod
    def of(cls, asked: QueryDict) -> "Filter":
        return cls(**{each.name: asked.get(each.name, "").strip()[:200] for each in fields(cls)})

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))

    def narrowed(self, receipts: ReceiptQuerySet, caller: Caller) -> ReceiptQuerySet:
        for word in self.q.split()[:WORDS]:
            receipts = receipts.filter(Q(question__icontains=word) | Q(sentence__icontains=word))
        exact = {"tool": self.tool, "user_label": self.person, "assistant": self.assistant}
        receipts = receipts.filter(**{name: value for name, value in exact.items() if value})
        if self.account:
            own = Install.objects.visible_to(caller).filter(klaviyo_id=self.account)
            receipts = receipts.about(own.values_list("pk", flat=True))
        if self.period in PERIODS:
            receipts = receipts.filter(created_at__gte=timezone.now() - timedelta(days=int(self.period)))
        return receipts

    def address(self, **page: str) -> str:
        """This list, at another place of it."""
        asked = {each.name: getattr(self, each.name) for each in fields(self)} | page
        return "?" + urlencode({name: value for name, value in asked.items() if value})


@dataclass(frozen=True)
class Choice:
    """One select of the form."""

    name: str
    label: str
    chosen: str
    options: Options


def choices(receipts: ReceiptQuerySet, caller: Caller, chosen: Filter) -> list[Choice]:
    """What can be chosen; of tools, persons and assistants those of the newest receipts."""
    accounts = Install.objects.visible_to(caller).values_list("klaviyo_id", "name")
    newest = list(receipts.values_list("tool", "user_label", "assistant")[:NEWEST])
    tools, persons, assistants = (sorted({row[at] for row in newest if row[at]}) for at in range(3))
    return [
        Choice("account", "Account", chosen.account, list(accounts)),
        Choice("tool", "Question about", chosen.tool, [(name, tool_title(name)) for name in tools]),
        Choice("person", "Person", chosen.person, [(name, name) for name in persons]),
        Choice("assistant", "Asked through", chosen.assistant, [(name, name) for name in assistants]),
        Choice("period", "When", chosen.period, list(PERIODS.items())),
    ]
