"""Is what the platform sends accepted only when it is genuine, and acknowledged only when it is kept?

The order is the guarantee: limits, signature over the bytes as received, parsing, one durable write, then the 200. A
stop is acknowledged when no send to that person can begin any more. Whatever is not certain gets a 503, and the
platform sends it again.
"""

import asyncio
import hmac
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from domain.ids import PageId
from domain.inbox import Arrival
from domain.personal import Pii
from messenger.envelope import BodyUnreadable, Incoming, ParsedDelivery, parse_delivery
from messenger.signature import AppSecret, SignatureRefused, verify_signature
from messenger.strict_json import BODY_MAX_BYTES
from storage.errors import StorageError
from storage.inbox_rows import AcceptedEvent, Entry, RefusedEvent, Written
from storage.inbox_writer import InboxWriter
from storage.suppressions import SuppressionStore
from storage.webhook_counts import WebhookCounts
from webhooks.stops import says_stop

log = logging.getLogger(__name__)

PATHS: Final = ("/webhooks/messenger", "/webhook")
# The platform waits 5 seconds; an answer that comes later counts as none.
ANSWER_WITHIN: Final = timedelta(seconds=4)
QUIET_WITHIN: Final = timedelta(seconds=3)
# Larger bodies are parsed beside the event loop, so that the other requests do not wait for them.
PARSED_ASIDE_BYTES: Final = 128 * 1024
# A body is kept beside each of its events as proof; one of many events is not kept many times over.
KEPT_BODIES_BYTES: Final = 256 * 1024

_COUNTED: Final = {entry: f"events:{entry.value}" for entry in Entry}
_CHALLENGE = re.compile(r"[0-9]{1,64}", re.ASCII)


class _Unquiet(Exception):
    """A send to somebody who said stop may still begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A body that the platform signed, and all that the records of its events need of it."""

    body: bytes = field(repr=False)
    signature: str = field(repr=False)
    secret: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveEvents:
    """The platform's webhook: `writer` and `counts` must be running."""

    writer: InboxWriter
    suppressions: SuppressionStore
    counts: WebhookCounts
    app_secrets: Sequence[AppSecret]
    verify_token: str = field(repr=False)
    clock: Callable[[], datetime]
    answer_within: timedelta = ANSWER_WITHIN
    quiet_within: timedelta = QUIET_WITHIN

    def routes(self) -> list[web.RouteDef]:
        """The webhook under its name and under the alias that other installations use."""
        gets = [web.get(path, self.verify, allow_head=False) for path in PATHS]
        return gets + [web.post(path, self.receive) for path in PATHS]

    async def verify(self, request: web.Request) -> web.Response:
        """Gives the challenge back to whoever knows the verify token."""
        asked = {name: request.query.getall(name, []) for name in ("hub.mode", "hub.verify_token", "hub.challenge")}
        if any(len(values) != 1 for values in asked.values()):
            return _text(403, "not a verification request")
        [mode], [token], [challenge] = asked.values()
        # Surrogates come out of broken percent-encoding and must not break the comparison.
        known = hmac.compare_digest(token.encode(errors="replace"), self.verify_token.encode())
        if not known or not self.verify_token or mode != "subscribe":
            self.counts.count("verification:refused")
            return _text(403, "the verify token is not the one of this installation")
        if _CHALLENGE.fullmatch(challenge) is None:
            return _text(400, "the challenge must be a number")
        return _text(200, challenge)

    async def receive(self, request: web.Request) -> web.Response:
        """200 once all that the body holds is kept; 503 when that is not certain."""
        if "Content-Encoding" in request.headers:
            self.counts.count("refused:content_encoding")
            return _refused(415, "send the body as it was signed, without Content-Encoding")
        body = await self._read(request)
        if isinstance(body, web.Response):
            return body
        signature = request.headers.get("X-Hub-Signature-256")
        try:
            secret = verify_signature(body, signature, self.app_secrets)
        except SignatureRefused as refused:
            self.counts.count(f"refused:signature_{refused.reason.value}")
            return _text(403, "the signature does not fit")
        verified = Verified(body=body, signature=signature or "", secret=secret, received_at=self.clock())
        return await self._accept(verified)

    async def _read(self, request: web.Request) -> bytes | web.Response:
        if (request.content_length or 0) > BODY_MAX_BYTES:
            return self._too_large()
        body = bytearray()
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > BODY_MAX_BYTES:
                    return self._too_large()
        except (web.RequestPayloadError, ConnectionError):
            self.counts.count("refused:body_incomplete")
            return _refused(400, "the body did not arrive whole")
        return bytes(body)

    def _too_large(self) -> web.Response:
        self.counts.count("refused:too_large")
        return _refused(413, f"a delivery has at most {BODY_MAX_BYTES} bytes")

    async def _accept(self, verified: Verified) -> web.Response:
        try:
            await self._keep(verified)
        except (StorageError, TimeoutError, _Unquiet) as error:
            code = error.code if isinstance(error, StorageError) else type(error).__name__.strip("_").lower()
            log.warning("webhook.not_acknowledged", extra={"error": code})
            self.counts.count(f"unavailable:{code}")
            return web.Response(status=503, headers={"Retry-After": "5"}, text="try again")
        return _text(200, "EVENT_RECEIVED")

    async def _keep(self, verified: Verified) -> None:
        """Returns when the events are durable and everybody who said stop is safe from further sends."""
        try:
            delivery = await _parse(verified.body)
        except BodyUnreadable as unreadable:
            reason = f"body:{unreadable.reason.value}"
            whole = RefusedEvent(page_id=PageId(""), reason=reason, raw=Pii(verified.body))
            await self.writer.write(verified.received_at, (), [whole], within=self.answer_within)
            self.counts.count(reason)
            return
        accepted, refused = _accepted(delivery, verified), _refused_events(delivery)
        if accepted or refused:
            began = asyncio.get_running_loop().time()
            written = await self.writer.write(verified.received_at, accepted, refused, within=self.answer_within)
            self._count_entries(written)
            if written.stops:
                async with asyncio.timeout_at(began + self.answer_within.total_seconds()):
                    await self._until_quiet(written)
        for what, number in delivery.ignored.items():
            self.counts.count(f"ignored:{what}", number)
        for broken in delivery.broken:
            self.counts.count(f"broken:{broken.reason.value}")

    async def _until_quiet(self, written: Written) -> None:
        people = {(stop.page_id, stop.handle) for stop in written.stops}
        waits = (
            self.suppressions.wait_until_quiet(page_id, handle, at_most=self.quiet_within) for page_id, handle in people
        )
        if not all(await asyncio.gather(*waits)):
            raise _Unquiet

    def _count_entries(self, written: Written) -> None:
        for entry in written.entries:
            self.counts.count(_COUNTED[entry])


