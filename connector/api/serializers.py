"""Shapes of the REST door. Every field is listed: the next secret column must not become public by itself."""

from typing import Any

from rest_framework import serializers

from audit.models import AuditEvent
from connector.receipts.models import Receipt, ReceiptInstall
from connector.sync.models import Run


class ToolSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="name")
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    scope = serializers.CharField()
    input_schema = serializers.JSONField()
    output_schema = serializers.JSONField()


class NamedSerializer(serializers.Serializer[Any]):
    """An object of Klaviyo's: its id there, its name."""

    id = serializers.CharField()
    name = serializers.CharField()


class AccountSerializer(serializers.Serializer[Any]):
    """Describes a row of insights.account_list, which the tool list_accounts gives as well."""

    id = serializers.CharField(help_text="Klaviyo's id of the account")
    name = serializers.CharField()
    account = NamedSerializer()
    client = serializers.CharField(allow_null=True)
    status = serializers.CharField()
    reason = serializers.CharField(required=False)
    complete = serializers.BooleanField(help_text="The whole history is held")
    time_zone = serializers.CharField()
    currency = serializers.CharField()
    purchase_metric = NamedSerializer(allow_null=True)
    connected_at = serializers.DateTimeField(allow_null=True)
    connected_by = serializers.CharField(allow_null=True)
    last_sync_at = serializers.DateTimeField(allow_null=True)
    complete_from = serializers.DateTimeField(allow_null=True)
    complete_to = serializers.DateTimeField(allow_null=True)
    reports_left_today = serializers.IntegerField(allow_null=True)
    scopes_missing = serializers.ListField(child=serializers.CharField())


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
    answer = serializers.CharField(source="sentence")

    class Meta:
        model = Receipt
        fields = (
            "id",
            "tool",
            "question",
            "args",
            "answer",
            "status",
            "user_label",
            "via",
            "assistant",
            "created_at",
            "took_ms",
        )


class ReceiptInstallSerializer(serializers.ModelSerializer[ReceiptInstall]):
    """An account of the answer, and the version of each table that was read; null where nothing was."""

    class Meta:
        model = ReceiptInstall
        fields = ("install_id", "versions")


class ReceiptSerializer(serializers.ModelSerializer[Receipt]):
    id = serializers.CharField(source="public_id")
    installs = ReceiptInstallSerializer(many=True)

    class Meta:
        model = Receipt
        fields = (
            "id",
            "tool",
            "args",
            "question",
            "status",
            "definition_version",
            "answer",
            "installs",
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
