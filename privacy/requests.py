"""Who may ask for their data or its erasure, how do they learn what became of it, and what may an operator decide?

A request in the chat is authenticated by the platform. One from elsewhere says nothing about anybody until it is
confirmed there. The status code is made from the link key and the request, so only its hash is stored, and asking twice
gives the same code.
"""

import asyncio
import hmac
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.data_request import (
    EXTENDED_MONTHS,
    STATUS_LIFE,
    DataRequest,
    ExtensionReason,
    RefusalReason,
    RequestKind,
    RequestSource,
    RequestState,
    due_at,
    may_extend,
    status_code,
    status_hash,
)
from domain.ids import PageId
from domain.lead import Lead
from domain.page import Page
from domain.personal import Pii
from domain.proof.entry import length_prefixed
from domain.texts import TextCatalog
from domain.tokens import BadToken, in_one_word, read_receipt_code
from messenger.messages import TextMessage
from privacy.erasure import Erasure, known_code, receipt_of, status_url
from storage import jobs
from storage.database import Transaction
from storage.outbox import OutboxMessage
from storage.sealing import derive
from storage.store import Store

EXPORT_JOB = "export.build"
NO_PAGE = PageId("-")
NOT_MATCHED = "not_matched"
_PLATFORM_LABEL = "assent/platform-request/v1"


