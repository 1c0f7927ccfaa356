"""Klaviyo's operations as rows: where they are, how they page, what they cost and which scope they need.

Source: Klaviyo's OpenAPI document of revision 2026-07-15 (tests/contract/openapi.json.gz); metrics, which the
subset of that document lacks, from the SDK of the same revision. With `payloads.py` this is the whole of what a later
revision changes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

REVISION: Final = "2026-07-15"


@dataclass(frozen=True)
class Limit:
    """Requests allowed in one second, in one minute and, where there is such a cap, in one day."""

    burst: int
    steady: int
    daily: int | None = None

    def windows(self) -> dict[int, int]:
        """Length of each window in seconds -> requests it may hold."""
        held = {1: self.burst, 60: self.steady}
        return held if self.daily is None else held | {86400: self.daily}


@dataclass(frozen=True)
class Resource:
    """One thing that can be read. `path` may hold `{id}`.

    `page_size` is the largest page, None where there are no pages; `default_page_size` what Klaviyo takes when none is
    named, None where none can be. `cursor_field` is what a reading that goes on later filters by; `one` the resource that
    reads a single object of this one.
    """

    name: str
    path: str
    type: str
    bucket: str
    scopes: tuple[str, ...]
    page_size: int | None = None
    default_page_size: int | None = None
    sort: tuple[str, ...] = ()
    cursor_field: str | None = None
    fields: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    one: str | None = None


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for by POST, PATCH or DELETE: writes, and the questions that are POSTs."""

    name: str
    method: str
    path: str
    type: str
    bucket: str
    scopes: tuple[str, ...]
    reads: bool = False


SLOW = Limit(1, 15)
SMALL = Limit(3, 60)
MEDIUM = Limit(10, 150)
# Klaviyo's page on limits says 700 a minute for this tier, the document of each operation 750: its headers settle it.
LARGE = Limit(75, 750)
XLARGE = Limit(350, 3500)
REPORT = Limit(1, 2, 225)

BUCKETS: dict[str, Limit] = {}
RESOURCES: dict[str, Resource] = {}
OPERATIONS: dict[str, Operation] = {}


def _read(
    name: str,
    path: str,
    type: str,
    limit: Limit,
    scopes: str,
    *,
    size: int | None = None,
    default: int | None = None,
    sort: str = "",
    includes: str = "",
    additional: str = "",
    cursor: str | None = None,
    fields: str = "",
    one: str | None = None,
) -> None:
    BUCKETS[name] = limit
    RESOURCES[name] = Resource(
        name=name,
        path=f"/api/{path}",
        type=type,
        bucket=name,
        scopes=tuple(scopes.split()),
        page_size=size,
        default_page_size=default,
        sort=tuple(sort.split()),
        cursor_field=cursor,
        fields=tuple(fields.split()),
        includes=tuple(includes.split()),
        additional=tuple(additional.split()),
        one=one,
    )


def _operation(
    method: str,
    name: str,
    path: str,
    type: str,
    limit: Limit,
    scopes: str,
    *,
    reads: bool = False,
) -> None:
    BUCKETS[name] = limit
    OPERATIONS[name] = Operation(name, method, f"/api/{path}", type, name, tuple(scopes.split()), reads)


# Accounts and metrics.
_read("accounts", "accounts", "account", SLOW, "accounts:read", one="account")
_read("account", "accounts/{id}", "account", SLOW, "accounts:read")
_read("metrics", "metrics", "metric", MEDIUM, "metrics:read", size=200, includes="flow-triggers", one="metric")
_read("metric", "metrics/{id}", "metric", MEDIUM, "metrics:read", includes="flow-triggers")
_operation("POST", "metric-aggregates", "metric-aggregates", "metric-aggregate", SMALL, "metrics:read", reads=True)

# Events and profiles.
_read("events", "events", "event", XLARGE, "events:read", size=1000, default=200, sort="datetime timestamp",
      includes="attributions metric profile", cursor="datetime", fields="datetime timestamp event_properties",
      one="event")  # fmt: skip
_read("event", "events/{id}", "event", MEDIUM, "events:read", includes="attributions metric profile")
_read("event-profile", "events/{id}/profile", "profile", XLARGE, "events:read profiles:read",
      additional="subscriptions predictive_analytics")  # fmt: skip
