"""copy_brief: what a writer should know before writing to an audience: what worked, how the shop speaks, what sells."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, Final

from connector.insights import copy_brief_words
from connector.insights.campaign_figures import figures_of
from connector.insights.columns import Column, Kind
from connector.insights.coverage import Span
from connector.insights.objects import KlaviyoObject
from connector.insights.outcome import Outcome, common_names
from connector.insights.people_who_sql import MEMBERS_OF
from connector.insights.question import AccountQuestion, Answer, Question, each_account
from connector.insights.refusal import Refusal
from connector.insights.resolver import tried
from connector.insights.subject_patterns import PATTERNS, patterns_of
from connector.insights.top_items import items_of
from connector.records.links import klaviyo_url
from connector.records.names import fold, words

DELIVERIES: Final = 100  # of fewer a rate says little
ENOUGH: Final = 5  # subjects of the audience's own, before the account's best are added
ITEMS_PERIOD: Final = "last_30_days"
# Beside the subjects, which are cut to fit: of several accounts each has its part of these.
ITEMS, WORDS, SENDERS, AVOIDED, CHARACTERS = 10, 20, 5, 50, 4_000
COLUMNS: Final = (
    Column("audience", Kind.OBJECT, "Audience", "present members; of a subject: whether it was sent to the audience"),
    Column("campaign", Kind.OBJECT, "Campaign"),
    Column("subject", Kind.TEXT, "Subject", "of the campaign's first message; of an SMS its text"),
    Column("preview", Kind.TEXT, "Preview"),
    Column("sent_at", Kind.TIME, "Sent"),
    Column("deliveries", Kind.COUNT, "Deliveries", "Received events"),
    Column("open_rate_human", Kind.RATE, "Open rate", "people who opened it themselves / deliveries"),
    Column("click_rate", Kind.RATE, "Click rate", "people who clicked / deliveries, without bots"),
    Column("revenue", Kind.MONEY, "Revenue", "of order events that Klaviyo attributed to it"),
    Column("patterns", Kind.OBJECT, "Patterns", "median open rates of the subjects with something and without it"),
    Column("wording", Kind.OBJECT, "Wording", "who messages are from, and the words in most of them"),
    Column("top_items", Kind.OBJECT, "Products", "ordered by the audience's present members in the last 30 days"),
    Column("avoid", Kind.OBJECT, "Used before", "subjects already sent to the audience, newest first"),
)


def copy_brief(question: Question) -> Outcome:
    """Raises BadArguments; Refusal when no account can be told."""
    accounts = each_account(question, _answer)
    names = common_names(accounts)
    return Outcome(
        accounts,
        question=copy_brief_words.question(question.args, names),
        definition=copy_brief_words.definition(question.args, names),
        period_label="all",
        method={"attribution": "klaviyo", "patterns": dict(PATTERNS)},
    )


def _answer(asked: AccountQuestion) -> Answer:
    resolver = asked.resolver
    audience, purchase = tried(partial(resolver.audience, "audience"), resolver.purchase_metric)
    period = resolver.period(default="all")
    asked.check_held(period)
    resolver.check_members(audience)
    own = resolver.records.campaigns_sent_to([each.id for each in audience], _channel(asked))
    texts = _messages(asked, own)
    rows = _subjects(asked, own, purchase, is_own=True)
    if len(rows) < ENOUGH:
        rows += _subjects(asked, _others(asked, own), purchase, is_own=False)[: ENOUGH - len(rows)]
    shared = max(1, len(asked.question.installs))
    figures = {
        "audience": _audience(asked, audience),
        "subjects": [row | {"currency": asked.account.currency} for row in rows],
        "patterns": patterns_of(rows),
        "wording": _wording(asked, shared),
        "top_items": _items(asked, max(3, ITEMS // shared)) if purchase else None,
        "avoid": _used(own, texts, max(3, AVOIDED // shared), CHARACTERS // shared),
    }
    start = min((each.at for each in own if each.at), default=asked.moment)
    span = Span(min(start, asked.moment), asked.moment)
    return Answer(figures, copy_brief_words.sentence(asked, figures), period, span)


def _channel(asked: AccountQuestion) -> str:
    return str(asked.args.get("channel", "email"))


def _others(asked: AccountQuestion, own: Iterable[KlaviyoObject]) -> list[KlaviyoObject]:
    """The account's other sent campaigns of the channel."""
    known = {each.id for each in own}
    sent = asked.resolver.records.campaigns_of("Sent")
    return [each for each in sent if each.channel == _channel(asked) and each.id not in known]


