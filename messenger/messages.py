"""What can we send, and is it within the limits of the platform before it leaves?

Every message checks itself when it is made and names all faulty fields at once, so an operator sees
them in the editor and not as an error code in the middle of a campaign. Texts stay out of repr: a
rendered text may hold a name.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from domain.ids import Psid
from domain.personal import Pii
from messenger import limits
from messenger.strict_json import write_json

MessagingType = Literal["RESPONSE", "UPDATE", "UTILITY"]
Json = dict[str, Any]

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class FaultRule(StrEnum):
    """Which rule a field breaks."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    NOT_TEXT = "not_text"
    NOT_A_WEB_ADDRESS = "not_a_web_address"
    NOT_ONE_OF_TWO = "not_one_of_two"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One field that breaks a rule; `limit` and `found` are counts, 0 where nothing is counted."""

    field: str
    rule: FaultRule
    limit: int = 0
    found: int = 0

    def __str__(self) -> str:
        counts = f" ({self.found} of at most {self.limit})" if self.limit else ""
        return f"{self.field}: {self.rule.value}{counts}"


class MessageInvalid(ValueError):
    """The message cannot be sent as it is; `faults` names every field, the text holds no content."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("message invalid: " + "; ".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlButton:
    """Opens a page."""

    title: str = field(repr=False)
    url: str = field(repr=False)

    def faults(self, place: str, title_max: int = limits.BUTTON_TITLE_MAX) -> Iterator[Fault]:
        yield from text_faults(f"{place}.title", self.title, title_max)
        yield from url_faults(f"{place}.url", self.url)

    def json(self) -> Json:
        return {"type": "web_url", "title": self.title, "url": self.url}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostbackButton:
    """Comes back to us as a postback with this payload."""

    title: str = field(repr=False)
    payload: str = field(repr=False)

    def faults(self, place: str, title_max: int = limits.BUTTON_TITLE_MAX) -> Iterator[Fault]:
        yield from text_faults(f"{place}.title", self.title, title_max)
        yield from text_faults(f"{place}.payload", self.payload, limits.PAYLOAD_MAX)

    def json(self) -> Json:
        return {"type": "postback", "title": self.title, "payload": self.payload}