_read("profiles", "profiles", "profile", LARGE, "profiles:read", size=100, default=20,
      sort="created email id subscriptions.email.marketing.list_suppressions.timestamp "
           "subscriptions.email.marketing.suppression.timestamp updated",
      includes="conversations push-tokens", additional="subscriptions predictive_analytics", cursor="updated",
      one="profile")  # fmt: skip
_read("profile", "profiles/{id}", "profile", LARGE, "profiles:read",
      includes="conversations lists push-tokens segments", additional="subscriptions predictive_analytics")  # fmt: skip
_read("profile-lists", "profiles/{id}/lists", "list", SMALL, "lists:read profiles:read")
_read("profile-segments", "profiles/{id}/segments", "segment", SMALL, "profiles:read segments:read")

# Campaigns: listing them takes a filter on messages.channel, so one pass for each of CHANNELS.
CHANNELS: Final = ("email", "sms", "mobile_push")
_read("campaigns", "campaigns", "campaign", MEDIUM, "campaigns:read", size=100, default=100,
      sort="created_at id name scheduled_at updated_at", includes="campaign-messages tags", cursor="updated_at",
      one="campaign")  # fmt: skip
_read("campaign", "campaigns/{id}", "campaign", MEDIUM, "campaigns:read", includes="campaign-messages tags")
_read("campaign-tags", "campaigns/{id}/tags", "tag", SMALL, "campaigns:read tags:read")
_read("campaign-messages", "campaigns/{id}/campaign-messages", "campaign-message", MEDIUM, "campaigns:read",
      includes="campaign image template", one="campaign-message")  # fmt: skip
_read("campaign-message", "campaign-messages/{id}", "campaign-message", MEDIUM, "campaigns:read",
      includes="campaign image template")  # fmt: skip
_read("campaign-message-campaign", "campaign-messages/{id}/campaign", "campaign", MEDIUM, "campaigns:read")
_read("campaign-message-template", "campaign-messages/{id}/template", "template", MEDIUM,
      "campaigns:read templates:read")  # fmt: skip
_read("campaign-message-image", "campaign-messages/{id}/image", "image", MEDIUM, "campaigns:read images:read")
_read("campaign-send-job", "campaign-send-jobs/{id}", "campaign-send-job", MEDIUM, "campaigns:read")
_read("campaign-recipient-estimation-job", "campaign-recipient-estimation-jobs/{id}",
      "campaign-recipient-estimation-job", MEDIUM, "campaigns:read")  # fmt: skip
_read("campaign-recipient-estimation", "campaign-recipient-estimations/{id}", "campaign-recipient-estimation", MEDIUM,
      "campaigns:read")  # fmt: skip

# Flows.
_read("flows", "flows", "flow", SMALL, "flows:read", size=50, default=50,
      sort="created id name status trigger_type updated", includes="flow-actions tags", cursor="updated",
      one="flow")  # fmt: skip
_read("flow", "flows/{id}", "flow", SMALL, "flows:read", includes="flow-actions tags", additional="definition")
_read("flow-tags", "flows/{id}/tags", "tag", SMALL, "flows:read tags:read")
_read("flow-actions", "flows/{id}/flow-actions", "flow-action", SMALL, "flows:read", size=50, default=50,
      sort="action_type created id status updated", cursor="updated", one="flow-action")  # fmt: skip
_read("flow-action", "flow-actions/{id}", "flow-action", SMALL, "flows:read", includes="flow flow-messages")
_read("flow-action-flow", "flow-actions/{id}/flow", "flow", SMALL, "flows:read")
_read("flow-messages", "flow-actions/{id}/flow-messages", "flow-message", SMALL, "flows:read", size=50, default=50,
      sort="created id name updated", cursor="updated", one="flow-message")  # fmt: skip
_read("flow-message", "flow-messages/{id}", "flow-message", SMALL, "flows:read", includes="flow-action template")
_read("flow-message-action", "flow-messages/{id}/flow-action", "flow-action", SMALL, "flows:read")
_read("flow-message-template", "flow-messages/{id}/template", "template", SMALL, "templates:read")

