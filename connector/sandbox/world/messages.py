"""Campaigns and flows with their messages."""

from typing import Any

import msgspec

from connector.sandbox.things import Ref, Thing
from connector.sandbox.world import ids
from connector.sandbox.world.account import DAY, Account, Message, iso
from connector.sandbox.world.furniture import page, template
from connector.sandbox.world.names import CAMPAIGNS, ODD_CAMPAIGNS

HOLIDAY = "Q4 Holiday Campaign"
YEAR = 365 * DAY


def campaigns(account: Account, count: int) -> list[Message]:
    """`count` sent campaigns over the history, and some that were not sent. Returns the sent messages."""
    sent = [_campaign(account, name, channel, at) for name, channel, at in _calendar(account, count)]
    _campaign(account, "Draft: spring lookbook", "email", None, status="Draft")
    _campaign(account, "Scheduled: restock", "email", account.base + 3 * DAY, status="Scheduled")
    _campaign(account, "Cancelled: wrong subject", "email", account.base - 60 * DAY, status="Cancelled")
    return sent


def _calendar(account: Account, count: int) -> list[tuple[str, str, int]]:
    """Name, channel and time of each; the fixed ones are the ones people ask about."""
    base = account.base
    fixed = [
        (HOLIDAY, "email", base - 20 * DAY),
        (HOLIDAY, "email", base - 20 * DAY - YEAR),
        ("Black Friday Sneak Peek", "email", base - 9 * DAY),
        ("Black Friday SMS", "sms", base - 8 * DAY),
        ("App Launch", "mobile_push", base - 45 * DAY),
        ("Leap Day Sale", "email", account.start + 7 * DAY + 15 * 3600),
    ]
    fixed += [(name, "email", base - (40 + 13 * at) * DAY) for at, name in enumerate(ODD_CAMPAIGNS)]
    gap = max(1, (base - 2 * DAY - account.start) // max(1, count - len(fixed)))
    for number in range(max(0, count - len(fixed))):
        name = CAMPAIGNS[number % len(CAMPAIGNS)]
        at = account.start + number * gap + account.chance.randrange(0, max(1, gap // 2))
        edition = f" #{number // len(CAMPAIGNS) + 1}" if number >= len(CAMPAIGNS) else ""
        fixed.append((name + edition, "sms" if number % 9 == 4 else "email", at))
    return fixed


def _campaign(account: Account, name: str, channel: str, at: int | None, status: str = "Sent") -> Message:
    """One campaign with its message and, for e-mail, its own copy of a template."""
    chance = account.chance
    made = (at or account.base) - 4 * DAY
    campaign: Ref = ("campaign", ids.ulid(made, chance))
    message: Ref = ("campaign-message", ids.ulid(made + 1, chance))
    subject = f"{name} at {account.shop.name}"
    relations: dict[str, Any] = {"campaign": campaign, "image": None, "template": None}
    if channel == "email":
        html = page(name, account.shop.name, "Made for you.")
        relations["template"] = ("template", account.put(template(account, f"{name} (copy)", html, made)).id)
    shown = {"definition": definition(account, channel, name, subject), "send_times": _times(at),
             "created_at": iso(made), "updated_at": iso(made)}  # fmt: skip
    account.put(Thing(*message, shown, relations))
    tags: list[Ref] = [("tag", account.named["tag Holiday"])] if name == HOLIDAY else []
    attributes = campaign_attributes(account, name, channel, at, status, made)
    account.put(Thing(*campaign, attributes, {"campaign-messages": [message], "tags": tags}, {"channel": channel}))
    # Campaigns of more than a year ago wrote their own id into events, later ones their message's.
    code = campaign[1] if at and at < account.base - YEAR else message[1]
    opening = {"$message": code, "Campaign Name": name, "Subject": subject, "$ESP": 0}
    if channel != "email":
        opening = {"$message": code, "Campaign Name": name, "Message Name": name, "From Number": "+18005550100"}
    return _message(account, message[1], code, channel, campaign, opening, at)


def _message(
    account: Account, id: str, code: str, channel: str, owner: Ref, opening: dict[str, Any], at: int | None
) -> Message:
    start = msgspec.json.encode(opening)[:-1]
    message = Message(len(account.messages), id, code, channel, owner[0], owner[1], start, at)
    account.messages.append(message)
    return message


def campaign_attributes(
    account: Account, name: str, channel: str, at: int | None, status: str, made: int
) -> dict[str, Any]:
    tracking: dict[str, Any] = {"add_tracking_params": True, "custom_tracking_params": []}
    if channel == "email":
        tracking |= {"is_tracking_clicks": True, "is_tracking_opens": True}
    strategy: dict[str, Any] = {"method": "immediate"}
    if at is not None:
        strategy = {"method": "static", "datetime": iso(at), "options": {"is_local": False}}
    return {
        "name": name,
        "status": status,
        "archived": False,
        "audiences": {
            "included": [account.named["list SMS Subscribers" if channel == "sms" else "list Newsletter"]],
            "excluded": [],
        },
        "send_options": {"use_smart_sending": True},
        "tracking_options": tracking,
        "send_strategy": strategy,
        "created_at": iso(made),
        "scheduled_at": iso(made + DAY) if at is not None else None,
        "updated_at": iso(min(at or made, account.base)),
        "send_time": iso(at) if at is not None else None,
    }


def definition(account: Account, channel: str, name: str, subject: str) -> dict[str, Any]:
    """A campaign message's content, in the form of its channel."""
    if channel == "email":
        sender = f"hello@{account.shop.domain}"
        content = {"subject": subject, "preview_text": f"{name}: open for more", "from_email": sender,
                   "from_label": account.shop.sender, "reply_to_email": sender, "cc_email": None,
                   "bcc_email": None}  # fmt: skip
        return {"channel": "email", "label": name, "content": content}
    if channel == "sms":
        options = {"shorten_links": True, "add_org_prefix": True, "add_info_link": True, "add_opt_out_language": True}
        return {"channel": "sms", "content": {"body": f"{name}: {{{{ link }}}}", "media_url": None},
                "render_options": options}  # fmt: skip
    push: dict[str, Any] = {"title": name, "body": subject, "dynamic_image": None, "action_buttons": []}
    return {"channel": "mobile_push", "notification_type": "standard", "content": push, "kv_pairs": {},
            "options": {"on_open": {"type": "open_app"}, "badge": {"display": False}, "play_sound": False}}  # fmt: skip


def _times(at: int | None) -> list[dict[str, Any]]:
    return [] if at is None else [{"datetime": iso(at), "is_local": False}]


def flows(account: Account) -> dict[str, list[Message]]:
    """The flows, by what the story calls them. Names are a marketer's, not the story's."""
    checkout = account.metrics[account.metric(account.shop.checkout)].id
    order = account.metrics[account.metric("Placed Order")].id
    metric: dict[str, Any] = {"type": "metric", "trigger_filter": None}
    joined = {"type": "list", "id": account.named["list Newsletter"]}
    return {
        "cart": _flow(account, "Abandoned Cart", "live", "Metric", metric | {"id": checkout},
                      ("You left something behind", "Still thinking it over?"), sms="Your cart is waiting: {{ link }}"),
        "vip cart": _flow(account, "Abandoned Cart - VIP", "live", "Metric", metric | {"id": checkout},
                          ("Your VIP cart, 10% off",)),
        "welcome": _flow(account, "Welcome Series", "live", "Added to List", joined, ("Welcome!", "Our story")),
        "thanks": _flow(account, "Post-purchase thank you", "live", "Metric", metric | {"id": order}, ("Thank you!",)),
        "winback": _flow(account, "Win-back (draft)", "draft", "Metric", metric | {"id": order}, ("We miss you",)),
        "old": _flow(account, "Browse abandonment 2019", "manual", "Unconfigured", None, ("Seen this?",)),
    }  # fmt: skip


def _flow(
    account: Account,
    name: str,
    status: str,
    trigger_type: str,
    trigger: dict[str, Any] | None,
    subjects: tuple[str, ...],
    sms: str | None = None,
) -> list[Message]:
    chance = account.chance
    made = account.start + 5 * DAY
    flow: Ref = ("flow", ids.short(chance))
    sends = [("email", subject) for subject in subjects] + ([("sms", sms)] if sms else [])
    steps = [_step(account, flow, name, channel, words, status, made) for channel, words in sends]
    actions = [action for pair in steps for action in pair[0]]
    for one, following in zip(actions, [*actions[1:], None], strict=True):
        one.attributes["definition"]["links"] = {"next": following.id if following else None}
    attributes = {"name": name, "status": status, "archived": name.endswith("2019"), "created": iso(made),
                  "updated": iso(made + 20 * DAY), "trigger_type": trigger_type}  # fmt: skip
    refs: list[Ref] = [("flow-action", one.id) for one in actions]
    tags: list[Ref] = [("tag", account.named["tag Evergreen"])] if status == "live" else []
    entry = actions[0].id if actions else None
    hidden = {"triggers": [trigger] if trigger else [], "entry": entry}
    account.put(Thing(*flow, attributes, {"flow-actions": refs, "tags": tags}, hidden))
    return [message for _, message in steps]


def _step(
    account: Account, flow: Ref, flow_name: str, channel: str, words: str, status: str, made: int
) -> tuple[list[Thing], Message]:
    """A delay and a send: the actions, and the message."""
    chance = account.chance
    times = {"created": iso(made), "updated": iso(made)}
    delay = Thing("flow-action", ids.number(chance), {**times, "definition": {}}, {"flow": flow, "flow-messages": []})
    delay.attributes["definition"] = {"id": delay.id, "type": "time-delay", "data": {"unit": "hours", "value": 1}}
    message: Ref = ("flow-message", ids.short(chance))
    send = Thing(
        "flow-action", ids.number(chance), {**times, "definition": {}}, {"flow": flow, "flow-messages": [message]}
    )
    relations: dict[str, Any] = {"flow-action": ("flow-action", send.id), "template": None}
    shown = _flow_sms(words, message[1]) if channel == "sms" else _flow_email(account, words, message[1])
    if channel == "email":
        copy = account.put(template(account, words, page(words, account.shop.name, "{{ event.Items }}"), made))
        relations["template"] = ("template", copy.id)
        shown["template_id"] = copy.id
    kind = "send-sms" if channel == "sms" else "send-email"
    state = "live" if status == "live" else "draft"
    send.attributes["definition"] = {"id": send.id, "type": kind, "data": {"message": shown, "status": state}}
    account.put(Thing(*message, {"channel": channel, **times, "definition": shown}, relations))
    opening = {
        "$message": message[1],
        "$flow": flow[1],
        "Campaign Name": words,
        "Subject": words,
        "Message Name": words,
    }
    made_message = _message(account, message[1], message[1], channel, flow, opening, None)
    return [account.put(delay), account.put(send)], made_message


def _flow_email(account: Account, subject: str, id: str) -> dict[str, Any]:
    sender = f"hello@{account.shop.domain}"
    return {"from_email": sender, "from_label": account.shop.sender, "reply_to_email": None, "cc_email": None,
            "bcc_email": None, "subject_line": subject, "preview_text": "", "smart_sending_enabled": True,
            "transactional": False, "add_tracking_params": True, "custom_tracking_params": [],
            "additional_filters": None, "name": subject, "id": id}  # fmt: skip


def _flow_sms(body: str, id: str) -> dict[str, Any]:
    return {"body": body, "image_id": None, "dynamic_image": None, "message_hierarchy": ["sms"], "shorten_links": True,
            "include_contact_card": False, "add_org_prefix": True, "add_info_link": True, "add_opt_out_language": True,
            "smart_sending_enabled": True, "sms_quiet_hours_enabled": True, "transactional": False,
            "add_tracking_params": True, "custom_tracking_params": [], "additional_filters": None,
            "name": "SMS reminder", "id": id}  # fmt: skip
