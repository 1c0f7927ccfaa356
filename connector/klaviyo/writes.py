"""Changes to a Klaviyo account. Each is sent once; when its answer is lost, we look for its result before sending again.

Klaviyo knows no idempotency keys. So a created object is found by what was asked for and when; a changed one by being as
asked. What cannot be found with certainty raises Unconfirmed: the caller's own look, with the ids it has stored, decides.
Each method returns Klaviyo's resource object, `{"type", "id", "attributes", "relationships"}`.
"""

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.klaviyo import filters, payloads
from connector.klaviyo.client import Klaviyo
from connector.klaviyo.errors import NotFound, TryLater, Unconfirmed
from connector.klaviyo.filters import Filter
from connector.klaviyo.resources import CHANNELS

Json = dict[str, Any]
Look = Callable[[], Json | None]

LOOKS = (0.0, 1.0, 3.0)
"""Seconds before each look: Klaviyo shows a new object a moment late."""
SKEW = timedelta(seconds=30)
"""How far Klaviyo's clock and ours may be apart."""
MEMBERS = 1000
"""Profiles in one change of a list; more in one import."""
IMPORTED = 10_000


class Writes:
    """The changes of one account. `known` ids are never taken for the result of a new write: pass what is stored."""

    def __init__(
        self,
        klaviyo: Klaviyo,
        known: Collection[str] = (),
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._klaviyo = klaviyo
        self._known = set(known)
        self._now = now
        self._sleep = sleep

    # Campaigns

    def create_campaign(self, campaign: payloads.Campaign) -> Json:
        """A draft with its message. Nothing is sent."""
        audiences = {"included": list(campaign.included), "excluded": list(campaign.excluded)}
        wanted = {"name": campaign.name, "audiences": audiences}
        return self._made("create-campaign", campaign.body(), self._new_campaign(wanted, (campaign.channel,)))

    def clone_campaign(self, id: str, new_name: str) -> Json:
        """A draft like campaign `id`, under a new name."""
        body = payloads.resource("campaign", {"new_name": new_name}, id)
        return self._made("clone-campaign", body, self._new_campaign({"name": new_name}, CHANNELS))

    def update_campaign(self, id: str, attributes: Mapping[str, Any]) -> Json:
        """Name, audiences, send options, strategy of a campaign that was not sent; what is left out stays."""
        return self._changed("update-campaign", "campaign", id, attributes)

    def delete_campaign(self, id: str) -> None:
        self._gone("delete-campaign", "campaign", id)

    def update_message(self, id: str, definition: Mapping[str, Any]) -> Json:
        """Subject, sender, text: `definition` holds the channel and what changes."""
        return self._changed("update-campaign-message", "campaign-message", id, {"definition": dict(definition)})

    def set_message_image(self, id: str, image_id: str) -> None:
        body = {"data": {"type": "image", "id": image_id}}

        def look() -> Json | None:
            image = self._object("campaign-message-image", id)
            return image if image is not None and image["id"] == image_id else None

        self._once("set-campaign-message-image", look, id, body)

    def assign_template(self, message_id: str, template_id: str) -> Json:
        """Gives the message a copy of the template as it is now. Returns the message."""

        def look() -> Json | None:
            mine, source = self._object("campaign-message-template", message_id), self._object("template", template_id)
            same = mine and source and mine["attributes"].get("html") == source["attributes"].get("html")
            return self._object("campaign-message", message_id) if same else None

        return self._once("assign-template", look, body=payloads.with_template(message_id, template_id))

    def send_campaign(self, id: str) -> Json:
        """Sends, or schedules, a campaign: what its strategy says. Never sent a second time by itself."""
        body = payloads.resource("campaign-send-job", id=id)
        return self._once("send-campaign", lambda: self._sending(id), body=body, repeat=False)

    def cancel_campaign(self, id: str) -> None:
        """Stops a send for good."""
        self._stop(id, "cancel", "Cancelled")

    def revert_campaign(self, id: str) -> None:
        """Makes a scheduled campaign a draft again."""
        self._stop(id, "revert", "Draft")

    def estimate_recipients(self, id: str, patience: float = 20.0) -> int:
        """How many people a campaign would reach, before Smart Sending. Raises TryLater when it is not known yet."""
        body = payloads.resource("campaign-recipient-estimation-job", id=id)
        job = self._once("estimate-recipients", lambda: self._object(ESTIMATION_JOB, id), body=body)
        while job["attributes"]["status"] not in ("complete", "cancelled"):
            if patience <= 0:
                raise TryLater(10.0, "Klaviyo is still estimating the recipients.")
            self._sleep(1.0)
            patience -= 1.0
            job = self._klaviyo.get(ESTIMATION_JOB, id)["data"]
        count: int = self._klaviyo.get(ESTIMATION, id)["data"]["attributes"]["estimated_recipient_count"]
        return count

    # Templates

    def create_template(self, name: str, html: str, text: str | None = None, editor: str = "CODE") -> Json:
        attributes = {"name": name, "editor_type": editor, "html": html}
        body = payloads.resource("template", attributes if text is None else {**attributes, "text": text})
        return self._made(
            "create-template", body, self._new("templates", {"name": name, "html": html}, filters.at_least)
        )

    def clone_template(self, id: str, name: str) -> Json:
        body = payloads.resource("template", {"name": name}, id)
        return self._made("clone-template", body, self._new("templates", {"name": name}, filters.at_least))

    def update_template(self, id: str, attributes: Mapping[str, Any]) -> Json:
        """Name, html, text. A template that a live flow uses changes what that flow sends."""
        return self._changed("update-template", "template", id, attributes)

    def delete_template(self, id: str) -> None:
        self._gone("delete-template", "template", id)

    def render_template(self, id: str, context: Mapping[str, Any]) -> Json:
        """A template filled in: html, text. Changes nothing."""
        body = payloads.resource("template", {"context": dict(context)}, id)
        rendered: Json = self._klaviyo.ask("render-template", body)["data"]
        return rendered

    # Segments and lists

    def create_segment(self, name: str, definition: Mapping[str, Any], starred: bool = False) -> Json:
        attributes = {"name": name, "definition": dict(definition), "is_starred": starred}
        look = self._new("segments", {"name": name}, filters.after)
        return self._made("create-segment", payloads.resource("segment", attributes), look)

    def update_segment(self, id: str, attributes: Mapping[str, Any]) -> Json:
        """Name, definition, star. A new definition takes Klaviyo time to work out."""
        return self._changed("update-segment", "segment", id, attributes)

    def delete_segment(self, id: str) -> None:
        self._gone("delete-segment", "segment", id)

    def create_list(self, name: str, opt_in: str | None = None) -> Json:
        """`opt_in`: single_opt_in or double_opt_in; Klaviyo's default when None."""
        attributes = {"name": name} if opt_in is None else {"name": name, "opt_in_process": opt_in}
        look = self._new("lists", {"name": name}, filters.after)
        return self._made("create-list", payloads.resource("list", attributes), look)

    def update_list(self, id: str, attributes: Mapping[str, Any]) -> Json:
        """Its name, or how people opt in."""
        return self._changed("update-list", "list", id, attributes)

    def delete_list(self, id: str) -> None:
        self._gone("delete-list", "list", id)

    def add_to_list(self, id: str, people: Sequence[str]) -> None:
        """Puts profiles on a list, 1000 at a time; who is on it stays. It is no consent, and may start a flow."""
        for part in _parts(people, MEMBERS):
            self._once("add-to-list", self._joined(id, part), id, payloads.references("profile", part))

    def remove_from_list(self, id: str, people: Sequence[str]) -> None:
        """Takes profiles off a list, 1000 at a time; who is not on it is no error."""
        for part in _parts(people, MEMBERS):
            self._once("remove-from-list", self._left(id, part), id, payloads.references("profile", part))

    # Profiles

    def import_profile(self, attributes: Mapping[str, Any]) -> Json:
        """Makes or updates the profile with this id, email, phone_number or external_id; what is left out stays."""
        body = payloads.resource("profile", _without_id(attributes), attributes.get("id"))
        return self._once("import-profile", self._like(attributes), body=body)

    def bulk_import(self, profiles: Sequence[Mapping[str, Any]], list_id: str | None = None) -> Json:
        """Starts the import of up to 10,000 profiles, onto a list if one is given. Returns the job."""
        if len(profiles) > IMPORTED:
            raise ValueError(f"One import takes up to {IMPORTED} profiles.")
        look = self._new_job(len(profiles))
        return self._made("bulk-import-profiles", payloads.bulk_import(profiles, list_id), look)

    # Images

    def image_from_url(self, url: str, name: str, hidden: bool = False) -> Json:
        """Klaviyo fetches the picture itself; `url` may be a data: address with the picture in it."""
        attributes = {"import_from_url": url, "name": name, "hidden": hidden}
        look = self._new("images", {"name": _named(name)}, filters.at_least, "updated_at")
        return self._made("image-from-url", payloads.resource("image", attributes), look)

    def upload_image(self, content: bytes, name: str, media_type: str, hidden: bool = False) -> Json:
        """Up to 5 MB of jpeg, png or gif."""
        look = self._new("images", {"name": _named(name)}, filters.at_least, "updated_at")
        form = {"name": name, "hidden": "true" if hidden else "false"}
        return self._once("image-upload", look, files={"file": (name, content, media_type)}, form=form)

    # How a write is made sure of

    def _once(self, operation: str, look: Look, id: str | None = None, body: Json | None = None, *,
              repeat: bool = True, files: Mapping[str, Any] | None = None,
              form: Mapping[str, str] | None = None) -> Json:  # fmt: skip
        """Send; if the answer is lost, look; if there is no result to be found, send once more, and look again."""
        for last in (False, True) if repeat else (True,):
            try:
                return self._klaviyo.write(operation, id, body, files, form).get("data") or {}
            except Unconfirmed:
                found = self._looked(look)
                if found is not None:
                    return found
                if last:
                    raise
        raise AssertionError("unreachable")

    def _looked(self, look: Look) -> Json | None:
        for pause in LOOKS:
            self._sleep(pause)
            found = look()
            if found is not None:
                return found
        return None

    def _made(self, operation: str, body: Json, look: Look) -> Json:
        return self._once(operation, look, body=body)

    def _changed(self, operation: str, kind: str, id: str, attributes: Mapping[str, Any]) -> Json:
        def look() -> Json | None:
            now = self._klaviyo.get(kind, id)["data"]
            return now if _holds(now["attributes"], attributes) else None

        return self._once(operation, look, id, payloads.resource(kind, attributes, id))

    def _gone(self, operation: str, kind: str, id: str) -> None:
        """Deleted; or it was gone already."""
        try:
            self._once(operation, lambda: {} if self._object(kind, id) is None else None, id)
        except NotFound:
            return

    def _object(self, kind: str, id: str) -> Json | None:
        try:
            found: Json = self._klaviyo.get(kind, id)["data"]
        except NotFound:
            return None
        return found

    def _stop(self, id: str, action: str, status: str) -> None:
        def look() -> Json | None:
            campaign = self._object("campaign", id)
            return campaign if campaign is not None and campaign["attributes"]["status"].startswith(status) else None

        self._once("cancel-campaign-send", look, id, payloads.resource("campaign-send-job", {"action": action}, id))

    def _sending(self, id: str) -> Json | None:
        """The job of a send that was taken, for a draft that had none in hand."""
        job, campaign = self._object("campaign-send-job", id), self._object("campaign", id)
        if job is None or campaign is None:
            return None
        under_way = job["attributes"]["status"] in ("queued", "processing")
        return job if under_way or campaign["attributes"]["status"] not in ("Draft", "Cancelled") else None

    # How results are found

    def _new(self, kind: str, wanted: Mapping[str, Any], since: Callable[[str, datetime], Filter],
             clock: str = "created") -> Look:  # fmt: skip
        """The one object made (or changed) since now that is as wanted."""
        start = self._now() - SKEW
        return lambda: self._only(self._objects(kind, since(clock, start)), wanted)

    def _new_campaign(self, wanted: Mapping[str, Any], channels: Collection[str]) -> Look:
        start = self._now() - SKEW

        def look() -> Json | None:
            of = [
                filters.all_of(filters.equals("messages.channel", one), filters.at_least("created_at", start))
                for one in channels
            ]
            return self._only([found for one in of for found in self._objects("campaigns", one)], wanted)

        return look

    def _new_job(self, count: int) -> Look:
        start = self._now() - SKEW

        def look() -> Json | None:
            jobs = next(iter(self._klaviyo.pages("bulk-import-jobs", sort="-created_at", size=20))).data
            fresh = [one for one in jobs if datetime.fromisoformat(one["attributes"]["created_at"]) >= start]
            return self._only(fresh, {"total_count": count})

        return look

    def _objects(self, kind: str, filter: Filter) -> Iterator[Json]:
        for page in self._klaviyo.pages(kind, filter=filter):
            yield from page.data

    def _only(self, objects: Collection[Json] | Iterator[Json], wanted: Mapping[str, Any]) -> Json | None:
        """The one that is as wanted. Of several nobody can say which is ours."""
        like = [one for one in objects if one["id"] not in self._known and _holds(one["attributes"], wanted)]
        if len(like) > 1:
            raise Unconfirmed("Klaviyo holds several new objects like the one that was written.")
        return like[0] if like else None

    def _joined(self, id: str, people: Collection[str]) -> Look:
        """Have all of them just joined? Who had joined before does no harm: adding is repeated and changes nothing."""
        since = filters.at_least("joined_group_at", self._now() - SKEW)

        def look() -> Json | None:
            pages = self._klaviyo.pages("list-profile-ids", id=id, filter=since)
            joined = {one["id"] for page in pages for one in page.data}
            return {} if joined.issuperset(people) else None

        return look

    def _left(self, id: str, people: Sequence[str]) -> Look:
        """A removal is one change: the first and the last stand for all."""

        def look() -> Json | None:
            ends = {people[0], people[-1]}
            lists = [self._klaviyo.get("profile-lists", one)["data"] for one in ends]
            return {} if not any(held["id"] == id for held_by_one in lists for held in held_by_one) else None

        return look

    def _like(self, attributes: Mapping[str, Any]) -> Look:
        key = next((name for name in ("id", "email", "phone_number", "external_id") if attributes.get(name)), None)
        if key is None:
            raise ValueError("A profile is known by id, email, phone_number or external_id.")
        wanted = _without_id(attributes)

        def look() -> Json | None:
            held = self._objects("profiles", filters.equals(key, attributes[key]))
            return next((one for one in held if _holds(one["attributes"], wanted)), None)

        return look


ESTIMATION_JOB = "campaign-recipient-estimation-job"
ESTIMATION = "campaign-recipient-estimation"


def _parts(people: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(people), size):
        yield people[start : start + size]


def _without_id(attributes: Mapping[str, Any]) -> Json:
    """A profile's attributes alone: its id stands beside them."""
    return {name: value for name, value in attributes.items() if name != "id"}


def _named(name: str) -> re.Pattern[str]:
    """An image of this name: Klaviyo adds _1, _2 and so on when the name is taken."""
    return re.compile(re.escape(name) + r"(_\d+)?")


def _holds(held: Any, wanted: Any) -> bool:
    """Everything wanted is so; what else there is does not matter."""
    if isinstance(wanted, re.Pattern):
        return isinstance(held, str) and wanted.fullmatch(held) is not None
    if isinstance(wanted, Mapping):
        return isinstance(held, Mapping) and all(_holds(held.get(name), value) for name, value in wanted.items())
    return bool(held == wanted)
