"""Resolve a people_who question for one account: names to ids, verbs to metrics, period to instants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, cast

from connector.insights.arguments import bad
from connector.insights.attributes import PROFILE_GROUPS, bound_property, conditions, is_attribute, values_sql
from connector.insights.carried import bound_names, check_name, name_of
from connector.insights.coverage import FIRST_MOMENT, Span
from connector.insights.metrics import MESSAGE_VERBS, Action
from connector.insights.objects import KlaviyoObject
from connector.insights.people_who_sql import Shape
from connector.insights.periods import Period
from connector.insights.question import AccountQuestion
from connector.insights.relations import bound_objects, bound_zone
from connector.insights.resolver import tried
from connector.records.names import fold

Args = Mapping[str, Any]
NO_EVENT: Final[Action] = Action("member", "member", ())


@dataclass
class Plan:
    """One account's question with nothing left to decide: `shape` and `params` give the SQL and what is bound to it."""

    period: Period
    shape: Shape
    params: dict[str, Any]
    did: Action
    but_not: Action | None
    span: Span
    audience: list[KlaviyoObject] = field(default_factory=list)
    other_period: Period | None = None  # but_not_period


def plan(asked: AccountQuestion) -> Plan:
    """Raises Refusal: needs_choice, not_found, no_such_metric, no_purchase_metric, out_of_range, pending; in that order."""
    return _Planner(asked).plan()


