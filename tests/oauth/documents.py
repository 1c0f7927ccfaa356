"""Clients' metadata documents without a network."""

from typing import Any, ClassVar

from oauth2_provider.cimd import CIMDError


class Documents:
    """What stands at which address; everything else cannot be reached."""

    at: ClassVar[dict[str, dict[str, Any]]] = {}
    fetched: ClassVar[list[str]] = []

    def fetch(self, client_id: str) -> tuple[dict[str, Any], int]:
        self.fetched.append(client_id)
        if client_id not in self.at:
            raise CIMDError("could not be reached")
        return dict(self.at[client_id]), 300
