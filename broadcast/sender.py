"""How does one message leave?

Every message carries the id of its attempt, so that its echo proves it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from broadcast.composing import compose
from broadcast.failures import Consequence
from domain.campaign import text_for
from domain.content import Content
from domain.delivery import NotSent, metadata_of
from domain.ids import CampaignId, Psid
from domain.page import Page
from domain.personal import Pii
from domain.personalisation import TemplateRefused
from domain.texts import TextCatalog, Texts
from domain.tokens import make_unsubscribe
from messenger.client import MessengerClient, SendResult
from messenger.messages import MessageInvalid, MessagingType, OutgoingMessage, StoredMessage
from storage.deliveries import ClaimedDelivery
from storage.keys import Keys
from storage.outbox import ClaimedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignContent:
    """What a campaign says, by language."""

    campaign_id: CampaignId
    texts: Mapping[str, Content]

    @property
    def is_media(self) -> bool:
        """Whether somebody may get an image: then all of it goes at the slower pace."""
        return any(content.is_media for content in self.texts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLinks:
    """Each person's own link to stop; it names nobody and works without signing in."""

    public_url: str
    keys: Keys

    def of(self, link_ref: UUID, campaign_id: CampaignId) -> str:
        key = self.keys.ring.link_key()
        return f"{self.public_url}/u/{make_unsubscribe(key.secret, key.kid, link_ref, campaign_id)}"


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
        language, said = text_for(content.texts, delivery.profile.language, page.language)
        name = delivery.profile.first_name if page.use_first_name else None
        link = self.links.of(delivery.link_ref, content.campaign_id)
        try:
            return compose(
                said,
                first_name=name and name.reveal("put the name into the person's own message"),
                link=link,
                campaign_id=content.campaign_id,
                texts=self._in(language),
            )
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
