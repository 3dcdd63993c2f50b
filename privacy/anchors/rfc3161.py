"""How does a time-stamping authority get a checkpoint, and how do we keep what it says?

RFC 3161 over HTTP. What is stamped is the checkpoint exactly as the log signed it. The token is kept only after every
check, against roots that the operator pinned; asking twice gives a second token, which harms nobody.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from yarl import URL

from domain.proof.errors import StampError, StampRefusedError
from domain.proof.record_sections import AnchorMethod
from domain.proof.timestamp import NONCE_BYTES, StampRoots, check_stamp, stamp_request
from privacy.anchors.calls import Caller, refused_status
from privacy.anchors.port import Answer, Misconfigured, Trouble, TryAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAnchor:
    """One authority; `roots` are the certificates its tokens must lead to."""

    url: URL
    roots: StampRoots
    interval: timedelta
    caller: Caller
    random_bytes: Callable[[int], bytes]

    @property
    def method(self) -> AnchorMethod:
        return AnchorMethod.RFC3161

    @property
    def authority(self) -> str:
        """The host that stamps."""
        return self.url.host or ""

    async def anchor(self, note: bytes) -> Answer:
        """The whole answer as token, and the time in it."""
        return await self.caller.repeated(lambda: self._stamp(note))

    async def _stamp(self, note: bytes) -> Answer:
        nonce = int.from_bytes(self.random_bytes(NONCE_BYTES), "big")
        answer = await self.caller.post(self.url, stamp_request(note, nonce), "application/timestamp-query")
        if answer.status != 200:
            raise refused_status(answer.status)
        try:
            time = await asyncio.to_thread(check_stamp, answer.body, note, nonce, self.roots)
        except StampRefusedError:
            raise Misconfigured(Trouble.REFUSED) from None
        except StampError:
            # A broken or forged answer, or roots that are not this authority's: in both cases nothing is kept.
            raise TryAgain(Trouble.NOT_TRUSTED) from None
        return Answer(time=time, note=note, answer=answer.body)
