"""Writing templates, universal content and images."""

import base64
import binascii
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.call import Answer, Call, nothing
from connector.sandbox.changing import CHANCE, copied, given, held, named, same_id, saved
from connector.sandbox.documents import one
from connector.sandbox.errors import Refusal, bad_body
from connector.sandbox.rendering import rendered
from connector.sandbox.things import Thing
from connector.sandbox.world import ids
from connector.sandbox.world.account import iso

EDITORS = ("CODE", "USER_DRAGGABLE", "SYSTEM_DRAGGABLE")
MOST_TEMPLATES = 1000
LARGEST_IMAGE = 5 * 1024 * 1024
MAGIC = ((b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF8", "gif"))
TAGS = re.compile(r"<[^>]+>")


def create_template(call: Call) -> Answer:
    said = given(call)
    editor = said["editor_type"]
    if editor not in EDITORS:
        raise bad_body("/data/attributes/editor_type", f"Choose one of: {', '.join(EDITORS)}.")
    dragged = editor == "SYSTEM_DRAGGABLE"
    if dragged == ("html" in said) or dragged != ("definition" in said):
        wanted = "a definition and no html" if dragged else "html and no definition"
        raise bad_body("/data/attributes/html", f"A template of type {editor} takes {wanted}.")
    _room_for_one_more(call)
    html = _html_of(said["definition"]) if dragged else said["html"]
    attributes = {"name": named(call, said["name"]), "editor_type": editor, "html": html,
                  "text": said.get("text") or _text_of(html), "amp": said.get("amp"), "created": iso(call.now)}  # fmt: skip
    hidden = {"definition": said["definition"]} if dragged else {}
    return one(call, saved(call, Thing("template", ids.short(CHANCE), attributes, {}, hidden)), 201)


def _room_for_one_more(call: Call) -> None:
    if len(call.account.of("template")) >= MOST_TEMPLATES:
        raise bad_body("/data", "The account has 1,000 templates, which is the limit for creating them by API.")


def _html_of(definition: dict[str, Any]) -> str:
    """The words of a drag-and-drop template, one block after the other."""
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("content"), str):
                found.append(part["content"])
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(definition)
    return "<html><body>" + "".join(f"<div>{words}</div>" for words in found) + "</body></html>"


def _text_of(html: str) -> str:
    return " ".join(TAGS.sub(" ", html).split())


def update_template(call: Call) -> Answer:
    same_id(call)
    thing = copied(held(call, "template", call.id))
    said = given(call)
    dragged = thing.attributes["editor_type"] == "SYSTEM_DRAGGABLE"
    if ("html" if dragged else "definition") in said:
        raise bad_body("/data/attributes/html", "html is for templates in code, definition for dragged ones.")
    if "name" in said:
        named(call, said["name"])
    if "definition" in said:
        thing.hidden["definition"] = said.pop("definition")
        said["html"] = _html_of(thing.hidden["definition"])
    if "html" in said and "text" not in said:
        said["text"] = _text_of(said["html"])
    thing.attributes.update(said)
    return one(call, saved(call, thing))


def delete_template(call: Call) -> Answer:
    call.changes.drop(call.account, held(call, "template", call.id), call.now)
    return nothing()


def clone_template(call: Call) -> Answer:
    source = held(call, "template", call.data["id"])
    _room_for_one_more(call)
    copy = copied(source)
    copy.id = ids.short(CHANCE)
    copy.attributes |= {
        "name": given(call).get("name") or f"{source.attributes['name']} (clone)",
        "created": iso(call.now),
    }
    return one(call, saved(call, copy), 201)


def render_template(call: Call) -> Answer:
    thing = copied(held(call, "template", call.data["id"]))
    context = call.data["attributes"]["context"]
    for name in ("html", "text", "amp"):
        if thing.attributes.get(name):
            thing.attributes[name] = rendered(thing.attributes[name], context)
    return one(call, thing, 201)


# Universal content.


def create_universal(call: Call) -> Answer:
    said = given(call)
    attributes = {"name": named(call, said["name"]), "definition": said["definition"], "created": iso(call.now),
                  "screenshot_status": "never_generated", "screenshot_url": ""}  # fmt: skip
    return one(call, saved(call, Thing("template-universal-content", ids.ulid(call.now, CHANCE), attributes)), 201)


def update_universal(call: Call) -> Answer:
    same_id(call)
    thing = copied(held(call, "template-universal-content", call.id))
    thing.attributes |= given(call) | {"screenshot_status": "stale"}
    return one(call, saved(call, thing))


def delete_universal(call: Call) -> Answer:
    call.changes.drop(call.account, held(call, "template-universal-content", call.id), call.now)
    return nothing()


# Images.


def image_from_url(call: Call) -> Answer:
    """A data URI is looked into. An address is taken at its word: nothing is fetched from here."""
    said = given(call)
    address = said["import_from_url"]
    if address.startswith("data:"):
        content = _decoded(address)
        return _image(call, said.get("name") or "image", _format(content), len(content), said)
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise bad_body("/data/attributes/import_from_url", "This is not an address of an image.")
    file = PurePosixPath(parts.path)
    format = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "gif": "gif"}.get(file.suffix.lstrip(".").lower(), "jpeg")
    return _image(call, said.get("name") or file.stem or "image", format, 12_345, said)


def _decoded(address: str) -> bytes:
    head, _, data = address.partition(",")
    try:
        return base64.b64decode(data, validate=True) if head.endswith(";base64") else b""
    except binascii.Error:
        raise bad_body("/data/attributes/import_from_url", "The data URI is not base64.") from None


def _format(content: bytes) -> str:
    if len(content) > LARGEST_IMAGE:
        raise Refusal(413, "payload_too_large", "Payload too large.", "An image holds at most 5 MB.")
    for magic, format in MAGIC:
        if content.startswith(magic):
            return format
    raise bad_body("/data/attributes/import_from_url", "Supported image formats: jpeg, png, gif.")


def image_upload(call: Call) -> Answer:
    file = call.upload.get("file")
    if not isinstance(file, tuple):
        raise bad_body("/file", "A file is needed.")
    name, content = file
    said = {"hidden": call.upload.get("hidden") == "true"}
    wanted = call.upload.get("name") or PurePosixPath(name or "image").stem
    return _image(call, wanted, _format(content), len(content), said)


def _image(call: Call, name: str, format: str, size: int, said: dict[str, Any]) -> Answer:
    id = ids.number(CHANCE)
    attributes = {"name": _unused(call, name), "image_url": f"https://images.example/{call.account.id}/{id}.{format}",
                  "format": format, "size": size, "hidden": bool(said.get("hidden"))}  # fmt: skip
    return one(call, saved(call, Thing("image", id, attributes), "updated_at"), 201)


def _unused(call: Call, name: str) -> str:
    """A name that matches an existing image gets a suffix."""
    taken = {image.attributes["name"] for image in call.account.of("image").values()}
    candidates = (name if count == 0 else f"{name}_{count}" for count in range(len(taken) + 1))
    return next(one for one in candidates if one not in taken)


def update_image(call: Call) -> Answer:
    same_id(call)
    thing = copied(held(call, "image", call.id))
    thing.attributes |= given(call)
    return one(call, saved(call, thing, "updated_at"))
