"""What the description of the API says beyond the views: how keys are shown, what a page of rows looks like."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers


class KeyScheme(OpenApiAuthenticationExtension):
    """Known to the generator from the moment it is defined."""

    target_class = "connector.api.authentication.KeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key, from the page API keys."}


PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
}


def page_of(serializer: type[serializers.BaseSerializer[Any]]) -> Any:
    """`{"results": [...], "next": URL or null}`."""
    name = serializer.__name__.removesuffix("Serializer")
    return inline_serializer(
        f"{name}Page", {"results": serializer(many=True), "next": serializers.URLField(allow_null=True)}
    )


def problems(*statuses: int) -> dict[Any, OpenApiResponse]:
    """Responses by problem+json."""
    return {(status, "application/problem+json"): OpenApiResponse(PROBLEM) for status in statuses}
