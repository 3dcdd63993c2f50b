"""How is a person erased so that nothing of them can be read, whatever stops us on the way?

The first transaction destroys the person's key and leaves a tombstone and a log entry that names, by index, every entry
nobody can open from then on: so the log can account for all of its entries, even if nothing else ever runs. The sweep
then deletes what lies about without a key, one step per transaction; it can be stopped and repeated anywhere. The
receipt waits for its end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.data_request import DataRequest, RequestKind, RequestSource, RequestState, status_code, status_hash
from domain.eligibility import Reason
from domain.ids import LeadId, PageId, Psid
from domain.lead import Lead
from domain.page import Page
from domain.personal import Pii
from domain.proof.endings import endings
from domain.proof.entry import NONCE_BYTES
from domain.proof.record import ProofRecord
from domain.proof.record_sections import Controller, EntryPoint, RecordKind, TimeUnit
from domain.texts import Texts
from domain.tokens import RECEIPT_CODE_BYTES, in_one_word, receipt_code
from messenger.messages import TextMessage
from privacy.catalog import CATALOG, RECEIPT_PURPOSE, DataCategory
from privacy.subject import Remains, Subject
from storage import jobs
from storage.database import Transaction
from storage.errors import RowMissing
from storage.log_records import LogRecord
from storage.outbox import OutboxMessage
from storage.person_rows import PersonRows
from storage.store import Store

SWEEP_JOB = "erasure.sweep"
QUIET_POLL_SECONDS = 0.05
QUIET_POLLS = 60
# The horizon is a moment; people are told the first whole day after it.

_WAYS = {
    RequestSource.CHAT: EntryPoint.POSTBACK,
    RequestSource.PLATFORM: EntryPoint.CALLBACK,
    RequestSource.CONSOLE: EntryPoint.CONSOLE,
    RequestSource.RETENTION: None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Erases people; `sleep` waits between looks at whether calls under way have left."""

    store: Store
    clock: Callable[[], datetime]
    public_url: str
    random_bytes: Callable[[int], bytes]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def is_late(self, tx: Transaction, page_id: PageId, psid: Pii[Psid], event_time: datetime) -> bool:
        """Whether the event is from before the person's erasure and must be dropped."""
        erased_at = await PersonRows(self.store.keys).erased_at(tx, page_id, psid)
        return erased_at is not None and event_time <= erased_at

    async def begin(
        self, tx: Transaction, page: Page, lead: Lead, request: DataRequest, now: datetime, *, texts: Texts | None
    ) -> datetime:
        """Once the caller's transaction commits, nothing of the person can be read; returns the backups' horizon.

        The lead must be locked by the caller. The receipt is held until the sweep is over; without `texts` the
        person is not told, for the retention time ended long after they could be written to.
        """
        key = await self.store.leads.key_of(tx, lead.page_id, lead.lead_id)
        if key is None:
            raise RowMissing("the key of a lead that is to be erased")
        subject = Subject(tx=tx, store=self.store, page=page, lead=lead, key=key, languages=frozenset())
        counts = await subject.rows.counts(tx, *subject.names, lead.suppression_handle)
        horizon = self.store.keys.ring.horizon(now)
        certificate = await self._certify(tx, page, lead, request, now, horizon, counts)
        await self.store.requests.move(tx, request, RequestState.IN_PROGRESS, now=now)
        steps = {
            "erased_at": max(now, lead.newest_event).isoformat(),
            "horizon": horizon.isoformat(),
            "person": lead.suppression_handle.hex(),
            "counts": counts,
            "certificate": str(certificate.record_id),
        }
        await self.store.requests.note(tx, request, steps)
        for category in CATALOG:
            if category.cut is not None:
                await category.cut(subject, now)
        if texts is not None:
            await self._hold_receipt(tx, page, lead, request, texts, counts, horizon, now, certificate)
        await jobs.enqueue(tx, SWEEP_JOB, f"{request.page_id}/{request.request_id}")
        return horizon

    async def _certify(
        self,
        tx: Transaction,
        page: Page,
        lead: Lead,
        request: DataRequest,
        now: datetime,
        horizon: datetime,
        counts: Mapping[str, int],
    ) -> LogRecord:
        """Logs what was destroyed, in records that name entries and nobody; the first is what the receipt names."""
        expired = request.source is RequestSource.RETENTION
        places = await self.store.consents.places_of_lead(tx, lead.page_id, lead.lead_id)
        logged: list[LogRecord] = []
        for ending in endings(places):
            record = ProofRecord(
                kind=RecordKind.RECORD_EXPIRED if expired else RecordKind.ERASURE_DONE,
                record_id=UUID(bytes=self.random_bytes(16), version=4),
                page_id=page.page_id,
                event_time_unit=TimeUnit.MISSING,
                received_at=now,
                entry_point=_WAYS[request.source],
                controller=Controller(name=page.controller_name, contact=page.controller_contact),
                unreadable_by=horizon,
                destroyed=ending.destroyed,
                waiting=ending.waiting,
                counts=None if logged else counts,
            )
            logged.append(await self.store.log_records.append(tx, record, self.random_bytes(NONCE_BYTES)))
        return logged[0]

    async def _hold_receipt(
        self,
        tx: Transaction,
        page: Page,
        lead: Lead,
        request: DataRequest,
        texts: Texts,
        counts: Mapping[str, int],
        horizon: datetime,
        now: datetime,
        certificate: LogRecord,
    ) -> None:
        code = known_code(self.store, request)
        parts = [texts.text(f"chat.erase.counts.{name}", count=number) for name, number in counts.items() if number]
        text = texts.text(
            "chat.erase.receipt",
            page=page.name,
            counts=texts.listed(parts),
            date=first_whole_day(horizon),
            receipt=receipt_of(certificate),
            status_url=status_url(self.public_url, code),
        )
        message = OutboxMessage(
            page_id=page.page_id,
            lead_id=lead.lead_id,
            psid=lead.profile.psid,
            message=TextMessage(text=text).json(),
            purpose=RECEIPT_PURPOSE,
            state="held",
        )
        await self.store.outbox.add(tx, message, now=now)

    async def sweep(self, payload: str) -> None:
        """The job `erasure.sweep`: ends an erasure that was begun; every step is done once, however often it runs."""
        request_id = UUID(payload.rpartition("/")[2])
        for category in CATALOG:
            await self._step(request_id, category)
        await self._wait_until_quiet(request_id)
        await self._finish(request_id)

    async def resume(self) -> int:
        """Ends every erasure that was begun and not ended; how many there were. For a timetable."""
        async with self.store.database.transaction() as tx:
            unfinished = await self.store.requests.unfinished(tx, RequestKind.ERASURE)
        for request_id in unfinished:
            await self.sweep(str(request_id))
        return len(unfinished)

    async def _step(self, request_id: UUID, category: DataCategory) -> None:
        if category.sweep is None:
            return
        async with self.store.database.transaction() as tx:
            request = await self._begun(tx, request_id)
            if request is None or category.name in request.steps.get("swept", {}):
                return
            steps = request.steps
            remains = Remains(
                tx=tx,
                store=self.store,
                page_id=request.page_id,
                lead_id=_lead_of(request),
                person=bytes.fromhex(steps["person"]),
                erased_at=datetime.fromisoformat(steps["erased_at"]),
            )
            swept: dict[str, Any] = {**steps.get("swept", {}), category.name: await category.sweep(remains)}
            await self.store.requests.note(tx, request, {"swept": swept})

    async def _wait_until_quiet(self, request_id: UUID) -> None:
        for _ in range(QUIET_POLLS):
            async with self.store.database.transaction() as tx:
                request = await self._begun(tx, request_id)
                if request is None:
                    return
                page_id, lead_id = request.page_id, _lead_of(request)
                # A message that came back to the queue while the key was destroyed was not seen there, and a claim
                # that began before still has the key: it is waited for here, or finds the row gone.
                await self.store.deliveries.drop(tx, page_id, lead_id, Reason.ERASED, now=self.clock())
                if await PersonRows(self.store.keys).is_quiet(tx, page_id, lead_id):
                    return
            await self.sleep(QUIET_POLL_SECONDS)

    async def _finish(self, request_id: UUID) -> None:
        now = self.clock()
        async with self.store.database.transaction() as tx:
            request = await self._begun(tx, request_id)
            if request is None:
                return
            lead_id = _lead_of(request)
            await self.store.requests.move(tx, request, RequestState.COMPLETED, now=now)
            await self.store.requests.forget(tx, request, ["person"])
            await self.store.requests.detach(tx, request.page_id, lead_id)
            await self.store.outbox.release(tx, request.page_id, lead_id)
            await self.store.outbox.wake(tx, request.page_id)

    async def _begun(self, tx: Transaction, request_id: UUID) -> DataRequest | None:
        request = await self.store.requests.get(tx, request_id)
        begun = request is not None and request.state is RequestState.IN_PROGRESS
        return request if begun and request is not None and request.kind is RequestKind.ERASURE else None


def _lead_of(request: DataRequest) -> LeadId:
    if request.lead_id is None:
        raise RowMissing("the lead of an erasure that is under way")
    return request.lead_id


def receipt_of(certificate: LogRecord) -> str:
    """By which the person, or an auditor, names the log entry of the erasure."""
    return receipt_code(certificate.leaf[:RECEIPT_CODE_BYTES])


def known_code(store: Store, request: DataRequest) -> str:
    """The status code that was given out for the request, made again from its link key."""
    codes = [status_code(link.secret, request.request_id) for link in store.keys.ring.links]
    for code in codes:
        if status_hash(code) == request.status_hash:
            return code
    raise RowMissing("the link key of a status code")


def status_url(public_url: str, code: str) -> str:
    """The address of the status page, without hyphens so that it survives being copied."""
    return f"{public_url.rstrip('/')}/status/{in_one_word(code)}"


def first_whole_day(horizon: datetime) -> date:
    """The first day that lies wholly behind the horizon: what people are promised, in every place alike."""
    return (horizon + timedelta(days=1)).date()
