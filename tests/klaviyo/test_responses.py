"""What each answer of Klaviyo means for the one who asked."""

import pytest

from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import (
    BadRequest,
    Conflict,
    KlaviyoError,
    NotFound,
    ScopeMissing,
    Unconfirmed,
    UpgradePlan,
    UpstreamBroken,
)
from tests.klaviyo.conftest import JSON, Reply, Tokens, Told, html, refusal, reply

LISTS = {"data": [{"type": "list", "id": "L1"}], "links": {"next": None}}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(400, "invalid", "Invalid filter provided"), BadRequest),
        (refusal(403, "permission_denied", "You do not have permission to perform this action."), ScopeMissing),
        (refusal(403, "permission_denied", "Missing required scopes: lists:read"), ScopeMissing),
        (refusal(403, "forbidden", "Please upgrade your plan to use this feature."), UpgradePlan),
        (refusal(402, "payment_required"), UpgradePlan),
        (refusal(404, "not_found", "A list with id X does not exist."), NotFound),
        (refusal(405, "method_not_allowed"), BadRequest),
        (refusal(409, "duplicate_profile", "eve@example.com exists"), Conflict),
        (refusal(410, "gone"), BadRequest),
        (refusal(415, "unsupported_media_type"), BadRequest),
    ],
    ids=lambda one: str(getattr(one, "status", getattr(one, "__name__", one))),
)
def test_a_refusal_says_what_to_do_next_and_nothing_of_the_customers(
    server: Told, klaviyo: Klaviyo, answer: Reply, error: type[KlaviyoError]
) -> None:
    server.script = [answer]

    with pytest.raises(error) as refused:
        klaviyo.get("list", "L1")

    assert type(refused.value) is error
    assert len(server.requests) == 1
    assert "eve@example.com" not in f"{refused.value} {refused.value!r}"
    if isinstance(refused.value, ScopeMissing):
        assert refused.value.scope == "lists:read"


def test_an_error_quotes_no_token(server: Told, klaviyo: Klaviyo, tokens: Tokens) -> None:
    tokens.token = "very-secret"
    server.script = [Reply(500, b"very-secret", {"content-type": JSON})]

    with pytest.raises(UpstreamBroken) as broken:
        klaviyo.get("lists")

    assert "very-secret" not in f"{broken.value!r} {broken.value.__cause__!r} {broken.value.__context__!r}"


def test_an_old_address_is_followed_for_a_read_and_not_with_a_body(server: Told, klaviyo: Klaviyo) -> None:
    server.script = [Reply(301, b"", {"location": f"{server.url}/api/lists/"}), reply(LISTS)]
    klaviyo.get("lists", include=("tags",))

    server.script = [Reply(307, b"", {"location": f"{server.url}/api/lists/"})]
    with pytest.raises(UpstreamBroken):
        klaviyo.write("create-list", body={"data": {"type": "list"}})

    assert [(request.path, request.query) for request in server.requests[:2]] == [
        ("/api/lists", {"include": "tags"}),
        ("/api/lists/", {"include": "tags"}),
    ]
    assert len(server.requests) == 3


def test_a_redirect_to_another_host_or_in_a_circle_is_refused(server: Told, klaviyo: Klaviyo) -> None:
    server.script = [Reply(302, b"", {"location": "https://evil.example/api/lists/"})]
    with pytest.raises(UpstreamBroken, match="elsewhere"):
        klaviyo.get("lists")

    server.handler = lambda request: Reply(
        302, b"", {"location": request.path.rstrip("/") + ("" if request.path.endswith("/") else "/")}
    )
    with pytest.raises(UpstreamBroken, match="circle"):
        klaviyo.get("lists")


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(500, b"{}", {"content-type": JSON}),
        Reply(cut=0),
        html(200),
        Reply(408),
        Reply(201, b"", {"content-type": JSON}),
    ],
    ids=lambda one: f"{one.status} {one.headers.get('content-type', 'nothing')[:16]}",
)
def test_a_write_whose_answer_is_lost_is_never_sent_again(server: Told, klaviyo: Klaviyo, trouble: Reply) -> None:
    server.script = [trouble]

    with pytest.raises(Unconfirmed):
        klaviyo.write("create-list", body={"data": {"type": "list"}})

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "trouble", [Reply(429, b"{}", {"content-type": JSON}), refusal(401, "not_authenticated"), html(403)]
)
def test_a_write_that_klaviyo_cannot_have_done_is_sent_again(server: Told, klaviyo: Klaviyo, trouble: Reply) -> None:
    server.script = [trouble, reply({"data": {"type": "list", "id": "L9"}}, 201)]

    made = klaviyo.write("create-list", body={"data": {"type": "list"}})

    assert made["data"]["id"] == "L9"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"\udc00 x", "\ufffd x"),
        (rb"whole \ud83d\ude00", "whole \U0001f600"),
        (rb"\\ud83d is text", r"\ud83d is text"),
        (rb"\\\ud83d", "\\\ufffd"),
        (rb"NaN \" NaN", 'NaN " NaN'),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_a_text_that_was_cut_in_two_hides_no_page(server: Told, klaviyo: Klaviyo, written: bytes, name: str) -> None:
    body = b'{"data": [{"id": "L1", "attributes": {"name": "' + written + b'", "x": NaN, "y": -Infinity}}]}'
    server.script = [Reply(200, body, {"content-type": JSON})]

    read = klaviyo.get("lists")["data"]

    assert read == [{"id": "L1", "attributes": {"name": name, "x": None, "y": None}}]
    assert len(server.requests) == 1
