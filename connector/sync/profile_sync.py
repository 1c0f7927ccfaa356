"""The phase that reads people: profiles by time of update."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import phonenumbers

from accounts.models import Organization, normal_email
from connector.lake.schema import PROFILES
from connector.lake.store import writing
from connector.sync.step import Step

ROWS: Final = 20_000  # profiles held in memory before they are committed

Rows = dict[str, list[Any]]


def profiles(step: Step) -> bool:
    """Profiles from where the last reading stopped, oldest update first."""
    reached = step.run.checkpoint.get("profiles_after")
    held: list[Rows] = []
    newest = reached
    after = datetime.fromisoformat(reached) if reached else None
    for page in step.klaviyo.profile_pages(updated_after=after, properties=step.install.properties):
        held.append(profile_rows(step.install.organization, page.columns))
        latest = max((at for at in page.columns["updated"] if at), default=None)
        newest = latest.isoformat() if latest else newest
        is_full = step.is_over or sum(len(rows["id"]) for rows in held) >= ROWS
        # A bulk import gives thousands one time of update: stop only where the checkpoint has moved, or it would never end.
        if page.next is not None and is_full and newest != reached:
            _keep(step, held, newest)
            held, reached = [], newest
            if step.is_over:
                return False
    _keep(step, held, newest)
    return True


def _keep(step: Step, held: list[Rows], reached: str | None) -> None:
    rows = {name: [value for part in held for value in part[name]] for name in (held[0] if held else ())}
    number = len(rows.get("id", ()))
    if number:
        with writing(step.install.pk, step.owner) as lake:
            lake.upsert_profiles(rows)
    done = (step.run.done if step.run.unit == "profiles" else 0) + number
    step.save(checkpoint={"profiles_after": reached}, done=done, total=None, unit="profiles")


def profile_rows(organization: Organization, columns: Mapping[str, list[Any]]) -> Rows:
    """Columns as the lake keeps them: of e-mail and phone only the organization's HMAC, and the e-mail's domain."""
    rows = {name: values for name, values in columns.items() if name in PROFILES.schema.names}
    emails = [normal_email(email) if email else None for email in columns["email"]]
    phones = [normal_phone(phone) if phone else None for phone in columns["phone"]]
    rows["email_hmac"] = [organization.blind(email) if email else None for email in emails]
    rows["phone_hmac"] = [organization.blind(phone) if phone else None for phone in phones]
    rows["email_domain"] = [email.rpartition("@")[2] or None if email else None for email in emails]
    return rows


def normal_phone(phone: str) -> str:
    """E.164 where the text is a number, as Klaviyo stores them; else the text without spaces."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(phone, None), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return "".join(phone.split())
