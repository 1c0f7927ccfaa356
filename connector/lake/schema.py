"""The allow-list: every column that is kept of a Klaviyo account, where it comes from, why, and how it is protected.

What is not named here is dropped while a page is parsed. The page "what we store" is printed from these rows.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import pyarrow as pa

INSTANT = pa.timestamp("us", tz="UTC")
AMOUNT = pa.decimal128(20, 6)
TEXT = pa.string()
ITEM = pa.struct([("title", TEXT), ("quantity", AMOUNT), ("price", AMOUNT)])
ATTRIBUTED = pa.struct([("campaign", TEXT), ("flow", TEXT), ("message", TEXT)])
MAP = pa.map_(TEXT, TEXT)


class Protection(StrEnum):
    """How a column is kept from saying more than it must."""

    PLAIN = "kept as it is"
    OPAQUE = "an id that means nothing outside Klaviyo"
    HMAC = "only a keyed digest; the value itself is never stored"
    CUT = "only a part of the value is stored"
    NAMED = "only what the organization has named"


@dataclass(frozen=True, slots=True)
class Column:
    """One kept column. `source`: the field in Klaviyo's payload; `required`: never empty."""

    name: str
    type: pa.DataType
    source: str
    why: str
    protection: Protection = Protection.PLAIN
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of an install's lake.

    `statistics`: the columns whose smallest and largest values enter the table's log. Never one that names a person or
    an event: the log keeps them in plain text for a month.
    """

    name: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...]
    statistics: tuple[str, ...]
    partition: str | None = None
    no_dictionary: tuple[str, ...] = ()
    # Large groups hold a column's dictionary once, small ones take less memory to write.
    row_group: int = 1 << 17

    @property
    def schema(self) -> pa.Schema:
        """What a reader sees."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])

    @property
    def stored(self) -> pa.Schema:
        """What the table holds: the readers' columns and the partition, which is in no file, only in folder names."""
        extra = [pa.field(self.partition, TEXT)] if self.partition else []
        return pa.schema([*self.schema, *extra])


P = Protection

EVENTS = Table(
    name="events",
    sort=("metric", "time"),
    statistics=("time", "metric"),
    partition="month",
    no_dictionary=("id", "order_id", "time"),
    row_group=1 << 20,
    columns=(
        Column("id", TEXT, "id", "Counts an event once, however often it is read", P.OPAQUE, required=True),
        Column("time", INSTANT, "attributes.timestamp, else attributes.datetime", "Periods", required=True),
        Column("metric", TEXT, "relationships.metric.data.id", "What happened", P.OPAQUE, required=True),
        Column("person", TEXT, "relationships.profile.data.id", "Counts a person once", P.OPAQUE),
        Column("message", TEXT, "event_properties.$message", "Which campaign or flow message it is of", P.OPAQUE),
        Column("flow", TEXT, "event_properties.$flow", "Which flow it is of", P.OPAQUE),
        Column("value", AMOUNT, "event_properties.$value", "Revenue, to the cent"),
        Column(
            "currency", TEXT, "event_properties.$value_currency, else $currency_code", "Currencies are never added up"
        ),
        Column(
            "order_id",
            TEXT,
            "event_properties.$event_id",
            "Counts an order once, however often it is delivered",
            P.OPAQUE,
        ),
        Column(
            "machine_open",
            pa.bool_(),
            "event_properties.machine_open, Apple Privacy Open",
            "Tells people from machines",
            required=True,
        ),
        Column("bot_click", pa.bool_(), "event_properties.Bot Click", "Tells people from machines", required=True),
        Column("method", TEXT, "event_properties.Method", "How someone subscribed"),
        Column("list_id", TEXT, "event_properties.$list", "Which list someone joined or left", P.OPAQUE),
        Column("list_name", TEXT, "event_properties.List", "The same, where only its name is given"),
        Column("form_id", TEXT, "event_properties.form_id", "Which sign-up form was used", P.OPAQUE),
        Column("form_name", TEXT, "event_properties.Form Name", "The same, by name"),
        Column("url", TEXT, "event_properties.URL", "What was clicked", P.CUT),
        Column("variation", TEXT, "event_properties.$variation", "A/B tests", P.OPAQUE),
        Column("bounce_type", TEXT, "event_properties.Bounce Type", "Hard and soft bounces"),
        Column("client_type", TEXT, "event_properties.Client Type", "Where mails are opened"),
        Column("source_name", TEXT, "event_properties.Source Name", "Where orders come from"),
        Column("discount_codes", pa.list_(TEXT), "event_properties.Discount Codes", "Which codes sell"),
        Column(
            "items",
            pa.list_(ITEM),
            "event_properties.Items, extra.line_items, AddedItem...",
            "What is bought, viewed, left in carts",
        ),
        Column(
            "attributed", pa.list_(ATTRIBUTED), "included attribution", "Klaviyo's own attribution of orders", P.OPAQUE
        ),
        Column("properties", MAP, "event_properties, by name", "Groupings that the organization wants", P.NAMED),
    ),
)