# Lists and segments.
_read("lists", "lists", "list", LARGE, "lists:read", size=10, default=10, sort="created id name updated",
      includes="flow-triggers tags", cursor="updated", one="list")  # fmt: skip
_read("list", "lists/{id}", "list", LARGE, "lists:read", includes="flow-triggers tags", additional="profile_count")
_read("list-tags", "lists/{id}/tags", "tag", SMALL, "lists:read tags:read")
_read("list-flow-triggers", "lists/{id}/flow-triggers", "flow", SMALL, "flows:read lists:read")
_read("list-profiles", "lists/{id}/profiles", "profile", LARGE, "lists:read profiles:read", size=100, default=20,
      sort="joined_group_at", additional="subscriptions predictive_analytics", cursor="joined_group_at")  # fmt: skip
_read("list-profile-ids", "lists/{id}/relationships/profiles", "profile", LARGE, "lists:read profiles:read", size=100,
      default=20, sort="joined_group_at", cursor="joined_group_at")  # fmt: skip
_read("segments", "segments", "segment", LARGE, "segments:read", size=10, default=10, sort="created id name updated",
      includes="flow-triggers tags", cursor="updated", one="segment")  # fmt: skip
_read("segment", "segments/{id}", "segment", LARGE, "segments:read", includes="flow-triggers tags",
      additional="profile_count")  # fmt: skip
_read("segment-tags", "segments/{id}/tags", "tag", SMALL, "segments:read tags:read")
_read("segment-flow-triggers", "segments/{id}/flow-triggers", "flow", SMALL, "flows:read segments:read")
_read("segment-profiles", "segments/{id}/profiles", "profile", LARGE, "profiles:read segments:read", size=100,
      default=20, sort="joined_group_at", additional="subscriptions predictive_analytics",
      cursor="joined_group_at")  # fmt: skip
_read("segment-profile-ids", "segments/{id}/relationships/profiles", "profile", LARGE, "profiles:read segments:read",
      size=100, default=20, sort="joined_group_at", cursor="joined_group_at")  # fmt: skip

# Templates, images, tags, catalog.
_read("templates", "templates", "template", LARGE, "templates:read", size=10, default=10,
      sort="created id name updated", additional="definition", cursor="updated", one="template")  # fmt: skip
_read("template", "templates/{id}", "template", LARGE, "templates:read", additional="definition")
_read("universal-content", "template-universal-content", "template-universal-content", LARGE, "templates:read",
      size=100, default=20, sort="created id name updated", cursor="updated", one="universal-content-item")  # fmt: skip
_read("universal-content-item", "template-universal-content/{id}", "template-universal-content", LARGE,
      "templates:read")  # fmt: skip
_read("images", "images", "image", MEDIUM, "images:read", size=100, default=20, sort="format id name size updated_at",
      cursor="updated_at", one="image")  # fmt: skip
_read("image", "images/{id}", "image", MEDIUM, "images:read")
_read("tags", "tags", "tag", SMALL, "tags:read", size=50, default=50, sort="id name", includes="tag-group", one="tag")
_read("tag", "tags/{id}", "tag", SMALL, "tags:read", includes="tag-group")
_read("tag-tag-group", "tags/{id}/tag-group", "tag-group", SMALL, "tags:read")
_read("tag-groups", "tag-groups", "tag-group", SMALL, "tags:read", size=25, default=25, sort="id name",
      one="tag-group")  # fmt: skip
_read("tag-group", "tag-groups/{id}", "tag-group", SMALL, "tags:read")
_read("tag-group-tags", "tag-groups/{id}/tags", "tag", SMALL, "tags:read")
_read("catalog-items", "catalog-items", "catalog-item", XLARGE, "catalogs:read", size=100, default=100, sort="created",
      includes="variants", one="catalog-item")  # fmt: skip
_read("catalog-item", "catalog-items/{id}", "catalog-item", XLARGE, "catalogs:read", includes="variants")
_read("catalog-item-variants", "catalog-items/{id}/variants", "catalog-variant", XLARGE, "catalogs:read", size=100,
      default=100, sort="created")  # fmt: skip
_read("catalog-item-categories", "catalog-items/{id}/categories", "catalog-category", XLARGE, "catalogs:read",
      size=100, default=100, sort="created")  # fmt: skip
