"""What every page's frame shows: organization, other organizations, what the role may do."""

from typing import Any

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, Any]:
    return {"caller": getattr(request, "caller", None)}
