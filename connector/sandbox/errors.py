"""How the sandbox says no: JSON:API errors in Klaviyo's words."""

from typing import Any
from uuid import uuid4

import msgspec


class Refusal(Exception):
    """One answer other than 2xx. `parameter` or `pointer` names what was wrong; headers go out as they are."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        parameter: str | None = None,
        pointer: str | None = None,
        headers: dict[str, str] | None = None,
        meta: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers, self.meta = headers or {}, meta or {}
        self.source = {"parameter": parameter} if parameter else {"pointer": pointer or "/data/"}
        self.code, self.title, self.detail = code, title, detail

    def body(self) -> bytes:
        error: dict[str, Any] = {
            "id": str(uuid4()),
            "status": self.status,
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "source": self.source,
            "links": {},
            "meta": self.meta,
        }
        return msgspec.json.encode({"errors": [error]})


def bad_parameter(parameter: str, detail: str) -> Refusal:
    return Refusal(400, "invalid", "Invalid input.", detail, parameter=parameter)


def bad_body(pointer: str, detail: str) -> Refusal:
    return Refusal(400, "invalid", "Invalid input.", detail, pointer=pointer)


def not_found(type: str, id: str) -> Refusal:
    detail = f"A {type} with id {id} does not exist."
    return Refusal(404, "not_found", "Not found.", detail)


def conflict(pointer: str, detail: str) -> Refusal:
    return Refusal(409, "conflict", "Conflict.", detail, pointer=pointer)


def forbidden(scopes: tuple[str, ...]) -> Refusal:
    detail = f"Your connection is missing a scope this needs: {', '.join(scopes)}."
    title = "You do not have permission to perform this action."
    return Refusal(403, "permission_denied", title, detail)


def unauthenticated(detail: str) -> Refusal:
    return Refusal(401, "not_authenticated", "Authentication credentials were not provided.", detail)
