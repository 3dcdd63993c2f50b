"""Is this message one that the platform would take? Shapes and limits of the Send API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from simulator.errors import GraphError, bad_parameter

TEXT_UNITS = 2000
METADATA_LENGTH = 1000
QUICK_REPLIES = 13
TITLE_LENGTH = 20
PAYLOAD_LENGTH = 1000
BUTTON_TEXT_LENGTH = 640
BUTTONS = 3
ELEMENTS = 10
ELEMENT_TEXT_LENGTH = 80
IMAGES = 30

MEDIA_TYPES = frozenset({"image", "audio", "video", "file"})
# The ten-a-second class. Meta does not name images and files; the slower class is the safer guess.
SLOW_TYPES = MEDIA_TYPES
BUTTON_TYPES = frozenset(
    {"web_url", "postback", "phone_number", "account_link", "account_unlink", "game_play", "audio_call"}
)
QUICK_REPLY_TYPES = frozenset({"text", "user_phone_number", "user_email"})


def utf16_units(text: str) -> int:
    """Length as the platform counts it (surrogate pairs are two)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def digest(message: dict[str, Any]) -> str:
    """SHA-256 of the message without its `metadata`, as sorted compact ASCII JSON: equal for equal content."""
    content = {key: value for key, value in message.items() if key != "metadata"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def is_slow(message: dict[str, Any]) -> bool:
    """Whether the message counts towards the ten a second for media."""
    attachment = message.get("attachment")
    return (isinstance(attachment, dict) and attachment.get("type") in SLOW_TYPES) or "attachments" in message


def check_message(message: Any) -> None:
    """Raises GraphError with the platform's code when the message breaks a rule."""
    if not isinstance(message, dict):
        raise bad_parameter("param message must be an object.")
    metadata = message.get("metadata")
    if metadata is not None and (not isinstance(metadata, str) or len(metadata) >= METADATA_LENGTH):
        raise bad_parameter(f"Param message[metadata] must be a string shorter than {METADATA_LENGTH}.")
    bodies = [key for key in ("text", "attachment", "attachments", "sticker_id", "template") if message.get(key)]
    if not bodies:
        raise GraphError("empty")
    if len(bodies) > 1 and "attachment" in bodies:
        raise bad_parameter("Param message must hold either text or an attachment, not both.")
    for key, check in _CHECKS.items():
        if message.get(key) is not None:
            check(message[key])


def _check_text(text: Any) -> None:
    if not isinstance(text, str):
        raise bad_parameter("Param message[text] must be a string.")
    if utf16_units(text) >= TEXT_UNITS:
        raise bad_parameter(f"Length of param message[text] must be less than {TEXT_UNITS}")
    if not text.strip():
        raise GraphError("empty")


def _short(value: Any, longest: int, where: str, *, needed: bool = True) -> None:
    if value is None and not needed:
        return
    if not isinstance(value, str) or (needed and not value):
        raise bad_parameter(f"Param {where} must be a non-empty string.")
    if utf16_units(value) > longest:
        raise bad_parameter(f"Length of param {where} must be less than or equal to {longest}")


def _listed(value: Any, fewest: int, most: int, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise bad_parameter(f"Param {where} must be an array of objects.")
    if not fewest <= len(value) <= most:
        raise bad_parameter(f"Param {where} must have between {fewest} and {most} elements.")
    return value


def _check_quick_replies(replies: Any) -> None:
    for number, reply in enumerate(_listed(replies, 1, QUICK_REPLIES, "message[quick_replies]")):
        where = f"message[quick_replies][{number}]"
        if reply.get("content_type") not in QUICK_REPLY_TYPES:
            raise bad_parameter(f"Param {where}[content_type] must be one of {sorted(QUICK_REPLY_TYPES)}")
        if reply["content_type"] == "text":
            _short(reply.get("title"), TITLE_LENGTH, f"{where}[title]")
            _short(reply.get("payload"), PAYLOAD_LENGTH, f"{where}[payload]")


def check_buttons(buttons: Any, where: str, *, fewest: int = 0) -> None:
    """Raises GraphError unless these are at most three well-formed buttons."""
    for number, button in enumerate(_listed(buttons, fewest, BUTTONS, where)):
        at = f"{where}[{number}]"
        kind = button.get("type")
        if kind not in BUTTON_TYPES:
            raise bad_parameter(f"Param {at}[type] must be one of {sorted(BUTTON_TYPES)}")
        if kind not in ("account_link", "account_unlink"):
            _short(button.get("title"), TITLE_LENGTH, f"{at}[title]")
        if kind == "postback":
            _short(button.get("payload"), PAYLOAD_LENGTH, f"{at}[payload]")
        if kind == "web_url":
            _check_url(button.get("url"), f"{at}[url]")


def _check_url(url: Any, where: str) -> None:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise bad_parameter(f"Param {where} should represent a valid URL.")


def _check_attachment(attachment: Any) -> None:
    kind = attachment.get("type") if isinstance(attachment, dict) else None
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    if not isinstance(payload, dict):
        raise bad_parameter("Param message[attachment] must have a type and a payload.")
    if kind == "template":
        check = _TEMPLATES.get(str(payload.get("template_type")))
        if check is None:
            raise bad_parameter("Param payload[template_type] is not a known template.")
        check(payload)
    elif kind not in MEDIA_TYPES:
        raise bad_parameter(f"Param message[attachment][type] must be one of {sorted(MEDIA_TYPES)} or template")
    elif payload.get("attachment_id") is None:
        _check_url(payload.get("url"), "message[attachment][payload][url]")


def _check_images(attachments: Any) -> None:
    for attachment in _listed(attachments, 1, IMAGES, "message[attachments]"):
        if attachment.get("type") != "image":
            raise bad_parameter("Param message[attachments] may hold images only.")
        _check_attachment(attachment)


def _button_template(payload: dict[str, Any]) -> None:
    _short(payload.get("text"), BUTTON_TEXT_LENGTH, "payload[text]")
    check_buttons(payload.get("buttons"), "payload[buttons]", fewest=1)


def _generic_template(payload: dict[str, Any]) -> None:
    for number, element in enumerate(_listed(payload.get("elements"), 1, ELEMENTS, "payload[elements]")):
        where = f"payload[elements][{number}]"
        _short(element.get("title"), ELEMENT_TEXT_LENGTH, f"{where}[title]")
        _short(element.get("subtitle"), ELEMENT_TEXT_LENGTH, f"{where}[subtitle]", needed=False)
        check_buttons(element.get("buttons") or [], f"{where}[buttons]")
        action = element.get("default_action")
        if action is not None:
            _check_url(action.get("url") if isinstance(action, dict) else None, f"{where}[default_action]")


def _media_template(payload: dict[str, Any]) -> None:
    element = _listed(payload.get("elements"), 1, 1, "payload[elements]")[0]
    if element.get("media_type") not in ("image", "video"):
        raise bad_parameter("Param payload[elements][0][media_type] must be image or video")
    if not (element.get("attachment_id") or element.get("url")):
        raise bad_parameter("Param payload[elements][0] needs an attachment_id or a url")
    check_buttons(element.get("buttons") or [], "payload[elements][0][buttons]")


def _image_grid(payload: dict[str, Any]) -> None:
    _listed(payload.get("elements"), 2, 6, "payload[elements]")
    check_buttons(payload.get("buttons") or [], "payload[buttons]")


def _receipt(payload: dict[str, Any]) -> None:
    for key in ("recipient_name", "order_number", "currency", "payment_method"):
        _short(payload.get(key), PAYLOAD_LENGTH, f"payload[{key}]")
    summary = payload.get("summary")
    if not isinstance(summary, dict) or "total_cost" not in summary:
        raise bad_parameter("Param payload[summary][total_cost] is required")
    _listed(payload.get("elements") or [], 0, 100, "payload[elements]")


def _opt_in_template(payload: dict[str, Any]) -> None:
    _short(payload.get("title"), 65, "payload[title]")
    _short(payload.get("payload"), PAYLOAD_LENGTH, "payload[payload]")


def _anything(_: dict[str, Any]) -> None:
    """Templates that exist but that nobody here sends: shape unchecked."""


_TEMPLATES: dict[str, Callable[[dict[str, Any]], None]] = {
    "button": _button_template,
    "generic": _generic_template,
    "media": _media_template,
    "image_grid": _image_grid,
    "receipt": _receipt,
    "notification_messages": _opt_in_template,
    "product": _anything,
    "coupon": _anything,
    "customer_feedback": _anything,
}

_CHECKS: dict[str, Callable[[Any], None]] = {
    "text": _check_text,
    "quick_replies": _check_quick_replies,
    "attachment": _check_attachment,
    "attachments": _check_images,
}
