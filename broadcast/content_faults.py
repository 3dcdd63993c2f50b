"""What must be changed before this content can go to everybody it may be meant for?

Every limit of the platform is held against the longest form that anybody could get, less the room that the control to
stop takes. Each fault names its place, as in `texts.de.cards[2].buttons[0].title: 24 of at most 20`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from broadcast.composing import BUTTONS, CAPTION_MAX, compose, is_on_facebook, stop_line
from domain.content import Card, Content, ContentButton, Image, LinkButton, TapButton, tap_payload, titles
from domain.ids import CampaignId
from domain.keywords import is_stop
from domain.personalisation import TemplateRefused, graphemes, longest, personalise
from domain.texts import Texts
from messenger import limits
from messenger.messages import Fault, FaultRule, MessageInvalid, count_faults, text_faults, url_faults

LONGEST_CAMPAIGN_ID: Final = CampaignId(2**63 - 1)
_ATTACHMENT_ID_MAX: Final = 40
_WORDS: Final = {
    FaultRule.EMPTY: "is empty",
    FaultRule.NOT_TEXT: "holds characters that cannot be sent",
    FaultRule.NOT_A_WEB_ADDRESS: "give an address that begins with https://",
    FaultRule.NOT_ONE_OF_TWO: "give one of the two",
}
# A person's name as long as one can be, so that every text is at its longest.
_NAME: Final = "n" * 60


def faults_of_content(content: Content, place: str, *, link: str, texts: Texts) -> list[str]:
    """Every fault, each behind its place; `link` is as long as the longest link to stop."""
    judge = _Judge(content, place, link, texts)
    judge.look()
    if not judge.faults:
        judge.try_it()
    return judge.faults


@dataclass(slots=True)
class _Judge:
    content: Content
    place: str
    link: str
    texts: Texts
    faults: list[str] = field(default_factory=list)

    def look(self) -> None:
        content = self.content
        if content.cards:
            for name, there in (("text", content.text), ("image", content.image), ("buttons", content.buttons)):
                if there:
                    self._say(name, "cards stand alone; put it into one of them")
            self._cards(content.cards)
        elif content.image is not None:
            self._image(content.image)
        elif content.text is not None:
            self._words(content.text)
        else:
            self.faults.append(f"{self.place}: give a text, an image or cards")
        self._replies()
        for name, title in titles(content):
            self._no_stop(name, title)

    def try_it(self) -> None:
        """The message itself has the last word."""
        for name in (_NAME, None):
            try:
                compose(
                    self.content, first_name=name, link=self.link, campaign_id=LONGEST_CAMPAIGN_ID, texts=self.texts
                )
            except MessageInvalid as invalid:
                self._add(invalid.faults)

    def _words(self, text: str) -> None:
        stop = limits.units(stop_line(self.link, self.texts))
        limit = limits.BUTTON_TEXT_MAX if self.content.buttons else limits.TEXT_MAX
        form = self._form("text", text, at_longest=True)
        if form is not None:
            self._text("text", form.rstrip(), limit - stop)
        self._buttons("buttons", self.content.buttons, BUTTONS)

    def _image(self, image: Image) -> None:
        if image.url is not None:
            self._url("image.url", image.url)
        elif not (image.attachment_id or "").isdecimal() or len(image.attachment_id or "") > _ATTACHMENT_ID_MAX:
            self._say("image.attachment_id", "give the number that the platform gave for the upload")
        if image.url is not None and not _on_facebook(image.url):
            self._short("text", self.content.text or "", CAPTION_MAX)
        elif self.content.text is not None:
            self._say("text", "the platform shows no words with an uploaded image; leave them out or use a card")
        self._buttons("buttons", self.content.buttons, BUTTONS)

    def _cards(self, cards: Sequence[Card]) -> None:
        self._add(count_faults("cards", len(cards), limits.ELEMENTS_MAX))
        for number, card in enumerate(cards):
            place, is_last = f"cards[{number}]", number == len(cards) - 1
            self._short(f"{place}.title", card.title, limits.ELEMENT_TITLE_MAX)
            if card.subtitle is not None:
                self._short(f"{place}.subtitle", card.subtitle, limits.ELEMENT_SUBTITLE_MAX)
            for name, url in (("image", card.image), ("link", card.link)):
                if url is not None:
                    self._url(f"{place}.{name}", url)
            if not (is_last or card.subtitle or card.image or card.buttons):
                self._say(place, "give it a subtitle, an image or a button beside its title")
            self._buttons(f"{place}.buttons", card.buttons, BUTTONS if is_last else limits.BUTTONS_MAX)

    def _buttons(self, place: str, buttons: Sequence[ContentButton], limit: int) -> None:
        self._add(count_faults(place, len(buttons), limit, least=0))
        for number, button in enumerate(buttons):
            at = f"{place}[{number}]"
            self._short(f"{at}.title", button.title, limits.BUTTON_TITLE_MAX)
            if isinstance(button, LinkButton):
                self._url(f"{at}.url", button.url)
            else:
                self._payload(f"{at}.payload", button.payload)

    def _replies(self) -> None:
        replies: tuple[TapButton, ...] = self.content.quick_replies
        stop_is_one = isinstance(self.content.text, str) and self._needs_reply_to_stop(self.content.text)
        self._add(count_faults("quick_replies", len(replies), limits.QUICK_REPLIES_MAX - stop_is_one, least=0))
        for number, reply in enumerate(replies):
            at = f"quick_replies[{number}]"
            self._short(f"{at}.title", reply.title, limits.QUICK_REPLY_TITLE_MAX)
            self._payload(f"{at}.payload", reply.payload)

    def _needs_reply_to_stop(self, text: str) -> bool:
        """Whether somebody may get a text that is too long for a button."""
        if self.content.image or self.content.cards or self.content.buttons:
            return False
        try:
            whole = longest(text).rstrip() + stop_line(self.link, self.texts)
        except TemplateRefused:
            return False
        return limits.units(whole) > limits.BUTTON_TEXT_MAX

    def _no_stop(self, place: str, title: str) -> None:
        try:
            words = personalise(title, first_name=None)
        except TemplateRefused:
            return
        if is_stop(words):
            self._say(place, "reads like a way to stop, which it is not; every message has one already")

    def _short(self, place: str, template: str, limit: int) -> None:
        """A name that does not fit gives way to the words behind the bar, so these are what must fit."""
        form = self._form(place, template, at_longest=False)
        if form is not None:
            self._text(place, form, limit)

    def _form(self, place: str, template: str, *, at_longest: bool) -> str | None:
        try:
            return longest(template) if at_longest else personalise(template, first_name=None)
        except TemplateRefused as refused:
            self._say(place, str(refused))
            return None

    def _text(self, place: str, text: str, limit: int) -> None:
        for fault in text_faults(place, text, limit):
            self._add([fault], seen=graphemes(text))

    def _payload(self, place: str, payload: str) -> None:
        room = limits.PAYLOAD_MAX - limits.units(tap_payload(LONGEST_CAMPAIGN_ID, ""))
        self._add(text_faults(place, payload, room))

    def _url(self, place: str, url: str) -> None:
        faults = list(url_faults(place, url))
        self._add(faults)
        if not faults and not url.lower().startswith("https://"):
            self._say(place, _WORDS[FaultRule.NOT_A_WEB_ADDRESS])

    def _add(self, faults: Sequence[Fault] | Iterator[Fault], seen: int | None = None) -> None:
        for fault in faults:
            self._say(fault.field, _sentence(fault, seen))

    def _say(self, place: str, what: str) -> None:
        self.faults.append(f"{self.place}.{place}: {what}")


def _on_facebook(url: str) -> bool:
    try:
        return is_on_facebook(url)
    except ValueError:
        return False


def _sentence(fault: Fault, seen: int | None) -> str:
    if not fault.limit:
        return _WORDS[fault.rule]
    counted = f"{fault.found} of at most {fault.limit}"
    if seen is not None and seen != fault.found:
        return (
            f"{counted} (the platform counts the {seen} you see as {fault.found}: emoji and some letters are several)"
        )
    return counted
