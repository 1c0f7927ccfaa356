"""The HTTP edge of our OAuth server: authorize (the consent page is connector/pages/consent.py), token, register, revoke.

The flows are django-oauth-toolkit's; what it decides otherwise than we do is overridden here and in oauth_validator.py.
"""

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.views.base import BaseAuthorizationView
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.oauth2.rfc6749.errors import AccessDeniedError, CustomOAuth2Error, InvalidRequestError, OAuth2Error

from accounts import grants
from accounts.caller import Caller, digest
from accounts.clients import BadRegistration, read_registration
from accounts.limits import ip_of, within_limit
from accounts.models import Application, Connection
from accounts.oauth_documents import CORS, preflight
from accounts.oauth_validator import check_resource
from audit.record import record

LARGEST_BODY: Final = 16 * 1024
LONGEST_QUERY: Final = 8 * 1024
REGISTRATIONS: Final = {"most": 60, "seconds": 600}  # per address; assistants register from shared ones
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_S256_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class QueryOnlyCore(OAuthLibCore):
    """Authorization requests are read from the address alone: a posted form cannot change what was asked."""

    def extract_body(self, request: HttpRequest) -> list[tuple[str, str]]:
        return []


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request that holds: who asks, for what, and where the answer goes."""

    application: Application
    scopes: list[str]
    credentials: dict[str, Any]

    @property
    def redirect_uri(self) -> str:
        return self.credentials["redirect_uri"]

    def refusal(self, error: type[OAuth2Error], description: str) -> OAuthToolkitError:
        return OAuthToolkitError(
            error(description=description, state=self.credentials["state"]), redirect_uri=self.redirect_uri
        )


class AuthorizeView(ABC, BaseAuthorizationView):
    """GET asks the person, POST to the same address decides. The query is checked again at both.

    The page, `asking` and `deciding`, is the subclass's.
    """

    oauthlib_backend_class = QueryOnlyCore
    http_method_names = ["get", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "")
        if len(query) > LONGEST_QUERY or _BAD_PERCENT.search(query):
            return _no_store(oauth_error("invalid_request", "The query is not a valid one."))
        try:
            return _no_store(super().dispatch(request, *args, **kwargs))
        except OAuthToolkitError as error:
            return _no_store(self.error_response(error, application=None))

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return oauth_error("invalid_request", "Use GET.", status=405, headers={"Allow": "GET, POST"})

    def handle_no_permission(self) -> HttpResponse:
        """Signed out: only a request that holds is worth signing in for; any other would use us to send people about."""
        asked = self.checked_request()
        if "none" in self.request.GET.get("prompt", "").split():
            return self.redirect(
                _with_query(asked.redirect_uri, error="login_required", state=asked.credentials["state"]), None
            )
        return redirect_to_login(self.request.get_full_path(), settings.LOGIN_URL)

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self.checked_request()
        if "none" in request.GET.get("prompt", "").split():
            return self.redirect(
                _with_query(asked.redirect_uri, error="interaction_required", state=asked.credentials["state"]), None
            )
        return self.asking(asked)

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.deciding(self.checked_request())

    @abstractmethod
    def asking(self, asked: Asked) -> HttpResponse:
        """The page on which the person decides."""

    @abstractmethod
    def deciding(self, asked: Asked) -> HttpResponse:
        """What was posted there: `approved`, `refused`, or the page again."""

    def checked_request(self) -> Asked:
        """Raises OAuthToolkitError: its FatalClientError is shown here, all others go back to the client."""
        try:
            scopes, credentials = self.validate_authorization_request(self.request)
        except ValueError as error:  # oauthlib's word for a query it cannot decode
            raise FatalClientError(InvalidRequestError(description="The query cannot be read.")) from error
        asked = Asked(credentials["request"].client, scopes, credentials)
        query = self.request.GET
        if query.get("code_challenge_method") != "S256" or not _S256_CHALLENGE.fullmatch(
            query.get("code_challenge", "")
        ):
            raise asked.refusal(InvalidRequestError, "PKCE with code_challenge_method=S256 is required.")
        if query.get("response_mode", "query") != "query":
            raise asked.refusal(InvalidRequestError, "The only response_mode is query.")
        try:
            check_resource(query.getlist("resource"))
        except CustomOAuth2Error as error:
            error.state = credentials["state"]
            raise OAuthToolkitError(error, redirect_uri=asked.redirect_uri) from error
        return asked

    def approved(
        self,
        asked: Asked,
        *,
        caller: Caller,
        scopes: set[str],
        installs: frozenset[UUID] | None,
        replaced: list[Connection],
    ) -> HttpResponse:
        """Back to the client with a code for a new connection; scopes count as far as they were asked for and are the
        caller's. The connections that it replaces end."""
        allowed = {"offline_access"} | (scopes & caller.scopes)
        asked.credentials["client"] = (
            asked.application
        )  # looked up already: no document is fetched inside the transaction
        with transaction.atomic():
            for earlier in replaced:
                grants.revoke_connection(connection=earlier, by=caller, why="replaced")
            asked.credentials["connection"] = grants.approve(
                caller=caller,
                application=asked.application,
                scopes={"read"} | (allowed & set(asked.scopes)),
                installs=installs,
            )
            uri, *_ = self.create_authorization_response(
                self.request, " ".join(asked.scopes), asked.credentials, allow=True
            )
        return self.redirect(uri, None)

    def refused(self, asked: Asked, caller: Caller | None) -> HttpResponse:
        if caller:
            grants.refuse(caller=caller, application=asked.application)
        raise asked.refusal(AccessDeniedError, "The person refused.")

    def redirect(self, redirect_to: str, application: Application | None) -> HttpResponse:
        """Every answer that goes back to the client passes here: all carry the issuer (RFC 9207), errors too."""
        response = super().redirect(_with_query(redirect_to, iss=settings.PUBLIC_URL), application)
        response["Referrer-Policy"] = "no-referrer"
        return response

    def error_response(
        self, error: OAuthToolkitError, application: Application | None = None, **kwargs: Any
    ) -> HttpResponse:
        if not isinstance(error, FatalClientError):
            return super().error_response(error, application)
        return render(self.request, "oauth/error.html", {"error": error.oauthlib_error}, status=400)


