"""A token that Klaviyo refuses is renewed once, and the request goes on where it was."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import Reconnect
from tests.klaviyo.conftest import Reply, Request, Tokens, Told, refusal, reply
from tests.klaviyo.test_client import LISTS, following


def test_a_refused_token_is_renewed_once(server: Told, klaviyo: Klaviyo, tokens: Tokens) -> None:
    server.script = [refusal(401, "not_authenticated"), reply(LISTS)]

    klaviyo.get("lists")

    assert tokens.renewals == ["token-1"]
    assert server.requests[1].headers["authorization"] == "Bearer token-2"


def test_a_renewed_token_that_is_refused_too_asks_for_a_new_connection(
    server: Told, klaviyo: Klaviyo, tokens: Tokens
) -> None:
    server.script = [refusal(401, "not_authenticated")]

    with pytest.raises(Reconnect):
        klaviyo.get("lists")

    assert len(tokens.renewals) == 1


def test_a_renewed_token_may_take_a_moment_to_be_known(server: Told, klaviyo: Klaviyo, tokens: Tokens) -> None:
    server.script = [refusal(401, "not_authenticated"), refusal(401, "not_authenticated"), reply(LISTS)]

    assert klaviyo.get("lists")["data"]
    assert len(tokens.renewals) == 1


def test_a_refused_token_in_the_middle_of_paging_goes_on_at_the_same_page(
    server: Told, klaviyo: Klaviyo, tokens: Tokens
) -> None:
    server.script = [following(server, "a", "L1"), refusal(401, "not_authenticated"), reply(LISTS)]

    assert len(list(klaviyo.pages("lists"))) == 2
    assert server.requests[2].query == {"page[cursor]": "a"}


def test_each_thread_names_the_token_it_was_refused_with(server: Told, klaviyo: Klaviyo, tokens: Tokens) -> None:
    """So that the source can renew once for all of them."""
    eight = threading.Barrier(8)

    def answer(request: Request) -> Reply:
        if request.headers["authorization"] == "Bearer token-1":
            eight.wait(5)
            return refusal(401, "not_authenticated")
        return reply(LISTS)

    server.handler = answer
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda _: klaviyo.get("events"), range(8)))

    assert len(read) == 8
    assert set(tokens.renewals) == {"token-1"}
