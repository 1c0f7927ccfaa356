"""Klaviyo's own SDK, pointed at a sandbox: every operation by its name in the document."""

from collections.abc import Callable
from typing import Any

from klaviyo_api import KlaviyoAPI

from tests.sandbox.running import AMERICA, Running

SERVICES = (
    "Accounts", "Campaigns", "Catalogs", "Events", "Flows", "Images", "Lists", "Metrics", "Profiles", "Reporting",
    "Segments", "Tags", "Templates",
)  # fmt: skip


class Sdk:
    """`sdk("get_events", page_size=1000)` is `KlaviyoAPI(...).Events.get_events(page_size=1000)`."""

    def __init__(self, klaviyo: Running, account: str = AMERICA) -> None:
        token = klaviyo.grant(account)["access_token"]
        api = KlaviyoAPI(api_key=None, access_token=token, test_host=klaviyo.url, max_retries=0, max_delay=1)
        self.services = [getattr(api, name) for name in SERVICES]

    def __call__(self, operation: str, *arguments: Any, **parameters: Any) -> Any:
        return self.named(operation)(*arguments, **parameters)

    def named(self, operation: str) -> Callable[..., Any]:
        found = next(service for service in self.services if hasattr(service, operation))
        called: Callable[..., Any] = getattr(found, operation)
        return called

    def ids(self, operation: str, **parameters: Any) -> list[str]:
        """Ids over all pages."""
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = self(operation, **parameters, **cursor)
            found += [one.id for one in page.data]
            following = page.links.next if page.links else None
            if not following:
                return found
            cursor = {"page_cursor": following.split("page%5Bcursor%5D=")[1].split("&")[0]}
