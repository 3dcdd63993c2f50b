"""What does a worker process do all day?

Inbox shards, the sending of Pages and the log are lanes; discrete jobs and timed duties come from the job queue. A
stop drains what runs: no lane is left with a message on its way.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC
from uuid import UUID

from app.anchor_loop import AnchorLoop
from app.inbox import SHARDS, InboxWorker
from app.log_lane import LogLane
from app.runtime import Runtime, utc_now
from bot.data_request import EXPORT_JOB
from bot.follower import PROFILE_JOB
from broadcast.calls import Sending
from broadcast.runner import CLOCK_TOLERANCE, BroadcastRunner
from broadcast.sender import Sender, StopLinks
from domain.ids import LeadId, PageId
from messenger.errors import CallFailed
from privacy.checkpoints import LOG_LANE
from privacy.erasure import SWEEP_JOB
from storage.errors import StorageError
from storage.inbox import CHANNEL
from storage.inbox_days import days_ahead, ensure_partitions
from storage.jobs import JobRunner
from storage.lanes import LaneCall, LaneKeeper, LaneKind
from storage.wakeups import Wakeups

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Worker:
    """Runs every loop of a worker until `stop`."""

    runtime: Runtime
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Asks `run` to let what is under way end and to return; harmless when repeated."""
        self._stopping.set()

    async def run(self) -> None:
        """Works until `stop`; raises when a loop ends by a fault, after draining the others."""
        runtime = self.runtime
        await self._partitions()
        inbox = InboxWorker(store=runtime.store, dispatcher=runtime.dispatcher, clock=runtime.clock)
        sender = Sender(
            client=runtime.client,
            catalog=runtime.texts,
            links=StopLinks(public_url=runtime.public_url, keys=runtime.store.keys),
            clock=runtime.clock,
        )
        broadcast = BroadcastRunner(
            sending=Sending(store=runtime.store, sender=sender, clock=runtime.clock),
            # A clock that somebody moves differs from the database's on purpose.
            clock_tolerance=CLOCK_TOLERANCE if runtime.clock is utc_now else None,
        )
        inbox_lanes = self._keeper(LaneKind.INBOX, SHARDS, inbox.gained, inbox.lost)
        sequencing = LogLane(sequencer=runtime.sequencer)
        log_lane = self._keeper(LaneKind.LOG, (LOG_LANE,), sequencing.gained, sequencing.lost)
        draining = [asyncio.create_task(part.run()) for part in (broadcast, inbox_lanes, log_lane)]
        anchors = AnchorLoop(anchoring=runtime.anchoring, holds=lambda: sequencing.held)
        loops = [
            asyncio.create_task(anchors.run()),
            asyncio.create_task(inbox.run()),
            asyncio.create_task(self._listen(inbox)),
            asyncio.create_task(sequencing.run()),
            asyncio.create_task(self._jobs()),
        ]
        try:
            await self._until_stopped([*draining, *loops])
            for part in (broadcast, inbox_lanes, log_lane):
                part.stop()
            await asyncio.gather(*draining)
        finally:
            for task in (*loops, *draining):
                task.cancel()
            await asyncio.gather(*loops, *draining, return_exceptions=True)

    async def _until_stopped(self, tasks: list[asyncio.Task[None]]) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        for task in done - {stopping}:
            task.result()

    def _keeper(self, kind: LaneKind, keys: tuple[str, ...], gained: LaneCall, lost: LaneCall) -> LaneKeeper:
        async def wanted() -> tuple[str, ...]:
            return keys

        return LaneKeeper(kind=kind, keys=wanted, lanes=self.runtime.store.lanes, on_gained=gained, on_lost=lost)

    async def _listen(self, inbox: InboxWorker) -> None:
        """Wakes the inbox at once when something arrives; the poll of the inbox finds what is missed here."""
        await Wakeups(self.runtime.store.database).listen_to((CHANNEL,), lambda _: inbox.wake())

    async def _jobs(self) -> None:
        runtime = self.runtime
        runner = JobRunner(
            database=runtime.store.database,
            handlers={
                EXPORT_JOB: runtime.exports.build,
                SWEEP_JOB: runtime.erasure.sweep,
                PROFILE_JOB: self._fetch_profile,
            },
            timetable={
                "retention.sweep": ("*/10 * * * *", self._retain),
                "inbox.partitions": ("0 * * * *", self._partitions),
                "keys.epoch": ("15 3 * * *", self._key_epoch),
            },
        )
        while True:
            try:
                await runtime.key_epochs.started()
                await runner.run()
            except (StorageError, OSError) as error:
                log.warning("jobs.interrupted", extra={"error": type(error).__name__})
            await asyncio.sleep(1)

    async def _retain(self) -> None:
        await self.runtime.retention.sweep(self.runtime.clock())

    async def _key_epoch(self) -> None:
        await self.runtime.key_epochs.tick()

    async def _partitions(self) -> None:
        async with self.runtime.store.database.transaction() as tx:
            await ensure_partitions(tx, days_ahead(self.runtime.clock().astimezone(UTC).date()))

    async def _fetch_profile(self, payload: str) -> None:
        """Asks the platform for the first name, once per lead, where the Page wants it."""
        page_id, _, lead = payload.partition("/")
        store = self.runtime.store
        page = await store.pages.get(PageId(page_id))
        if page is None or not page.use_first_name:
            return
        async with store.database.transaction() as tx:
            found = await store.leads.get(tx, page.page_id, LeadId(UUID(lead)))
        if found is None or found.profile.first_name is not None:
            return
        try:
            name = await self.runtime.client.first_name(found.profile.psid, page.token)
        except CallFailed as error:
            # A name is a courtesy: messages have a word instead, and nobody waits for it.
            log.warning("profile.not_fetched", extra={"error": error.failure.kind.value})
            return
        if name is None:
            return
        async with store.database.transaction() as tx:
            current = await store.leads.get(tx, page.page_id, found.lead_id)
            if current is not None:
                await store.leads.keep_profile(
                    tx, current, current.profile.with_first_name(name.reveal("seal the first name"))
                )
