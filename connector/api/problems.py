"""Errors as problem+json (RFC 9457): a type, a title, a sentence, and each field that was wrong."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework.exceptions import APIException, NotFound, UnsupportedMediaType
from rest_framework.response import Response
from rest_framework.views import exception_handler

from connector.insights.arguments import Problem
from connector.privacy.traces import trace_of
from connector.tools.group_commit import NotRecorded

logger = logging.getLogger(__name__)
MEDIA = "application/problem+json"
RETRY_AFTER = "30"  # seconds
LATER = {"Retry-After": RETRY_AFTER}


def problem(
    status: int, detail: str, errors: Sequence[Problem] = (), headers: dict[str, str] | None = None
) -> Response:
    return Response(problem_body(status, detail, errors), status=status, content_type=MEDIA, headers=headers)


def problem_body(status: int, detail: str, errors: Sequence[Problem] = ()) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"field": error.field, "message": error.message} for error in errors]
    return body


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's own errors in the same form; an unexpected one is logged and told without its text."""
    if isinstance(error, Http404):
        error = NotFound("There is no such object that this key may see.")
    if isinstance(error, UnsupportedMediaType):
        error.detail = "Send the body as JSON, with the header Content-Type: application/json."  # type: ignore[assignment]  # as DRF does
    if isinstance(error, NotRecorded):
        return problem(503, str(error), headers=LATER)
    if isinstance(error, InterfaceError | OperationalError):  # away, or all connections in use for too long: both pass
        logger.error("the database: %s", type(error.__cause__ or error).__name__)
        return problem(503, "The database cannot be reached just now; try again in a moment.", headers=LATER)
    response = exception_handler(error, context)
    if response is None or not isinstance(error, APIException):
        logger.error("%s", trace_of(error))
        return problem(500, "Something broke on our side. It has been noted; try again in a minute.")
    headers = {
        name: response[name] for name in ("WWW-Authenticate", "Retry-After", "Allow") if response.has_header(name)
    }
    return problem(response.status_code, _sentence(error), headers=headers)


def _sentence(error: APIException) -> str:
    return str(error.detail) if isinstance(error.detail, str) else "The request cannot be read."
