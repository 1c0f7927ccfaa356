"""Every name that audit.record accepts, as `category.operation`, with the sentence that pages show."""

from typing import Final

OPERATIONS: Final[dict[str, str]] = {
    "member.signed_in": "signed in",
    "member.sign_in_failed": "failed to sign in",
    "member.signed_out": "signed out",
    "organization.created": "created the organization",
    "organization.switched": "switched to the organization",
    "key.created": "created an API key",
    "key.revoked": "revoked an API key",
    "grant.registered": "registered an assistant",
    "grant.approved": "connected an assistant",
    "grant.refused": "refused an assistant",
    "grant.revoked": "disconnected an assistant",
    "grant.reuse_detected": "was disconnected because a spent token came back",
    "install.connect_started": "started to connect a Klaviyo account",
    "install.connect_failed": "could not connect a Klaviyo account",
    "install.connected": "connected the Klaviyo account",
    "install.reconnected": "reconnected the Klaviyo account",
    "install.needs_reconnect": "found that Klaviyo no longer accepts the connection",
    "install.token_renewed": "renewed the token of the Klaviyo account",
    "install.purchase_metric_set": "set the purchase metric",
    "install.properties_set": "set the custom properties that are kept",
    "sync.started": "started syncing",
    "sync.finished": "finished syncing",
    "sync.failed": "failed to sync",
    "tool.called": "asked",
    "receipt.exported": "exported the answer to",
    "receipt.purged": "removed receipts that were kept long enough",
    "admin.viewed": "looked at tenant data in the admin",
    "admin.acted": "acted in the admin",
}
