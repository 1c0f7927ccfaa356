"""What has names in Klaviyo: campaigns, messages, flows, lists, segments, metrics, templates, catalog items."""

from django.db import models
from uuid_utils.compat import uuid7

from accounts.tenancy import InOrganization
from connector.installs.models import Install


class Kind(models.TextChoices):
    CAMPAIGN = "campaign", "Campaign"
    FLOW = "flow", "Flow"
    MESSAGE = "message", "Message"
    LIST = "list", "List"
    SEGMENT = "segment", "Segment"
    METRIC = "metric", "Metric"
    TEMPLATE = "template", "Template"
    CATALOG_ITEM = "catalog_item", "Catalog item"


class Record(InOrganization):
    """One named object as Klaviyo last told it. `attributes` holds what only its kind has (see records/upsert.py)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    install = models.ForeignKey(Install, on_delete=models.CASCADE, related_name="records")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    klaviyo_id = models.CharField(max_length=64)
    name = models.CharField(max_length=500)
    folded = models.CharField(max_length=500, help_text="The name as names are compared (records/names.py)")
    parent = models.CharField(max_length=64, blank=True, help_text="Of a message: the campaign's or flow's Klaviyo id")
    status = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=24, blank=True)
    at = models.DateTimeField(null=True, help_text="Of a campaign: its send time")
    created = models.DateTimeField(null=True)
    updated = models.DateTimeField(null=True)
    archived = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True, help_text="When a sync no longer found it")
    attributes = models.JSONField(default=dict)
    seen_at = models.DateTimeField()
    events = models.PositiveBigIntegerField(
        null=True, help_text="Of a metric: events held when a run last counted them; ours, no listing tells it"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["install", "kind", "klaviyo_id"], name="one_record_per_object")]
        indexes = [
            models.Index(fields=["install", "kind", "folded"], name="record_by_name"),
            models.Index(fields=["install", "kind", "parent"], name="record_by_parent"),
        ]
        ordering = ("klaviyo_id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class FormerName(InOrganization):
    """A name that a record had, so that an old answer's names can be explained."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="former_names")
    name = models.CharField(max_length=500)
    folded = models.CharField(max_length=500)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["record", "folded"], name="former_name_by_record")]

    def __str__(self) -> str:
        return self.name


class Audience(InOrganization):
    """Members of a list or segment as last read into the lake, on demand, and the reading under way, if there is one.

    A question waits for it while `due_at` is set.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record = models.OneToOneField(Record, on_delete=models.CASCADE, related_name="audience")
    wanted_at = models.DateTimeField(
        null=True, help_text="A question waits for it since then; with a problem: it failed then"
    )
    fetched_at = models.DateTimeField(null=True, help_text="When the reading began that is held")
    ended_at = models.DateTimeField(null=True, help_text="When it ended")
    members = models.PositiveIntegerField(null=True)
    problem = models.CharField(max_length=200, blank=True, help_text="Why the last fetch failed, in words")
    missing_scope = models.CharField(max_length=64, blank=True, help_text="The scope for want of which it failed")
    due_at = models.DateTimeField(null=True, help_text="Nothing to read before then; beat wakes what is due")
    claimed_until = models.DateTimeField(null=True, help_text="A worker holds it; stale once passed")
    owner = models.CharField(max_length=64, blank=True)
    # What the reading has reached: {"began", "saved", "next": Klaviyo's page, "parts": staged, "restarts"}.
    checkpoint = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="audience_by_due_time")]

    def __str__(self) -> str:
        return f"members of {self.record}"


class KlaviyoReport(InOrganization):
    """One of Klaviyo's own reports as it was answered, by what was asked (insights/report_cache.py)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    install = models.ForeignKey(Install, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=24, help_text="As connector/klaviyo/resources.py names reports")
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was asked")
    asked = models.JSONField(default=dict)
    answer = models.JSONField(null=True, help_text="Rows and times; exact decimals are text")
    read_at = models.DateTimeField(null=True, help_text="Until then it has no answer")
    final = models.BooleanField(default=False, help_text="Its period was over when it was read: it is kept for good")
    owner = models.CharField(max_length=32, blank=True)
    claimed_until = models.DateTimeField(null=True, help_text="Somebody is asking Klaviyo; stale once passed")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["install", "kind", "digest"], name="one_report_per_question"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.install}"
