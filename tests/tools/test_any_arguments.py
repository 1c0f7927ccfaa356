"""Whatever an assistant or a program sends: an envelope or one sentence about the argument, never a fault of ours."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.caller import Caller
from connector.insights.metrics import VERBS
from connector.tools import jobs
from connector.tools.call import BadArguments, call
from connector.tools.catalogue import TOOLS
from connector.tools.fit import text_of

pytestmark = pytest.mark.django_db
Write = Callable[..., None]
STATUSES = {"ok", "partial", "pending", "needs_choice", "refused", "error"}

WORDS = st.sampled_from([
    *VERBS, "member", "any", "all", "*", "Q4*", "Q4 Holiday Campaign", "C1", "M1", "F1", "Abandoned", "OPEN", "Opened Email", "ORDER",
    "today", "last_7_days", "last_999999999_years", "last_0_days", "this_quarter", "2026", "2026-Q4", "2026-02-30", "0001-01-01..9999-12-31",
    "9999", "0000", "9999-12", "2026-01-01..2025-01-01", "2026-11-05..", "..", "country", "times", "event:hour", "event:URL", "event:List",
    "event:", "property:x", "profile:email", "reachable", "after", "before", "in_period", "ever", "include", "exclude", "'; drop table x; --",
    "%", "_", "\\", '"', "{}", "$events", "\u202e", "\u200b", "🎉", ",", ", ,", "a,b,c", "rcp_x", "job_x", "account:K:K", "campaign::", ":::",
])  # fmt: skip
TEXTS = WORDS | st.text(max_size=12) | st.sampled_from(["x" * 2000, "x" * 2001, "\x00", "\ud800", "ß" * 600])
NUMBERS = st.integers(-5, 5000) | st.sampled_from([10**30, -(10**30), 1.0, 1.5, 3650, 3651, 10**6])
VALUES = (
    TEXTS
    | NUMBERS
    | st.none()
    | st.booleans()
    | st.lists(TEXTS, max_size=2)
    | st.dictionaries(TEXTS, TEXTS, max_size=2)
)


PERIODS = st.sampled_from([
    "all", "today", "2026", "2026-03", "2026-03-01", "2026-Q1", "last_7_days", "last_2_years", "this_year", "2026-02-01..2026-04-01", "9999",
    "0001-01-01..9999-12-31", "last_9999_years", "2026-11-05..2026-11-05",
])  # fmt: skip
DEEDS = st.sampled_from(
    ["opened_email", "clicked_email", "ordered", "OPEN", "Placed Order", "member", "received_email", "refunded"]
)
OBJECTS = st.sampled_from(
    ["C1", "Q4 Holiday Campaign", "Q4*", "*", "holiday", "C1,C2", "any", "F1", "Abandoned cart", "nothing"]
)
GROUPS = st.sampled_from([
    "country", "city", "email_domain", "time_zone", "reachable", "sms_consent", "times", "event:weekday", "event:hour", "event:URL",
    "event:Subject", "event:List", "event:Discount Codes", "event:$variation", "event:form_id",
])  # fmt: skip
LIKELY: dict[str, st.SearchStrategy[str]] = {
    "did": DEEDS, "but_not": DEEDS, "period": PERIODS, "but_not_period": PERIODS, "group_by": GROUPS, "campaign": OBJECTS, "flow": OBJECTS,
    "but_not_campaign": OBJECTS, "but_not_flow": OBJECTS, "account": st.sampled_from(["all", "Fernweh Outdoor", "fernweh", "nobody,all"]),
    "purchase_metric": st.sampled_from(["ORDER", "OPEN", "none"]),
}  # fmt: skip


def arguments_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly of the kind that the schema asks for, so that the question gets past it, and few at a time."""
    properties = TOOLS[name].input_schema["properties"]
    fitting = {argument: _fitting(argument, schema) for argument, schema in properties.items() if argument != "cursor"}
    required = {argument: fitting[argument] for argument in TOOLS[name].required}
    chosen = st.lists(st.sampled_from(sorted(fitting) or [""]), max_size=3, unique=True)
    likely = chosen.flatmap(
        lambda names: st.fixed_dictionaries({**{one: fitting[one] for one in names if one in fitting}, **required})
    )
    return likely | likely | likely | st.dictionaries(st.sampled_from([*properties, "", "x"]), VALUES, max_size=4)


def _fitting(argument: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], min(schema["maximum"], 5000)) | NUMBERS
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    likely = LIKELY.get(argument, TEXTS)
    return likely | likely | likely | TEXTS


@pytest.fixture
def held(shop: Any, write: Write, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(jobs, "PATIENCE", 0)
    write(shop, [
        ("OPEN", "ann", 0, {"message": "M1"}), ("OPEN", None, 1, {}), ("ORDER", "ann", 3, {"order_id": "o1"}),
        ("CLICK", "ben", 4, {"url": "https://x.test/?a=1"}),
    ])  # fmt: skip
    return shop


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
@pytest.mark.parametrize("name", sorted(TOOLS))
def test_any_arguments_get_an_envelope_or_a_sentence(
    held: Any, alice_caller: Caller, name: str, data: st.DataObject
) -> None:
    args = data.draw(arguments_of(name))
    try:
        answer = call(alice_caller, name, args)
    except BadArguments as error:
        assert str(error) and all(problem.message for problem in error.problems)
        return

    assert answer.get("status", "ok") in STATUSES
    assert len(text_of(answer).encode()) <= 24_000
    json.loads(text_of(answer))
