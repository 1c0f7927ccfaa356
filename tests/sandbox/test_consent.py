"""Installing the app: the consent page, codes with PKCE, tokens, and how a grant ends."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from connector.sandbox.oauth import challenge_of
from tests.sandbox.running import ASIA, EUROPE, REDIRECT, Running, running

SCOPES = "accounts:read events:read"


@dataclass
class Visit:
    """A browser at the consent page, and the app that sent it there."""

    klaviyo: Running
    verifier: str

    def asked(self, **changes: str) -> dict[str, str]:
        return {
            "response_type": "code",
            "client_id": self.klaviyo.app.client_id,
            "redirect_uri": REDIRECT,
            "scope": SCOPES,
            "state": "a state/with odd &signs",
            "code_challenge_method": "S256",
            "code_challenge": challenge_of(self.verifier),
        } | changes

    def page(self, **changes: str) -> httpx.Response:
        return httpx.get(f"{self.klaviyo.url}/oauth/authorize", params=self.asked(**changes))

    def press(
        self, decision: str = "allow", role: str = "owner", account: str = EUROPE, **changes: str
    ) -> httpx.Response:
        form = {"account": account, "role": role, "decision": decision}
        return httpx.post(f"{self.klaviyo.url}/oauth/authorize", params=self.asked(**changes), data=form)

    def token(self, **form: str) -> httpx.Response:
        auth = (self.klaviyo.app.client_id, self.klaviyo.app.client_secret)
        return httpx.post(f"{self.klaviyo.url}/oauth/token", data=form, auth=auth)

    def exchange(self, code: str, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": self.verifier,
            "redirect_uri": REDIRECT,
        }
        return self.token(**(form | changes))

    def refresh(self, token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def granted(self, **press: str) -> dict[str, Any]:
        said: dict[str, Any] = self.exchange(_query(self.press(**press))["code"]).json()
        return said

    def reads(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}", "revision": "2026-07-15"}
        return httpx.get(f"{self.klaviyo.url}/api/accounts", headers=headers).status_code


def _query(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302
    address = httpx.URL(response.headers["location"])
    assert str(address).startswith(REDIRECT)
    return dict(address.params)


@pytest.fixture
def visit(klaviyo: Running) -> Visit:
    return Visit(klaviyo, secrets.token_urlsafe(32))


def test_the_page_lists_what_is_asked_for_with_reasons_and_lets_choose_account_and_role(visit: Visit) -> None:
    page = visit.page().text

    assert "<code>events:read</code><span>to count opens, clicks, orders and sign-ups</span>" in page
    assert "Kiez &amp; Küche" in page
    for name in ('<label for="account"', '<label for="role"', 'name="decision" value="allow"', 'value="deny"'):
        assert name in page


def test_an_account_that_is_not_connected_yet_comes_first(visit: Visit) -> None:
    before = visit.page().text
    visit.granted(account=EUROPE)
    after = visit.page().text

    assert before.index(f'<option value="{EUROPE}"') < before.index(f'<option value="{ASIA}"')
    assert after.index(f'<option value="{ASIA}"') < after.index(f'<option value="{EUROPE}"')
    assert f"({EUROPE}, connected)" in after


def test_allowing_gives_a_code_for_tokens_of_the_chosen_account(visit: Visit) -> None:
    back = _query(visit.press(account=ASIA))
    assert back["state"] == "a state/with odd &signs"

    tokens = visit.exchange(back["code"]).json()

    assert tokens["token_type"] == "bearer"
    assert tokens["scope"] == SCOPES
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "revision": "2026-07-15"}
    account = httpx.get(f"{visit.klaviyo.url}/api/accounts", headers=headers).json()["data"][0]
    assert (account["id"], account["attributes"]["timezone"]) == (ASIA, "Asia/Tokyo")


@pytest.mark.parametrize("role", ["owner", "admin", "manager"])
def test_these_roles_may_install(visit: Visit, role: str) -> None:
    assert "code" in _query(visit.press(role=role))


@pytest.mark.parametrize("role", ["analyst", "support", "campaign coordinator", "content creator", ""])
def test_other_roles_are_refused(visit: Visit, role: str) -> None:
    assert _query(visit.press(role=role))["error"] == "access_denied"


def test_saying_no_is_told_to_the_app(visit: Visit) -> None:
    assert _query(visit.press(decision="deny"))["error"] == "access_denied"


@pytest.mark.parametrize(
    "wrong",
    [{"client_id": "another"}, {"redirect_uri": REDIRECT + "more"}, {"redirect_uri": "https://evil.example/"}],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(visit: Visit, wrong: dict[str, str]) -> None:
    for response in (visit.page(**wrong), visit.press(**wrong)):
        assert response.status_code == 400
        assert "location" not in response.headers


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "list:read"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
def test_a_wrong_request_is_told_to_the_app(visit: Visit, wrong: dict[str, str], error: str) -> None:
    assert _query(visit.page(**wrong))["error"] == error


def test_a_code_works_once_with_its_verifier_and_its_redirect_and_soon(visit: Visit) -> None:
    code = _query(visit.press())["code"]
    assert visit.exchange(code).status_code == 200
    assert visit.exchange(code).json()["error"] == "invalid_grant"
    for wrong in ({"code_verifier": "another"}, {"redirect_uri": "http://localhost/"}):
        assert visit.exchange(_query(visit.press())["code"], **wrong).json()["error"] == "invalid_grant"
    late = _query(visit.press())["code"]
    visit.klaviyo.clock.forward(301)
    assert visit.exchange(late).json()["error"] == "invalid_grant"


def test_the_app_must_prove_who_it_is(visit: Visit) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    for auth in (None, ("the-app", "wrong"), ("another", "its/secret")):
        answer = httpx.post(f"{visit.klaviyo.url}/oauth/token", data=form, auth=auth)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    as_json = httpx.post(f"{visit.klaviyo.url}/oauth/token", json=form, auth=("the-app", "its/secret"))
    assert as_json.json()["error"] == "invalid_request"
    encoded = httpx.post(f"{visit.klaviyo.url}/oauth/token", data=form, auth=("the-app", "its%2Fsecret"))
    assert encoded.json()["error"] == "invalid_grant"


def test_access_ends_after_an_hour_and_is_renewed(visit: Visit) -> None:
    tokens = visit.granted()
    assert visit.reads(tokens["access_token"]) == 200

    visit.klaviyo.clock.forward(tokens["expires_in"] + 1)

    assert visit.reads(tokens["access_token"]) == 401
    renewed = visit.refresh(tokens["refresh_token"]).json()
    assert visit.reads(renewed["access_token"]) == 200


def test_revoking_ends_the_grant_and_no_other(visit: Visit) -> None:
    first, second = visit.granted(), visit.granted()
    auth = (visit.klaviyo.app.client_id, visit.klaviyo.app.client_secret)

    form = {"token": first["refresh_token"], "token_type_hint": "refresh_token"}
    assert httpx.post(f"{visit.klaviyo.url}/oauth/revoke", data=form, auth=auth).status_code == 200

    assert visit.reads(first["access_token"]) == 401
    assert (visit.refresh(first["refresh_token"]).status_code, visit.reads(second["access_token"])) == (400, 200)


def test_uninstalling_ends_all_grants_of_the_account(visit: Visit) -> None:
    here, elsewhere = visit.granted(account=EUROPE), visit.granted(account=ASIA)

    visit.klaviyo.trigger("uninstall", account=EUROPE)

    assert visit.reads(here["access_token"]) == 401
    assert visit.refresh(here["refresh_token"]).json()["error"] == "invalid_grant"
    assert visit.reads(elsewhere["access_token"]) == 200


def test_refresh_tokens_rotate_when_they_are_told_to(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running(tmp_path_factory.mktemp("rotating"), rotate=True) as klaviyo:
        visit = Visit(klaviyo, secrets.token_urlsafe(32))
        first = visit.granted()

        second = visit.refresh(first["refresh_token"]).json()

        assert second["refresh_token"] != first["refresh_token"]
        assert visit.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
        assert visit.refresh(second["refresh_token"]).status_code == 200


def test_grants_and_changes_outlive_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("restarted")
    with running(folder) as klaviyo:
        tokens = Visit(klaviyo, secrets.token_urlsafe(32)).granted()
        klaviyo.trigger("late-events", account=EUROPE, count=5)
        klaviyo.trigger("merge", account=EUROPE)
        klaviyo.trigger("delete", account=EUROPE)
        events, profiles = klaviyo.raw("events", EUROPE), klaviyo.raw("profiles", EUROPE)

    with running(folder) as klaviyo:
        visit = Visit(klaviyo, secrets.token_urlsafe(32))
        assert visit.reads(tokens["access_token"]) == 200
        assert visit.refresh(tokens["refresh_token"]).status_code == 200
        assert klaviyo.raw("events", EUROPE) == events
        assert klaviyo.raw("profiles", EUROPE) == profiles


def test_a_link_into_klaviyo_leads_to_a_page_that_says_where_it_would(klaviyo: Running) -> None:
    for path in ("/campaign/01HQ4/overview", "/flow/AbC12/edit", "/list/AbC12", "/metric/AbC12", "/template/a%3Cb%3E"):
        page = httpx.get(f"{klaviyo.url}{path}")

        assert page.status_code == 200, path
        assert "This is the sandbox" in page.text
        assert path.split("/")[1] in page.text
    assert "a&lt;b&gt;" in page.text
    assert httpx.get(f"{klaviyo.url}/campaign/").status_code == 404
