"""Addresses of all that a person sees: a member's pages, the consent page, and what anyone may read."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from connector.pages import (
    assistants,
    audit,
    connect,
    consent,
    home,
    installs,
    keys,
    organization,
    public,
    receipts,
    records,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("organization/", organization.switch, name="switch_organization"),
    path("assistants/", assistants.assistants, name="assistants"),
    path("assistants/<uuid:id>/revoke/", assistants.revoke, name="revoke_connection"),
    path("keys/", keys.keys, name="keys"),
    path("keys/<uuid:id>/revoke/", keys.revoke, name="revoke_key"),
    path("installs/", installs.installs, name="installs"),
    path("installs/<uuid:id>/", installs.install_page, name="install"),
    path("installs/<uuid:id>/progress/", installs.progress_fragment, name="install_progress"),
    path("installs/<uuid:id>/sync/", installs.sync_now, name="sync_now"),
    path("installs/<uuid:id>/properties/", installs.choose_properties, name="properties"),
    path("installs/<uuid:id>/purchase-metric/", installs.choose_purchase_metric, name="purchase_metric"),
    path("installs/<uuid:id>/<slug:kind>/<str:key>/", records.record_page, name="record"),
    path("oauth/klaviyo/install/", connect.connect, name="connect"),
    path("oauth/klaviyo/callback/", connect.callback, name="klaviyo_callback"),
    path("receipts/", receipts.receipts, name="receipts"),
    path("receipts/<str:public_id>/", receipts.receipt_page, name="receipt"),
    path("receipts/<str:public_id>/run/", receipts.run_again, name="run_receipt"),
    path("receipts/<str:public_id>/export.csv", receipts.export_csv, name="receipt_csv"),
    path("receipts/<str:public_id>/export.json", receipts.export_json, name="receipt_json"),
    path("audit/", audit.audit, name="audit"),
    # A redirect between the forms with and without slash would lose a POST's body.
    re_path(r"^oauth/authorize/?$", consent.ConsentView.as_view(), name="oauth_authorize"),
    # Reviewers and listings type them either way; a redirect would look like a missing page to some.
    re_path(r"^privacy/?$", public.privacy, name="privacy"),
    re_path(r"^terms/?$", public.terms, name="terms"),
    re_path(r"^support/?$", public.support, name="support"),
    # What the documents of the OAuth server name as its documentation.
    re_path(r"^docs/?$", RedirectView.as_view(pattern_name="support"), name="docs"),
]
