"""Attributes that are shown on request alone (additional-fields), or in one place alone."""

from typing import Any

import msgspec

from connector.sandbox.call import Call
from connector.sandbox.segments import members_of
from connector.sandbox.things import Thing


def more(call: Call, thing: Thing) -> dict[str, Any]:
    """What `additional-fields` of this type adds to an object."""
    wanted = call.query.additional.get(thing.type, frozenset())
    added = {name: ADDED[(thing.type, name)](call, thing) for name in sorted(wanted)}
    return {name: one for name, one in added.items() if one is not None}


def _definition(call: Call, flow: Thing) -> dict[str, Any]:
    actions = (call.account.of("flow-action")[id] for _, id in flow.related("flow-actions"))
    return {
        "triggers": flow.hidden.get("triggers", []),
        "profile_filter": None,
        "actions": [action.attributes["definition"] for action in actions],
        "entry_action_id": flow.hidden.get("entry"),
    }


def _list_count(call: Call, thing: Thing) -> int:
    people = call.account.people.all
    return sum(people[number].here for number in call.account.lists.get(thing.id, {}))


def _subscriptions(call: Call, profile: Thing) -> Any:
    return msgspec.json.decode(profile.hidden["subscriptions"])


def _predictions(call: Call, profile: Thing) -> dict[str, Any]:
    """Nothing is foretold here: the fields are there and empty, as for a young account."""
    figures = ("historic_clv", "predicted_clv", "total_clv", "historic_number_of_orders", "predicted_number_of_orders",
               "average_days_between_orders", "average_order_value", "churn_probability",
               "expected_date_of_next_order")  # fmt: skip
    return dict.fromkeys(figures) | {"ranked_channel_affinity": ["email", "sms", "push"]}


def _segment_count(call: Call, thing: Thing) -> int:
    people = call.account.people.all
    return sum(people[number].here for number in members_of(call.account, thing, call.now))


def _blocks(call: Call, template: Thing) -> Any:
    """Only templates of the drag-and-drop editor have a definition."""
    return template.hidden.get("definition")


ADDED = {
    ("template", "definition"): _blocks,
    ("segment", "profile_count"): _segment_count,
    ("flow", "definition"): _definition,
    ("list", "profile_count"): _list_count,
    ("profile", "subscriptions"): _subscriptions,
    ("profile", "predictive_analytics"): _predictions,
}