_read("catalog-variants", "catalog-variants", "catalog-variant", XLARGE, "catalogs:read", size=100, default=100,
      sort="created", one="catalog-variant")  # fmt: skip
_read("catalog-variant", "catalog-variants/{id}", "catalog-variant", XLARGE, "catalogs:read")
_read("catalog-categories", "catalog-categories", "catalog-category", XLARGE, "catalogs:read", size=100, default=100,
      sort="created", one="catalog-category")  # fmt: skip
_read("catalog-category", "catalog-categories/{id}", "catalog-category", XLARGE, "catalogs:read")
_read("catalog-category-items", "catalog-categories/{id}/items", "catalog-item", XLARGE, "catalogs:read", size=100,
      default=100, sort="created", includes="variants")  # fmt: skip

# Jobs that import profiles.
_read("bulk-import-jobs", "profile-bulk-import-jobs", "profile-bulk-import-job", MEDIUM, "lists:read profiles:read",
      size=100, default=20, sort="created_at", cursor="created_at", one="bulk-import-job")  # fmt: skip
_read("bulk-import-job", "profile-bulk-import-jobs/{id}", "profile-bulk-import-job", MEDIUM,
      "lists:read profiles:read", includes="lists")  # fmt: skip
_read("bulk-import-job-lists", "profile-bulk-import-jobs/{id}/lists", "list", MEDIUM, "lists:read")
_read("bulk-import-job-profiles", "profile-bulk-import-jobs/{id}/profiles", "profile", MEDIUM, "profiles:read",
      size=100, default=20, additional="subscriptions predictive_analytics")  # fmt: skip
_read("bulk-import-job-errors", "profile-bulk-import-jobs/{id}/import-errors", "import-error", MEDIUM,
      "profiles:read", size=100, default=20)  # fmt: skip

# Writes.
_operation("POST", "create-campaign", "campaigns", "campaign", MEDIUM, "campaigns:write")
_operation("PATCH", "update-campaign", "campaigns/{id}", "campaign", MEDIUM, "campaigns:write")
_operation("DELETE", "delete-campaign", "campaigns/{id}", "campaign", MEDIUM, "campaigns:write")
_operation("POST", "clone-campaign", "campaign-clone", "campaign", MEDIUM, "campaigns:write")
_operation("PATCH", "update-campaign-message", "campaign-messages/{id}", "campaign-message", MEDIUM, "campaigns:write")
_operation("PATCH", "set-campaign-message-image", "campaign-messages/{id}/relationships/image", "image", MEDIUM,
           "campaigns:write images:read")  # fmt: skip
_operation("POST", "assign-template", "campaign-message-assign-template", "campaign-message", MEDIUM,
           "campaigns:write")  # fmt: skip
_operation("POST", "send-campaign", "campaign-send-jobs", "campaign-send-job", MEDIUM, "campaigns:write")
_operation("PATCH", "cancel-campaign-send", "campaign-send-jobs/{id}", "campaign-send-job", MEDIUM, "campaigns:write")
_operation("POST", "estimate-recipients", "campaign-recipient-estimation-jobs", "campaign-recipient-estimation-job",
           MEDIUM, "campaigns:write")  # fmt: skip
_operation("POST", "create-template", "templates", "template", LARGE, "templates:write")
_operation("PATCH", "update-template", "templates/{id}", "template", LARGE, "templates:write")
_operation("DELETE", "delete-template", "templates/{id}", "template", LARGE, "templates:write")
_operation("POST", "clone-template", "template-clone", "template", LARGE, "templates:write")
_operation("POST", "render-template", "template-render", "template", SMALL, "templates:read", reads=True)
_operation("POST", "create-universal-content", "template-universal-content", "template-universal-content", LARGE,
           "templates:write")  # fmt: skip
_operation("PATCH", "update-universal-content", "template-universal-content/{id}", "template-universal-content", LARGE,
           "templates:write")  # fmt: skip
_operation("DELETE", "delete-universal-content", "template-universal-content/{id}", "template-universal-content",
           LARGE, "templates:write")  # fmt: skip
