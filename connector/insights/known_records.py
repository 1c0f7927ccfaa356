"""What the account's records say, apart from the names that a question asks for: kept in the question's book."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from connector.insights.objects import KlaviyoObject, object_of
from connector.insights.recorded import Book, recorded
from connector.insights.wording import Wording, wording_of
from connector.installs.models import Install
from connector.records.models import Kind, Record

TITLES_AT_ONCE: Final = 500  # in one condition: databases limit how many values it may hold


@dataclass(frozen=True)
class Sender:
    """A campaign or message: its channel (email, sms, ...), and whether it is of a campaign or a flow."""

    channel: str
    of: str


class KnownRecords:
    """Of one account."""

    def __init__(self, install: Install, book: Book) -> None:
        self.install, self.book = install, book

    def objects_of(self, records: Sequence[Record]) -> list[KlaviyoObject]:
        """With the ids of their messages."""
        parents = [record.klaviyo_id for record in records if record.kind in (Kind.CAMPAIGN, Kind.FLOW)]
        messages: dict[str, list[str]] = {}
        rows = Record.objects.filter(install=self.install, kind=Kind.MESSAGE, parent__in=parents)
        for parent, key in rows.values_list("parent", "klaviyo_id") if parents else ():
            messages.setdefault(parent, []).append(key)
        return [object_of(record, messages.get(record.klaviyo_id, ())) for record in records]

    @recorded
    def every(self, kind: str) -> list[KlaviyoObject]:
        """All objects of a kind, deleted ones too, by id."""
        return self.objects_of(list(Record.objects.filter(install=self.install, kind=kind)))

    @recorded
    def campaigns_of(self, status: str, start: str = "", end: str = "") -> list[KlaviyoObject]:
        """All campaigns of one of Klaviyo's statuses, by id: those with a send time in [start, end) (ISO 8601), if given."""
        rows = Record.objects.filter(of_status(status), install=self.install, kind=Kind.CAMPAIGN)
        return self.objects_of(list(rows.filter(at__gte=start, at__lt=end) if start else rows))

    @recorded
    def campaigns_sent_to(self, audiences: list[str], channel: str) -> list[KlaviyoObject]:
        """Sent campaigns of a channel that went to any of these lists and segments, by id."""
        rows = Record.objects.filter(of_status("Sent"), install=self.install, kind=Kind.CAMPAIGN, channel=channel)
        return self.objects_of([row for row in rows if set(audiences) & set(row.attributes.get("include") or ())])

    @recorded
    def wording(self, channel: str) -> Wording:
        """Who the account's messages of a channel are from, and the words that return in them."""
        return wording_of(self.install, channel)

    @recorded
    def named_ids(self, kinds: list[str], keys: list[str]) -> dict[str, KlaviyoObject]:
        """The objects of these kinds and ids, by id."""
        rows = Record.objects.filter(install=self.install, kind__in=kinds, klaviyo_id__in=keys)
        return {record.klaviyo_id: object_of(record) for record in rows}

    @recorded
    def senders(self, kind: str, keys: list[str]) -> dict[str, Sender]:
        """What campaigns, or messages, of these ids send over; by id."""
        rows = Record.objects.filter(install=self.install, kind=kind, klaviyo_id__in=keys) if keys else ()
        return {row.klaviyo_id: Sender(row.channel, str(row.attributes.get("of") or row.kind)) for row in rows}

    @recorded
    def messages_of(self, parents: list[str]) -> list[KlaviyoObject]:
        """The messages of these campaigns or flows, by id."""
        rows = Record.objects.filter(install=self.install, kind=Kind.MESSAGE, parent__in=parents)
        return [object_of(record) for record in rows]

    @recorded
    def catalog(self, titles: list[str]) -> dict[str, dict[str, Any]]:
        """The catalog's item of each title (of several, the smallest id): id, url, image, price."""
        items = Record.objects.filter(install=self.install, kind=Kind.CATALOG_ITEM, deleted_at=None)
        parts = (titles[at : at + TITLES_AT_ONCE] for at in range(0, len(titles), TITLES_AT_ONCE))
        rows = [row for part in parts for row in items.filter(name__in=part)]
        return {row.name: _catalog_item(row) for row in sorted(rows, key=lambda row: row.klaviyo_id, reverse=True)}

    @recorded
    def subjects(self) -> dict[str, str]:
        """Present subjects by message id, and by campaign id for the campaign's first message."""
        texts: dict[str, str] = {}
        for record in Record.objects.filter(install=self.install, kind=Kind.MESSAGE).order_by("klaviyo_id"):
            subject = str(record.attributes.get("subject") or "")
            if subject:
                texts[record.klaviyo_id] = subject
                texts.setdefault(record.parent, subject)
        return texts


def of_status(status: str) -> Q:
    """Campaigns of one of Klaviyo's statuses. One that was deleted before it was sent did nothing and will do nothing."""
    return Q(status=status) if status == "Sent" else Q(status=status, deleted_at=None)


def _catalog_item(record: Record) -> dict[str, Any]:
    facts = record.attributes
    return {
        "id": record.klaviyo_id,
        "url": facts.get("url"),
        "image": facts.get("image_full_url"),
        "price": facts.get("price"),
    }
