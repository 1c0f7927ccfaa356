"""Pages that anyone may read: privacy, terms, support."""

from email.utils import parseaddr

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "public/privacy.html")


def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "public/terms.html")


def support(request: HttpRequest) -> HttpResponse:
    return render(request, "public/support.html", {"support_address": parseaddr(settings.DEFAULT_FROM_EMAIL)[1]})
