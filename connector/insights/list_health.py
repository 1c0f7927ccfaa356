"""list_health: of the present members of lists and segments, who may be mailed and who still takes part."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from connector.insights import caveats
from connector.insights.arguments import bad
from connector.insights.columns import Column, Kind
from connector.insights.coverage import FIRST_MOMENT, Span
from connector.insights.days import day_start
from connector.insights.objects import KlaviyoObject
from connector.insights.outcome import Outcome, common_names
from connector.insights.periods import DATE, FOREMOST, Period
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.relations import EVENTS, MEMBERS, PROFILES, ahead
from connector.insights.resolver import tried
from connector.insights.words import counted, quoted

DAYS: Final = 90
LEADING: Final = 3  # lists told of in the sentence
TIME: Final = re.compile(DATE + r"[T ].+", re.ASCII)
HINT: Final = "give now, a local date such as 2026-05-01, or a time such as 2026-05-01T12:00:00Z"
COLUMNS: Final = (
    Column("list", Kind.OBJECT, "List"),
    Column("members", Kind.COUNT, "Members", "people in it now"),
    Column("subscribed", Kind.COUNT, "Subscribed", "e-mail consent SUBSCRIBED"),
    Column("suppressed", Kind.COUNT, "Suppressed", "any suppression, such as a hard bounce"),
    Column("mailable", Kind.COUNT, "Mailable", "subscribed and not suppressed"),
    Column("engaged", Kind.COUNT, "Engaged", "opened (no machine), clicked (no bot) or bought within the days"),
    Column("lapsed", Kind.COUNT, "Lapsed", "did so before, not within the days"),
    Column("machine_only", Kind.COUNT, "Machines only", "opens by machines alone within the days"),
    Column("never", Kind.COUNT, "Never", "neither engaged, nor lapsed, nor machine opens"),
)
COUNTS: Final = tuple(column.name for column in COLUMNS[1:])
DEFINITION: Final = (
    "Present members, with their present consent and suppression. Engaged: an open that is no machine's, a click that is no "
    "bot's, or a purchase within {days} days up to {at}; lapsed: such an event before that, none in it; machine_only: opens by "
    "machines in it, not engaged; never: none of the three. Lapsed and machine_only may overlap."
)
# The first and the last thing that each person did, as microseconds; an order is done when it is first delivered.
SQL: Final = f"""with asked as (select distinct audience, person from {MEMBERS} where audience in (select unnest($audiences))),
acts as (
    select person, epoch_us(time) as us, metric in (select unnest($open_metrics)) and machine_open as by_machine
    from {EVENTS} where metric in (select unnest($touch_metrics)) and time <= $at and time <= $moment
        and not (bot_click and metric in (select unnest($click_metrics))) and person in (select person from asked)
    union all
    select person, min(epoch_us(time)), false from {EVENTS}
    where metric in (select unnest($order_metrics)) and time <= $at and time <= $moment and person in (select person from asked)
    group by person, coalesce(order_id, id)),
people as (
    select person, coalesce(max(us) filter (not by_machine) > epoch_us($since), false) as is_engaged,
        coalesce(min(us) filter (not by_machine) <= epoch_us($since), false) as was_engaged,
        bool_or(by_machine and us > epoch_us($since)) as has_machines
    from acts group by person)
select audience, count(*) as members, count(*) filter (email_consent = 'SUBSCRIBED') as subscribed,
    count(*) filter (suppressed) as suppressed,
    count(*) filter (email_consent = 'SUBSCRIBED' and not suppressed) as mailable, count(*) filter (is_engaged) as engaged,
    count(*) filter (was_engaged and not is_engaged) as lapsed,
    count(*) filter (has_machines and not is_engaged) as machine_only,
    count(*) filter (people.person is null or not (is_engaged or was_engaged or has_machines)) as never
from asked left join {PROFILES} profile on profile.id = asked.person left join people on people.person = asked.person
group by audience"""
AHEAD: Final = f"select {ahead('metrics')} as ahead"


def list_health(question: Question) -> Outcome:
    """Raises BadArguments; Refusal when no account can be told."""
    args = question.args
    at = str(args.get("at", "now"))
    check_at(at, question.moment)
    accounts = each_account(question, _answer)
    names = common_names(accounts)
    asked = [names.get(name, quoted([str(args[name])])) for name in ("list", "audience") if name in args]
    return Outcome(
        accounts,
        question=f"How healthy are {' and '.join(asked) or 'the lists'}" + (f" as of {at}?" if at != "now" else "?"),
        definition=DEFINITION.format(days=args.get("days", DAYS), at=at),
        period_label=f"{args.get('days', DAYS)} days up to {at}",
    )


def check_at(text: str, moment: datetime) -> None:
    """Raises BadArguments for an `at` that is no time, or lies ahead whatever the account's zone."""
    if moment_of(text, ZoneInfo("UTC"), moment) > moment + FOREMOST + timedelta(days=1):
        raise bad("at", f"{text!r} lies ahead; {HINT}")


