"""Keeping versions readable for as long as a receipt or a draft speaks of them."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from connector.lake.models import Pin
from connector.lake.query import Versions


def pin(*, install_id: UUID, versions: Versions, until: datetime, why: str) -> Pin:
    """Hold these versions of an install's tables until a moment. `why`: what speaks of them, in a few words."""
    return Pin.objects.create(install=install_id, versions=versions.as_dict(), until=until, why=why[:120])


def pinned(install_id: UUID, table: str) -> set[int]:
    """The versions of one table that are held at this moment."""
    pins = Pin.objects.filter(install=install_id, until__gt=timezone.now())
    return {int(each.versions.get(table, -1)) for each in pins} - {-1}
