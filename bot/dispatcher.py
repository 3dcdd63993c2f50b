"""Which handler answers an event?

Read from top to bottom: first what is about the Page, then what was sent to a person, then what the person did. Each
event is handled in one transaction with the removal of its inbox row, so its effects happen once or not at all.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.echoes import Echoes
from bot.follower import Follower
from bot.takeover import Takeover
from broadcast.receipts import Receipts
from domain.ids import PageId
from domain.inbox import InboxItem
from domain.page import Page
from domain.pauses import LIFTED_BY_STANDING, LIFTED_BY_UNBLOCK, PagePause
from messenger import events
from messenger.envelope import Incoming, parse_delivery
from privacy.erasure import Erasure
from storage.database import Transaction
from storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Handles one inbox item after the other."""

    store: Store
    follower: Follower
    echoes: Echoes
    takeover: Takeover
    receipts: Receipts
    erasure: Erasure
    clock: Callable[[], datetime]

    async def handle(self, tx: Transaction, item: InboxItem) -> None:
        """All effects of the event, in the caller's transaction; raises when they must be tried again."""
        page = await self.store.pages.get(item.page_id)
        if page is None:
            return
        for incoming in parse_delivery(item.arrival.raw.reveal("handle the event")).events:
            await self._handle(tx, page, item, incoming)

    async def _handle(self, tx: Transaction, page: Page, item: InboxItem, incoming: Incoming) -> None:
        event = incoming.event
        now = self.clock()
        match event:
            case events.PolicyEnforced():
                await self._policy(page.page_id, event)
            case events.IntegrityChanged():
                await self._integrity(page.page_id, event)
            case events.AppRoles() | events.FeedbackGiven() | events.AccountLinked() | events.UnsupportedEvent():
                return
            case events.ReadSeen() | events.ThreadControlRequested():
                return
            case events.DeliverySeen():
                await self.receipts.settle_delivered(tx, page.page_id, event.mids, now=now)
            case _:
                await self._person(tx, page, item, incoming, now)

    async def _person(self, tx: Transaction, page: Page, item: InboxItem, incoming: Incoming, now: datetime) -> None:
        event, psid = incoming.event, incoming.psid
        if psid is None or await self.erasure.is_late(tx, page.page_id, psid, incoming.at(item.received_at)):
            return
        lead = await self.store.leads.find(tx, page.page_id, psid)
        match event:
            case events.EchoSeen():
                await self.echoes.handle(tx, page, lead, item, incoming, event, now)
            case events.ThreadControlPassed() | events.ThreadControlTaken():
                if lead is not None:
                    await self.takeover.control_moved(tx, page, lead, event, incoming.at(item.received_at))
            case events.MessageDeleted():
                if lead is not None:
                    await self.follower.unsent(tx, lead, event)
            case (
                events.MessageReceived()
                | events.MessageEdited()
                | events.MessageRequestAccepted()
                | events.PostbackTapped()
                | events.ReferralFollowed()
                | events.OptInReceived()
                | events.OptOutReceived()
                | events.ReactionSeen()
            ):
                await self.follower.handle(tx, page, lead, item, incoming, now)
            case (
                events.PolicyEnforced()
                | events.IntegrityChanged()
                | events.AppRoles()
                | events.FeedbackGiven()
                | events.AccountLinked()
                | events.UnsupportedEvent()
                | events.ReadSeen()
                | events.ThreadControlRequested()
                | events.DeliverySeen()
            ):
                return
            case _:
                assert_never(event)

    async def _policy(self, page_id: PageId, event: events.PolicyEnforced) -> None:
        match event.action:
            case events.PolicyAction.WARNING:
                log.warning("page.warned", extra={"page": page_id})
            case events.PolicyAction.UNBLOCK:
                await self._lift(page_id, LIFTED_BY_UNBLOCK)
            case events.PolicyAction.BLOCK | events.PolicyAction.UNKNOWN:
                await self._pause(page_id, PagePause.POLICY_ENFORCEMENT)
            case _:
                assert_never(event.action)

    async def _integrity(self, page_id: PageId, event: events.IntegrityChanged) -> None:
        if event.status == "restricted" or event.restrictions:
            await self._pause(page_id, PagePause.BUSINESS_INTEGRITY)
        elif event.status is not None:
            await self._lift(page_id, LIFTED_BY_STANDING)

    async def _pause(self, page_id: PageId, cause: PagePause) -> None:
        if await self.store.pages.pause(page_id, cause):
            log.error("page.paused", extra={"page": page_id, "cause": cause})

    async def _lift(self, page_id: PageId, causes: Sequence[PagePause]) -> None:
        """The Page stays paused: a person decides when it sends again."""
        if await self.store.pages.lift(page_id, causes, PagePause.RESTRICTION_LIFTED):
            log.warning("page.restriction_lifted", extra={"page": page_id})
