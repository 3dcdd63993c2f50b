"""What did the person attach, as far as this program can say?

An address in an attachment comes from a person and is never fetched. A type that is not in the
table is kept as UNSUPPORTED with its name, so that the bot can answer that it cannot read it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from domain.personal import Pii
from messenger import fields

ATTACHMENTS_MAX: Final = 100


class AttachmentKind(StrEnum):
    """The attachment types that are told apart."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"
    STICKER = "sticker"
    LOCATION = "location"
    SHARE = "share"
    TEMPLATE = "template"
    REEL = "reel"
    POST = "post"
    APPOINTMENT = "appointment"
    UNSUPPORTED = "unsupported"


_KINDS: Final = {
    "image": AttachmentKind.IMAGE,
    "audio": AttachmentKind.AUDIO,
    "video": AttachmentKind.VIDEO,
    "file": AttachmentKind.FILE,
    "sticker": AttachmentKind.STICKER,
    "location": AttachmentKind.LOCATION,
    "fallback": AttachmentKind.SHARE,
    "share": AttachmentKind.SHARE,
    "template": AttachmentKind.TEMPLATE,
    "reel": AttachmentKind.REEL,
    "ig_reel": AttachmentKind.REEL,
    "post": AttachmentKind.POST,
    "ig_post": AttachmentKind.POST,
    "appointment_booking": AttachmentKind.APPOINTMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One attachment; `type_name` is the platform's word, None when it is no plain word."""

    kind: AttachmentKind
    type_name: str | None
    title: Pii[str] | None = None
    url: Pii[str] | None = None
    sticker_id: str | None = field(default=None, repr=False)
    coordinates: Pii[tuple[float, float]] | None = None


def read_attachments(value: Any) -> tuple[Attachment, ...]:
    """Every attachment in order, at most ATTACHMENTS_MAX; nothing is dropped for being unknown."""
    return tuple(_read(item) for item in fields.items(value)[:ATTACHMENTS_MAX])


def _read(item: Any) -> Attachment:
    found = fields.members(item)
    type_name = fields.name(found.get("type"))
    kind = _KINDS.get(type_name or "", AttachmentKind.UNSUPPORTED)
    payload = fields.members(found.get("payload"))
    sticker_id = fields.identifier(payload.get("sticker_id"))
    if sticker_id is not None and kind is AttachmentKind.IMAGE:
        kind = AttachmentKind.STICKER
    return Attachment(
        kind=kind,
        type_name=type_name,
        title=fields.private(_first(found.get("title"), payload.get("title"))),
        url=fields.private(_first(payload.get("url"), found.get("url"), found.get("URL"))),
        sticker_id=sticker_id,
        coordinates=_coordinates(payload.get("coordinates")),
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if isinstance(value, str) and value), None)


def _coordinates(value: Any) -> Pii[tuple[float, float]] | None:
    found = fields.members(value)
    latitude, longitude = _degrees(found.get("lat")), _degrees(found.get("long"))
    if latitude is None or longitude is None:
        return None
    return Pii((latitude, longitude))


def _degrees(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 180:
        return None
    return float(value)
