"""Charts that the server draws: bars of a series over time, bars of a ranking. Their table stands beside them.

Lengths are in percent of the picture's width and pixels of its height, so that it fits a phone and text keeps its size.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connector.insights.columns import Kind
from connector.pages.figures import BY_NUMBER, MARKS, NUMBERS, Fields, Terms, bucket_text, is_falling, shown

SERIES_SHOWN: Final = 4  # groups that are drawn, each a picture of its own with the same scale
BUCKETS: Final = 366
BARS: Final = 12  # of a ranking
TOP: Final = 6.0
HEIGHT: Final = 110.0  # of a series
ROW: Final = 40  # of a ranking: a name and its bar
LONGEST: Final = 34  # characters of a name that stay readable on a phone

Row = Mapping[str, Any]
NameOf = Callable[[Row], str]


@dataclass(frozen=True)
class Bar:
    """One rectangle, and what it says: x and width in percent, y and height in pixels."""

    label: str
    value: str
    x: str
    y: str
    width: str
    height: str
    name: str = ""  # of a ranking, short enough to stand above the bar
    text_y: int = 0


@dataclass(frozen=True)
class Picture:
    """`kind`: series or ranking. `baseline`: where zero lies in a series that goes below it."""

    kind: str
    title: str
    description: str
    bars: list[Bar]
    height: int
    first: str = ""
    last: str = ""
    baseline: str = ""


@dataclass(frozen=True)
class Chart:
    pictures: list[Picture]
    note: str


def chart(rows: Sequence[Row], fields: Fields, terms: Terms, name_of: NameOf) -> Chart | None:
    """What can be drawn of these rows: a series where they have a bucket, else a ranking; None where neither is."""
    measure = measure_of(rows, fields)
    if not measure or len(rows) < 2 or len({row.get("measure") for row in rows}) > 1:
        return None
    if fields.kind(measure, rows[0]) == Kind.MONEY and len({row.get("currency") for row in rows}) > 1:
        return None
    if fields.start in rows[0]:
        return _series(rows, fields, terms, measure)
    return _ranking(rows, fields, terms, measure, name_of)


def measure_of(rows: Sequence[Row], fields: Fields) -> str:
    """The figure that is drawn: what the rows were sorted by, else the first that holds something."""
    kinds = {name: fields.kind(name, rows[0] if rows else None) for name in fields.columns if name not in MARKS}
    names = [name for name, kind in kinds.items() if kind in NUMBERS and any(_number(row, name) for row in rows)]
    asked = [fields.sort_by] if fields.sort_by in names else []
    is_ranked = bool(rows) and fields.start not in rows[0] and fields.group not in BY_NUMBER
    sorted_by = [name for name in names if is_ranked and is_falling([row.get(name) for row in rows])]
    return next(iter([*asked, *sorted_by, *names]), "")


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _series(rows: Sequence[Row], fields: Fields, terms: Terms, measure: str) -> Chart | None:
    by_group: dict[Any, list[Row]] = {}
    for row in rows:
        by_group.setdefault(_group(row, fields), []).append(row)
    if fields.groups.order and None in by_group:
        by_group = {None: by_group[None]}  # the row of all together says it in one picture
    held = [each for each in by_group.values() if len(each) > 1 and any(_number(row, measure) for row in each)]
    drawn = [each[-BUCKETS:] for each in held[:SERIES_SHOWN]]
    if not drawn:
        return None
    values = [_number(row, measure) for each in drawn for row in each]
    scale = (min(0.0, *values), max(0.0, *values))
    note = f"{len(drawn)} of {len(by_group)} drawn; the table has all." if len(by_group) > len(drawn) else ""
    return Chart([_series_picture(each, fields, terms, measure, scale) for each in drawn], note)


def _group(row: Row, fields: Fields) -> Any:
    value = row.get(fields.groups.by or "group")
    return value.get("id") if isinstance(value, Mapping) else value


def _series_picture(
    rows: Sequence[Row], fields: Fields, terms: Terms, measure: str, scale: tuple[float, float]
) -> Picture:
    kind, slot = fields.kind(measure, rows[0]), 100 / len(rows)
    low, high = scale
    zero = TOP + HEIGHT * high / ((high - low) or 1)
    bars = []
    for at, row in enumerate(rows):
        value = _number(row, measure)
        size = HEIGHT * abs(value) / ((high - low) or 1)
        label, text = bucket_text(fields, row[fields.start], terms), shown(kind, row.get(measure), terms)
        y = zero - size if value >= 0 else zero
        bars.append(Bar(label, text, f"{at * slot + slot * 0.1:.3f}%", f"{y:.1f}", f"{slot * 0.8:.3f}%", f"{size:.1f}"))
    top = max(rows, key=lambda row: _number(row, measure))
    described = f"Highest: {shown(kind, top.get(measure), terms)}, {bucket_text(fields, top[fields.start], terms)}."
    group = shown(None, rows[0].get(fields.groups.by or "group"), terms)
    title = fields.title(measure) if group == "—" else f"{group}: {fields.title(measure).lower()}"
    return Picture(
        "series", title, described, bars, int(TOP + HEIGHT + 24), bars[0].label, bars[-1].label, f"{zero:.1f}"
    )


def _ranking(rows: Sequence[Row], fields: Fields, terms: Terms, measure: str, name_of: NameOf) -> Chart | None:
    drawn = [row for row in rows if row.get(measure) is not None][:BARS]
    if len(drawn) < 2 or any(_number(row, measure) < 0 for row in drawn):
        return None
    most, kind = max(_number(row, measure) for row in drawn), fields.kind(measure, rows[0])
    bars = [
        Bar(
            label=name_of(row),
            value=shown(kind, row[measure], Terms(row.get("currency") or terms.currency, terms.zone)),
            x="0%",
            y=str(at * ROW + 20),
            width=f"{100 * _number(row, measure) / most:.2f}%",
            height="12",
            name=_short(name_of(row)),
            text_y=at * ROW + 14,
        )
        for at, row in enumerate(drawn)
    ]
    note = f"The first {len(drawn)} of {len(rows)} drawn; the table has all." if len(rows) > len(drawn) else ""
    first = f"{bars[0].label}: {bars[0].value}. {bars[-1].label}: {bars[-1].value}."
    return Chart([Picture("ranking", fields.title(measure), first, bars, len(bars) * ROW)], note)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