class _Planner:
    """Collects parameters on the way."""

    def __init__(self, asked: AccountQuestion) -> None:
        self.asked, self.args, self.resolver = asked, asked.args, asked.resolver
        self.other_period: Period | None = None
        self.params: dict[str, Any] = {}
        self.where = conditions(self.args.get("where"))

    def plan(self) -> Plan:
        x_of, y_of, x_items, y_items, audience, overlap, (did, but_not), *_ = tried(
            lambda: self._of("x", ""),
            lambda: self._of("y", "but_not_") if self.args.get("but_not") else (),
            lambda: self._items("x", "item"),
            lambda: self._items("y", "but_not_item"),
            lambda: self._audience("audience", "audience"),
            lambda: self._audience("but_not_audience", "y_audience"),
            self._actions,
            lambda: self.resolver.check_attribute(str(self.args.get("group_by", "")), "group_by"),
            *(partial(self.resolver.check_attribute, attribute, "where") for attribute, _ in self.where),
        )
        x_of, y_of = (*x_of, *x_items), (*(y_of or self._inherited(but_not, x_of)), *y_items)
        period = self.resolver.period()
        self.asked.check_held(period)
        self.resolver.check_members([*audience, *(group for group in overlap if group not in audience)])
        shape = self._shape(did, but_not, x_of, y_of)
        self._bind(did, but_not, shape, period)
        span = self._span(period, but_not)
        return Plan(period, shape, self.params, did, but_not, span, audience, self.other_period)

    def _of(self, side: str, prefix: str) -> tuple[str, ...]:
        """The kinds of object asked for: campaign, flow, both or none."""
        finders = {"campaign": self.resolver.campaigns, "flow": self.resolver.flows}
        given = [kind for kind in finders if self.args.get(f"{prefix}{kind}") not in (None, "", "any")]
        found = tried(*(partial(finders[kind], f"{prefix}{kind}") for kind in given))
        for kind, objects in zip(given, found, strict=True):
            self.params |= bound_objects(side, kind, objects)
        return tuple(given)

    def _inherited(self, but_not: Action | None, x_of: tuple[str, ...]) -> tuple[str, ...]:
        """A Y that is about a message is of the campaigns and flows asked, of any of them, unless told otherwise."""
        told = self.args.get("but_not_campaign") or self.args.get("but_not_flow")
        if told or but_not is None or but_not.verb not in MESSAGE_VERBS or not x_of:
            return ()
        for kind in ("campaign", "flow"):
            if kind in self.resolver.names:
                self.resolver.names[f"but_not_{kind}"] = self.resolver.names[kind]
            for name in (f"{kind}s", f"{kind}_messages"):
                if f"x_{name}" in self.params:
                    self.params[f"y_{name}"] = self.params[f"x_{name}"]
        return x_of if len(x_of) == 1 else ("either",)

    def _audience(self, argument: str, param: str) -> list[KlaviyoObject]:
        found = self.resolver.audience(argument)
        if found:
            self.params[param] = [each.id for each in found]
        return found

    def _actions(self) -> tuple[Action, Action | None]:
        """X and Y."""

        def action(argument: str) -> Action | None:
            text = self.args.get(argument)
            return NO_EVENT if text == "member" else self.resolver.action(argument) if text else None

        did, but_not = tried(partial(action, "did"), partial(action, "but_not"))
        return cast(Action, did), but_not

    def _items(self, side: str, argument: str) -> tuple[str, ...]:
        titles = self.resolver.items(argument)
        if not titles:
            return ()
        self.params[f"{side}_items"] = titles
        return ("item",)

    def _shape(self, did: Action, but_not: Action | None, x_of: tuple[str, ...], y_of: tuple[str, ...]) -> Shape:
        rows = "orders" if did.is_orders else "events"
        if did is NO_EVENT:
            rows = "members" if self.args.get("audience") else "profiles"
        return Shape(
            did=rows,
            x_of=x_of,
            audience=bool(self.args.get("audience")) and did is not NO_EVENT,
            where=tuple(attribute for attribute, _ in self.where),
            humans_only=self.args.get("machine_opens") == "exclude",
            x_machines=self._machines(did),
            y_machines=self._machines(but_not) if but_not else "",
            overlaps=but_not is not None and not set(did.ids).isdisjoint(but_not.ids),
            but_not="" if but_not is None else "members" if but_not is NO_EVENT else "events",
            y_of=y_of if but_not else (),
            when="but_not_period" if self.args.get("but_not_period") else self.args.get("but_not_when", "after"),
            within=self.args.get("within_days") is not None,
            group=group_of(self.args.get("group_by")),
            repeated=self.args.get("at_least", 1) > 1,
        )

    def _machines(self, action: Action) -> str:
        """Which of the action's events machines can make."""
        opens, clicks = (
            set(self.resolver.ids_of("opened_email")),
            set(self.resolver.ids_of("clicked_email", "clicked_sms")),
        )
        if opens.isdisjoint(action.ids) and clicks.isdisjoint(action.ids):
            return ""
        return "opens" if opens.issuperset(action.ids) else "clicks" if clicks.issuperset(action.ids) else "mixed"

    def _bind(self, did: Action, but_not: Action | None, shape: Shape, period: Period) -> None:
        y_metrics = but_not.ids if but_not else []
        self.params |= {
            "start": period.start,
            "stop": period.end,
            "x_metrics": did.ids,
            "y_metrics": y_metrics,
            "all_metrics": [*did.ids, *y_metrics],
            "open_metrics": self.resolver.ids_of("opened_email"),
            "click_metrics": self.resolver.ids_of("clicked_email", "clicked_sms"),
            "at_least": self.args.get("at_least", 1),
        }
        if shape.within:
            self.params["within"] = int(timedelta(days=self.args["within_days"]).total_seconds()) * 1_000_000
        if shape.when == "but_not_period":
            self.other_period = self.resolver.period("but_not_period")
            self.params |= {"y_start": self.other_period.start, "y_stop": self.other_period.end}
        self._bind_group_names(shape.group, period)
        self._bind_where()

    def _bind_where(self) -> None:
        """Values are compared like names, which SQL cannot: those that somebody has and that are meant are bound."""
        for at, (attribute, values) in enumerate(self.where):
            wanted = {fold(value) for value in values}
            held = (row.value for row in self.asked.rows(values_sql(attribute), bound_property(attribute)))
            meant = [value for value in held if value is not None and fold(value) in wanted]
            self.params |= {f"where_{at}": meant, **bound_property(attribute, f"where_name_{at}")}

    def _bind_group_names(self, group: str, period: Period) -> None:
        self.params |= bound_property(group.removeprefix("profile:"))
        if name_of(group):
            end = min(period.end, self.asked.moment)
            self.params |= bound_zone(self.asked.account, period.start, end)
            self.params |= bound_names(self.resolver, name_of(group))

    def _span(self, period: Period, but_not: Action | None) -> Span:
        """What is read, not-Y windows included, cut at now."""
        start, end = period.start, period.end
        if but_not is not None and but_not is not NO_EVENT:
            y_start, y_end = self._not_y_span(period)
            start, end = min(start, y_start), max(end, y_end)
        return Span(max(start, FIRST_MOMENT), min(end, self.asked.moment))

    def _not_y_span(self, period: Period) -> tuple[datetime, datetime]:
        if self.other_period is not None:
            return self.other_period.start, self.other_period.end
        when = self.args.get("but_not_when", "after")
        within = timedelta(days=self.args["within_days"]) if self.args.get("within_days") is not None else None
        if when == "after":
            return period.start, self.asked.moment if within is None else period.end + within
        if when == "before":
            return FIRST_MOMENT if within is None else period.start - within, period.end
        return (period.start, period.end) if when == "in_period" else (FIRST_MOMENT, self.asked.moment)


def group_of(text: str | None) -> str:
    """The shape's name of a group_by argument. Raises BadArguments."""
    if not text:
        return ""
    if is_attribute(text):
        return f"profile:{text}"
    check_name(text)
    if text == "times" or name_of(text):
        return text
    raise bad(
        "group_by",
        f"{text!r} is not known; give times, event:NAME, property:NAME or one of {', '.join(PROFILE_GROUPS)}",
    )
