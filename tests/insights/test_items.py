"""Which titles of line items an `item` argument means."""

from typing import Any

import pytest

from connector.insights.items import Items, titles_held
from connector.insights.refusal import Refusal
from connector.installs.models import Install
from connector.lake.query import newest, reading
from connector.lake.store import writing
from connector.records.names import TooManyParts
from connector.records.upsert import Row, upsert
from tests.lake.events import at, event, event_columns

pytestmark = pytest.mark.django_db
HELD = ["Blue Mug", "Mug, large", "Mug", "large", "Tea Pot", "tea pot", "Cup, red", "CUP, RED", "Abandoned Carton"]


def items(install: Install, held: list[str] = HELD) -> Items:
    return Items(install, lambda: held)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Mug", ["Mug"]),
        ("mug", ["Mug"]),  # though “Blue Mug” contains the word
        ("blue", ["Blue Mug"]),
        ("Mug, large", ["Mug, large"]),
        (" mug,  LARGE ", ["Mug, large"]),
        ("large, mug", ["large", "Mug"]),
        ("Mug,mug,,Mug", ["Mug"]),
        ("tea pot", ["tea pot"]),  # the title itself before another of the same letters
        ("Cup, red", ["Cup, red"]),
        ("Sun hat", ["Sun Hat"]),  # of the catalog, never bought
        ("carton", ["Abandoned Carton"]),
    ],
)
def test_titles_are_compared_like_names(install: Install, text: str, titles: list[str]) -> None:
    upsert(install, "catalog_item", [Row("I1", "Sun Hat"), Row("I2", "Mug")])

    assert items(install).named(text) == titles


@pytest.mark.parametrize(
    ("text", "status", "first"),
    [
        ("TEA POT", "needs_choice", "Tea Pot"),
        ("cup, RED", "needs_choice", "CUP, RED"),  # one title as it stands, but which of the two
        ("cart", "refused", "large"),  # no whole word of “Abandoned Carton”
        ("mug, muug", "refused", "Mug"),
        ("blue mugs", "refused", "Blue Mug"),
    ],
)
def test_what_fits_several_or_none_comes_with_choices(install: Install, text: str, status: str, first: str) -> None:
    with pytest.raises(Refusal) as refused:
        items(install).named(text)

    assert refused.value.status == status
    assert refused.value.code == ("" if status == "needs_choice" else "not_found")
    choice = refused.value.choices[0]
    assert choice.klaviyo_id == choice.name == first


def test_an_account_without_items_has_none_of_that_name(install: Install) -> None:
    with pytest.raises(Refusal) as refused:
        items(install, []).named("Mug")

    assert (refused.value.code, refused.value.choices) == ("not_found", ())


def test_titles_are_read_at_the_first_name_and_once_for_a_whole_question(install: Install) -> None:
    reads: list[int] = []

    def held() -> list[str]:
        reads.append(1)
        return HELD

    one = Items(install, held)
    assert reads == []
    one.named("Mug")
    one.named("blue, large")

    assert reads == [1]


def test_more_than_twenty_titles_are_refused_before_any_is_read(install: Install) -> None:
    def held() -> list[str]:
        raise AssertionError("read")

    with pytest.raises(TooManyParts):
        Items(install, held).named(",".join(["Mug"] * 21))


def test_titles_held_are_those_of_all_events_each_once(install: Install, settings: Any, tmp_path: Any) -> None:
    settings.LAKE_URL = str(tmp_path / "lake")
    lines = [[{"title": "Mug"}, {"title": "Cup"}, {"title": None}], [{"title": "Mug"}], None]
    rows = [event(f"e{number}", f"2026-03-0{number + 1} 10:00", items=line) for number, line in enumerate(lines)]
    with writing(install.pk, "test") as lake:
        lake.replace_events([event_columns(rows)], at("2026-03-01 00:00"), at("2026-04-01 00:00"))

    with reading(install.pk, newest(install.pk)) as reader:
        assert sorted(titles_held(reader)) == ["Cup", "Mug"]
