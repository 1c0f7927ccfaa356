"""Our answers to what django-oauth-toolkit asks during a flow; the decisions themselves stand in grants.py and clients.py."""

from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from django.utils.crypto import constant_time_compare
from oauth2_provider.cimd import CIMDError, SafeMetadataFetcher
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidGrantError

from accounts import grants
from accounts.caller import digest
from accounts.clients import BadRegistration, normal_document, pinned_document, redirect_matches
from accounts.limits import within_limit
from accounts.models import AccessToken, Application, Grant, RefreshToken

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
PIN_LASTS: Final = 300  # seconds until the client's own document is tried again


class Validator(OAuth2Validator):
    """oauthlib's `request` travels through one flow; `code_row` and `refresh_row` on it are the rows being exchanged."""

    # --- the client

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        return redirect_matches(redirect_uri, request.client.redirect_uris.split())

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Application, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Unknown scopes are dropped, not refused: clients ask for all they know. What is granted is reported."""
        request.scopes = [scope for scope in grants.ALL_SCOPES if scope in scopes]
        return bool(request.scopes)

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        """Secrets are 256 random bits kept as SHA-256: a slow hash would cost at every refresh and protect nothing."""
        return bool(stored_secret) and constant_time_compare(digest(provided_secret), stored_secret)

    # --- the code

    def _create_authorization_code(self, request: Any, code: dict[str, str], expires: Any = None) -> Grant:
        request.resource = request.connection.resource
        request.scopes = request.connection.scope.split()
        row = super()._create_authorization_code(request, code, expires)
        row.connection = request.connection
        row.save(update_fields=["connection"])
        return row

    def validate_code(
        self, client_id: str, code: str, client: Application, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        row = Grant.objects.select_related("connection", "user").filter(code=code, application=client).first()
        if row is None or row.connection is None:
            return False
        if row.used_at is not None:
            grants.replayed(row)
            return False
        if row.is_expired() or not grants.may_go_on(row.connection_id):
            return False
        check_resource(_resources_in(request))
        request.code_row, request.user, request.scopes = row, row.user, row.connection.scope.split()
        return True

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        return request.code_row.code_challenge or None

    def get_code_challenge_method(self, code: str, request: Any) -> str | None:
        return request.code_row.code_challenge_method or None

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Application, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Byte for byte what the authorization request named, the port included (RFC 6749, 4.1.3)."""
        return redirect_uri == request.code_row.redirect_uri

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing left to do: grants.redeem has marked the code, and keeps it so that a replay is recognized."""

    # --- the refresh token

    def validate_refresh_token(
        self, refresh_token: str, client: Application, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        rows = RefreshToken.objects.select_related("connection", "user")
        row = rows.filter(token_checksum=digest(refresh_token), application=client).order_by("-created").first()
        if row is None or row.connection is None or row.revoked is not None:
            return False
        if grants.is_reuse(row):
            grants.revoke_connection(connection=row.connection, by=None, why=grants.REUSED)
            return False
        if grants.is_expired(row) or not grants.may_go_on(row.connection_id):
            return False
        check_resource(_resources_in(request))
        request.refresh_row, request.user = row, row.user
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return request.refresh_row.connection.scope.split()

    # --- tokens

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Outside any transaction of its own: where the exchange is refused, the revocation must stay."""
        pair = grants.Pair(token["access_token"], token["refresh_token"], token["scope"], token["expires_in"])
        try:
            if request.grant_type == "refresh_token":
                grants.rotate(request.refresh_row, pair)
            else:
                grants.redeem(request.code_row, pair)
        except grants.Spent:
            raise InvalidGrantError(request=request) from None

    def revoke_token(self, token: str, token_type_hint: str | None, request: Any, *args: Any, **kwargs: Any) -> None:
        """RFC 7009: either token ends the whole connection; another client's token is left alone, silently."""
        for kind in (AccessToken, RefreshToken):
            rows = kind.objects.select_related("connection").filter(
                token_checksum=digest(token), application=request.client
            )
            for row in rows.exclude(connection=None):
                grants.revoke_connection(connection=row.connection, by=None, why="client")


class MetadataFetcher:
    """Reads a client's metadata document from the client's own address; falls back to our copy of well-known ones."""

    source: ClassVar[Any] = SafeMetadataFetcher

    def fetch(self, client_id: str) -> tuple[dict[str, Any], int]:
        """The document and the seconds it may be kept. Raises CIMDError."""
        try:
            fetched, seconds = self.source().fetch(client_id)
            return normal_document(client_id, fetched), seconds
        except (CIMDError, BadRegistration) as error:
            if pinned := pinned_document(client_id):
                return pinned, PIN_LASTS
            raise CIMDError(str(error)) from error


class FewPerAddress:
    """Documents of unknown clients are fetched while a stranger waits: so many per address and no more."""

    def has_permission(self, request: Any, client_id: str) -> bool:
        return within_limit("client-documents", request.headers.get("REMOTE_ADDR", ""), most=60, seconds=600)


def check_resource(named: list[str]) -> None:
    """RFC 8707: a client need not name a resource, but if it does it is this server. Raises `invalid_target`."""
    if any(canonical(uri) != grants.resource() for uri in named):
        raise CustomOAuth2Error(
            error="invalid_target", description=f"The only resource here is {grants.resource()}.", status_code=400
        )


def canonical(uri: str) -> str | None:
    """Scheme and host in lower case, without default port and last slash; None where it cannot name a resource."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or "@" in parts.netloc or "?" in uri or "#" in uri:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    explicit = "" if port is None or port == DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    return f"{parts.scheme}://{host}{explicit}{parts.path.removesuffix('/')}"


def _resources_in(request: Any) -> list[str]:
    return [value for name, value in request.decoded_body or [] if name == "resource"]
