"""Attributes of people, as their present profile has them: what group_by and where take, and the SQL of each."""

from collections.abc import Mapping
from typing import Any, Final

from connector.insights.arguments import bad
from connector.insights.relations import PROFILES

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


def values_sql(attribute: str) -> str:
    """The attribute's values that somebody has."""
    return f"select distinct {value_sql(attribute)} as value from {PROFILES} profile"


Conditions = tuple[tuple[str, tuple[str, ...]], ...]


def conditions(where: str | None) -> Conditions:
    """`country=US; email_domain=gmail.com|gmx.de`: each attribute with the values of which one must be had.

    Raises BadArguments.
    """
    return tuple(_condition(part) for part in where.split(";")) if where else ()


def _condition(text: str) -> tuple[str, tuple[str, ...]]:
    attribute, equals, listed = (part.strip() for part in text.partition("="))
    values = tuple(value.strip() for value in listed.split("|"))
    if not (attribute and equals and all(values)):
        raise bad(
            "where", f"{text.strip()!r} is no condition; give one such as country=US; email_domain=gmail.com|gmx.de"
        )
    if not is_attribute(attribute):
        raise bad("where", f"{attribute!r} is not known; give property:NAME or one of {', '.join(PROFILE_GROUPS)}")
    return attribute, values