def moment_of(text: str, zone: ZoneInfo, moment: datetime) -> datetime:
    """`now`, the last second of a local date, or a time in ISO 8601, local where it names no offset."""
    if text == "now":
        return moment
    try:
        at = _read(text, zone).astimezone(moment.tzinfo)
    except (ValueError, OverflowError):
        raise bad("at", f"{text!r} is no time; {HINT}") from None
    if at < FIRST_MOMENT:
        raise bad("at", f"{text!r} lies before the year 2000; {HINT}")
    return at


def _read(text: str, zone: ZoneInfo) -> datetime:
    """Raises ValueError, OverflowError."""
    if re.fullmatch(DATE, text, re.ASCII):
        return day_start(date.fromisoformat(text) + timedelta(days=1), zone) - timedelta(seconds=1)
    if not TIME.fullmatch(text):
        raise ValueError(text)
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _answer(asked: AccountQuestion) -> Answer:
    shown = _lists(asked)
    at = moment_of(str(asked.args.get("at", "now")), asked.account.zone, asked.moment)
    period = _period(at, int(asked.args.get("days", DAYS)), asked.account.zone)
    asked.check_held(period)
    asked.resolver.check_members(shown)
    params = _bound(asked, shown) | {"at": at, "since": period.start}
    found = {row.audience: row for row in asked.rows(SQL, params)}
    rows = [_row(each, found.get(each.id)) for each in shown]
    rows.sort(key=lambda row: (-row["members"], row["list"]["id"]))
    told = caveats.future_events(asked.rows(AHEAD, params)[0].ahead)
    # Who lapsed, and who never did anything, is told by all that ever happened.
    return Answer({"rows": rows}, _sentence(asked, rows), period, Span(FIRST_MOMENT, min(at, asked.moment)), told)


def _lists(asked: AccountQuestion) -> list[KlaviyoObject]:
    """Those asked, each once; all lists where none is."""
    resolver = asked.resolver
    lists, audience = tried(lambda: resolver.audience("list", ["list"]), resolver.audience)
    found = {each.id: each for each in (*lists, *audience)}
    if "list" not in asked.args and "audience" not in asked.args:
        found = {each.id: each for each in resolver.records.every("list") if not each.deleted}
        resolver.rests_on(found.values())
    return list(found.values())


def _period(at: datetime, days: int, zone: ZoneInfo) -> Period:
    """The days in which people count as engaged."""
    since = at - timedelta(days=days)
    return Period(since, at, "", since.astimezone(zone).date(), at.astimezone(zone).date(), count=days)


def _bound(asked: AccountQuestion, shown: list[KlaviyoObject]) -> dict[str, Any]:
    resolver = asked.resolver
    purchase = resolver.purchase_metric("Purchases do not count as engagement")
    opens, clicks = resolver.ids_of("opened_email"), resolver.ids_of("clicked_email", "clicked_sms")
    orders = [purchase.id] if purchase else []
    return {
        "audiences": [each.id for each in shown] or [""],
        "open_metrics": opens or [""],
        "click_metrics": clicks or [""],
        "touch_metrics": [*opens, *clicks] or [""],
        "order_metrics": orders or [""],
        "metrics": [*opens, *clicks, *orders] or [""],
    }


def _row(of: KlaviyoObject, counts: Any) -> dict[str, Any]:
    """Of a row of the lake; zeros for a list without members."""
    shown = {"id": of.id, "name": of.name, "kind": of.kind}
    return {"list": shown, **{name: getattr(counts, name) if counts else 0 for name in COUNTS}}


def _sentence(asked: AccountQuestion, rows: list[dict[str, Any]]) -> str:
    """The largest lists; people may be on several, so nothing is added up."""
    if not rows:
        return f"{asked.account.name} has no lists."
    days = counted(int(asked.args.get("days", DAYS)), "day")
    told = " ".join(_told(row, days) for row in rows[:LEADING])
    more = f" {counted(len(rows) - LEADING, 'more list')} in the rows." if len(rows) > LEADING else ""
    return f"{asked.account.name}: {told}{more}"


def _told(row: Mapping[str, Any], days: str) -> str:
    return (
        f"{quoted([row['list']['name']])} has {counted(row['members'], 'member')}: {row['mailable']:,} may be mailed; within {days} "
        f"{row['engaged']:,} were engaged, {row['lapsed']:,} had lapsed, {row['machine_only']:,} had opens by machines only; "
        f"{row['never']:,} never did anything."
    )
