"""What Klaviyo does not allow, the sandbox does not either: each wrong request, and the status it gets."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.klaviyo import filters
from connector.sandbox.errors import Refusal
from connector.sandbox.facts import FilterRule, operations
from connector.sandbox.filters import Condition, parse
from tests.contract.validity import problems
from tests.sandbox.running import AMERICA, Running

EMAIL = {"filter": "equals(messages.channel,'email')"}


def expect_refusal(answer: httpx.Response, status: int, operation: str = "get_lists") -> dict[str, object]:
    """The one error of the answer, which the document allows."""
    assert answer.status_code == status, answer.text
    assert problems(operation, status, answer.content) == []
    error: dict[str, object] = answer.json()["errors"][0]
    return error


def test_without_a_good_token_nothing_is_told(klaviyo: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Klaviyo-API-Key pk_x"}):
        expect_refusal(httpx.get(f"{klaviyo.url}/api/lists", headers=headers | {"revision": "2026-07-15"}), 401)


@pytest.mark.parametrize("revision", ["", "yesterday", "2020-01-15"])
def test_a_revision_must_be_named_that_is_served(api: httpx.Client, revision: str) -> None:
    expect_refusal(api.get("/api/lists", headers={"revision": revision}), 400)


@pytest.mark.parametrize(
    "operation", [one for one in operations().values() if one.method == "GET"], ids=lambda one: one.id
)
def test_every_read_needs_each_of_its_scopes(klaviyo: Running, operation: object) -> None:
    row = operations()[operation.id]  # type: ignore[attr-defined]  # an operation of the table
    everything = set(klaviyo.grant()["scope"].split())
    path = row.path.replace("{id}", "any")
    for scope in row.scopes:
        with klaviyo.client(AMERICA, sorted(everything - {scope})) as poorer:
            assert scope in str(expect_refusal(poorer.get(path, params=EMAIL), 403)["detail"])


def test_unknown_paths_methods_and_ids(api: httpx.Client) -> None:
    expect_refusal(api.get("/api/nothing"), 404)
    assert "GET" in api.put("/api/lists").headers["allow"]
    expect_refusal(api.put("/api/lists"), 405)
    for path in ("/api/lists/none", "/api/profiles/none", "/api/events/none", "/api/segments/none/profiles"):
        expect_refusal(api.get(path), 404)


def test_a_slash_at_the_end_is_forgiven(api: httpx.Client) -> None:
    assert api.get("/api/lists/").json()["data"] == api.get("/api/lists").json()["data"]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/lists", {"page[size]": "11"}),
        ("/api/lists", {"page[size]": "0"}),
        ("/api/lists", {"page[size]": "ten"}),
        ("/api/metrics", {"page[size]": "50"}),
        ("/api/events", {"page[size]": "1001"}),
        ("/api/lists", {"sort": "size"}),
        ("/api/lists", {"sort": "--name"}),
        ("/api/lists", {"include": "profiles"}),
        ("/api/lists", {"include": "tags,nothing"}),
        ("/api/lists", {"fields[list]": "name,secret"}),
        ("/api/lists", {"fields[profile]": "email"}),
        ("/api/lists", {"additional-fields[list]": "profile_count"}),
        ("/api/lists", {"page[cursor]": "broken"}),
        ("/api/lists", {"page[cursor]": "MTIz"}),
        ("/api/events", {"page[cursor]": "WyJ4IiwieSJd"}),
        ("/api/profiles", {"page[cursor]": "WzFd"}),
        ("/api/lists", {"colour": "red"}),
        ("/api/campaigns", {}),
        ("/api/campaigns", {"filter": "equals(archived,true)"}),
        ("/api/campaigns", {"filter": "equals(messages.channel,'whatsapp')"}),
    ],
)
def test_parameters_that_the_document_does_not_know(api: httpx.Client, path: str, parameters: dict[str, str]) -> None:
    expect_refusal(api.get(path, params=parameters), 400)


@pytest.mark.parametrize(
    "text",
    [
        "equals(metric_id)",
        "equals(metric_id,)",
        "equals(metric_id,Xy)",
        'equals(metric_id,"Xy"',
        'equals(metric_id,"Xy"))',
        'equals(metric_id,"Xy") greater-than(timestamp,1)',
        'or(equals(metric_id,"Xy"),has(profile))',
        'contains(metric_id,"Xy")',
        'equals(subject,"Xy")',
        'greater-than(datetime,"2026-01-01T00:00:00Z")',
        "greater-than(datetime,yesterday)",
        "greater-than(timestamp,true)",
        'has(profile,"x")',
        "equals(datetime,2026-01-01T00:00:00Z)",
        "",
    ],
)
def test_filters_that_are_no_filters(api: httpx.Client, text: str) -> None:
    expect_refusal(api.get("/api/events", params={"filter": text}), 400)


def test_filters_are_joined_by_commas_or_by_and(api: httpx.Client, klaviyo: Running) -> None:
    metric = klaviyo.raw("metrics")[1]["id"]
    both = f'equals(metric_id,"{metric}"),greater-or-equal(datetime,2026-06-01T00:00:00+02:00)'

    first, second = (api.get("/api/events", params={"filter": text}).json() for text in (both, f"and({both})"))

    assert first["data"]
    assert first["data"] == second["data"]


RULES = {"name": FilterRule("string", frozenset({"equals"}), frozenset({"any"}))}


@given(st.text(), st.lists(st.text(), min_size=1))
def test_any_text_survives_the_grammar(text: str, several: list[str]) -> None:
    written = filters.all_of(filters.equals("name", text), filters.any_of("name", several))

    assert parse(written, RULES) == [Condition("equals", "name", text), Condition("any", "name", several)]


@given(st.text(alphabet="eqalsn(),\"'[]\\ xhand-ymetric_id.0", max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse(text, RULES)
    except Refusal as refusal:
        assert refusal.status == 400


def test_a_name_with_everything_in_it_is_found(api: httpx.Client, klaviyo: Running) -> None:
    name = 'A "quoted", (bracketed) \\ name – 名前 %20&='
    body = {"data": {"type": "template", "attributes": {"name": name, "editor_type": "CODE", "html": "<p/>"}}}
    made = api.post("/api/templates", json=body).json()["data"]["id"]
    wanted = filters.equals("name", name)

    found = api.get("/api/templates", params={"filter": wanted}).json()["data"]

    assert [one["id"] for one in found] == [made]


def test_bodies_are_read_strictly(api: httpx.Client) -> None:
    def post(**changes: object) -> httpx.Response:
        return api.post("/api/lists", **{"json": {"data": {"type": "list", "attributes": {"name": "x"}}}, **changes})  # type: ignore[arg-type]

    expect_refusal(post(json={"data": {"type": "list", "attributes": {}}}), 400)
    expect_refusal(post(json={"data": {"type": "segment", "attributes": {"name": "x"}}}), 400)
    expect_refusal(post(json={"data": {"type": "list", "attributes": {"name": "  "}}}), 400)
    expect_refusal(post(json=[1]), 400)
    expect_refusal(post(json=None, content=b"{", headers={"content-type": "application/vnd.api+json"}), 400)
    expect_refusal(
        post(json=None, content=b"name=x", headers={"content-type": "application/x-www-form-urlencoded"}), 415
    )
    huge = {"data": {"type": "list", "attributes": {"name": "x" * 5_300_000}}}
    expect_refusal(post(json=huge), 413)
