"""How does the link in a campaign message end all marketing, and nothing else, and only for whom it was made?

Opening the page changes nothing: crawlers and scanners open every link they see. The button acts, needs no script and
no sign-in, and gives the same page for a person who is unknown here, erased, or had stopped before.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from domain.consent import ConsentAct
from domain.ids import PageId
from domain.proof.record_sections import EntryPoint, TimeUnit
from domain.tokens import BadToken, UnsubscribeLink, read_unsubscribe
from privacy.ledger import Evidence, Ledger
from storage.errors import Busy, Unavailable
from storage.store import Store
from webhooks.follower_pages import FollowerPages, refuse_unknown_query
from webhooks.forms import read_form, refuse_other_sites

log = logging.getLogger(__name__)

QUIET_WITHIN: Final = timedelta(seconds=3)
_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeLinks:
    """The page behind every unsubscribe link."""

    store: Store
    ledger: Ledger
    shown: FollowerPages
    clock: Callable[[], datetime]
    quiet_within: timedelta = QUIET_WITHIN

    def routes(self) -> list[web.RouteDef]:
        """One address; GET asks, POST acts."""
        return [web.get("/u/{token}", self.ask), web.post("/u/{token}", self.stop)]

    async def ask(self, request: web.Request) -> web.Response:
        """One button. Nothing is looked up about the person and nothing is changed."""
        refuse_unknown_query(request)
        if self._link(request) is None:
            return await self.shown.gone(request)
        return await self.shown.show(request, "unsubscribe.html", page=await self.shown.only_page())

    async def stop(self, request: web.Request) -> web.Response:
        """The person is out of all campaigns before the answer begins; raises Unavailable when that is not sure."""
        refuse_unknown_query(request)
        refuse_other_sites(request, self.shown.public_url)
        await read_form(request, most_bytes=1024)
        link = self._link(request)
        if link is None:
            return await self.shown.gone(request)
        person = await self._withdraw(link)
        if person is not None and not await self.store.suppressions.wait_until_quiet(
            *person, at_most=self.quiet_within
        ):
            raise Unavailable("a send may still begin")
        return await self.shown.show(request, "unsubscribed.html", page=await self.shown.only_page())

    def _link(self, request: web.Request) -> UnsubscribeLink | None:
        try:
            return read_unsubscribe(request.match_info["token"], self.store.keys.link_keys())
        except BadToken:
            return None

    async def _withdraw(self, link: UnsubscribeLink) -> tuple[PageId, bytes] | None:
        """Records the withdrawal, once; who it was, or None when nobody is known under this link any more."""
        for _ in range(_TRIES - 1):
            try:
                return await self._withdraw_once(link)
            except Busy:
                continue
        return await self._withdraw_once(link)

    async def _withdraw_once(self, link: UnsubscribeLink) -> tuple[PageId, bytes] | None:
        async with self.store.database.transaction() as tx:
            lead = await self.store.leads.by_link(tx, link.link_ref)
            page = None if lead is None else await self.store.pages.get(lead.page_id)
            if lead is None or page is None:
                return None
            now, person = self.clock(), (lead.page_id, lead.suppression_handle)
            standing = (await self.store.consents.topics(tx, lead.page_id, lead.lead_id)).values()
            if standing and all(one.act is ConsentAct.WITHDRAWN for one in standing):
                await self.store.suppressions.stop(tx, *person, since=now, now=now)
            else:
                await self.ledger.record_withdrawal(tx, page, lead, _evidence(now), EntryPoint.LINK)
                log.info("link.unsubscribed", extra={"campaign": link.campaign})
        return person


def _evidence(now: datetime) -> Evidence:
    """The button's own moment; no platform event stands behind it."""
    return Evidence(
        at=now,
        event_time=None,
        unit=TimeUnit.MISSING,
        envelope_time=None,
        received_at=now,
    )
