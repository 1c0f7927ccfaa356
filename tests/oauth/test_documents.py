"""The documents that assistants compare byte for byte."""

import json
from typing import Any

import pytest
from django.test import Client

P = "https://app.plumbline.example"
RESOURCE = (
    f'{{"resource":"{P}/mcp","authorization_servers":["{P}"],"scopes_supported":["read","write"],"bearer_methods_supported":["header"],'
    f'"resource_name":"Plumbline","resource_documentation":"{P}/docs","resource_policy_uri":"{P}/privacy","resource_tos_uri":"{P}/terms"}}'
)
SERVER = (
    f'{{"issuer":"{P}","authorization_endpoint":"{P}/oauth/authorize","token_endpoint":"{P}/oauth/token",'
    f'"registration_endpoint":"{P}/oauth/register","revocation_endpoint":"{P}/oauth/revoke",'
    '"scopes_supported":["read","write","offline_access"],"response_types_supported":["code"],"response_modes_supported":["query"],'
    '"grant_types_supported":["authorization_code","refresh_token"],'
    '"token_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post"],'
    '"revocation_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post"],'
    '"code_challenge_methods_supported":["S256"],"client_id_metadata_document_supported":true,'
    f'"authorization_response_iss_parameter_supported":true,"service_documentation":"{P}/docs"}}'
)


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = P


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("path", ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"])
def test_the_resource_document_is_the_same_bytes_at_both_places_and_for_every_host(path: str, host: str) -> None:
    assert Client().get(path, headers={"Host": host}).content.decode() == RESOURCE


def test_the_server_document_names_the_public_address_whatever_the_request_says() -> None:
    response = Client().get("/.well-known/oauth-authorization-server", headers={"Host": "localhost"})

    assert response.content.decode() == SERVER


def test_openid_discovery_is_the_same_with_what_openid_requires() -> None:
    found = Client().get("/.well-known/openid-configuration").json()

    assert found == json.loads(SERVER) | {
        "jwks_uri": f"{P}/.well-known/jwks.json",
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    assert Client().get("/.well-known/jwks.json").json() == {"keys": []}


def test_a_browser_may_read_the_documents_and_keep_them_five_minutes() -> None:
    response = Client().get("/.well-known/oauth-authorization-server")

    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "public, max-age=300"
    assert Client().options("/.well-known/oauth-protected-resource").status_code == 204
    assert Client().post("/.well-known/oauth-protected-resource").status_code == 405


def test_the_portals_challenge_is_its_token_and_nothing_else(settings: Any) -> None:
    assert Client().get("/.well-known/openai-apps-challenge").status_code == 404

    settings.OPENAI_APPS_CHALLENGE = "the-token"
    response = Client().get("/.well-known/openai-apps-challenge")

    assert (response.content, response["Content-Type"]) == (b"the-token", "text/plain")
