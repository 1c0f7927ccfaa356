"""Organizations: made, named, set."""

import secrets

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import Membership, Organization, Role, User, free_slug, normal_email
from audit.record import record


@transaction.atomic
def create(*, name: str, owner_email: str, password: str | None = None, via: str = "cli") -> tuple[Membership, str]:
    """A new organization and its owner, whose e-mail counts as verified; no second factor is asked for.

    An e-mail that is known already becomes the owner of this one too, with the password it has (returned as "").
    Returns the membership and the password, a random one unless given.
    """
    organization = Organization.objects.create(name=name.strip(), slug=free_slug(name))
    email = normal_email(owner_email)
    owner = User.objects.filter(email=email).first()
    if owner is None:
        password = password or secrets.token_urlsafe(15)
        owner = User.objects.create_user(email, password)
        EmailAddress.objects.create(user=owner, email=email, verified=True, primary=True)
    else:
        password = ""
    membership = Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
    record(
        "organization.created",
        via=via,
        actor_id=owner.pk,
        actor_label=owner.email,
        organization_id=organization.pk,
        organization_label=organization.name,
        subject_kind="organization",
        subject_id=str(organization.pk),
        subject_label=organization.name,
    )
    return membership, password
