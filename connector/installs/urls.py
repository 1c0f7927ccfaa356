"""Addresses of Klaviyo accounts and of connecting them."""

from django.urls import path

from connector.installs import views

urlpatterns = [
    path("installs/", views.installs, name="installs"),
    path("installs/<uuid:id>/", views.install_page, name="install"),
    path("installs/<uuid:id>/progress/", views.progress_fragment, name="install_progress"),
    path("installs/<uuid:id>/sync/", views.sync_now, name="sync_now"),
    path("installs/<uuid:id>/purchase-metric/", views.choose_purchase_metric, name="purchase_metric"),
    path("installs/<uuid:id>/<slug:kind>/<str:key>/", views.record_page, name="record"),
    path("oauth/klaviyo/install/", views.connect, name="connect"),
    path("oauth/klaviyo/callback/", views.callback, name="klaviyo_callback"),
]
