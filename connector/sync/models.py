"""One sync of an install, and the checkpoint it has reached. The rows are the truth; messages only wake them."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from accounts.tenancy import InOrganization
from connector.installs.models import Install


class Run(InOrganization):
    """One sync: state, phase, n of m, waits, errors in words. At most one runs per install."""

    class Kind(models.TextChoices):
        FIRST = "first", "First load"
        INCREMENT = "increment", "Increment"
        RECONCILE = "reconcile", "Reconcile"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting for Klaviyo's rate limit"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    OPEN = (State.QUEUED, State.RUNNING, State.WAITING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    install = models.ForeignKey(Install, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    phase = models.CharField(max_length=32, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True)
    unit = models.CharField(max_length=24, blank=True)
    # What each phase has reached: {"phase": ..., "until": ..., ...}; saved in the same step as the rows it speaks of.
    checkpoint = models.JSONField(default=dict)
    due_at = models.DateTimeField(help_text="Not before then; beat wakes what is due")
    claimed_until = models.DateTimeField(null=True, help_text="A worker holds it; stale once passed")
    owner = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failures in a row at this place")
    rate_waits = models.PositiveIntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0, help_text="Events read so far")
    requests = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    queued_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["install"],
                condition=Q(state__in=["queued", "running", "waiting"]),
                name="one_open_run_per_install",
            )
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="run_by_due_time")]
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.kind} of {self.install} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN
