"""Attributes of people, as their present profile has them: what group_by and where take, and the SQL of each."""

from collections.abc import Mapping
from typing import Any, Final

# Of a profile row joined to a person: `profile.id` is null where no profile is held.
PROFILE_GROUPS: Final[dict[str, str]] = {
    "country": "country",
    "region": "region",
    "city": "city",
    "email_domain": "email_domain",
    "time_zone": "time_zone",
    "email_consent": "email_consent",
    "sms_consent": "sms_consent",
    "reachable": """case when profile.id is null then null
        when email_consent = 'SUBSCRIBED' and not suppressed then case when sms_consent = 'SUBSCRIBED' then 'both' else 'email' end
        when sms_consent = 'SUBSCRIBED' then 'sms' else 'none' end""",
}
PROPERTY: Final = "property:"


def is_attribute(text: str) -> bool:
    """One of the fixed attributes, or `property:NAME`: whether the account keeps that one, the resolver tells."""
    return text in PROFILE_GROUPS or bool(property_of(text))


def property_of(attribute: str) -> str:
    """The NAME of `property:NAME`; "" of any other attribute."""
    return attribute.removeprefix(PROPERTY) if attribute.startswith(PROPERTY) else ""


def value_sql(attribute: str, param: str = "property") -> str:
    """The attribute's value, text or null, of rows of PROFILES as `profile`. A custom property's name is bound as
    `param` (`bound_property`): give each of several its own."""
    if not property_of(attribute):
        return PROFILE_GROUPS[attribute]
    return f"map_extract_value(profile.properties, ${param})"


def bound_property(attribute: str, param: str = "property") -> Mapping[str, Any]:
    """The parameter of `value_sql`; none for a fixed attribute."""
    name = property_of(attribute)
    return {param: name} if name else {}
