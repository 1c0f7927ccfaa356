"""people_who: how many people did X (and not Y), exactly, account by account."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from accounts.caller import Caller
from connector.insights import people_sql
from connector.insights.accounts import named
from connector.insights.arguments import BadArguments, Problem, bad
from connector.insights.groups import OTHER, Group, TooSmall, floored, ordered
from connector.insights.held import caveats_of
from connector.insights.members import fetched_at
from connector.insights.outcome import AccountOutcome, Caveat, Outcome, Refusal
from connector.insights.people_plan import Args, Plan, group_of, plan
from connector.insights.people_sql import Shape
from connector.insights.people_words import definition, sentence
from connector.insights.periods import BadPeriod, parse, zone_of
from connector.insights.rounding import days, money, quotient
from connector.installs.models import Install
from connector.lake.errors import DeadlinePassed, LakeError, TooBusy, VersionGone
from connector.lake.query import Reader, newest, reading
from connector.records.names import TooManyParts, parts_of

SMALL_BASE: Final = 100
NAMED: Final = ("campaign", "flow", "item", "audience")
LISTS: Final = ("did", "but_not", *NAMED, *(f"but_not_{name}" for name in NAMED))  # names joined by commas
MACHINE_SHARE: Final = Decimal("0.1")


class Noted(NamedTuple):
    """Numbers behind caveats, in the order of people_sql.figures."""

    events: int
    machines: int
    foreign: int
    repeats: int
    ahead: int


def people_who(caller: Caller, args: Args, moment: datetime) -> Outcome:
    """The outcome per account. Raises BadArguments for arguments that exclude each other, Refusal when no account can be told."""
    check(args)
    check_periods(args, moment)
    group_of(args.get("group_by"))  # raises BadArguments; whatever else stands in the way is said after it
    entries = named(caller, args.get("account"))
    if args.get("purchase_metric") and len(entries) != 1:
        raise BadArguments([Problem("purchase_metric", "goes with one account only")])
    accounts = [_entry(entry.install, args, moment) if entry.install else _unknown(entry.text) for entry in entries]
    return Outcome(
        accounts,
        definition=definition(args),
        period_label=args.get("period", "all"),
        machine_opens=args.get("machine_opens", "include"),
    )


def check(args: Args) -> None:
    """Raises BadArguments for what cannot hold together (design: answers, people_who)."""
    problems = [*_list_problems(args), *_member_problems(args), *_timing_problems(args)]
    if not args.get("but_not"):
        extra = [name for name in args if name.startswith("but_not_")]
        problems += [
            Problem(name, "goes with but_not only")
            for name in [*extra, *(["within_days"] if "within_days" in args else [])]
        ]
    if problems:
        raise BadArguments(problems)


def check_periods(args: Args, moment: datetime) -> None:
    """Raises BadArguments for a period that is none, before anything else is looked at."""
    for name in ("period", "but_not_period"):
        if name in args:
            try:
                parse(args[name], zone_of("UTC"), moment, lambda: None)
            except BadPeriod as error:
                raise bad(name, str(error)) from None


def _list_problems(args: Args) -> list[Problem]:
    problems = []
    for name in LISTS:
        try:
            parts_of(str(args.get(name) or ""))
        except TooManyParts as error:
            problems.append(Problem(name, str(error)))
    return problems


def _member_problems(args: Args) -> list[Problem]:
    problems = []
    if args.get("but_not") == "member":
        if not args.get("but_not_audience"):
            problems.append(Problem("but_not_audience", "is required with but_not=member"))
        told = [name for name in ("but_not_when", "within_days", "but_not_period") if name in args]
        problems += [Problem(name, "does not go with but_not=member, which is about the present") for name in told]
    elif "but_not_audience" in args:
        problems.append(Problem("but_not_audience", "goes with but_not=member only"))
    if args["did"] == "member":
        told = [name for name in ("campaign", "flow", "item", "at_least") if name in args]
        problems += [Problem(name, "does not go with did=member, which is no event") for name in told]
        if args.get("group_by") == "times" or str(args.get("group_by", "")).startswith("event:"):
            problems.append(Problem("group_by", "with did=member takes attributes of people only, such as country"))
    return problems


def _timing_problems(args: Args) -> list[Problem]:
    problems = []
    if "but_not_period" in args:
        told = [name for name in ("but_not_when", "within_days") if name in args]
        problems += [Problem(name, "does not go with but_not_period") for name in told]
    elif "within_days" in args and args.get("but_not_when", "after") not in ("after", "before"):
        problems.append(Problem("within_days", "goes with but_not_when after or before only"))
    return problems


def _unknown(text: str) -> AccountOutcome:
    refusal = Refusal(
        "refused",
        "not_found",
        f"There is no account “{text}” that you may see.",
        "Call list_accounts for those there are.",
    )
    return AccountOutcome(None, text).refuse(refusal)


def _entry(install: Install, args: Args, moment: datetime) -> AccountOutcome:
    outcome = AccountOutcome(install, install.name)
    try:
        with reading(install.pk, newest(install.pk)) as lake:
            made = plan(install, args, moment, lake)
            return _answered(outcome, made, args, lake)
    except Refusal as refusal:
        return outcome.refuse(refusal)
    except VersionGone:
        return outcome.refuse(
            Refusal(
                "error",
                "version_gone",
                "The data this answer was read from is no longer held.",
                "Ask the question again.",
            )
        )
    except (DeadlinePassed, TooBusy):
        return outcome.refuse(
            Refusal(
                "error",
                "timeout",
                f"The question took too long for {install.name}.",
                "Ask about a shorter period, or again in a minute.",
                60,
            )
        )
    except LakeError:
        return outcome.refuse(
            Refusal(
                "error",
                "timeout",
                f"The events of {install.name} could not be read just now.",
                "Ask again in a minute.",
                60,
            )
        )


def _answered(outcome: AccountOutcome, made: Plan, args: Args, lake: Reader) -> AccountOutcome:
    figures, noted_numbers = count(made.shape, made.params, lake)
    audience = [
        _audience(record, lake) for record in made.audience if record.klaviyo_id in made.params.get("audience", ())
    ]
    if audience:
        figures["audience"] = audience[0] if len(audience) == 1 else audience
    noted = made.caveats + _notes(made, figures, noted_numbers)
    if made.shape.group:
        figures["groups"], floor_notes = _groups(made, lake)
        noted += floor_notes
    window_open = figures.pop("window_open")
    if window_open:
        noted.append(
            Caveat(
                "window_open",
                f"For {window_open} of the people counted the {args['within_days']} days are not over yet; they count as not done.",
            )
        )
    outcome.caveats = [*caveats_of(made.install, made.span), *noted]
    if any(caveat.code == "outside_range" for caveat in outcome.caveats):
        outcome.status = "partial"
    outcome.figures = figures
    outcome.period = made.period.shown(zone_of(made.install.time_zone))
    outcome.sources = made.sources
    outcome.versions = made.versions
    if made.audience:
        outcome.freshness = {
            "members": [{"id": record.klaviyo_id, "fetched_at": fetched_at(record)} for record in made.audience]
        }
    outcome.resolved = {"shape": asdict(made.shape), "params": made.params}
    outcome.sentence = sentence(made, figures, args)
    return outcome


def count(shape: Shape, params: Mapping[str, Any], lake: Reader) -> tuple[dict[str, Any], Noted]:
    """The figures of one composed question, and the numbers of its notes; also what a receipt runs again."""
    row = ask(people_sql.figures(shape), params, lake)[0]
    did, people, did_events, people_events, did_amount, people_amount, median, window_open = row[:8]
    human_did, human_people = row[8:10]
    also = did - people
    eventless = shape.did in ("members", "profiles")
    return {
        "people": people,
        "did": did,
        "also_did": also,
        "share": quotient(people, did),
        "also_share": quotient(also, did),
        "events": None if eventless else {"people": int(people_events), "did": int(did_events)},
        "amount": None if eventless else {"people": money(people_amount), "did": money(did_amount)},
        "median_days": days(median) if shape.but_not == "events" and shape.when == "after" else None,
        "window_open": window_open,
        "human": {"people": human_people, "did": human_did} if shape.tells_humans else None,
    }, Noted(*row[10:])


def ask(sql: str, params: Mapping[str, Any], lake: Reader) -> list[tuple[Any, ...]]:
    """Bind exactly the parameters that the text names: DuckDB refuses any other."""
    return lake.rows(sql, **{name: params[name] for name in people_sql.parameters(sql)})


def _audience(record: Any, lake: Reader) -> dict[str, Any]:
    rows = lake.rows(
        "select count(distinct person) from read_parquet($members, hive_partitioning=false) where audience = $id",
        id=record.klaviyo_id,
    )
    return {"id": record.klaviyo_id, "name": record.name, "kind": record.kind, "members": rows[0][0]}


def _groups(made: Plan, lake: Reader) -> tuple[list[dict[str, Any]], list[Caveat]]:
    """Every group in order, `other` last, and a caveat where the privacy floor joined some. Raises Refusal (too_small)."""
    rows = ask(people_sql.groups(made.shape), made.params, lake)
    numeric = made.shape.group in ("event:hour", "event:weekday")
    found = [
        Group(
            int(value) if numeric and value is not None else value,
            people,
            did,
            None if events is None else int(events),
            amount,
        )
        for value, people, did, events, amount in rows
    ]
    whole = ordered(found, by_number=numeric or made.shape.group == "times")
    if not made.shape.group.startswith("profile:"):
        return [group.shown() for group in whole], []
    floor = made.install.organization.privacy_floor
    try:
        shown, other = floored(whole, floor)
    except TooSmall:
        raise Refusal(
            "refused",
            "too_small",
            f"Every group would hold fewer than {floor} people.",
            "Ask without group_by, or about more people.",
        ) from None
    if other is None:
        return [group.shown() for group in shown], []
    return [group.shown() for group in [*shown, other]], [
        Caveat("floor_applied", f"Groups of fewer than {floor} people are counted together as “{OTHER}”.")
    ]


def _notes(made: Plan, figures: Mapping[str, Any], noted: Noted) -> list[Caveat]:
    events, machines, foreign, repeats, ahead = noted
    notes = []
    if made.did.verb == "opened_email" and events and Decimal(machines) / events > MACHINE_SHARE:
        share = Decimal(machines) * 100 / events
        notes.append(
            Caveat(
                "machine_opens",
                f"{share:.0f} % of these opens were made by mail servers or privacy proxies; “human” counts without them.",
            )
        )
    if repeats:
        notes.append(Caveat("duplicate_orders", f"{repeats} further deliveries of the same orders were counted once."))
    if ahead:
        notes.append(Caveat("future_events", f"{ahead} events are dated after this moment and were left out."))
    if foreign:
        notes.append(
            Caveat(
                "other_currency",
                f"{foreign} events in another currency than {made.install.currency} are not in the amounts.",
            )
        )
    if figures["did"] < SMALL_BASE:
        notes.append(Caveat("small_base", f"The share rests on {figures['did']} people, fewer than {SMALL_BASE}."))
    return notes