class RequestRefused(ValueError):
    """The request cannot be decided that way; the text says what to do instead."""

    code = "requests.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRequest:
    """What the person gets back: the code by which they can ask what became of it."""

    request_id: UUID
    status_code: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStatus:
    """What a status page may show: states and dates, nothing about anybody."""

    kind: RequestKind
    state: RequestState
    reason: str | None
    received_at: datetime
    due_at: datetime
    completed_at: datetime | None
    horizon: datetime | None
    page_id: PageId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Opens, shows and decides data requests; `holidays` are days on which nothing is due."""

    store: Store
    clock: Callable[[], datetime]
    public_url: str
    random_bytes: Callable[[int], bytes] = field(default=os.urandom, repr=False)
    holidays: Collection[date] = field(default_factory=frozenset)

    async def open(
        self,
        tx: Transaction,
        page: Page,
        lead: Lead,
        kind: RequestKind,
        source: RequestSource,
        now: datetime,
        *,
        answered: bool = True,
    ) -> OpenedRequest:
        """The person's open request of this kind, new when there is none; the clock runs from its first receipt.

        Access from the chat is under way at once, an erasure waits for its confirmation. What is not from the chat,
        or was asked where the bot keeps still (`answered` is False), waits for `approve`.
        """
        found = await self.store.requests.open_of_kind(tx, lead.page_id, lead.lead_id, kind)
        if found is not None:
            return self._opened(found)
        at_once = answered and kind is RequestKind.ACCESS and source is RequestSource.CHAT
        request = self._request(
            request_id=UUID(bytes=self.random_bytes(16), version=4),
            page_id=lead.page_id,
            lead=lead,
            kind=kind,
            source=source,
            state=RequestState.IN_PROGRESS if at_once else RequestState.PENDING,
            now=now,
            zone=await zone_of(page),
        )
        await self.store.requests.add(tx, request)
        return self._opened(request)

    async def open_platform_request(self, user_id: Pii[str], issued_at: datetime) -> str:
        """The code for the platform's deletion callback; the same call gives the same code and one request.

        The platform names people there by an id that no chat knows: the person is asked to confirm in the chat, and
        the id itself is not kept.
        """
        key = derive(self.store.keys.ring.suppression_key, _PLATFORM_LABEL)
        name = user_id.reveal("tell repeated callbacks apart").encode()
        message = length_prefixed(name, issued_at.astimezone(UTC).isoformat().encode())
        request = self._request(
            request_id=UUID(bytes=hmac.digest(key, message, sha256)[:16], version=4),
            page_id=NO_PAGE,
            lead=None,
            kind=RequestKind.ERASURE,
            source=RequestSource.PLATFORM,
            state=RequestState.PENDING,
            now=self.clock(),
            zone=UTC,
            reason=NOT_MATCHED,
        )
        async with self.store.database.transaction() as tx:
            if not await self.store.requests.add(tx, request):
                request = await self._locked(tx, request.request_id)
        return in_one_word(known_code(self.store, request))

    async def status_of(self, code: str) -> RequestStatus | None:
        """What became of the request with this code, however typed; None for any other, and 90 days after its end."""
        try:
            hashed = status_hash(read_receipt_code(code))
        except BadToken:
            return None
        async with self.store.database.transaction() as tx:
            request = await self.store.requests.by_status(tx, hashed)
        if request is None or (request.completed_at and request.completed_at + STATUS_LIFE < self.clock()):
            return None
        horizon = request.steps.get("horizon")
        return RequestStatus(
            kind=request.kind,
            state=request.state,
            reason=request.reason,
            received_at=request.received_at,
            due_at=request.due_at,
            completed_at=request.completed_at,
            horizon=horizon and datetime.fromisoformat(horizon),
            page_id=None if request.page_id == NO_PAGE else request.page_id,
        )

    def url_of(self, code: str) -> str:
        """The address of the status page of this code."""
        return status_url(self.public_url, code)

    # For operators

    async def list(self, page_id: PageId | None = None, *, open_only: bool = True) -> list[DataRequest]:
        """Requests of a Page, or of all, the next due first."""
        async with self.store.database.transaction() as tx:
            return await self.store.requests.listed(tx, page_id, open_only=open_only)

    async def show(self, request_id: UUID) -> DataRequest:
        """One request; raises RequestRefused when there is none of this id."""
        async with self.store.database.transaction() as tx:
            return await self._locked(tx, request_id)

    async def certificate_of(self, request: DataRequest) -> str | None:
        """The receipt of the log entry that certifies the erasure; None before it was begun, and for other kinds."""
        certificate = request.steps.get("certificate")
        if certificate is None:
            return None
        async with self.store.database.transaction() as tx:
            logged = await self.store.log_records.get(tx, UUID(certificate))
        return None if logged is None else receipt_of(logged)

    async def approve(self, request_id: UUID, erasure: Erasure, texts: TextCatalog) -> DataRequest:
        """Lets a waiting request be carried out: the copy is made, or the erasure begins."""
        now = self.clock()
        async with self.store.database.transaction() as tx:
            request = await self._pending(tx, request_id)
            page, lead = await self._person(tx, request)
            if page is None or lead is None:
                raise RequestRefused(
                    f"request {request_id} belongs to nobody who is known here: "
                    "the person confirms it in the chat, or refuse it with reason not_matched"
                )
            if request.kind is RequestKind.ACCESS:
                await self.store.requests.move(tx, request, RequestState.IN_PROGRESS, now=now)
                await jobs.enqueue(tx, EXPORT_JOB, f"{request.page_id}/{request.request_id}")
            else:
                words = texts.choose(lead.profile.language, page.language)
                await erasure.begin(tx, page, lead, request, now, texts=words)
            return await self._locked(tx, request_id)

    async def refuse(self, request_id: UUID, reason: RefusalReason, texts: TextCatalog) -> DataRequest:
        """Closes a waiting request and tells the person why, and where they can complain."""
        now = self.clock()
        async with self.store.database.transaction() as tx:
            request = await self._pending(tx, request_id)
            await self.store.requests.move(tx, request, RequestState.REFUSED, now=now, reason=reason.value)
            key = "chat.erase.held" if reason is RefusalReason.LEGAL_HOLD else "chat.erase.refused"
            await self._tell(tx, request, texts, now, key, reason=reason.value)
            return await self._locked(tx, request_id)

    async def extend(self, request_id: UUID, reason: ExtensionReason, texts: TextCatalog) -> DataRequest:
        """Takes up to two more months, once and within the first, and tells the person why."""
        now = self.clock()
        async with self.store.database.transaction() as tx:
            request = await self._locked(tx, request_id)
            if not may_extend(request, now):
                raise RequestRefused(
                    f"request {request_id} cannot be extended: that is possible once, while it is open and not yet due"
                )
            page, _ = await self._person(tx, request)
            zone = UTC if page is None else await zone_of(page)
            later = due_at(request.received_at, zone, months=EXTENDED_MONTHS, holidays=self.holidays)
            await self.store.requests.postpone(tx, request, later)
            note = {"at": now.isoformat(), "reason": reason.value, "before": request.due_at.isoformat()}
            await self.store.requests.note(tx, request, {"extended": note})
            await self._tell(tx, request, texts, now, "chat.rights.extended", reason=reason.value, due=later)
            return await self._locked(tx, request_id)

    async def _tell(
        self,
        tx: Transaction,
        request: DataRequest,
        texts: TextCatalog,
        now: datetime,
        key: str,
        *,
        reason: str,
        due: datetime | None = None,
    ) -> None:
        page, lead = await self._person(tx, request)
        if page is None or lead is None:
            return
        words = texts.choose(lead.profile.language, page.language)
        text = words.text(
            key,
            reason=words.text(f"data.reason.{reason}"),
            contact=page.controller_contact,
            page=page.name,
            date=due or request.due_at,
        )
        message = OutboxMessage(
            page_id=page.page_id,
            lead_id=lead.lead_id,
            psid=lead.profile.psid,
            message=TextMessage(text=text).json(),
            purpose="request",
        )
        await self.store.outbox.add(tx, message, now=now)
        await self.store.outbox.wake(tx, page.page_id)

    async def _person(self, tx: Transaction, request: DataRequest) -> tuple[Page | None, Lead | None]:
        if request.lead_id is None:
            return None, None
        page = await self.store.pages.get(request.page_id)
        return page, await self.store.leads.get(tx, request.page_id, request.lead_id)

    async def _locked(self, tx: Transaction, request_id: UUID) -> DataRequest:
        request = await self.store.requests.get(tx, request_id)
        if request is None:
            raise RequestRefused(f"there is no request {request_id}; `assent requests list` shows those there are")
        return request

    async def _pending(self, tx: Transaction, request_id: UUID) -> DataRequest:
        request = await self._locked(tx, request_id)
        if request.state is not RequestState.PENDING:
            raise RequestRefused(f"request {request_id} is {request.state.value}: it was decided already")
        return request

    def _request(
        self,
        *,
        request_id: UUID,
        page_id: PageId,
        lead: Lead | None,
        kind: RequestKind,
        source: RequestSource,
        state: RequestState,
        now: datetime,
        zone: tzinfo,
        reason: str | None = None,
    ) -> DataRequest:
        code = status_code(self.store.keys.ring.link_key().secret, request_id)
        return DataRequest(
            page_id=page_id,
            request_id=request_id,
            lead_id=None if lead is None else lead.lead_id,
            kind=kind,
            source=source,
            state=state,
            reason=reason,
            received_at=now,
            due_at=due_at(now, zone, holidays=self.holidays),
            completed_at=None,
            status_hash=status_hash(code),
            steps={},
        )

    def _opened(self, request: DataRequest) -> OpenedRequest:
        return OpenedRequest(
            request_id=request.request_id, status_code=known_code(self.store, request), due_at=request.due_at
        )


async def zone_of(page: Page) -> tzinfo:
    """The Page's time zone; UTC where its name is unknown on this machine."""
    try:
        return await asyncio.to_thread(ZoneInfo, page.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
