"""Finding an object by what a person types."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.installs.models import Install
from connector.records.names import CHOICES, Finding, contains, distance, find, fold, ranked, was_sent, words
from connector.records.upsert import Row, upsert
from tests.factories import InstallFactory

pytestmark = pytest.mark.django_db
# Names as people and programs write them: any text that a column can hold.
NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)


def campaigns(install: Install, *names: str, status: str = "Sent") -> None:
    upsert(install, "campaign", [Row(f"C{number}", name, status=status) for number, name in enumerate(names)])


def ids(found: Finding) -> list[str]:
    return [record.klaviyo_id for record in found.records]


def look(install: Install, text: str, **rules: Any) -> Finding:
    return find(install, ["campaign"], text, **rules)


@pytest.mark.parametrize(
    "text",
    [
        "Q4 Holiday Campaign",
        "q4 holiday campaign",
        "  Q4   Holiday  Campaign ",
        "Ｑ4 Holiday Campaign",
        "Q4 Holi\u200bday Campaign",
    ],
)
def test_case_width_spaces_and_what_cannot_be_seen_do_not_matter(install: Install, text: str) -> None:
    campaigns(install, "Q4 Holiday Campaign", "Q4 Holiday Campaign 2")

    assert ids(look(install, text)) == ["C0"]


def test_an_id_wins_over_a_name(install: Install) -> None:
    campaigns(install, "C1", "Another")

    assert ids(look(install, "C1")) == ["C1"]


def test_a_single_object_with_all_the_words_is_meant(install: Install) -> None:
    campaigns(install, "Spring sale: shoes", "Summer sale: hats")

    assert ids(look(install, "hats sale")) == ["C1"]


def test_words_are_whole_words(install: Install) -> None:
    campaigns(install, "Abandoned Carton", "Cart")

    assert ids(look(install, "cart")) == ["C1"]
    assert look(install, "abandoned cart").missing


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("夏のセール2026", "セール"), ("春节优惠活动", "优惠"), ("โปรโมชั่นหน้าร้อน", "หน้าร้อน"),
        ("Hanukkah sale 🕎", "🕎"), ("Sale 🎉🎁", "🎁"), ("Save 20€ now", "€"), ("L'été — c'est l'heure!", "l'heure"),
        ("Straße", "STRASSE"), ("İstanbul", "i̇stanbul"), ("Ωmega", "ωmega"),
    ],
)  # fmt: skip
def test_other_scripts_emoji_and_punctuation_are_found(install: Install, name: str, text: str) -> None:
    campaigns(install, "Something else", name)

    assert ids(look(install, text)) == ["C1"]


def test_a_name_of_punctuation_alone_is_found_exactly_and_by_nothing_else(install: Install) -> None:
    campaigns(install, "!!!", "???")

    assert ids(look(install, "!!!")) == ["C0"]
    assert look(install, "¡").missing


def test_several_that_fit_are_choices_and_never_a_guess(install: Install) -> None:
    campaigns(install, "Welcome 1", "Welcome 2", "Goodbye")

    found = look(install, "welcome")

    assert found.records == [] and found.ambiguous
    assert [record.klaviyo_id for record in found.ambiguous.choices] == ["C0", "C1"]


def test_two_of_exactly_one_name_are_choices_too_or_both_meant(install: Install) -> None:
    campaigns(install, "Newsletter", "newsletter", "Newsletter two")

    found = look(install, "Newsletter")
    assert found.ambiguous and [record.klaviyo_id for record in found.ambiguous.choices] == ["C0", "C1"]
    assert ids(look(install, "Newsletter", many=True)) == ["C0", "C1"]
    assert ids(look(install, "two newsletter", many=True)) == ["C2"]


def test_each_part_between_commas_is_resolved_alone(install: Install) -> None:
    campaigns(install, "Spring", "Summer", "Autumn")

    assert ids(look(install, "summer, SPRING,,summer")) == ["C1", "C0"]
    missing = look(install, "spring, winter").missing
    assert missing is not None and missing.text == "winter"


@pytest.mark.parametrize("text", [",", " , ,", "", "   "])
def test_commas_alone_name_nothing(install: Install, text: str) -> None:
    campaigns(install, "Spring")

    assert look(install, text).missing
    assert look(install, text, star=True, many=True).missing


def test_what_is_not_found_comes_with_what_is_closest(install: Install) -> None:
    campaigns(install, "Holiday sale", "Holidays", "Black Friday", "Holiday gift guide")

    missing = look(install, "holiday sael").missing

    assert missing is not None
    # most shared words first, then the smallest edit distance, then the id
    assert [record.name for record in missing.choices][:2] == ["Holiday sale", "Holiday gift guide"]


def test_there_are_at_most_ten_choices(install: Install) -> None:
    campaigns(install, *(f"Welcome {number}" for number in range(25)))

    ambiguous, missing = look(install, "welcome").ambiguous, look(install, "nothing of the kind").missing

    assert ambiguous is not None and len(ambiguous.choices) == CHOICES == 10
    assert missing is not None and len(missing.choices) == 10


def test_a_former_name_is_found_after_all_present_ones(install: Install) -> None:
    campaigns(install, "Old name", "Other")
    campaigns(install, "New name", "Other")

    found = look(install, "old name")
    assert ids(found) == ["C0"] and found.matches[0].renamed

    upsert(install, "campaign", [Row("C9", "Old name", status="Sent")])
    found = look(install, "old name")
    assert ids(found) == ["C9"] and not found.matches[0].renamed


def test_a_former_name_that_several_had_is_a_choice(install: Install) -> None:
    campaigns(install, "Draft", "Draft")
    campaigns(install, "Spring", "Summer")

    found = look(install, "draft")

    assert found.ambiguous and {record.name for record in found.ambiguous.choices} == {"Spring", "Summer"}


def test_a_star_takes_every_candidate_with_the_words_before_it(install: Install) -> None:
    times = {"Holiday 1": 3, "Holiday 2": 9, "Spring": 5}
    upsert(install, "campaign", [
        Row(f"C{number}", name, status="Sent", at=datetime(2026, 11, day, tzinfo=UTC))
        for number, (name, day) in enumerate(times.items())
    ])  # fmt: skip
    upsert(install, "campaign", [Row("C9", "Holiday draft", status="Draft")])

    assert ids(look(install, "holiday*", star=True, candidate=was_sent)) == ["C1", "C0"]
    assert ids(look(install, "*", star=True, candidate=was_sent)) == ["C1", "C2", "C0"]
    assert look(install, "holiday*").ambiguous  # elsewhere a star is punctuation
    assert look(install, "easter*", star=True).missing


def test_a_campaign_that_was_never_sent_is_no_candidate_by_name_or_id(install: Install) -> None:
    upsert(install, "campaign", [Row("C1", "Draft", status="Draft"), Row("C2", "Sent one", status="Sent")])

    assert look(install, "Draft", candidate=was_sent).missing
    assert look(install, "C1", candidate=was_sent).missing
    assert ids(look(install, "Sent one", candidate=was_sent)) == ["C2"]


def test_other_accounts_and_other_kinds_are_never_found(install: Install, northwind: Any) -> None:
    other = InstallFactory(organization=northwind)
    upsert(other, "campaign", [Row("X", "Spring", status="Sent")])
    upsert(install, "flow", [Row("F", "Spring")])

    assert look(install, "Spring").missing
    assert look(install, "X").missing


def test_a_very_long_name_is_found_by_what_is_shown_of_it(install: Install) -> None:
    name = "ẞ" + "long name " * 80
    campaigns(install, name, "Other")
    shown = install.records.get(klaviyo_id="C0").name

    assert ids(look(install, name)) == ["C0"]
    assert ids(look(install, shown)) == ["C0"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=4), text=NAMES, star=st.booleans(), many=st.booleans())
def test_no_text_breaks_it_and_every_exact_name_is_found(
    install: Install, names: list[str], text: str, star: bool, many: bool
) -> None:
    install.records.all().delete()
    campaigns(install, *names)

    assert isinstance(look(install, text, star=star, many=many), Finding)
    for number, name in enumerate(names):
        plain = " ".join(name.replace(",", " ").split())
        if "," in name or not plain or any(plain == f"C{other}" for other in range(4)):
            continue
        found = look(install, name, many=True)
        assert f"C{number}" in ids(found), name


@given(NAMES)
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@given(NAMES)
def test_a_name_contains_its_own_words(name: str) -> None:
    folded = fold(name)

    assert not words(folded) or contains(words(folded), folded, words(folded))


@settings(max_examples=300, deadline=None)
@given(st.text("abcé🎉 ", max_size=12), st.text("abcé🎉 ", max_size=12))
def test_distance_is_the_number_of_changes(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) == by_table(one, other)


def by_table(one: str, other: str) -> int:
    """Cell by cell, as the textbook has it."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]


def test_thousands_of_names_are_ranked_while_a_person_waits(install: Install) -> None:
    campaigns(install, *(f"Newsletter of week {number} with a longer name" for number in range(3000)))
    pool = list(install.records.all())

    began = time.process_time()
    ranked(pool, "nothing that anybody has ever named a campaign, typed at length " * 4)

    assert time.process_time() - began < 2.5
