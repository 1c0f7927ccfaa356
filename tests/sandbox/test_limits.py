"""Klaviyo's limits: fixed windows of a second, a minute and a day, for each account and operation."""

from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.running import AMERICA, BASE, EUROPE, Running, running


@pytest.fixture
def klaviyo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With limits, and a clock that stands still between a test's steps."""
    with running(tmp_path_factory.mktemp("limited"), limits=True, accounts=2) as started:
        now = [float(BASE)]
        started.sandbox.clock = lambda: now[0]
        started.clock.forward = lambda seconds: now.__setitem__(0, now[0] + seconds)  # type: ignore[method-assign]
        yield started


def test_a_full_second_is_refused_until_the_next(klaviyo: Running) -> None:
    with klaviyo.client() as api:
        answers = [api.get("/api/flows") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert answers[3].headers["retry-after"] == "1"

        klaviyo.clock.forward(1)

        assert api.get("/api/flows").status_code == 200


def test_a_full_minute_is_refused_until_the_next(klaviyo: Running) -> None:
    with klaviyo.client() as api:
        for _ in range(15):
            assert api.get("/api/accounts").status_code == 200
            klaviyo.clock.forward(2)

        refused = api.get("/api/accounts")

        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        klaviyo.clock.forward(30)
        assert api.get("/api/accounts").status_code == 200


def test_good_answers_say_what_is_left_and_refusals_do_not(klaviyo: Running) -> None:
    with klaviyo.client() as api:
        good = api.get("/api/accounts").headers
        refused = api.get("/api/accounts").headers

    assert (good["ratelimit-limit"], good["ratelimit-remaining"]) == ("1, 1;w=1, 15;w=60", "14")
    assert good["ratelimit-reset"] == "60"
    assert not [name for name in refused if name.startswith("ratelimit")]


def test_what_was_counted_and_came_to_nothing_says_what_is_left_too(klaviyo: Running) -> None:
    with klaviyo.client() as api:
        absent = api.get("/api/lists/NoSuch")

    assert absent.status_code == 404
    assert absent.headers["ratelimit-remaining"] == "749"


def test_accounts_and_operations_do_not_share(klaviyo: Running) -> None:
    with klaviyo.client(AMERICA) as here, klaviyo.client(EUROPE) as there:
        assert here.get("/api/accounts").status_code == 200
        assert there.get("/api/accounts").status_code == 200
        assert here.get(f"/api/accounts/{AMERICA}").status_code == 200
        assert here.get("/api/accounts").status_code == 429


def test_costly_parameters_are_counted_on_limits_of_their_own(klaviyo: Running) -> None:
    list_id, person = klaviyo.raw("lists")[0]["id"], klaviyo.raw("profiles")[0]["id"]
    with klaviyo.client() as api:
        for path, costly in (
            (f"/api/lists/{list_id}", "additional-fields[list]=profile_count"),
            (f"/api/profiles/{person}", "include=lists"),
            (f"/api/profiles/{person}", "include=segments"),
        ):
            assert [api.get(f"{path}?{costly}").status_code for _ in range(2)] == [200, 429], costly
            assert api.get(path).status_code == 200


def test_a_day_holds_so_many_new_lists(klaviyo: Running) -> None:
    with klaviyo.client() as api:
        body = {"data": {"type": "list", "attributes": {"name": "one of many"}}}
        for count in range(150):
            assert api.post("/api/lists", json=body).status_code == 201, count
            klaviyo.clock.forward(0.5)

        refused = api.post("/api/lists", json=body)

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 3600


def test_a_day_holds_so_many_reports_of_each_kind(klaviyo: Running) -> None:
    def ask(api: httpx.Client, kind: str) -> int:
        attributes = {"statistics": ["total_members"], "timeframe": {"key": "today"}}
        more = {"interval": "daily"} if kind == "segment-series" else {}
        body = {"data": {"type": f"{kind}-report", "attributes": attributes | more}}
        return api.post(f"/api/{kind}-reports", json=body).status_code

    for count in range(3):
        with klaviyo.client() as api:  # a token lives for an hour
            for _ in range(75):
                assert ask(api, "segment-values") == 200, count
                klaviyo.clock.forward(30)

    with klaviyo.client() as api:
        assert ask(api, "segment-values") == 429
        assert ask(api, "segment-series") == 200


def test_requests_are_written_down_for_who_wants_to_check(klaviyo: Running) -> None:
    with klaviyo.client() as api:
        api.get("/api/accounts")
        api.get("/api/accounts")
    lines = httpx.get(f"{klaviyo.url}/_sandbox/requests").text.splitlines()
    assert [line.rsplit(",", 1)[1] for line in lines[-2:]] == ["200]", "429]"]


def test_an_install_may_refresh_ten_times_a_minute(klaviyo: Running) -> None:
    auth = (klaviyo.app.client_id, klaviyo.app.client_secret)
    form = {"grant_type": "refresh_token", "refresh_token": klaviyo.grant()["refresh_token"]}

    answers = [httpx.post(f"{klaviyo.url}/oauth/token", data=form, auth=auth) for _ in range(11)]

    assert [one.status_code for one in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
