"""Finding an object by what a person types."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connector.installs.models import Install
from connector.records.models import Record
from connector.records.names import CHOICES, TooManyParts, fold
from connector.records.search import NEWEST, PRESENT, SENT, Finding, Match, find, ids_in
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

    assert ids(look(install, "holiday*", star=True, candidate=SENT)) == ["C1", "C0"]
    assert ids(look(install, "*", star=True, candidate=SENT)) == ["C1", "C2", "C0"]
    assert look(install, "holiday*").ambiguous  # elsewhere a star is punctuation
    assert look(install, "easter*", star=True).missing


def test_a_campaign_that_was_never_sent_is_no_candidate_by_name_or_id(install: Install) -> None:
    upsert(install, "campaign", [Row("C1", "Draft", status="Draft"), Row("C2", "Sent one", status="Sent")])

    assert look(install, "Draft", candidate=SENT).missing
    assert look(install, "C1", candidate=SENT).missing
    assert ids(look(install, "Sent one", candidate=SENT)) == ["C2"]


def test_other_accounts_and_other_kinds_are_never_found(install: Install, northwind: Any) -> None:
    other = InstallFactory(organization=northwind)
    upsert(other, "campaign", [Row("X", "Spring", status="Sent")])
    upsert(install, "flow", [Row("F", "Spring")])

    assert look(install, "Spring").missing
    assert look(install, "X").missing


def dated(install: Install, **days: int) -> None:
    """Sent campaigns, each with the day of January 2026 on which it was sent; an underscore in a name is a space."""
    rows = [
        Row(f"C{number}", name.replace("_", " "), status="Sent", at=datetime(2026, 1, day, tzinfo=UTC))
        for number, (name, day) in enumerate(days.items())
    ]
    upsert(install, "campaign", rows)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Smith, Jones Ltd", ["C0"]),
        ("  smith,  JONES ltd ", ["C0"]),
        ("Smith, Jones", ["C1", "C2"]),
        ("Jones, Smith, Jones Ltd", ["C2", "C1", "C3"]),
        ("C0, C2", ["C0", "C2"]),
        ("Sale,", ["C4"]),
    ],
)
def test_a_text_that_is_a_name_as_it_stands_commas_and_all_is_that_one(
    install: Install, text: str, meant: list[str]
) -> None:
    campaigns(install, "Smith, Jones Ltd", "Smith", "Jones", "Jones Ltd", "Sale,", "Sale")

    assert ids(look(install, text)) == meant


def test_an_id_with_commas_is_one_id(install: Install) -> None:
    upsert(install, "catalog_item", [Row("$custom:::a,b", "Mug"), Row("b", "Cup")])

    assert ids(find(install, ["catalog_item"], "$custom:::a,b")) == ["$custom:::a,b"]


def test_a_former_name_with_commas_is_one_where_its_parts_are_not_there(install: Install) -> None:
    campaigns(install, "Smith, Jones", "Smith")
    campaigns(install, "Partners", "Smith")

    found = look(install, "smith, jones")

    assert ids(found) == ["C0"] and found.matches[0].renamed


def test_more_than_twenty_names_are_refused_before_the_database_is_asked(
    install: Install, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0), pytest.raises(TooManyParts, match="21 at once; at most 20"):
        look(install, ",".join(["a"] * 21))
    assert look(install, ",".join(["a"] * 20)).missing


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "\udfff, C0", "x" * 5000, "💥" * 2000])
def test_what_no_database_can_compare_is_no_name(install: Install, text: str) -> None:
    campaigns(install, "Spring")

    assert look(install, text, star=True, latest=True).missing


def test_a_percent_sign_or_underscore_is_no_wildcard(install: Install) -> None:
    campaigns(install, "Sale", "100%", "a_b")

    assert look(install, "S%e").missing
    assert ids(look(install, "100%")) == ["C1"]


def test_of_several_parts_that_are_not_found_the_first_is_told_with_what_is_closest(install: Install) -> None:
    campaigns(install, "Spring", "Summer")

    found = look(install, "summmer, sprring, Spring")

    assert found.missing is not None and found.missing.text == "summmer"
    assert [record.name for record in found.missing.choices] == ["Summer", "Spring"]


def test_a_match_tells_how_many_fit_and_whether_exactly(install: Install) -> None:
    campaigns(install, *["Weekly"] * 12, "Weekly news", "Monthly")

    same, words = look(install, "weekly").ambiguous, look(install, "weekly news").matches[0]

    assert same is not None and (same.fits, same.exact, len(same.choices)) == (12, True, 10)
    assert (words.fits, words.exact) == (1, True)
    assert look(install, "MONTHLY").matches[0].exact and not look(install, "news").matches[0].exact


def test_an_exact_match_tells_which_others_contain_the_words_newest_first(install: Install) -> None:
    dated(install, Sale=1, Sale_2=9, Spring_sale=5, Sale_of_the_year=7, Big_sale=3, Summer=30)

    match = look(install, "sale").matches[0]

    assert [record.klaviyo_id for record in match.records] == ["C0"]
    assert [record.name for record in match.also_fits] == ["Sale 2", "Sale of the year", "Spring sale"]
    assert look(install, "C0").matches[0].also_fits == ()  # an id leaves no doubt
    assert look(install, "summer").matches[0].also_fits == ()
    assert look(install, "big sale").matches[0].also_fits == ()


def test_what_is_no_candidate_does_not_fit_either(install: Install) -> None:
    campaigns(install, "Sale")
    upsert(install, "campaign", [Row("C8", "Sale draft", status="Draft")])

    assert look(install, "sale", candidate=SENT).matches[0].also_fits == ()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("latest", ["C1"]),
        (" LATEST ", ["C1"]),
        ("latest:", ["C1"]),
        ("latest:sale", ["C2"]),
        ("latest: big  SALE", ["C3"]),
        ("latest, Sale 2", ["C1", "C2"]),
        ("latest:offer", ["C4"]),  # a name as it stands
    ],
)
def test_the_latest_is_the_newest_sent(install: Install, text: str, meant: list[str]) -> None:
    dated(install, Sale=1, News=9, Sale_2=5, Big_sale=3)
    upsert(install, "campaign", [
        Row("C4", "Latest:offer", status="Sent", at=datetime(2025, 1, 1, tzinfo=UTC)),
        Row("C5", "Offer", status="Sent", at=datetime(2025, 6, 1, tzinfo=UTC)),
        Row("C6", "Sale to come", status="Scheduled", at=datetime(2026, 2, 1, tzinfo=UTC)),
        Row("C7", "Undated", status="Sent"),
    ])  # fmt: skip

    assert ids(look(install, text, candidate=SENT, latest=True)) == meant


def test_of_two_sent_at_once_the_largest_id_is_the_latest(install: Install) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    upsert(install, "campaign", [Row(key, "Sale", status="Sent", at=at) for key in ("B", "a", "C")])

    match = look(install, "latest", latest=True).matches[0]

    assert [record.klaviyo_id for record in match.records] == ["a"] and match.latest


def test_the_latest_of_nothing_is_missing(install: Install) -> None:
    dated(install, Sale=1)

    missing = look(install, "latest:salle", latest=True).missing
    assert missing is not None and [record.name for record in missing.choices] == ["Sale"]
    assert look(install, "latest").missing  # elsewhere a name like any other
    Record.objects.all().delete()
    assert look(install, "latest", latest=True).missing


def test_a_star_takes_an_exact_match_and_all_others_and_the_newest_of_too_many(install: Install) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    upsert(install, "campaign", [
        Row(f"C{number:03}", "Sale" if number == 3 else f"Sale {number}", status="Sent", at=first + timedelta(number))
        for number in range(NEWEST + 5)
    ])  # fmt: skip

    match = look(install, "sale *", star=True).matches[0]

    assert len(match.records) == NEWEST and match.fits == NEWEST + 5
    assert match.records[0].klaviyo_id == "C204" and match.records[-1].klaviyo_id == "C005"
    assert ids(look(install, "sale 4*", star=True)) == ["C004"]


def test_a_star_takes_all_that_had_the_name_before(install: Install) -> None:
    campaigns(install, "Draft 1", "Draft 2")
    campaigns(install, "Spring", "Summer")

    match = look(install, "draft*", star=True).matches[0]

    assert {record.name for record in match.records} == {"Spring", "Summer"} and match.renamed


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("list:VIP", ["L1"]),
        ("segment: vip", ["S1"]),
        ("LIST:L2", ["L2"]),
        ("list:S1", []),
        ("list:news", ["L2"]),
        ("segment:news", []),
        ("list:A, b", ["L3"]),
        ("list:VIP, segment:VIP", ["L1", "S1"]),
        ("list:old", ["L4"]),
        ("Segment:Odd", ["L5"]),  # a name as it stands
        ("campaign:VIP", []),
    ],
)
def test_list_or_segment_before_a_name_says_which(install: Install, text: str, meant: list[str]) -> None:
    upsert(install, "list", [Row("L4", "Old")])
    upsert(install, "list", [
        Row("L1", "VIP"), Row("L2", "News letter"), Row("L3", "A, B"), Row("L4", "New"), Row("L5", "segment:odd"),
    ])  # fmt: skip
    upsert(install, "segment", [Row("S1", "VIP"), Row("S2", "odd")])

    assert ids(find(install, ["list", "segment"], text)) == meant


def test_a_list_and_a_segment_of_one_name_are_a_choice(install: Install) -> None:
    upsert(install, "list", [Row("L1", "VIP")])
    upsert(install, "segment", [Row("S1", "VIP")])

    ambiguous = find(install, ["list", "segment"], "vip").ambiguous

    assert ambiguous is not None and [record.kind for record in ambiguous.choices] == ["list", "segment"]
    assert find(install, ["list"], "list:VIP").missing  # of one kind it needs no saying


def test_flows_are_every_exact_match_else_every_one_with_the_words(install: Install) -> None:
    upsert(install, "flow", [Row("F1", "Cart"), Row("F2", "cart"), Row("F3", "Cart for men"), Row("F4", "Men")])

    exact, words = (find(install, ["flow"], text, many=True).matches[0] for text in ("CART", "for"))

    assert [record.klaviyo_id for record in exact.records] == ["F1", "F2"]
    assert [record.klaviyo_id for record in exact.also_fits] == ["F3"]
    assert [record.klaviyo_id for record in words.records] == ["F3"] and words.also_fits == ()
    assert len(find(install, ["flow"], "men, cart", many=True).records) == 3


def test_what_was_deleted_is_found_unless_only_the_present_is_asked_for(install: Install) -> None:
    campaigns(install, "Spring")
    Record.objects.update(deleted_at=datetime(2026, 1, 1, tzinfo=UTC))

    assert look(install, "Spring").records[0].deleted_at
    assert look(install, "Spring", candidate=PRESENT).missing


def test_an_id_of_another_account_asked_counts_there_alone(install: Install, northwind: Any) -> None:
    other = InstallFactory(organization=northwind)
    upsert(other, "campaign", [Row("XYZ", "Autumn", status="Sent"), Row("DRA", "Not sent", status="Draft")])
    campaigns(install, "Spring", "XYZ plan")

    elsewhere = ids_in([install, other], ["campaign"], ["XYZ", "DRA", "Spring", "\0"], SENT)
    found = look(install, "XYZ, spring", elsewhere=elsewhere)

    assert elsewhere == {"XYZ"}
    assert [(match.text, match.elsewhere) for match in found.matches] == [("XYZ", True), ("spring", False)]
    assert ids(found) == ["C0"] and not found.missing and not found.is_elsewhere
    assert look(install, "XYZ", elsewhere=elsewhere).is_elsewhere
    assert ids(look(other, "XYZ", elsewhere=elsewhere)) == ["XYZ"]
    assert ids(look(install, "XYZ")) == ["C1"]


def test_a_question_asks_the_database_as_often_for_many_names_as_for_few(
    install: Install, django_assert_max_num_queries: Any
) -> None:
    campaigns(install, *(f"Sale {letter}" for letter in "abcdefghijklmnopqrst"))

    with django_assert_max_num_queries(3):
        assert len(look(install, ",".join(f"C{number}" for number in range(20))).records) == 20


def test_nothing_found_is_a_finding_without_records() -> None:
    assert Finding((Match("x", missing=True),)).records == [] and not Finding().is_elsewhere


def test_a_very_long_name_is_found_by_what_is_shown_of_it(install: Install) -> None:
    name = "ẞ" + "long name " * 80
    campaigns(install, name, "Other")
    shown = install.records.get(klaviyo_id="C0").name

    assert ids(look(install, name)) == ["C0"]
    assert ids(look(install, shown)) == ["C0"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=4), text=NAMES, star=st.booleans(), many=st.booleans())
@example(names=["Smith, Jones"], text="Smith, Jones", star=True, many=False)
@example(names=["100 % off_"], text="% _", star=True, many=True)
@example(names=["\u200b"], text="\u200b", star=False, many=False)
def test_no_text_breaks_it_and_every_exact_name_is_found(
    install: Install, names: list[str], text: str, star: bool, many: bool
) -> None:
    install.records.all().delete()
    campaigns(install, *names)

    assert isinstance(look(install, text, star=star, latest=star, many=many), Finding)
    for number, name in enumerate(names):
        reserved = name.strip() == "" or name.rstrip().endswith("*") or fold(name) == "latest"
        if reserved or any(name.strip() == f"C{other}" for other in range(4)):
            continue
        found = look(install, name, many=True)
        assert f"C{number}" in ids(found), name
