"""Error reports to Sentry where SENTRY_DSN is set: what broke and where in the code, never for whom."""

from typing import TYPE_CHECKING, Any, Final

from django.utils.module_loading import import_string

from config.logs import scrub

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

DROPPED: Final = ("request", "user", "extra", "breadcrumbs", "server_name", "modules")


def report_to(dsn: str) -> None:
    """Bodies, addresses, local variables and people stay here; what is left passes through the logs' own scrubbing."""
    try:
        init = import_string("sentry_sdk.init")  # `try` and the suite's embedded parts run without the package
    except ImportError:
        raise SystemExit(
            "SENTRY_DSN needs what requirements/production.txt lists: install that, or leave the variable empty."
        ) from None
    init(
        dsn=dsn,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,
        # Theirs would read tools' arguments and answers, and add headers of their own to requests to Klaviyo. What breaks
        # is logged in any case, and that is what is sent.
        auto_enabling_integrations=False,
        trace_propagation_targets=[],
        before_send=without_people,
    )


def without_people(event: "Event", hint: "Hint") -> "Event":
    kept: Any = {name: _scrubbed(value) for name, value in event.items() if name not in DROPPED}
    if "logentry" in kept:
        kept["logentry"].pop("params", None)
    return kept


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return {key: _scrubbed(item) for key, item in value.items()} if isinstance(value, dict) else value
