"""Pages of profiles, decoded into columns: consent and place, and of the person only what is digested before storing.

`email` and `phone` are in the page so that the caller can digest them; names and addresses are not even asked for.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from connector.klaviyo import lenient
from connector.klaviyo.values import ABSENT, Scalar, kept, moment, text

PROFILE_FIELDS = ("created", "updated", "email", "phone_number", "location", "subscriptions")


@dataclass(frozen=True)
class ProfilePage:
    """`columns`: id, created, updated, email, phone, country, region, city, time_zone, email_consent, email_consent_at,
    email_method, sms_consent, sms_consent_at, sms_method, suppressed, properties; a row a person."""

    columns: dict[str, list[Any]]
    count: int
    next: str | None

    @property
    def first(self) -> str | None:
        """The id of its first row."""
        return self.columns["id"][0] if self.count else None


class _Suppression(msgspec.Struct, gc=False):
    reason: str | None = None


class _Marketing(msgspec.Struct, gc=False):
    consent: str | None = None
    consent_timestamp: str | None = None
    method: str | None = None
    suppression: list[_Suppression] | None = None


class _Channel(msgspec.Struct, gc=False):
    marketing: _Marketing | None = None


class _Subscriptions(msgspec.Struct, gc=False):
    email: _Channel | None = None
    sms: _Channel | None = None


class _Location(msgspec.Struct, gc=False):
    country: str | None = None
    region: str | None = None
    city: str | None = None
    timezone: str | None = None


class _Attributes(msgspec.Struct, gc=False):
    created: str | None = None
    updated: str | None = None
    email: str | None = None
    phone_number: str | None = None
    location: _Location | None = None
    subscriptions: _Subscriptions | None = None
    properties: msgspec.Raw = ABSENT


class _Profile(msgspec.Struct, gc=False):
    id: str
    attributes: _Attributes


class _Links(msgspec.Struct, gc=False):
    next: str | None = None


class _Page(msgspec.Struct):
    data: list[_Profile]
    links: _Links | None = None


def decode(body: bytes, properties: Collection[str] = ()) -> ProfilePage:
    """A page of GET /api/profiles with its subscriptions. `properties` names the custom properties to keep, as text.

    Raises msgspec.DecodeError when it is not a page at all. An odd field is None; a profile without an id is left out.
    """
    try:
        page = _PAGES.decode(body)
        profiles, following = page.data, page.links.next if page.links else None
    except msgspec.ValidationError:
        loose = lenient.page(body)
        profiles, following = list(_readable(loose.data)), loose.links.next if loose.links else None
    return ProfilePage(_columns(profiles, sorted(set(properties))), len(profiles), following)


def _readable(data: Iterable[msgspec.Raw]) -> Iterator[_Profile]:
    for raw in data:
        whole = lenient.typed(raw, _Profile)
        if whole is not None:
            yield whole
            continue
        fields = lenient.typed(raw, lenient.Fields) or {}
        id = lenient.typed(fields.get("id", ABSENT), str)
        if id is not None:
            attributes = lenient.typed(fields.get("attributes", ABSENT), lenient.Fields) or {}
            yield _Profile(id, lenient.struct(_Attributes, attributes))


def _columns(profiles: list[_Profile], properties: list[str]) -> dict[str, list[Any]]:
    people = [one.attributes for one in profiles]
    places = [one.location or _Location() for one in people]
    email = [_marketing(one, "email") for one in people]
    sms = [_marketing(one, "sms") for one in people]
    return {
        "id": [one.id for one in profiles],
        "created": [moment(one.created) for one in people],
        "updated": [moment(one.updated) for one in people],
        "email": _texts(one.email for one in people),
        "phone": _texts(one.phone_number for one in people),
        "country": _texts(one.country for one in places),
        "region": _texts(one.region for one in places),
        "city": _texts(one.city for one in places),
        "time_zone": _texts(one.timezone for one in places),
        "email_consent": _texts(one.consent for one in email),
        "email_consent_at": [moment(one.consent_timestamp) for one in email],
        "email_method": _texts(one.method for one in email),
        "sms_consent": _texts(one.consent for one in sms),
        "sms_consent_at": [moment(one.consent_timestamp) for one in sms],
        "sms_method": _texts(one.method for one in sms),
        "suppressed": [bool(one.suppression) for one in email],
        "properties": [_custom(one.properties, properties) for one in people],
    }


def _marketing(person: _Attributes, channel: str) -> _Marketing:
    known: _Channel | None = getattr(person.subscriptions, channel, None)
    return known.marketing if known is not None and known.marketing is not None else _NONE


def _texts(values: Iterable[Scalar]) -> list[str | None]:
    return [text(value) for value in values]


def _custom(raw: msgspec.Raw, names: list[str]) -> dict[str, str] | None:
    if not names or not len(raw):
        return None
    held = lenient.typed(raw, lenient.Fields) or {}
    found = {name: said for name in names if name in held and (said := kept(held[name])) is not None}
    return found or None


_NONE = _Marketing()
_PAGES = msgspec.json.Decoder(_Page)
