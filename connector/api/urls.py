"""Addresses under /api/v1/."""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from connector.api import views

urlpatterns = [
    path("tools/", views.ToolsView.as_view(), name="api-tools"),
    path("tools/<str:tool>/", views.ToolView.as_view(), name="api-tool"),
    path("accounts/", views.AccountsView.as_view(), name="api-accounts"),
    path("accounts/<str:account_id>/", views.AccountView.as_view(), name="api-account"),
    path("accounts/<str:account_id>/sync/", views.SyncView.as_view(), name="api-account-sync"),
    path("runs/<uuid:run_id>/", views.RunView.as_view(), name="api-run"),
    path("jobs/<str:job_id>/", views.JobView.as_view(), name="api-job"),
    path("receipts/", views.ReceiptsView.as_view(), name="api-receipts"),
    path("receipts/<str:receipt_id>/", views.ReceiptView.as_view(), name="api-receipt"),
    path("audit/", views.AuditView.as_view(), name="api-audit"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("", views.MissingView.as_view()),
    re_path(r"^.*/$", views.MissingView.as_view()),
]
