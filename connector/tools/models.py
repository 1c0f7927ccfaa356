"""Answers that take longer than a call: the question is kept, a worker ends in the exact answer."""

from django.db import models
from uuid_utils.compat import uuid7

from accounts.tenancy import InOrganization


class Job(InOrganization):
    """A question being worked out. Belongs to the member and the connection that asked."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey("accounts.Membership", on_delete=models.CASCADE, related_name="+")
    connection_id = models.UUIDField(null=True)
    tool = models.CharField(max_length=40)
    args = models.JSONField()
    installs = models.JSONField(null=True, help_text="The caller's installs; null = all")
    scopes = models.JSONField(default=list)
    via = models.CharField(max_length=16)
    client = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    unit = models.CharField(max_length=24, default="accounts")
    worked_ms = models.PositiveIntegerField(default=0, help_text="Spent on it so far by workers")
    answer = models.JSONField(null=True)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "due_at"], name="job_by_due_time")]
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.tool} ({self.state})"
