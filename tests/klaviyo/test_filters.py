"""Whatever a name holds, a filter says it to Klaviyo exactly. Proved with a reader of Klaviyo's filter grammar."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.klaviyo import filters
from connector.klaviyo.filters import Filter

NAME = re.compile(r"[a-z-]+")
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)

Call = tuple[str, str, Any]


class Reader:
    """expressions := call ("," call)* ; call := operator "(" field ("," value)? ")" ; values as JSON, moments bare."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def calls(self) -> list[Call]:
        found = [self.call()]
        while self.at < len(self.text):
            self.expect(",")
            found.append(self.call())
        return found

    def call(self) -> Call:
        operator = self.take(NAME)
        self.expect("(")
        field = self.take(FIELD)
        value = None
        if self.text[self.at] == ",":
            self.expect(",")
            value = self.value()
        self.expect(")")
        return operator, field, value

    def value(self) -> Any:
        start = self.text[self.at]
        if start == "[":
            return self.listed()
        if start == '"':
            return json.loads(self.take(TEXT))
        for word, value in (("true", True), ("false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        if MOMENT.match(self.text, self.at):
            return datetime.fromisoformat(self.take(MOMENT))
        return float(self.take(NUMBER))

    def listed(self) -> list[Any]:
        self.expect("[")
        values = []
        while self.text[self.at] != "]":
            values.append(self.value())
            if self.text[self.at] == ",":
                self.expect(",")
        self.expect("]")
        return values

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None, f"nothing to read at {self.at}"
        self.at = found.end()
        return found.group()

    def expect(self, mark: str) -> None:
        assert self.text[self.at : self.at + 1] == mark
        self.at += 1


def read(filter: Filter) -> list[Call]:
    return Reader(filter).calls()


fields = st.from_regex(r"[a-z_]{1,12}(\.[a-z_]{1,8}){0,2}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    [
        'Summer "Sale", 50% off',
        "a,b),equals(id,1",
        "O'Brien",
        "  two  spaces ",
        "日本語 & العربية",
        "back\\slash",
        "tab\tline\n",
        "",
    ]
)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.integers(10**9 * 10**6, 4 * 10**9 * 10**6).flatmap(
    lambda micros: zones.map(lambda zone: datetime.fromtimestamp(micros / 10**6, zone))
)
# A busy machine generates slowly, and nothing here depends on time.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
values = texts | st.booleans() | st.integers(-(10**12), 10**12) | moments


@PATIENT
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    ("equals", filters.equals),
                    ("greater-than", filters.after),
                    ("greater-or-equal", filters.at_least),
                    ("less-than", filters.before),
                    ("less-or-equal", filters.at_most),
                ]
            ),
            fields,
            values,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_built_reads_as_what_was_meant(parts: list[Any]) -> None:
    built = filters.all_of(*(build(field, value) for (_, build), field, value in parts))

    assert read(built) == [(operator, field, value) for (operator, _), field, value in parts]


@PATIENT
@given(field=fields, words=st.lists(texts, max_size=5), word=texts)
def test_lists_and_texts_read_as_what_was_meant(field: str, words: list[str], word: str) -> None:
    assert read(filters.any_of(field, words)) == [("any", field, words)]
    assert read(filters.equals(field, words)) == [("equals", field, words)]
    assert read(filters.contains_any(field, words)) == [("contains-any", field, words)]
    assert read(filters.contains_all(field, words)) == [("contains-all", field, words)]
    assert read(filters.contains(field, word)) == [("contains", field, word)]
    assert read(filters.starts_with(field, word)) == [("starts-with", field, word)]
    assert read(filters.ends_with(field, word)) == [("ends-with", field, word)]
    assert read(filters.has(field)) == [("has", field, None)]


@PATIENT
@given(word=texts)
def test_a_filter_survives_the_address(word: str) -> None:
    built = filters.equals("name", word)

    url = httpx.Request("GET", "https://a.klaviyo.com/api/lists", params={"filter": built}).url

    assert parse_qs(urlsplit(str(url)).query, keep_blank_values=True)["filter"] == [built]


def test_spaces_stay_as_they_are() -> None:
    """Klaviyo's own SDK loses them: "Summer Sale" becomes "SummerSale"."""
    assert filters.equals("name", "Summer  Sale") == 'equals(name,"Summer  Sale")'


def test_moments_are_bare_and_end_in_z() -> None:
    berlin = datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2)))

    assert filters.at_least("datetime", berlin) == "greater-or-equal(datetime,2026-03-29T01:30:00Z)"


def test_no_filter_at_all_is_empty() -> None:
    assert filters.all_of() == ""


@pytest.mark.parametrize("field", ["", "a b", "name)", "1st", 'x"'])
def test_a_field_that_is_no_name_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match="field"):
        filters.equals(field, "x")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2026, 1, 1)])  # noqa: DTZ001 - without a zone, on purpose
def test_a_value_that_klaviyo_cannot_read_is_refused(value: float | datetime) -> None:
    with pytest.raises(ValueError):
        filters.equals("x", value)


def test_a_cursor_in_the_future_counts_as_now() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)

    assert filters.no_later_than_now(now + timedelta(days=90), now) == now
    assert filters.no_later_than_now(now - timedelta(days=1), now) == now - timedelta(days=1)
