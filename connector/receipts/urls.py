"""Addresses of receipts."""

from django.urls import path

from connector.receipts import views

urlpatterns = [
    path("receipts/", views.receipts, name="receipts"),
    path("receipts/<str:public_id>/", views.receipt_page, name="receipt"),
]