async def _parse(body: bytes) -> ParsedDelivery:
    if len(body) > PARSED_ASIDE_BYTES:
        return await asyncio.to_thread(parse_delivery, body)
    return parse_delivery(body)


def _accepted(delivery: ParsedDelivery, verified: Verified) -> list[AcceptedEvent]:
    fits = len(verified.body) * len(delivery.events) <= KEPT_BODIES_BYTES
    body = Pii(verified.body) if fits and delivery.holds_one_person else None
    return [_event(incoming, verified, body) for incoming in delivery.events]


def _event(incoming: Incoming, verified: Verified, body: Pii[bytes] | None) -> AcceptedEvent:
    return AcceptedEvent(
        page_id=incoming.page_id,
        psid=incoming.psid,
        user_ref=incoming.user_ref,
        sameness=incoming.dedupe_material,
        event_time=incoming.at(verified.received_at),
        arrival=Arrival(raw=incoming.raw, body=body, signature=verified.signature, secret=verified.secret),
        stops=says_stop(incoming),
    )


def _refused_events(delivery: ParsedDelivery) -> list[RefusedEvent]:
    """Each broken event once: of a body that is broken as a whole every item brings all its bytes."""
    found: dict[tuple[str, bytes], RefusedEvent] = {}
    for broken in delivery.broken:
        page_id = broken.page_id or PageId("")
        place = (page_id, broken.raw.reveal("keep equal ones once"))
        found.setdefault(place, RefusedEvent(page_id=page_id, reason=broken.reason.value, raw=broken.raw))
    return list(found.values())


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text)


def _refused(status: int, text: str) -> web.Response:
    """For a body that was not read to its end: what is left of it must not be taken for the next request."""
    response = _text(status, text)
    response.force_close()
    return response
