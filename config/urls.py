"""All addresses."""

from django.contrib import admin
from django.urls import include, path

from config import probes

urlpatterns = [
    path("", include("connector.pages.urls")),
    path("", include("accounts.oauth_urls")),
    path("api/v1/", include("connector.api.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("metrics", probes.metrics),
]
