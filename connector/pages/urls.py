"""Addresses of a member's own pages, and of those that anyone may read."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts.views import assistants, home, keys, organization, public

urlpatterns = [
    path("", home.home, name="home"),
    path("organization/", organization.switch, name="switch_organization"),
    path("assistants/", assistants.assistants, name="assistants"),
    path("assistants/<uuid:id>/revoke/", assistants.revoke, name="revoke_connection"),
    path("keys/", keys.keys, name="keys"),
    path("keys/<uuid:id>/revoke/", keys.revoke, name="revoke_key"),
    # Reviewers and listings type them either way; a redirect would look like a missing page to some.
    re_path(r"^privacy/?$", public.privacy, name="privacy"),
    re_path(r"^terms/?$", public.terms, name="terms"),
    re_path(r"^support/?$", public.support, name="support"),
    # What the documents of the OAuth server name as its documentation.
    re_path(r"^docs/?$", RedirectView.as_view(pattern_name="support"), name="docs"),
]
