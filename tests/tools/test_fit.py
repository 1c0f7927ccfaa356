"""An answer page by page: no page is too large, and all pages together are the whole answer, each row once."""

from collections.abc import Iterator
from dataclasses import astuple
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.tools.envelope import blank
from connector.tools.fit import SIZE, Offset, capped, fitted, text_of
from connector.tools.tool import Groups
from tests.insights.budget import examples

Json = dict[str, Any]
PLAIN = Groups(("rows", "groups"))
SERIES = Groups(("series",), by="series", start="start")
ORDERED = Groups(("rows",), by="flow", order="flows", start="start")
IN_DATA = Groups(("rows",), in_data=True)


def whole(*accounts: list[Json], groups: Groups = PLAIN, order: list[list[Any]] | None = None) -> Json:
    """An envelope whose accounts have these rows."""
    if groups.in_data:
        return blank() | {"data": {"accounts": [], groups.rows[0]: accounts[0]}}
    entries: list[Json] = [{"account": {"id": f"A{at}"}, groups.rows[0]: rows} for at, rows in enumerate(accounts)]
    for entry, listed in zip(entries, order or [], strict=False):
        entry[groups.order] = listed
    return blank() | {"data": {"accounts": entries}}


def rows_of(page: Json, groups: Groups = PLAIN) -> list[list[Json]]:
    entries = [page["data"]] if groups.in_data else page["data"]["accounts"]
    return [entry[groups.rows[0]] for entry in entries]


def pages(answer: Json, groups: Groups, limit: int = 200) -> Iterator[tuple[Json, Offset]]:
    """Every page with where it begins, as one who follows the cursors gets them."""
    offset, left_out = Offset(), 1
    while left_out:
        page, left_out, after = fitted(answer, groups, limit, offset)
        assert page.keys() == answer.keys()
        yield page, offset
        assert not left_out or astuple(after) > astuple(offset), "no page stands still"
        offset = after


def plain(number: int, width: int = 100, **more: Any) -> list[Json]:
    return [{"value": f"{at:05}", "text": "x" * width} | more for at in range(number)]


def series(name: Any, number: int, width: int = 100, by: str = "series") -> list[Json]:
    return [{by: name, "start": f"{at:05}", "text": "x" * width} for at in range(number)]


def values(rows: list[Json]) -> list[str]:
    return [row["value"] for row in rows]


def test_what_fits_is_not_cut() -> None:
    answer = whole(plain(20))

    assert fitted(answer, PLAIN, 25) == (answer, 0, Offset(20))


def test_whole_groups_go_from_the_end_as_many_in_every_account() -> None:
    page, left_out, after = fitted(whole(plain(300), plain(300), plain(3)), PLAIN, 200)
    shown = [values(rows) for rows in rows_of(page)]

    assert len(shown[0]) == len(shown[1]) == after.group < 300
    assert shown[0] == [f"{at:05}" for at in range(after.group)]
    assert len(shown[2]) == 3
    assert left_out == 2 * (300 - after.group)


def test_the_limit_is_of_each_account_and_the_other_stands_beside_it() -> None:
    other = {"value": "other", "text": "", "other": True}
    real = {"value": "other", "text": "of a group that is called so"}
    answer = whole([real, *plain(9), other], plain(2))

    page, left_out, after = fitted(answer, PLAIN, 3)
    following, rest, _ = fitted(answer, PLAIN, 200, after)

    assert [values(rows) for rows in rows_of(page)] == [["other", "00000", "00001", "other"], ["00000", "00001"]]
    assert rows_of(page)[0][-1] is other and left_out == 7
    assert values(rows_of(following)[0]) == [f"{at:05}" for at in range(2, 9)] and not rest


def test_of_a_series_too_long_the_newest_buckets_stay_and_pages_walk_back() -> None:
    answer = whole([*series("L1", 700), *series("L2", 3)], groups=SERIES)
    walked = [(rows_of(page, SERIES)[0], offset) for page, offset in pages(answer, SERIES)]
    starts = [[row["start"] for row in rows] for rows, _ in walked]

    assert starts[0][-1] == "00699" and starts[0] == sorted(starts[0])
    assert all(later[0] > earlier[-1] for later, earlier in pairwise(starts[:-1]))
    assert [row["series"] for row in walked[-1][0]] == ["L2"] * 3
    assert len(walked) > 3


def test_the_row_for_all_together_comes_first_and_beside_the_limit() -> None:
    flows = [{"id": f"F{at}", "name": "A flow"} for at in range(4)]
    rows = [row for at in range(2) for row in [{"flow": {"id": f"F{n}"}, "start": f"{at}"} for n in range(4)]]
    totals = [{"flow": None, "start": f"{at}"} for at in range(2)]
    answer = whole([*rows, *totals], groups=ORDERED, order=[flows])

    page, left_out, after = fitted(answer, ORDERED, 1)
    following, _, _ = fitted(answer, ORDERED, 1, after)

    entry, later = page["data"]["accounts"][0], following["data"]["accounts"][0]
    assert {row["flow"] and row["flow"]["id"] for row in entry["rows"]} == {None, "F0"} and entry["flows"] == flows[:1]
    assert left_out == 3
    assert {row["flow"]["id"] for row in later["rows"]} == {"F1"} and later["flows"] == flows[1:2]


