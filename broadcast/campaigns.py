"""What may an operator do with a campaign, and what do they see of it?

Each step is refused with a reason that says what to change, or because somebody else was faster; nothing is sent from
here. The report counts every person of the audience once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from broadcast.content_faults import LONGEST_CAMPAIGN_ID, faults_of_content
from broadcast.planner import Planner
from domain.audience_text import printed
from domain.audit import AuditAction
from domain.campaign import Campaign, CampaignRefused, CampaignState, NewCampaign, faults_of_form
from domain.ids import CampaignId, LeadId, PageId
from domain.lanes import PACK, Pack, refusal_of_campaign
from domain.page import Page
from domain.texts import TextCatalog
from domain.tokens import make_unsubscribe
from storage.campaign_reports import DeliveryReport
from storage.errors import RowMissing
from storage.limits import KeptLimit

if TYPE_CHECKING:
    from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatus:
    """A campaign, what became of everybody in its audience, and what holds its Page up, if anything does."""

    campaign: Campaign
    report: DeliveryReport
    page: Page
    limit: KeptLimit | None

    @property
    def adds_up(self) -> bool:
        """Always true: every person of the audience is counted under one state."""
        return self.campaign.audience_size is None or self.report.total == self.campaign.audience_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaigns:
    """The steps of campaigns. `public_url` is where the links to stop lead; `policy` are the platform's rules."""

    store: "Store"
    catalog: TextCatalog
    public_url: str
    policy: Pack = PACK

    async def create(self, new: NewCampaign, *, now: datetime) -> CampaignId:
        """Stores a draft; raises CampaignRefused with every fault at once, or AudienceRefused for its filter."""
        page = await self._page(new.page_id)
        faults = [*faults_of_form(new, page.language), *self._faults_of_texts(new), *faults_of_page(page)]
        if new.wait_until is not None and new.wait_until <= now:
            faults.append("wait_until lies in the past; give a later time or leave it out")
        if faults:
            raise CampaignRefused(faults)
        async with self.store.database.transaction() as tx:
            wanted = await self.store.audiences.read(tx, new.page_id, new.audience)
            return await self.store.campaigns.add(tx, replace(new, audience=printed(wanted)), now=now)

    async def start(
        self, page_id: PageId, campaign_id: CampaignId, *, now: datetime, over: timedelta = timedelta()
    ) -> int:
        """Freezes the audience and lets the campaign run, spread `over` a time; how many people.

        Raises CampaignMoved or CampaignRefused.
        """
        await self._check_page(page_id, now)
        async with self.store.database.transaction() as tx:
            await self.store.campaigns.set_start(tx, page_id, campaign_id, at=now)
            await self.store.campaigns.set_spread(tx, page_id, campaign_id, over)
            return await self._planner.start(tx, page_id, campaign_id, now=now)

    async def schedule(
        self,
        page_id: PageId,
        campaign_id: CampaignId,
        *,
        now: datetime,
        at: datetime | None = None,
        wall: datetime | None = None,
        over: timedelta = timedelta(),
    ) -> datetime:
        """Lets it begin by itself at that moment, or at that time of each person's own clock; the first moment.

        The audience is frozen then. Given again, it replaces the time. Raises CampaignMoved or CampaignRefused.
        """
        page = await self._check_page(page_id)
        campaign = await self.store.campaigns.get(page_id, campaign_id)
        async with self.store.database.transaction() as tx:
            await self.store.campaigns.move(tx, page_id, campaign_id, CampaignState.SCHEDULED, now=now, begun=False)
            first = await self.store.campaigns.set_start(tx, page_id, campaign_id, at=at, wall=wall)
            await self.store.campaigns.set_spread(tx, page_id, campaign_id, over)
            if first <= now:
                raise CampaignRefused(["that time is past, for some people at least; give a later one"])
            self._check_lane(page, first)
            if campaign.wait_until is not None and campaign.wait_until <= first:
                raise CampaignRefused(["the campaign waits for people until before it begins; give an earlier time"])
        return first

    async def pause(self, page_id: PageId, campaign_id: CampaignId, *, now: datetime, cause: str = "operator") -> None:
        """Nothing of it is claimed any more once this returns; raises CampaignMoved."""
        await self._move(page_id, campaign_id, CampaignState.PAUSED, now, cause=cause)

    async def resume(self, page_id: PageId, campaign_id: CampaignId, *, now: datetime) -> CampaignState:
        """Goes on where it stopped; raises CampaignMoved.

        One that was paused before it began waits for its time again, or begins now when that is past. Gives which.
        """
        campaign = await self.store.campaigns.get(page_id, campaign_id)
        begins_later = not campaign.begun and campaign.start_at is not None and campaign.start_at > now
        target = CampaignState.SCHEDULED if begins_later else CampaignState.RUNNING
        if not campaign.begun:
            await self._check_page(page_id, campaign.start_at if begins_later else now)
        async with self.store.database.transaction() as tx:
            if campaign.begun or begins_later:
                await self.store.campaigns.move(
                    tx, page_id, campaign_id, target, now=now, only_from=CampaignState.PAUSED, begun=campaign.begun
                )
            else:
                await self._planner.start(tx, page_id, campaign_id, now=now, only_from=CampaignState.PAUSED)
        return target

    async def cancel(self, page_id: PageId, campaign_id: CampaignId, *, now: datetime) -> None:
        """Skips everybody who was not reached; calls under way end. Raises CampaignMoved."""
        await self._move(page_id, campaign_id, CampaignState.CANCELLED, now)

    async def status(self, page_id: PageId, campaign_id: CampaignId) -> CampaignStatus:
        """The campaign with its counts and its unknown messages by lead; raises RowMissing."""
        campaign = await self.store.campaigns.get(page_id, campaign_id)
        report = await self.store.reports.report(page_id, campaign_id)
        page, limit = await self._page(page_id), await self.store.limits.get(page_id)
        return CampaignStatus(campaign=campaign, report=report, page=page, limit=limit)

    async def unclear(self, page_id: PageId, campaign_id: CampaignId, leads: Sequence[LeadId] | None) -> int:
        """How many messages `send_again` would send; of these people, or of all."""
        async with self.store.database.transaction() as tx:
            return await self.store.second_tries.unclear(tx, page_id, campaign_id, leads)

    async def send_again(
        self, page_id: PageId, campaign_id: CampaignId, leads: Sequence[LeadId] | None, reason: str, *, now: datetime
    ) -> int:
        """Queues messages of unknown fate once more, for an operator who accepts that some may come twice; how many.

        The reason is kept in the audit. Raises CampaignMoved for a campaign that is not begun or cancelled, and
        CampaignRefused for one whose time is over.
        """
        await self._check_time(page_id, campaign_id, now)
        async with self.store.database.transaction() as tx:
            queued = await self.store.second_tries.send_again(tx, page_id, campaign_id, leads, now=now)
            if queued:
                subject = f"campaign/{campaign_id}"
                await self.store.audit.append(
                    tx, AuditAction.MESSAGES_SENT_AGAIN, subject, reason, now=now, page_id=page_id
                )
            return queued

    async def failed(
        self, page_id: PageId, campaign_id: CampaignId, reasons: Sequence[str], leads: Sequence[LeadId] | None
    ) -> dict[str, int]:
        """How many messages `retry` would send, by reason."""
        async with self.store.database.transaction() as tx:
            return await self.store.second_tries.failed(tx, page_id, campaign_id, reasons, leads)

    async def retry(
        self,
        page_id: PageId,
        campaign_id: CampaignId,
        reasons: Sequence[str],
        leads: Sequence[LeadId] | None,
        *,
        now: datetime,
    ) -> int:
        """Queues what surely was not sent, for reasons that may have passed; how many.

        Raises CampaignMoved for a campaign that is not begun or cancelled, and CampaignRefused for one whose time is
        over.
        """
        await self._check_time(page_id, campaign_id, now)
        async with self.store.database.transaction() as tx:
            return await self.store.second_tries.retry(tx, page_id, campaign_id, reasons, leads)

    async def _check_time(self, page_id: PageId, campaign_id: CampaignId, now: datetime) -> None:
        campaign = await self.store.campaigns.get(page_id, campaign_id)
        if campaign.wait_until is not None and campaign.wait_until <= now:
            raise CampaignRefused(["the time until which the campaign waited is over; make a new campaign for them"])

    async def _move(
        self,
        page_id: PageId,
        campaign_id: CampaignId,
        target: CampaignState,
        now: datetime,
        *,
        cause: str | None = None,
    ) -> None:
        async with self.store.database.transaction() as tx:
            await self.store.campaigns.move(tx, page_id, campaign_id, target, now=now, cause=cause)

    @property
    def _planner(self) -> Planner:
        return Planner(campaigns=self.store.campaigns, deliveries=self.store.deliveries)

    async def _check_page(self, page_id: PageId, at: datetime | None = None) -> Page:
        """Refuses what the Page lacks, and what the platform's rules do not allow at that moment."""
        page = await self._page(page_id)
        faults = faults_of_page(page)
        if faults:
            raise CampaignRefused(faults)
        if at is not None:
            self._check_lane(page, at)
        return page

    def _check_lane(self, page: Page, at: datetime) -> None:
        refusal = refusal_of_campaign(page.region, at, self.policy)
        if refusal is not None:
            raise CampaignRefused(
                [f"the platform's rules allow no campaign of this Page at that time ({refusal}): assent pages lanes"]
            )

    async def _page(self, page_id: PageId) -> Page:
        page = await self.store.pages.get(page_id)
        if page is None:
            raise RowMissing(f"Page {page_id}")
        return page

    def _faults_of_texts(self, new: NewCampaign) -> list[str]:
        """Judges the longest message anybody could get in each language."""
        token = make_unsubscribe(bytes(32), 65535, UUID(int=0), LONGEST_CAMPAIGN_ID)
        link = f"{self.public_url}/u/{token}"
        return [
            fault
            for language, content in new.contents.items()
            for fault in faults_of_content(content, f"texts.{language}", link=link, texts=self.catalog.choose(language))
        ]


def faults_of_page(page: Page) -> list[str]:
    """What the law wants to be there before the first campaign: somebody who is responsible and can be reached."""
    faults = []
    if not page.controller_name.strip():
        faults.append("name the Page's controller (pages set --controller-name)")
    if not (page.controller_contact.strip() or page.dpo_contact.strip()):
        faults.append("give a contact of the Page's controller or data protection officer (pages set)")
    return faults