class BackChannel(OAuthLibMixin, View):
    """What the machine endpoints share: preflight, CORS, small bodies, nothing stored, every error as JSON."""

    http_method_names = ["post"]
    body_is_form = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return preflight("POST, OPTIONS")
        problem = _body_problem(request, self.body_is_form) if request.method == "POST" else None
        response = _no_store(problem or super().dispatch(request, *args, **kwargs))
        for name, value in CORS.items():
            response[name] = value
        return response

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return oauth_error("invalid_request", "Use POST.", status=405, headers={"Allow": "POST, OPTIONS"})

    def answered(self, create: Callable[[HttpRequest], tuple[Any, dict[str, str], str, int]]) -> HttpResponse:
        """oauthlib's answer as ours; errors raised while saving come without headers, so the type is set here."""
        _, headers, body, status = create(self.request)
        return HttpResponse(body or "", status=status, headers={**headers, "Content-Type": "application/json"})


@method_decorator(csrf_exempt, name="dispatch")
class TokenView(BackChannel):
    """Codes and refresh tokens for new tokens (RFC 6749, 3.2)."""

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.answered(self.create_token_response)


@method_decorator(csrf_exempt, name="dispatch")
class RevokeView(BackChannel):
    """RFC 7009: 200 for a known client, whatever the token."""

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.answered(self.create_revocation_response)


@method_decorator(csrf_exempt, name="dispatch")
class RegisterView(BackChannel):
    """RFC 7591, open to all, limited by address; a client that nobody approves is removed after a day."""

    body_is_form = False

    def post(self, request: HttpRequest) -> HttpResponse:
        address = request.META.get("REMOTE_ADDR", "")
        if not within_limit("registrations", address, **REGISTRATIONS):
            return oauth_error(
                "temporarily_unavailable",
                "Too many registrations. Try again in ten minutes.",
                status=429,
                headers={"Retry-After": "600"},
            )
        try:
            registered = register(request.body, address)
        except BadRegistration as problem:
            return oauth_error(problem.code, str(problem))
        return JsonResponse(registered, status=201)


@transaction.atomic
def register(body: bytes, address: str) -> dict[str, Any]:
    """A new client, as RFC 7591's answer; its secret, if it has one, is in there and stored nowhere. Raises BadRegistration."""
    asked = read_registration(body)
    secret = "" if asked.auth_method == "none" else secrets.token_urlsafe(32)
    application = Application.objects.create(
        name=asked.name,
        redirect_uris=" ".join(asked.redirect_uris),
        client_type=Application.CLIENT_CONFIDENTIAL if secret else Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        client_secret=digest(secret) if secret else "",
        hash_client_secret=False,
        registration_source=Application.RegistrationSource.DCR,
    )
    record(
        "grant.registered",
        via="mcp",
        ip=ip_of(address),
        subject_kind="client",
        subject_id=str(application.pk),
        subject_label=asked.name,
    )
    answer = {
        "client_id": application.client_id,
        "client_id_issued_at": int(application.created.timestamp()),
        "client_name": asked.name,
        "redirect_uris": list(asked.redirect_uris),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": asked.auth_method,
    }
    return answer | ({"client_secret": secret, "client_secret_expires_at": 0} if secret else {})


def oauth_error(code: str, text: str, *, status: int = 400, headers: dict[str, str] | None = None) -> HttpResponse:
    return JsonResponse({"error": code, "error_description": text}, status=status, headers=headers)


def _body_problem(request: HttpRequest, is_form: bool) -> HttpResponse | None:
    """An error for a body that no flow should see: too large, unreadable, with repeated parameters or NUL."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY or len(request.body) > LARGEST_BODY:
            return oauth_error("invalid_request", f"The body is larger than {LARGEST_BODY} bytes.", status=413)
        if is_form and request.content_type != "application/x-www-form-urlencoded":
            return oauth_error("invalid_request", "The body must be application/x-www-form-urlencoded.")
        fields = list(request.POST.lists()) if is_form else []
    except RequestDataTooBig:
        return oauth_error("invalid_request", f"The body is larger than {LARGEST_BODY} bytes.", status=413)
    except (BadRequest, SuspiciousOperation, UnreadablePostError, ValueError):
        return oauth_error("invalid_request", "The body cannot be read.")
    for name, values in fields:
        if len(values) > 1 and name != "resource":
            return oauth_error("invalid_request", "A parameter is given twice.")
        if any("\x00" in text for text in (name, *values)):
            return oauth_error("invalid_request", "A parameter has a character that does not belong there.")
    if request.META.get("QUERY_STRING"):
        return oauth_error("invalid_request", "Parameters belong in the body.")
    return None


def _with_query(uri: str, **added: str | None) -> str:
    """The URI with these parameters in place of any of the same name, wherever in the query they stood."""
    parts = urlsplit(uri)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in added]
    return urlunsplit(
        parts._replace(query=urlencode(kept + [(name, value) for name, value in added.items() if value is not None]))
    )


def _no_store(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Pragma", "no-cache")
    patch_cache_control(response, no_store=True)
    return response
