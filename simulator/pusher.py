"""How do events reach the product? Signed, batched, in order while it is healthy, again until it answers 200.

Events of one thread go through one lane in order. An endpoint that cannot be connected to stops its lane at
the oldest event; one that answers badly or too late lets later events overtake the failed one, as the
platform does. A Page for which everything failed during the (scaled) hour is unsubscribed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import aiohttp

from simulator.config import SimulatorConfig
from simulator.events import FIELD_OF_KIND, Event
from simulator.faults import Faults
from simulator.ledger import Ledger
from simulator.signing import encode, sign, sign_sha1
from simulator.world import World

LANES = 16
RETRIES_AT_ONCE = 32
FIRST_GAP_SECONDS = 0.05
REORDER_SECONDS = 1.0
USER_AGENT = "facebookexternalua"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one POST met: a status, or the name of what went wrong without one."""

    status: int | None
    error: str | None = None

    @property
    def delivered(self) -> bool:
        """Only 200 counts."""
        return self.status == 200

    @property
    def unreachable(self) -> bool:
        """Nobody listened."""
        return self.error == "unreachable"


class _Lane:
    def __init__(self) -> None:
        self.waiting: deque[Event] = deque()
        self.filled = asyncio.Event()


class Pusher:
    """Pushes events to one callback; `open` before, `close` after."""

    def __init__(self, *, config: SimulatorConfig, world: World, ledger: Ledger, faults: Faults) -> None:
        self.callback_url = config.callback_url
        self.verify_token = config.verify_token
        self.batch = config.batch
        self.pushed = self.delivered = self.withheld = self.dropped = self.retrying = 0
        self._config = config
        self._world = world
        self._ledger = ledger
        self._faults = faults
        self._lanes = [_Lane() for _ in range(LANES)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[tuple[str, str | None], Event] = {}
        self._failing: dict[str, float] = {}
        self._retry_slots = asyncio.Semaphore(RETRIES_AT_ONCE)
        self._http: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        """The session for everything that the platform sends; only while open."""
        if self._http is None:
            raise RuntimeError("the pusher is not open: start the simulator's application first")
        return self._http

    async def open(self) -> None:
        """Starts the lanes."""
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._config.answer_seconds),
            connector=aiohttp.TCPConnector(limit=LANES + RETRIES_AT_ONCE + 8),
            headers={"User-Agent": USER_AGENT},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for lane in self._lanes:
            self.spawn(self._run(lane))

    async def close(self) -> None:
        """Stops at once; what was not delivered is lost with the simulator, as its ledger shows."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._http is not None:
            await self._http.close()
            self._http = None

    def spawn(self, work: Any) -> None:
        """Runs a coroutine until it ends or the pusher closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def backlog(self) -> int:
        """Events that wait in lanes (not those between two attempts)."""
        return sum(len(lane.waiting) for lane in self._lanes)

    def offer(self, event: Event) -> bool:
        """Sends an event on its way, with the faults in force; False when the Page is not subscribed to it."""
        if not self._subscribed(event):
            self.withheld += 1
            self._settle(event, None)
            return False
        delay = 0.0
        doubled = reordered = False
        for fault in self._faults.for_event(event.page, event.kind):
            if fault.name == "lost":
                self._ledger.write("lost", event=event.number, event_kind=event.kind, page=event.page)
                self._settle(event, None)
                return True
            if fault.name == "late":
                delay = fault.wait
            elif fault.name == "unsigned":
                event.signature = "missing"
            elif fault.name == "wrong_secret":
                event.signature = "wrong"
            doubled = doubled or fault.name == "duplicate"
            reordered = reordered or fault.name == "reorder"
            event.seconds = event.seconds or fault.name == "seconds"
        self._dispatch(event, delay, reordered=reordered)
        if doubled:
            self.offer_copy(event, delay)
        return True

    def offer_copy(self, event: Event, delay: float = 0.0) -> None:
        """The same event once more, as the platform does when it is unsure."""
        self._dispatch(replace(event, copy=event.copy + 1, settled=None), delay, reordered=False)

    def offer_later(self, event: Event, delay: float) -> None:
        """Offers an event after so many seconds."""
        asyncio.get_running_loop().call_later(delay, self.offer, event)

    def _subscribed(self, event: Event) -> bool:
        page = self._world.pages.get(event.page)
        if not self.callback_url or page is None or page.fields is None:
            return False
        name = event.body.get("field") if event.channel == "changes" else FIELD_OF_KIND.get(event.kind)
        if event.channel == "standby" and "standby" not in page.fields:
            return False
        return name is None or name in page.fields

    def _dispatch(self, event: Event, delay: float, *, reordered: bool) -> None:
        loop = asyncio.get_running_loop()
        if delay > 0:
            loop.call_later(delay, self._enqueue, event)
            return
        thread = (event.page, event.psid)
        if reordered and thread not in self._held:
            # It waits for the next event of its thread to overtake it, but not for ever.
            self._held[thread] = event
            loop.call_later(REORDER_SECONDS, self._release, thread, event)
            return
        self._enqueue(event)
        overtaken = self._held.pop(thread, None)
        if overtaken is not None:
            self._enqueue(overtaken)

    def _release(self, thread: tuple[str, str | None], event: Event) -> None:
        if self._held.get(thread) is event:
            del self._held[thread]
            self._enqueue(event)

    def _enqueue(self, event: Event) -> None:
        lane = self._lanes[crc32(f"{event.page}:{event.psid}".encode()) % LANES]
        lane.waiting.append(event)
        lane.filled.set()

    async def _run(self, lane: _Lane) -> None:
        while True:
            await lane.filled.wait()
            if not lane.waiting:
                lane.filled.clear()
                continue
            events = self._still_wanted(self._take(lane))
            if not events:
                continue
            outcome = await self._attempt(events)
            gap = FIRST_GAP_SECONDS
            while outcome.unreachable and (events := self._still_wanted(events)):
                await asyncio.sleep(gap)
                gap = min(gap * 2, self._config.longest_retry_gap_seconds)
                outcome = await self._attempt(events)
            if not outcome.delivered and events:
                self.spawn(self._retry(events))

    def _take(self, lane: _Lane) -> list[Event]:
        first = lane.waiting.popleft()
        events = [first]
        while lane.waiting and len(events) < self.batch and lane.waiting[0].signature == first.signature:
            events.append(lane.waiting.popleft())
        return events

    async def _retry(self, events: list[Event]) -> None:
        gap = FIRST_GAP_SECONDS
        self.retrying += 1
        while events := self._still_wanted(events):
            await asyncio.sleep(gap)
            gap = min(gap * 2, self._config.longest_retry_gap_seconds)
            async with self._retry_slots:
                outcome = await self._attempt(events)
            if outcome.delivered:
                break
        self.retrying -= 1

    def _still_wanted(self, events: list[Event]) -> list[Event]:
        wanted: list[Event] = []
        for event in events:
            since = event.failing_since
            late = since is not None and time.monotonic() - since > self._config.hour_seconds
            # Nobody repeats a delivery whose signature was spoilt on purpose: it has to fail.
            spoilt = event.signature != "good" and event.attempts > 0
            if late or spoilt or not self._subscribed(event):
                self.dropped += 1
                self._settle(event, None)
            else:
                wanted.append(event)
        return wanted

    async def _attempt(self, events: list[Event]) -> Outcome:
        started = time.monotonic()
        body = encode({"object": "page", "entry": [event.entry() for event in events]})
        outcome = await self.post(body, signature=events[0].signature)
        for event in events:
            event.attempts += 1
            self._record(event, outcome, started)
            self._judge(event, outcome, started)
        return outcome

    async def post(self, body: bytes, *, signature: str = "good") -> Outcome:
        """One POST of these very bytes to the callback."""
        headers = {"Content-Type": "application/json"}
        if signature != "missing":
            secret = self._config.app_secret if signature == "good" else self._config.app_secret[::-1] + "x"
            headers["X-Hub-Signature"] = sign_sha1(secret, body)
            headers["X-Hub-Signature-256"] = sign(secret, body)
        try:
            async with self.http.post(self.callback_url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return Outcome(answer.status)
        except aiohttp.ClientConnectorError:
            return Outcome(None, "unreachable")
        except TimeoutError:
            return Outcome(None, "timeout")
        except (aiohttp.ClientError, OSError) as failure:
            return Outcome(None, type(failure).__name__)

    def _record(self, event: Event, outcome: Outcome, started: float) -> None:
        self.pushed += 1
        self._ledger.write(
            "event",
            event=event.number,
            copy=event.copy,
            event_kind=event.kind,
            channel=event.channel,
            page=event.page,
            psid=event.psid,
            mid=event.mid,
            timestamp=event.body.get("timestamp"),
            attempt=event.attempts,
            signature=event.signature,
            status=outcome.status,
            error=outcome.error,
            delivered=outcome.delivered,
            offered=started,
            ended=time.monotonic(),
        )

    def _judge(self, event: Event, outcome: Outcome, started: float) -> None:
        if outcome.delivered:
            self.delivered += 1
            self._failing.pop(event.page, None)
            self._settle(event, outcome.status)
            return
        if event.signature != "good":
            self._settle(event, outcome.status)
            return
        event.failing_since = event.failing_since or started
        since = self._failing.setdefault(event.page, started)
        page = self._world.pages[event.page]
        if time.monotonic() - since > self._config.hour_seconds and page.fields is not None:
            page.fields = None
            del self._failing[event.page]
            self._ledger.write("unsubscribed", page=event.page, reason="an hour of failing deliveries")
            self._world.changed("page", page=event.page)

    @staticmethod
    def _settle(event: Event, status: int | None) -> None:
        if event.settled is not None and not event.settled.done():
            event.settled.set_result(status)

    async def verify(self, challenge: int | None = None) -> dict[str, Any]:
        """The verification GET; says whether the callback gave the challenge back."""
        expected = str(challenge if challenge is not None else 100_000_000 + time.monotonic_ns() % 900_000_000)
        query = {"hub.mode": "subscribe", "hub.challenge": expected, "hub.verify_token": self.verify_token}
        status: int | None = None
        text = ""
        try:
            async with self.http.get(self.callback_url, params=query, allow_redirects=False) as answer:
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as failure:
            text = type(failure).__name__
        verified = status == 200 and text == expected
        self._ledger.write("verification", status=status, verified=verified)
        return {"verified": verified, "status": status}

    async def verify_until_answered(self) -> None:
        """Verifies at the start, again each second until the product is up, at most for the (scaled) hour."""
        deadline = time.monotonic() + self._config.hour_seconds
        while self.callback_url and time.monotonic() < deadline:
            if (await self.verify())["status"] is not None:
                return
            await asyncio.sleep(min(0.25, self._config.longest_retry_gap_seconds))
