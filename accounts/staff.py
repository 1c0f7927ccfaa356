"""The admin: who gets in, and what all its pages keep to. It shows the story; history cannot be edited, secrets never show."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from accounts.limits import ip_of
from accounts.models import User
from audit.record import record


class StaffSite(UnfoldAdminSite):
    """Staff with a second factor, signed in by the same page as everyone."""

    def register(self, model_or_iterable: Any, admin_class: type | None = None, **options: Any) -> None:
        """Only pages made for this site: those that other apps bring along would show tokens and authenticators."""
        if admin_class is not None and issubclass(admin_class, StaffAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return is_staff(request.user) and is_mfa_enabled(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Signed out: the sign-in page. Not staff: there is no such page. Staff without a second factor: how to get one."""
        wanted = request.GET.get("next") or reverse("admin:index")
        if not request.user.is_authenticated:
            return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")
        if not is_staff(request.user):
            raise Http404
        if not is_mfa_enabled(request.user):
            return render(request, "accounts/second_factor_needed.html", status=403)
        return HttpResponseRedirect(reverse("admin:index"))


def is_staff(user: User | AnonymousUser) -> bool:
    return user.is_active and user.is_staff


class StaffAdmin(ModelAdmin):
    """Read-only unless `editable` names fields; looking at a tenant's row and changing one are audited."""

    editable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()  # never shown, not even to staff
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.editable)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        columns = [field.name for field in self.model._meta.concrete_fields if field.editable or field.primary_key]
        return [name for name in columns if name not in self.hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model | None:
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "GET":
            record("admin.viewed", **told(request, found))
        return found

    def save_model(self, request: HttpRequest, obj: models.Model, form: "ModelForm[Any]", change: bool) -> None:
        super().save_model(request, obj, form, change)
        after = {name: form.cleaned_data[name] for name in form.changed_data}
        before = {name: form.initial.get(name) for name in form.changed_data}
        record("admin.acted", **told(request, obj), before=before, after=after)


def told(request: HttpRequest, row: models.Model) -> dict[str, Any]:
    """The audit columns: which member of staff, which row, whose it is."""
    organization_id = getattr(row, "organization_id", None) or (
        row.pk if row._meta.label == "accounts.Organization" else None
    )
    return {
        "via": "admin",
        "actor_id": request.user.pk,
        "actor_label": getattr(request.user, "email", ""),
        "role": "staff",
        "organization_id": organization_id,
        "subject_kind": row._meta.model_name or "",
        "subject_id": str(row.pk),
        "subject_label": str(row),
        "ip": ip_of(request.META.get("REMOTE_ADDR")),
    }


def linked(row: models.Model | None) -> str:
    """A link to the row's own page in the admin."""
    if row is None:
        return "—"
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row)