PROFILES = Table(
    name="profiles",
    sort=("id",),
    statistics=("updated",),
    no_dictionary=("id", "created", "updated", "email_hmac", "phone_hmac"),
    columns=(
        Column("id", TEXT, "id", "Joins events to a person", P.OPAQUE, required=True),
        Column("created", INSTANT, "attributes.created", "New and long-standing people"),
        Column("updated", INSTANT, "attributes.updated", "Tells which of two readings is newer"),
        Column("email_hmac", TEXT, "attributes.email", "Finds a person by address without keeping it", P.HMAC),
        Column("phone_hmac", TEXT, "attributes.phone_number", "Finds a person by number without keeping it", P.HMAC),
        Column("email_domain", TEXT, "attributes.email", "Groups by mail provider", P.CUT),
        Column("country", TEXT, "attributes.location.country", "Groups by location"),
        Column("region", TEXT, "attributes.location.region", "Groups by location"),
        Column("city", TEXT, "attributes.location.city", "Groups by location"),
        Column("time_zone", TEXT, "attributes.location.timezone", "Groups by location"),
        Column("email_consent", TEXT, "subscriptions.email.marketing.consent", "Who may be mailed"),
        Column("email_consent_at", INSTANT, "subscriptions.email.marketing.consent_timestamp", "Since when"),
        Column("email_method", TEXT, "subscriptions.email.marketing.method", "How they subscribed"),
        Column("sms_consent", TEXT, "subscriptions.sms.marketing.consent", "Who may be texted"),
        Column("sms_consent_at", INSTANT, "subscriptions.sms.marketing.consent_timestamp", "Since when"),
        Column("sms_method", TEXT, "subscriptions.sms.marketing.method", "How they subscribed"),
        Column(
            "suppressed",
            pa.bool_(),
            "subscriptions.email.marketing.suppression",
            "Who must not be mailed",
            required=True,
        ),
        Column("properties", MAP, "attributes.properties, by name", "Groupings that the organization wants", P.NAMED),
    ),
)

MEMBERS = Table(
    name="members",
    sort=("audience", "person"),
    statistics=("audience",),
    no_dictionary=("person",),
    columns=(
        Column("audience", TEXT, "id of the list or segment", "Which audience", P.OPAQUE, required=True),
        Column("person", TEXT, "id", "Who belongs to it", P.OPAQUE, required=True),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (EVENTS, PROFILES, MEMBERS)}


def month_of(at: datetime) -> str:
    """The partition of an event's moment: its month in UTC, as YYYY-MM."""
    at = at.astimezone(UTC)
    return f"{at.year:04}-{at.month:02}"  # strftime leaves the zeros out of years before 1000


def month_in(file: str) -> str:
    """The partition that a file's address names."""
    return file.rpartition("/month=")[2].partition("/")[0]
