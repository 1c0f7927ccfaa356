"""Shapes of the REST door. Every field is listed: the next secret column must not become public by itself."""

from typing import Any

from rest_framework import serializers

from audit.models import AuditEvent
from connector.receipts.models import Receipt
from connector.sync.models import Run


class ToolSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="name")
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    scope = serializers.CharField()
    input_schema = serializers.JSONField()
    output_schema = serializers.JSONField()


class RunSerializer(serializers.ModelSerializer[Run]):
    account = serializers.CharField(source="install.klaviyo_id")

    class Meta:
        model = Run
        fields = (
            "id", "account", "kind", "state", "phase", "done", "total", "unit", "events", "rate_waits",
            "error", "queued_at", "started_at", "finished_at",
        )  # fmt: skip


class ReceiptRowSerializer(serializers.ModelSerializer[Receipt]):
    id = serializers.CharField(source="public_id")
    answer = serializers.CharField(source="answer.answer")
    status = serializers.CharField(source="answer.status")

    class Meta:
        model = Receipt
        fields = ("id", "tool", "args", "answer", "status", "user_label", "via", "assistant", "created_at", "took_ms")


class ReceiptSerializer(serializers.ModelSerializer[Receipt]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Receipt
        fields = (
            "id",
            "tool",
            "args",
            "resolved",
            "versions",
            "answer",
            "user_label",
            "via",
            "assistant",
            "created_at",
            "took_ms",
        )


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    class Meta:
        model = AuditEvent
        fields = (
            "id", "at", "category", "operation", "outcome", "actor_label", "role", "via", "assistant", "assistant_version",
            "account_label", "subject_kind", "subject_id", "subject_label", "before", "after", "duration_ms", "rows", "receipt",
            "request_id", "ip",
        )  # fmt: skip
