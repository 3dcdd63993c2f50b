"""How does one message leave, and what does every campaign message carry?

A campaign message ends with a line that says how to stop, with the person's own link and the stop word, and has a
button (where the text is too long for one: a quick reply) that stops at once. None of it can be left out. Every
message carries the id of its attempt, so that its echo proves it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from broadcast.failures import Consequence
from domain.campaign import text_for
from domain.delivery import NotSent, metadata_of
from domain.ids import CampaignId, Psid
from domain.page import Page
from domain.personal import Pii
from domain.personalisation import TemplateRefused, personalise
from domain.stop_payload import STOP_PAYLOAD
from domain.texts import TextCatalog, Texts
from domain.tokens import make_unsubscribe
from messenger import limits
from messenger.client import MessengerClient, SendResult
from messenger.messages import (
    ButtonTemplate,
    MessageInvalid,
    MessagingType,
    OutgoingMessage,
    PostbackButton,
    QuickReply,
    StoredMessage,
    TextMessage,
)
from storage.deliveries import ClaimedDelivery
from storage.keys import Keys
from storage.outbox import ClaimedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignContent:
    """What a campaign says, by language."""

    campaign_id: CampaignId
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLinks:
    """Each person's own link to stop; it names nobody and works without signing in."""

    public_url: str
    keys: Keys

    def of(self, link_ref: UUID, campaign_id: CampaignId) -> str:
        key = self.keys.ring.link_key()
        return f"{self.public_url}/u/{make_unsubscribe(key.secret, key.kid, link_ref, campaign_id)}"


def compose(text: str, link: str, campaign_id: CampaignId, texts: Texts) -> OutgoingMessage:
    """The whole message with its line and control to stop; raises MessageInvalid when it does not fit."""
    line = texts.text("chat.campaign.unsubscribe_line", url=link)
    title = texts.text("chat.campaign.unsubscribe_title")
    payload = f"{STOP_PAYLOAD}:{campaign_id}"
    whole = f"{text.rstrip()}\n\n{line}"
    if limits.units(whole) <= limits.BUTTON_TEXT_MAX:
        return ButtonTemplate(text=whole, buttons=(PostbackButton(title=title, payload=payload),))
    return TextMessage(text=whole, quick_replies=(QuickReply(title=title, payload=payload),))


@dataclass(slots=True, kw_only=True)
class Sender:
    """Makes the calls; what a failed one means for message, person and Page is decided by whoever asked."""

    client: MessengerClient
    catalog: TextCatalog
    links: StopLinks
    clock: Callable[[], datetime]
    _texts: dict[str, Texts] = field(default_factory=dict)

    def render(self, page: Page, content: CampaignContent, delivery: ClaimedDelivery) -> OutgoingMessage | None:
        """The message this person gets, in their language where it was written in it; None when it cannot be sent."""
        language, template = text_for(content.texts, delivery.profile.language, page.language)
        name = delivery.profile.first_name if page.use_first_name else None
        link = self.links.of(delivery.link_ref, content.campaign_id)
        try:
            text = personalise(template, first_name=name and name.reveal("put the name into the person's own message"))
            return compose(text, link, content.campaign_id, self._in(language))
        except (MessageInvalid, TemplateRefused):
            return None

    async def deliver(
        self, page: Page, delivery: ClaimedDelivery, message: OutgoingMessage, *, begin_by: float
    ) -> SendResult | Consequence:
        """One campaign message; not begun after `begin_by` of the loop's clock."""
        return await self._call(page, delivery.profile.psid, message, delivery.attempt_id, begin_by, "UPDATE")

    async def answer(self, page: Page, answer: ClaimedAnswer, *, begin_by: float) -> SendResult | Consequence:
        """One bot answer; not begun after `begin_by` of the loop's clock."""
        message = StoredMessage(dict(answer.message))
        return await self._call(page, answer.psid, message, answer.attempt_id, begin_by, "RESPONSE")

    async def _call(
        self,
        page: Page,
        psid: Pii[Psid],
        message: OutgoingMessage,
        attempt_id: UUID,
        begin_by: float,
        messaging_type: MessagingType,
    ) -> SendResult | Consequence:
        left = begin_by - asyncio.get_running_loop().time()
        if left <= 0:
            return Consequence(outcome=NotSent("given_back", self.clock()))
        return await self.client.send(
            page.page_id, page.token, psid, message, metadata_of(attempt_id), messaging_type, begin_within=left
        )

    def _in(self, language: str) -> Texts:
        found = self._texts.get(language)
        if found is None:
            found = self._texts[language] = self.catalog.choose(language)
        return found