def test_rows_that_stand_in_the_data_itself_are_cut_there() -> None:
    answer = whole(plain(400), groups=IN_DATA)

    page, left_out, after = fitted(answer, IN_DATA, 200)

    assert values(page["data"]["rows"]) == [f"{at:05}" for at in range(after.group)]
    assert left_out == 400 - after.group and page["data"]["accounts"] == []


@pytest.mark.parametrize("groups", [PLAIN, SERIES])
def test_a_row_bigger_than_a_page_keeps_nobody_from_the_rest(groups: Groups) -> None:
    name = {"series": "S"} if groups is SERIES else {}
    rows = [{"value": f"{at}", "start": f"{at}", "text": "x" * (30_000 if at == 1 else 10)} | name for at in range(3)]
    walked = [page for page, _ in pages(whole(rows, groups=groups), groups)]

    assert all(len(text_of(page).encode()) <= SIZE for page in walked)
    assert {row["value"] for page in walked for row in rows_of(page, groups)[0]} >= {"0", "2"}


@pytest.mark.parametrize("groups", [PLAIN, SERIES])
def test_one_row_of_each_of_many_accounts_may_be_more_than_a_page_holds(groups: Groups) -> None:
    row = {"value": "one", "series": "S", "start": "1", "text": "x" * 2_000}
    answer = whole(*([row, row | {"value": "two"}] for _ in range(30)), groups=groups)
    found = [values(rows) for page, _ in pages(answer, groups) for rows in rows_of(page, groups)]

    assert sorted(value for rows in found for value in rows) == ["one"] * 30 + ["two"] * 30


def test_a_receipt_keeps_so_many_groups_and_counts_the_rest() -> None:
    kept = capped(whole(plain(12), plain(3)), PLAIN, 5)

    assert [len(rows) for rows in rows_of(kept)] == [5, 3]
    assert [entry.get("groups_left_out") for entry in kept["data"]["accounts"]] == [7, None]


TEXTS = st.text(st.sampled_from('aé漢🎉"\\\n'), max_size=40).map(lambda text: text * 12)


@st.composite
def answers(draw: st.DrawFn) -> tuple[Json, Groups]:
    """Random shapes: how many accounts, how many groups, how long each, and how wide their rows."""
    groups = draw(st.sampled_from([PLAIN, SERIES, ORDERED, IN_DATA]))
    made = [
        draw(_account(groups)) for _ in range(1 if groups.in_data else draw(st.integers(1, 4) | st.integers(15, 25)))
    ]
    return whole(*(rows for rows, _ in made), groups=groups, order=[listed for _, listed in made]), groups


@st.composite
def _account(draw: st.DrawFn, groups: Groups) -> tuple[list[Json], list[Json]]:
    text, number = draw(TEXTS), draw(st.integers(0, 60) | st.integers(0, 3))
    if not groups.start:
        other = [{"at": -1, "other": True}] if draw(st.booleans()) else []
        return [{"at": at, "text": text} for at in range(number)] + other, []
    names = [f"F{at}" for at in range(draw(st.integers(0, 8)))]
    keys: list[Any] = [*names, *([None] if groups.order and draw(st.booleans()) else [])]
    lengths = {key: draw(st.integers(1, 150) | st.integers(1, 3)) for key in keys}
    rows = [{groups.by: key, "start": f"{at:04}", "text": text} for key in keys for at in range(lengths[key])]
    if groups.order:  # by time, as such tools give them
        rows = [row | {groups.by: row[groups.by] and {"id": row[groups.by]}} for row in rows]
        rows.sort(key=lambda row: str(row["start"]))
    return rows, [{"id": name, "name": draw(TEXTS)} for name in names] if groups.order else []


@examples(60, 2000)
@given(made=answers(), limit=st.integers(1, 200))
def test_all_pages_together_are_every_row_once_and_none_is_too_large(made: tuple[Json, Groups], limit: int) -> None:
    answer, groups = made
    found: list[list[str]] = [[] for _ in rows_of(answer, groups)]
    for page, _ in pages(answer, groups, limit):
        assert len(text_of(page | {"more": {"cursor": "c" * 200, "left_out": 10_000}}).encode()) <= SIZE
        for account, rows in zip(found, rows_of(page, groups), strict=True):
            account += [text_of(row) for row in rows]

    assert [sorted(account) for account in found] == [sorted(map(text_of, rows)) for rows in rows_of(answer, groups)]
