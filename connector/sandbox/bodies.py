"""Bodies of writes, checked against the schemas of Klaviyo's document."""

from datetime import datetime
from email.parser import BytesParser
from email.policy import HTTP
from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match

from connector.sandbox.errors import Refusal, bad_body
from connector.sandbox.facts import Operation, raw

LARGEST = 5 * 1024 * 1024


def decoded(operation: Operation, media: str, body: bytes) -> dict[str, Any]:
    """The JSON of a request. Raises 413, 415 and 400."""
    if len(body) > LARGEST:
        raise Refusal(413, "payload_too_large", "Payload too large.", "A payload holds at most 5 MB.")
    if media.split(";")[0].strip() not in ("application/vnd.api+json", "application/json"):
        raise Refusal(415, "unsupported_media_type", "Unsupported media type.", f"Unsupported media type '{media}'.")
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise bad_body("/data", "The payload is not valid JSON.") from None
    error = best_match(_validator(operation.id).iter_errors(document))
    if error is not None:
        raise bad_body(_pointer(error), error.message[:300])
    return document


def _pointer(error: ValidationError) -> str:
    return "/" + "/".join(str(step) for step in error.absolute_path)


@cache
def _validator(operation: str) -> Draft202012Validator:
    table = raw()
    row = next(row for row in table["operations"] if row["id"] == operation)
    return Draft202012Validator({**row["body"], "schemas": table["schemas"]}, format_checker=FORMATS)


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
@FORMATS.checks("date", raises=ValueError)
def _is_a_moment(said: object) -> bool:
    return not isinstance(said, str) or bool(datetime.fromisoformat(said))


def form(media: str, body: bytes) -> dict[str, Any]:
    """A multipart form: fields as texts, files as (name, bytes)."""
    if len(body) > LARGEST:
        raise Refusal(413, "payload_too_large", "Payload too large.", "A payload holds at most 5 MB.")
    if not media.startswith("multipart/form-data"):
        raise Refusal(415, "unsupported_media_type", "Unsupported media type.", f"Unsupported media type '{media}'.")
    parsed = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {media}\r\n\r\n".encode() + body)
    found: dict[str, Any] = {}
    for part in parsed.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        file = part.get_filename()
        found[str(name)] = (file, content) if file else bytes(content or b"").decode().strip()
    return found
