"""The documents in which assistants find our OAuth server. Made of PUBLIC_URL, never of the request: clients compare bytes."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.views.decorators.http import require_safe

from accounts.grants import ALL_SCOPES, resource

CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "WWW-Authenticate"}


def protected_resource() -> dict[str, Any]:
    """RFC 9728. `offline_access` is not a scope of the resource and must not be listed here."""
    public = settings.PUBLIC_URL
    return {
        "resource": resource(),
        "authorization_servers": [public],
        "scopes_supported": ["read", "write"],
        "bearer_methods_supported": ["header"],
        "resource_name": settings.SITE_NAME,
        "resource_documentation": f"{public}/docs",
        "resource_policy_uri": f"{public}/privacy",
        "resource_tos_uri": f"{public}/terms",
    }


def authorization_server() -> dict[str, Any]:
    """RFC 8414. No OpenID scopes: ChatGPT asks for each one listed. Without `offline_access` it may sign people out."""
    public = settings.PUBLIC_URL
    methods = ["none", "client_secret_basic", "client_secret_post"]
    return {
        "issuer": public,
        "authorization_endpoint": f"{public}/oauth/authorize",
        "token_endpoint": f"{public}/oauth/token",
        "registration_endpoint": f"{public}/oauth/register",
        "revocation_endpoint": f"{public}/oauth/revoke",
        "scopes_supported": list(ALL_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": True,
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": f"{public}/docs",
    }


def openid_configuration() -> dict[str, Any]:
    """The same, for clients that look there; the members that OpenID requires are added, though nothing uses them."""
    return authorization_server() | {
        "jwks_uri": f"{settings.PUBLIC_URL}/.well-known/jwks.json",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def protected_resource_view(request: HttpRequest) -> HttpResponse:
    return _document(request, protected_resource())


def authorization_server_view(request: HttpRequest) -> HttpResponse:
    return _document(request, authorization_server())


def openid_configuration_view(request: HttpRequest) -> HttpResponse:
    return _document(request, openid_configuration())


def jwks_view(request: HttpRequest) -> HttpResponse:
    return _document(request, {"keys": []})


@require_safe
def apps_challenge_view(request: HttpRequest) -> HttpResponse:
    """The token by which OpenAI's portal sees that this host is ours: that alone, as plain text."""
    token = settings.OPENAI_APPS_CHALLENGE
    return HttpResponse(token, content_type="text/plain") if token else HttpResponseNotFound(content_type="text/plain")


def preflight(methods: str) -> HttpResponse:
    """The answer to a browser that asks whether it may: before any authentication."""
    allowed = {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, MCP-Protocol-Version",
    }
    return HttpResponse(status=204, headers=CORS | allowed | {"Access-Control-Max-Age": "86400"})


def _document(request: HttpRequest, content: dict[str, Any]) -> HttpResponse:
    if request.method == "OPTIONS":
        return preflight("GET, OPTIONS")
    headers = CORS | {"Cache-Control": "public, max-age=300"}
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(
            '{"error":"invalid_request"}',
            status=405,
            content_type="application/json",
            headers=CORS | {"Allow": "GET, HEAD, OPTIONS"},
        )
    return HttpResponse(json.dumps(content, separators=(",", ":")), content_type="application/json", headers=headers)
