"""Requests that no door could read: answered in words before any view or database meets them."""

import re
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from connector.api.problems import MEDIA, problem_body

_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL stores neither
_BAD_CHARACTER: Final = (
    "The address holds a character that no text can hold (NUL or half a surrogate pair). Nothing was done."
)
_TOO_MANY: Final = "The address has more parameters than are read. Nothing was done."


class UnreadableRequestMiddleware:
    """400 for a path or query that cannot be read, 413 for a body that is too large, 411 for one that would be ignored."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if problem := _problem_of_address(request):
            return _refusal(request, 400, "That address cannot be read", problem)
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _length(request) > most:
            text = f"The body is larger than {most:,} bytes. Nothing was done."
            return _refusal(request, 413, "That is too large", text)
        if _is_without_length(request):
            return _refusal(request, 411, "The length is missing", "Send the body with the header Content-Length.")
        return self.get_response(request)


def _problem_of_address(request: HttpRequest) -> str:
    try:
        parts = [request.path, *(text for name, values in request.GET.lists() for text in (name, *values))]
    except SuspiciousOperation:
        return _TOO_MANY
    return _BAD_CHARACTER if any(_NO_TEXT.search(part) for part in parts) else ""


def _length(request: HttpRequest) -> int:
    said = request.META.get("CONTENT_LENGTH") or ""
    return int(said) if said.isdecimal() else 0


def _is_without_length(request: HttpRequest) -> bool:
    """A chunked body to REST, which the REST framework takes for none: the question would lose its arguments."""
    is_chunked = "Transfer-Encoding" in request.headers and not request.META.get("CONTENT_LENGTH")
    return is_chunked and request.path.startswith("/api/")


def _refusal(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page for a browser, problem+json for a program."""
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", ""):
        return JsonResponse(problem_body(status, text), status=status, content_type=MEDIA)
    return HttpResponse(render_to_string("400.html", {"title": title, "text": text}), status=status)
