"""What a refused assistant is told so that it can ask for more (RFC 6750, RFC 9728)."""

from typing import Final

from django.conf import settings

# All that any role may hold: clients ask for exactly what stands here, and the consent page lets people untick.
ALL_SCOPES: Final = "read write"


def challenge(error: str = "", description: str = "", scope: str = ALL_SCOPES) -> str:
    """The value of WWW-Authenticate; without an error where no credentials were given (RFC 6750, 3.1)."""
    parts = [f'resource_metadata="{settings.PUBLIC_URL}/.well-known/oauth-protected-resource/mcp"']
    if error:
        parts += [f'error="{error}"', f'error_description="{description}"']
    return "Bearer " + ", ".join([*parts, f'scope="{scope}"'])
