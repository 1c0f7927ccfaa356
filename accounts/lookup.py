"""Find the member that a command names."""

from accounts.models import Membership, Role, normal_email


class NoSuchMember(LookupError):
    """No membership fits; the text says what was looked for and what would do."""


def member_named(who: str, organization: str | None = None) -> Membership:
    """The membership of an e-mail address, or of `OWNER`: the first owner of the oldest organization.

    With an organization's slug only that one counts; without, the member's oldest. Raises NoSuchMember.
    """
    memberships = Membership.objects.select_related("user", "organization").filter(user__is_active=True)
    if organization:
        memberships = memberships.filter(organization__slug=organization)
    if who.upper() == "OWNER":
        found = memberships.filter(role=Role.OWNER).order_by("organization__created_at", "created_at").first()
    else:
        found = memberships.filter(user__email=normal_email(who)).order_by("created_at").first()
    if found is None:
        where = f" in the organization {organization!r}" if organization else ""
        raise NoSuchMember(f"No member {who}{where}. Give the e-mail address of a member, or OWNER.")
    return found
