"""Find the install that a command names."""

from connector.installs.models import Install


class NoSuchInstall(LookupError):
    """No install fits, or more than one; the text says what would do."""


def install_named(account: str, organization: str | None = None) -> Install:
    """The install of a Klaviyo account id; with an organization's slug, that organization's. Raises NoSuchInstall."""
    installs = Install.objects.select_related("organization").filter(klaviyo_id=account)
    if organization:
        installs = installs.filter(organization__slug=organization)
    found = list(installs.order_by("connected_at"))
    if not found:
        where = f" in the organization {organization!r}" if organization else ""
        raise NoSuchInstall(f"No connected account {account!r}{where}.")
    if len(found) > 1:
        slugs = ", ".join(install.organization.slug for install in found)
        raise NoSuchInstall(
            f"Several organizations hold the account {account!r}; add --organization with one of {slugs}."
        )
    return found[0]
