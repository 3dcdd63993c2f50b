"""What does a campaign say in one language?

Words with buttons, an image, or cards beside each other; quick replies under any of them. The form is the same in an
operator's file and in the database, where a version stands before it. Whether it fits the platform is judged where it
is composed.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

VERSION: Final = 1
_STORED: Final = tuple(f'{{"content":{VERSION}{behind}' for behind in ",}")
# What the payload of a marketer's own button or quick reply begins with, wherever it is read: the payloads by which
# people agree, stop or ask for their data begin with another word, so that none of these can be taken for one.
OWN_PAYLOAD: Final = "campaign"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkButton:
    """Opens a page."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TapButton:
    """Comes back as a tap with the marketer's own payload."""

    title: str
    payload: str


ContentButton: TypeAlias = LinkButton | TapButton


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One of the two: the id the platform gave for an upload, or the address it fetches the image from."""

    attachment_id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    title: str
    subtitle: str | None = None
    image: str | None = None
    link: str | None = None
    buttons: tuple[ContentButton, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What people who read one language get."""

    text: str | None = None
    image: Image | None = None
    cards: tuple[Card, ...] = ()
    buttons: tuple[ContentButton, ...] = ()
    quick_replies: tuple[TapButton, ...] = ()

    @property
    def is_media(self) -> bool:
        """Whether it counts towards the slower pace that the platform has for images."""
        return self.image is not None


class ContentInvalid(ValueError):
    """The form cannot be read; `faults` name each place and what is wrong there."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


def tap_payload(campaign_id: int, payload: str) -> str:
    """The payload that goes to the platform for a marketer's own."""
    return f"{OWN_PAYLOAD}:{campaign_id}:{payload}"


def is_own_payload(payload: str | None) -> bool:
    """Whether a tap is one of a marketer's own button or quick reply."""
    return payload is not None and payload.startswith(f"{OWN_PAYLOAD}:")


def encode(content: Content) -> str:
    """The stored form: compact JSON that begins with its version."""
    return json.dumps({"content": VERSION, **_form(content)}, ensure_ascii=False, separators=(",", ":"))


def decode(body: str) -> Content:
    """What `encode` wrote; anything else is a plain text of a version that had nothing but text."""
    if not body.startswith(_STORED):
        return Content(text=body)
    form = json.loads(body)
    del form["content"]
    return read_form(form, "")


def read_form(form: object, place: str) -> Content:
    """The content of a form: a text alone, or a table; raises ContentInvalid with every fault of its structure."""
    if isinstance(form, str):
        return Content(text=form)
    reader = _Reader()
    content = reader.content(form, place)
    if reader.faults:
        raise ContentInvalid(reader.faults)
    return content


def _form(content: Content) -> dict[str, Any]:
    members: dict[str, Any] = {
        "text": content.text,
        "image": content.image and {"attachment_id": content.image.attachment_id, "url": content.image.url},
        "cards": [
            {
                "title": card.title,
                "subtitle": card.subtitle,
                "image": card.image,
                "link": card.link,
                "buttons": [_button_form(button) for button in card.buttons],
            }
            for card in content.cards
        ],
        "buttons": [_button_form(button) for button in content.buttons],
        "quick_replies": [_button_form(reply) for reply in content.quick_replies],
    }
    found: dict[str, Any] = _without_empty(members)
    return found


def form_of(content: Content) -> str | dict[str, Any]:
    """The content as an operator's file would have it."""
    form = _form(content)
    return form["text"] if set(form) == {"text"} else form


def _button_form(button: ContentButton) -> dict[str, str]:
    if isinstance(button, LinkButton):
        return {"title": button.title, "url": button.url}
    return {"title": button.title, "payload": button.payload}


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_empty(inner) for name, inner in value.items() if inner is not None and inner != []}
    return [_without_empty(inner) for inner in value] if isinstance(value, list) else value


@dataclass(slots=True)
class _Reader:
    """Reads tables and remembers every fault on the way."""

    faults: list[str] = field(default_factory=list)

    def content(self, form: object, place: str) -> Content:
        table = self._table(form, place, ("text", "image", "cards", "buttons", "quick_replies"))
        image = table.get("image")
        return Content(
            text=self._text(table, "text", place),
            image=None if image is None else self._image(image, _at(place, "image")),
            cards=self._list(table, "cards", place, self._card),
            buttons=self._list(table, "buttons", place, self._button),
            quick_replies=self._list(table, "quick_replies", place, self._reply),
        )

    def _image(self, form: object, place: str) -> Image:
        table = self._table(form, place, ("attachment_id", "url"))
        image = Image(attachment_id=self._text(table, "attachment_id", place), url=self._text(table, "url", place))
        if (image.attachment_id is None) == (image.url is None):
            self.faults.append(f"{place}: give either attachment_id or url")
        return image

    def _card(self, form: object, place: str) -> Card:
        table = self._table(form, place, ("title", "subtitle", "image", "link", "buttons"))
        return Card(
            title=self._needed(table, "title", place),
            subtitle=self._text(table, "subtitle", place),
            image=self._text(table, "image", place),
            link=self._text(table, "link", place),
            buttons=self._list(table, "buttons", place, self._button),
        )

    def _button(self, form: object, place: str) -> ContentButton:
        table = self._table(form, place, ("title", "url", "payload"))
        title = self._needed(table, "title", place)
        url, payload = self._text(table, "url", place), self._text(table, "payload", place)
        if (url is None) == (payload is None):
            self.faults.append(f"{place}: give either url or payload")
        return TapButton(title=title, payload=payload or "") if url is None else LinkButton(title=title, url=url)

    def _reply(self, form: object, place: str) -> TapButton:
        table = self._table(form, place, ("title", "payload"))
        return TapButton(title=self._needed(table, "title", place), payload=self._needed(table, "payload", place))

    def _table(self, form: object, place: str, names: Sequence[str]) -> Mapping[str, object]:
        if not isinstance(form, Mapping):
            self.faults.append(f"{place}: must be a table with {_listed(names)}")
            return {}
        for name in form:
            if name not in names:
                self.faults.append(f"{_at(place, str(name))}: there is no such field; there are {_listed(names)}")
        return form

    def _text(self, table: Mapping[str, object], name: str, place: str) -> str | None:
        value = table.get(name)
        if value is None or isinstance(value, str):
            return value
        self.faults.append(f"{_at(place, name)}: must be a text")
        return None

    def _needed(self, table: Mapping[str, object], name: str, place: str) -> str:
        if table and name not in table:
            self.faults.append(f"{_at(place, name)}: is missing")
        return self._text(table, name, place) or ""

    def _list(
        self, table: Mapping[str, object], name: str, place: str, read: Callable[[object, str], T]
    ) -> tuple[T, ...]:
        value = table.get(name, [])
        if not isinstance(value, list):
            self.faults.append(f"{_at(place, name)}: must be a list")
            return ()
        return tuple(read(one, f"{_at(place, name)}[{number}]") for number, one in enumerate(value))


def titles(content: Content) -> Iterator[tuple[str, str]]:
    """The title of everything that can be tapped, with its place."""
    for number, button in enumerate(content.buttons):
        yield f"buttons[{number}].title", button.title
    for number, reply in enumerate(content.quick_replies):
        yield f"quick_replies[{number}].title", reply.title
    for place, card in enumerate(content.cards):
        for number, button in enumerate(card.buttons):
            yield f"cards[{place}].buttons[{number}].title", button.title


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
