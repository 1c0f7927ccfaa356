"""What workers do for accounts. Safe to run twice."""

from celery import shared_task

from accounts import grants


@shared_task
def purge_grants() -> None:
    """Remove codes, tokens and clients that no longer decide anything."""
    grants.purge()
