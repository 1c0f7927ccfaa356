"""The one scoping rule: everything a tenant owns has an organization, and every query starts from it."""

from typing import Self, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model, covariant=True)


class Tenant(models.Model):
    """Whom rows belong to: an organization (models.py), which stands on this module itself."""

    class Meta:
        abstract = True


class TenantQuerySet(models.QuerySet[Row]):
    def in_organization(self, organization: Tenant) -> Self:
        """Only what this organization owns. The seam for row-level security and for databases split by organization."""
        return self.filter(organization=organization)


class InOrganization(models.Model):
    """A row that belongs to exactly one organization and goes with it."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.CASCADE, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True