def _subjects(
    asked: AccountQuestion, campaigns: Sequence[KlaviyoObject], purchase: KlaviyoObject | None, *, is_own: bool
) -> list[dict[str, Any]]:
    """Of the campaigns with enough deliveries, the best first; those about what is asked before all others."""
    figures, told = figures_of(asked, campaigns, purchase)
    for caveat in told if is_own else []:
        asked.resolver.tell(caveat)
    pairs = [(one, row) for one, row in zip(campaigns, figures, strict=True) if row["deliveries"] >= DELIVERIES]
    asked.resolver.rests_on(one for one, _ in pairs)
    messages = _messages(asked, [one for one, _ in pairs])
    rows = [_subject(asked, one, row, messages.get(one.id, []), is_own) for one, row in pairs]
    return sorted(rows, key=_rank)


def _rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
    best = [value for name in ("open_rate_human", "click_rate") for value in (row[name] is None, -(row[name] or 0))]
    return (not row.get("about", True), *best, row["campaign"]["id"])


def _messages(asked: AccountQuestion, campaigns: Sequence[KlaviyoObject]) -> dict[str, list[KlaviyoObject]]:
    """The messages of each campaign, by id."""
    found: dict[str, list[KlaviyoObject]] = {}
    for message in asked.resolver.records.messages_of([each.id for each in campaigns]) if campaigns else ():
        found.setdefault(message.parent, []).append(message)
    return found


def _subject(
    asked: AccountQuestion,
    campaign: KlaviyoObject,
    figures: Mapping[str, Any],
    messages: Sequence[KlaviyoObject],
    is_own: bool,
) -> dict[str, Any]:
    first = messages[0] if messages else None
    row = {
        "campaign": {
            "id": campaign.id,
            "name": campaign.name,
            "url": klaviyo_url(campaign.kind, campaign.id),
        },
        "subject": _text(first) if first else None,
        "preview": (first.preview or None) if first else None,
        "sent_at": campaign.at.astimezone(asked.account.zone).isoformat() if campaign.at else None,
        **{name: figures[name] for name in ("deliveries", "open_rate_human", "click_rate", "revenue")},
        "audience": is_own,
    }
    if _channel(asked) == "sms":
        row["open_rate_human"] = None  # nobody can tell whether a text was opened
    if "about" in asked.args:
        row["about"] = _is_about(str(asked.args["about"]), [campaign.name, row["subject"], row["preview"]])
    return row


def _text(message: KlaviyoObject) -> str | None:
    return message.subject or message.body or None


def _is_about(wanted: str, texts: Iterable[str | None]) -> bool:
    """Whether any of the words stands in any of the texts, compared like names."""
    return any(words(fold(wanted)) & words(fold(text)) for text in texts if text)


def _audience(asked: AccountQuestion, audience: Sequence[KlaviyoObject]) -> dict[str, Any] | list[dict[str, Any]]:
    """One, or a list of several."""
    counted = {each["id"]: each["fetched_at"] for each in asked.resolver.freshness["members"]}
    found = [
        {
            "id": each.id,
            "name": each.name,
            "kind": each.kind,
            "size": asked.rows(MEMBERS_OF, {"audience_id": each.id})[0].members,
            "counted_at": counted[each.id],
        }
        for each in audience
    ]
    return found[0] if len(found) == 1 else found


def _wording(asked: AccountQuestion, shared: int) -> dict[str, Any]:
    found = asked.resolver.records.wording(_channel(asked))
    return {
        "senders": [asdict(each) for each in found.senders[: max(1, SENDERS // shared)]],
        "brand_words": [asdict(each) for each in found.words[: max(3, WORDS // shared)]],
    }


def _items(asked: AccountQuestion, most: int) -> list[dict[str, Any]] | None:
    """What the audience's present members ordered; None where nothing of these days is held."""
    about = {name: asked.args[name] for name in ("audience", "purchase_metric") if name in asked.args}
    other = asked.with_args(**about, event="ordered", period=ITEMS_PERIOD)
    try:
        answer = items_of(other)
    except Refusal as refusal:
        if refusal.code == "out_of_range":
            return None
        raise
    asked.resolver.rests_on(other.resolver.sources)
    for caveat in [*other.resolver.caveats, *answer.caveats]:
        asked.resolver.tell(caveat)
    rows: list[dict[str, Any]] = answer.figures["rows"]
    return rows[:most]


def _used(
    campaigns: Sequence[KlaviyoObject], texts: Mapping[str, Sequence[KlaviyoObject]], most: int, characters: int
) -> list[str]:
    """The texts of all messages sent to the audience, each once, newest first, as many as there is room for."""
    newest = sorted(campaigns, key=_newest_first)
    said = (_text(message) for each in newest for message in texts.get(each.id, ()))
    found = list({fold(text): text for text in said if text}.values())[:most]
    room = [sum(map(len, found[: number + 1])) <= characters for number in range(len(found))]
    return found[: sum(room)]


def _newest_first(campaign: KlaviyoObject) -> tuple[bool, float, str]:
    at: datetime | None = campaign.at
    return at is None, -at.timestamp() if at else 0.0, campaign.id
