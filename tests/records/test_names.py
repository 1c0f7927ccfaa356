"""How names are folded, split into words and ranked."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.records.names import PARTS, TooManyParts, contains, entry, fold, nearest, parts_of, words

# Names as people and programs write them: any text that a column can hold.
NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)


@given(NAMES)
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@given(NAMES)
def test_a_name_contains_its_own_words(name: str) -> None:
    folded = fold(name)

    assert not words(folded) or contains(words(folded), folded, words(folded))


@given(st.text(st.characters(max_codepoint=127), max_size=40))
@example("a_b-c $5+~`^|<=>!")
def test_a_name_has_the_same_words_beside_other_letters(name: str) -> None:
    """Plain ASCII is split another way than the rest, for speed."""
    folded = fold(name)

    assert words(f"{folded} é") == words(folded) | {"é"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        (" a , b,,c ", ["a", "b", "c"]),
        (",", [","]),
        ("  ", [""]),
        (",".join("ab" * 10), list("ab" * 10)),
        ("," * 2000 + "x", ["x"]),
    ],
)
def test_an_argument_is_split_at_its_commas(text: str, parts: list[str]) -> None:
    assert parts_of(text) == parts


def test_at_most_twenty_names_are_taken() -> None:
    with pytest.raises(TooManyParts, match="names 400 at once; at most 20 may be joined by commas"):
        parts_of(",".join(["name"] * 400))
    assert len(parts_of(",".join(["name"] * PARTS))) == 20


@pytest.mark.parametrize(
    ("text", "names", "order"),
    [
        ("holiday sael", ["Black Friday", "Holiday gift guide", "Holiday sale"], [2, 1, 0]),
        ("sale now", ["salenow", "now or never: a sale", "sale"], [1, 2, 0]),  # two words shared, one, none
        ("sprng", ["spring", "sprint", "string"], [0, 1, 2]),
        ("x", ["b", "a", "c"], [0, 1, 2]),  # as far from each: by id
        ("", ["bb", "a"], [1, 0]),
    ],
)
def test_what_is_nearest_shares_most_words_then_differs_least_then_has_the_smallest_id(
    text: str, names: list[str], order: list[int]
) -> None:
    entries = [entry(str(number), fold(name), number) for number, name in enumerate(names)]

    assert [one.of for one in nearest(text, entries)] == order


@settings(max_examples=100, deadline=None)
@given(st.text("ab é", max_size=8), st.lists(st.text("ab é", max_size=8), max_size=30), st.integers(1, 12))
def test_the_nearest_are_the_first_of_all_ranked(text: str, names: list[str], limit: int) -> None:
    entries = [entry(f"{number:02}", fold(name), number) for number, name in enumerate(names)]

    def rank(number: int) -> tuple[int, int, int]:
        folded = fold(names[number])
        return (-len(words(fold(text)) & words(folded)), by_table(fold(text), folded), number)

    assert [one.of for one in nearest(text, entries, limit)] == sorted(range(len(names)), key=rank)[:limit]


def by_table(one: str, other: str) -> int:
    """The edit distance cell by cell, as the textbook has it."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]
