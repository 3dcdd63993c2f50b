"""How does a campaign's content become one person's message, and what does every campaign message carry?

Words end with a line that says how to stop, with the person's own link and the stop word, and have a button (where the
text is too long for one: a quick reply) that stops at once. An image and the last of several cards have that button.
Room for it is kept by the checks of the content, so that no button of a marketer can push it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from domain.content import Content, ContentButton, LinkButton, TapButton, tap_payload
from domain.ids import CampaignId
from domain.personalisation import fitting, personalise
from domain.stop_payload import STOP_PAYLOAD
from domain.texts import Texts
from messenger import limits
from messenger.messages import (
    Button,
    ButtonTemplate,
    Element,
    GenericTemplate,
    MediaTemplate,
    OutgoingMessage,
    PostbackButton,
    QuickReply,
    TextMessage,
    UrlButton,
)

BUTTONS: Final = limits.BUTTONS_MAX - 1
"""How many buttons are left beside the one that stops."""
CAPTION_MAX: Final = limits.ELEMENT_TITLE_MAX


def compose(
    content: Content, *, first_name: str | None, link: str, campaign_id: CampaignId, texts: Texts
) -> OutgoingMessage:
    """The whole message with its control to stop; raises MessageInvalid or TemplateRefused for unchecked content."""
    return _Composer(first_name, link, campaign_id, texts).message(content)


def stop_line(link: str, texts: Texts) -> str:
    """What stands under the words of every text."""
    return f"\n\n{texts.text('chat.campaign.unsubscribe_line', url=link)}"


def is_on_facebook(url: str) -> bool:
    """Whether the platform takes the address for an image with buttons; others it takes for the image of a card."""
    host = urlsplit(url).hostname or ""
    return host == "facebook.com" or host.endswith(".facebook.com")


@dataclass(frozen=True, slots=True)
class _Composer:
    first_name: str | None
    link: str
    campaign_id: CampaignId
    texts: Texts

    def message(self, content: Content) -> OutgoingMessage:
        replies = self._replies(content.quick_replies)
        if content.cards:
            last = len(content.cards) - 1
            elements = tuple(
                Element(
                    title=self._fitting(card.title, limits.ELEMENT_TITLE_MAX),
                    subtitle=card.subtitle and self._fitting(card.subtitle, limits.ELEMENT_SUBTITLE_MAX),
                    image_url=card.image,
                    tap_url=card.link,
                    buttons=self._buttons(card.buttons, stop=place == last),
                )
                for place, card in enumerate(content.cards)
            )
            return GenericTemplate(elements=elements, quick_replies=replies)
        if content.image is not None:
            buttons = self._buttons(content.buttons, stop=True)
            if content.image.url is not None and not is_on_facebook(content.image.url):
                caption = self._fitting(content.text or "", CAPTION_MAX)
                card = Element(title=caption, image_url=content.image.url, buttons=buttons)
                return GenericTemplate(elements=(card,), quick_replies=replies)
            return MediaTemplate(
                url=content.image.url,
                attachment_id=content.image.attachment_id,
                buttons=buttons,
                quick_replies=replies,
            )
        return self._words(content, replies)

    def _words(self, content: Content, replies: tuple[QuickReply, ...]) -> OutgoingMessage:
        text = personalise(content.text or "", first_name=self.first_name).rstrip()
        whole = text + stop_line(self.link, self.texts)
        if content.buttons or limits.units(whole) <= limits.BUTTON_TEXT_MAX:
            return ButtonTemplate(text=whole, buttons=self._buttons(content.buttons, stop=True), quick_replies=replies)
        return TextMessage(text=whole, quick_replies=(*replies, QuickReply(title=self._title, payload=self._payload)))

    @property
    def _title(self) -> str:
        return self.texts.text("chat.campaign.unsubscribe_title")

    @property
    def _payload(self) -> str:
        return f"{STOP_PAYLOAD}:{self.campaign_id}"

    def _buttons(self, buttons: Sequence[ContentButton], *, stop: bool) -> tuple[Button, ...]:
        made = tuple(self._button(button) for button in buttons)
        return (*made, PostbackButton(title=self._title, payload=self._payload)) if stop else made

    def _button(self, button: ContentButton) -> Button:
        title = self._fitting(button.title, limits.BUTTON_TITLE_MAX)
        if isinstance(button, LinkButton):
            return UrlButton(title=title, url=button.url)
        return PostbackButton(title=title, payload=tap_payload(self.campaign_id, button.payload))

    def _replies(self, replies: Sequence[TapButton]) -> tuple[QuickReply, ...]:
        return tuple(
            QuickReply(
                title=self._fitting(reply.title, limits.QUICK_REPLY_TITLE_MAX),
                payload=tap_payload(self.campaign_id, reply.payload),
            )
            for reply in replies
        )

    def _fitting(self, template: str, limit: int) -> str:
        return fitting(template, first_name=self.first_name, limit=limit)