Button = UrlButton | PostbackButton


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickReply:
    """A choice under the message that vanishes with the next one: not for a control that must stay."""

    title: str = field(repr=False)
    payload: str = field(repr=False)

    def faults(self, place: str) -> Iterator[Fault]:
        yield from text_faults(f"{place}.title", self.title, limits.QUICK_REPLY_TITLE_MAX)
        yield from text_faults(f"{place}.payload", self.payload, limits.PAYLOAD_MAX)

    def json(self) -> Json:
        return {"content_type": "text", "title": self.title, "payload": self.payload}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage:
    """Words, and choices under them."""

    text: str = field(repr=False)
    quick_replies: tuple[QuickReply, ...] = ()

    def __post_init__(self) -> None:
        check(text_faults("text", self.text, limits.TEXT_MAX), _quick_reply_faults(self.quick_replies))

    def json(self) -> Json:
        return {"text": self.text, **_quick_replies(self.quick_replies)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonTemplate:
    """Words with one to three buttons that stay."""

    text: str = field(repr=False)
    buttons: tuple[Button, ...]
    quick_replies: tuple[QuickReply, ...] = ()

    def __post_init__(self) -> None:
        check(
            text_faults("text", self.text, limits.BUTTON_TEXT_MAX),
            count_faults("buttons", len(self.buttons), limits.BUTTONS_MAX),
            _button_faults("buttons", self.buttons),
            _quick_reply_faults(self.quick_replies),
        )

    def json(self) -> Json:
        buttons = [button.json() for button in self.buttons]
        payload = {"template_type": "button", "text": self.text, "buttons": buttons}
        return {"attachment": {"type": "template", "payload": payload}, **_quick_replies(self.quick_replies)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One card of a generic template; the platform fetches the image, we never do."""

    title: str = field(repr=False)
    subtitle: str | None = field(default=None, repr=False)
    image_url: str | None = field(default=None, repr=False)
    tap_url: str | None = field(default=None, repr=False)
    buttons: tuple[Button, ...] = ()

    def faults(self, place: str) -> Iterator[Fault]:
        yield from text_faults(f"{place}.title", self.title, limits.ELEMENT_TITLE_MAX)
        if self.subtitle is not None:
            yield from text_faults(f"{place}.subtitle", self.subtitle, limits.ELEMENT_SUBTITLE_MAX)
        if self.image_url is not None:
            yield from url_faults(f"{place}.image_url", self.image_url)
        if self.tap_url is not None:
            yield from url_faults(f"{place}.tap_url", self.tap_url)
        yield from count_faults(f"{place}.buttons", len(self.buttons), limits.BUTTONS_MAX, least=0)
        yield from _button_faults(f"{place}.buttons", self.buttons)

    def json(self) -> Json:
        card: Json = {"title": self.title}
        if self.subtitle is not None:
            card["subtitle"] = self.subtitle
        if self.image_url is not None:
            card["image_url"] = self.image_url
        if self.tap_url is not None:
            card["default_action"] = {"type": "web_url", "url": self.tap_url}
        if self.buttons:
            card["buttons"] = [button.json() for button in self.buttons]
        return card


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericTemplate:
    """One to ten cards beside each other."""

    elements: tuple[Element, ...]
    quick_replies: tuple[QuickReply, ...] = ()

    def __post_init__(self) -> None:
        check(
            count_faults("elements", len(self.elements), limits.ELEMENTS_MAX),
            *(element.faults(f"elements[{place}]") for place, element in enumerate(self.elements)),
            _quick_reply_faults(self.quick_replies),
        )

    def json(self) -> Json:
        elements = [element.json() for element in self.elements]
        payload = {"template_type": "generic", "elements": elements}
        return {"attachment": {"type": "template", "payload": payload}, **_quick_replies(self.quick_replies)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMessage:
    """An image, by an address the platform fetches or by an id it gave for an upload."""

    url: str | None = field(default=None, repr=False)
    attachment_id: str | None = None
    quick_replies: tuple[QuickReply, ...] = ()

    def __post_init__(self) -> None:
        one = (self.url is None) != (self.attachment_id is None)
        check(
            () if one else (Fault(field="url", rule=FaultRule.NOT_ONE_OF_TWO),),
            () if self.url is None else url_faults("url", self.url),
            () if self.attachment_id is None else text_faults("attachment_id", self.attachment_id, 100),
            _quick_reply_faults(self.quick_replies),
        )

    def json(self) -> Json:
        payload: Json = {"attachment_id": self.attachment_id} if self.url is None else {"url": self.url}
        return {"attachment": {"type": "image", "payload": payload}, **_quick_replies(self.quick_replies)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTemplate:
    """An image with buttons that stay, by the id of an upload or by its address on Facebook."""

    url: str | None = field(default=None, repr=False)
    attachment_id: str | None = None
    buttons: tuple[Button, ...] = ()
    quick_replies: tuple[QuickReply, ...] = ()

    def __post_init__(self) -> None:
        one = (self.url is None) != (self.attachment_id is None)
        check(
            () if one else (Fault(field="url", rule=FaultRule.NOT_ONE_OF_TWO),),
            () if self.url is None else url_faults("url", self.url),
            () if self.attachment_id is None else text_faults("attachment_id", self.attachment_id, 100),
            count_faults("buttons", len(self.buttons), limits.BUTTONS_MAX, least=0),
            _button_faults("buttons", self.buttons),
            _quick_reply_faults(self.quick_replies),
        )

    def json(self) -> Json:
        element: Json = {"media_type": "image"}
        element |= {"attachment_id": self.attachment_id} if self.url is None else {"url": self.url}
        if self.buttons:
            element["buttons"] = [button.json() for button in self.buttons]
        payload = {"template_type": "media", "elements": [element]}
        return {"attachment": {"type": "template", "payload": payload}, **_quick_replies(self.quick_replies)}


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilityTemplate:
    """A template the platform approved for transactional notices; never for marketing."""

    name: str
    language: str
    parameters: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        check(
            text_faults("name", self.name, 512),
            text_faults("language", self.language, 20),
            *(
                text_faults(f"parameters[{place}]", parameter, limits.TEXT_MAX)
                for place, parameter in enumerate(self.parameters)
            ),
        )

    def json(self) -> Json:
        template: Json = {"name": self.name, "language": {"code": self.language}}
        if self.parameters:
            parameters = [{"type": "text", "text": parameter} for parameter in self.parameters]
            template["components"] = [{"type": "body", "parameters": parameters}]
        return {"template": template}


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message that checked itself when it was made and comes back from storage as it was written."""

    members: Json = field(repr=False)

    def json(self) -> Json:
        return self.members


OutgoingMessage = (
    TextMessage | ButtonTemplate | GenericTemplate | ImageMessage | MediaTemplate | UtilityTemplate | StoredMessage
)


def send_body(psid: Pii[Psid], message: OutgoingMessage, metadata: str, messaging_type: MessagingType) -> bytes:
    """The bytes of a Send API call; the metadata comes back on the echo and must say nothing personal.

    A utility template always goes out as UTILITY: the platform refuses it under any other type.
    """
    check(text_faults("metadata", metadata, limits.METADATA_MAX))
    return write_json(
        {
            "recipient": {"id": psid.reveal("address of a message to the person")},
            "messaging_type": "UTILITY" if isinstance(message, UtilityTemplate) else messaging_type,
            "message": {**message.json(), "metadata": metadata},
        }
    )


def text_faults(place: str, text: str, limit: int) -> Iterator[Fault]:
    """What is wrong with a text that must be there, sendable and within the limit."""
    if not text.strip():
        yield Fault(field=place, rule=FaultRule.EMPTY)
    if _SURROGATE.search(text) or "\x00" in text:
        yield Fault(field=place, rule=FaultRule.NOT_TEXT)
    if limits.units(text) > limit:
        yield Fault(field=place, rule=FaultRule.TOO_LONG, limit=limit, found=limits.units(text))


def url_faults(place: str, url: str) -> Iterator[Fault]:
    """What is wrong with an address that a person opens or the platform fetches: http or https only."""
    yield from text_faults(place, url, limits.URL_MAX)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", url):
        yield Fault(field=place, rule=FaultRule.NOT_A_WEB_ADDRESS)


def count_faults(place: str, found: int, limit: int, *, least: int = 1) -> Iterator[Fault]:
    """What is wrong with the number of parts."""
    if found < least:
        yield Fault(field=place, rule=FaultRule.EMPTY)
    if found > limit:
        yield Fault(field=place, rule=FaultRule.TOO_MANY, limit=limit, found=found)


def check(*groups: Iterable[Fault]) -> None:
    """Raises MessageInvalid with all faults when there is one."""
    found = tuple(fault for group in groups for fault in group)
    if found:
        raise MessageInvalid(found)


def _button_faults(place: str, buttons: tuple[Button, ...]) -> Iterator[Fault]:
    for number, button in enumerate(buttons):
        yield from button.faults(f"{place}[{number}]")


def _quick_reply_faults(quick_replies: tuple[QuickReply, ...]) -> Iterator[Fault]:
    yield from count_faults("quick_replies", len(quick_replies), limits.QUICK_REPLIES_MAX, least=0)
    for number, quick_reply in enumerate(quick_replies):
        yield from quick_reply.faults(f"quick_replies[{number}]")


def _quick_replies(quick_replies: tuple[QuickReply, ...]) -> Json:
    return {"quick_replies": [one.json() for one in quick_replies]} if quick_replies else {}