_operation("POST", "create-segment", "segments", "segment", replace(SLOW, daily=100), "segments:write")
_operation("PATCH", "update-segment", "segments/{id}", "segment", replace(SLOW, daily=100), "segments:write")
_operation("DELETE", "delete-segment", "segments/{id}", "segment", SMALL, "segments:write")
_operation("POST", "create-list", "lists", "list", replace(MEDIUM, daily=150), "lists:write")
_operation("PATCH", "update-list", "lists/{id}", "list", MEDIUM, "lists:write")
_operation("DELETE", "delete-list", "lists/{id}", "list", MEDIUM, "lists:write")
_operation("POST", "add-to-list", "lists/{id}/relationships/profiles", "profile", MEDIUM, "lists:write profiles:write")
_operation("DELETE", "remove-from-list", "lists/{id}/relationships/profiles", "profile", MEDIUM,
           "lists:write profiles:write")  # fmt: skip
_operation("POST", "create-profile", "profiles", "profile", LARGE, "profiles:write")
_operation("PATCH", "update-profile", "profiles/{id}", "profile", LARGE, "profiles:write")
_operation("POST", "import-profile", "profile-import", "profile", LARGE, "profiles:write")
_operation("POST", "merge-profiles", "profile-merge", "profile-merge", MEDIUM, "profiles:write")
_operation("POST", "bulk-import-profiles", "profile-bulk-import-jobs", "profile-bulk-import-job", MEDIUM,
           "lists:write profiles:write")  # fmt: skip
_operation("POST", "image-from-url", "images", "image", Limit(3, 100, 100), "images:write")
_operation("POST", "image-upload", "image-upload", "image", Limit(3, 100, 500), "images:write")
_operation("PATCH", "update-image", "images/{id}", "image", MEDIUM, "images:write")

# Reports. Each kind has a limit of its own, as Klaviyo's document says.
REPORTS: Final = ("campaign-values", "flow-values", "flow-series", "segment-values", "segment-series")
for _name in REPORTS:
    _scope = f"{_name.split('-')[0]}s:read"
    _operation("POST", _name, f"{_name}-reports", f"{_name}-report", REPORT, _scope, reads=True)

REPORT_BUCKETS: Final[Mapping[str, str]] = {name: OPERATIONS[name].bucket for name in REPORTS}
"""Kind of report -> the bucket that it is counted in."""

# Some parameters are counted a second time, on a stricter limit that every operation with that parameter shares.
STRICTER: dict[str, str] = {
    "additional-fields[list]=profile_count": "list-profile-count",
    "additional-fields[segment]=profile_count": "segment-profile-count",
    "additional-fields[profile]=predictive_analytics": "profile-predictive-analytics",
    "include=lists": "profile-include-lists",
    "include=segments": "profile-include-segments",
}
BUCKETS.update(dict.fromkeys(STRICTER.values(), SLOW), **{"profile-predictive-analytics": MEDIUM})


def buckets(resource: Resource, include: Collection[str] = (), additional: Collection[str] = ()) -> tuple[str, ...]:
    """Every bucket that one request is counted against, the resource's own first."""
    asked = [f"include={name}" for name in include]
    asked += [f"additional-fields[{resource.type}]={name}" for name in additional]
    return (resource.bucket, *(STRICTER[one] for one in asked if one in STRICTER))


# What each scope is asked for, in words for the person who grants it.
SCOPES: dict[str, str] = {
    "accounts:read": "to know which account this is, its time zone and its currency",
    "metrics:read": "to know what its events are called",
    "events:read": "to count opens, clicks, orders and sign-ups",
    "profiles:read": "to tell how many people did something, and whether they may be mailed",
    "campaigns:read": "to name campaigns and report on them",
    "flows:read": "to name flows and report on them",
    "lists:read": "to report on lists and who is on them",
    "segments:read": "to report on segments and who is in them",
    "templates:read": "to read the wording of e-mails",
    "tags:read": "to find campaigns and flows by their tags",
    "catalogs:read": "to name products in carts and orders",
    "images:read": "to reuse pictures in drafts",
    "campaigns:write": "to deliver campaign drafts that a person approved",
    "templates:write": "to deliver e-mail drafts that a person approved",
    "segments:write": "to deliver segment drafts that a person approved",
    "lists:write": "to deliver list changes that a person approved",
    "profiles:write": "to put people on a list when a person approved it",
    "images:write": "to deliver pictures that a person approved",
}
