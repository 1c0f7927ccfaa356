"""REST callers: an API key as a bearer token."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.caller import Caller, key_caller
from accounts.limits import ip_of

CHALLENGE = 'Bearer realm="Plumbline API"'


class KeyAuthentication(BaseAuthentication):
    """`request.auth` is the Caller, `request.user` the member. One answer for every key that is not good."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        caller = None
        if len(parts) == 2 and parts[0].lower() == b"bearer":
            caller = key_caller(
                parts[1].decode("ascii", "replace"),
                via="rest",
                ip=ip_of(request.META.get("REMOTE_ADDR")),
                request_id=request.headers.get("X-Request-ID", "")[:64],
                client_version=request.headers.get("User-Agent", "")[:40],
            )
        if caller is None:
            raise AuthenticationFailed("This key is not known or was revoked. Make one on the page API keys.")
        return caller.user, caller

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE
