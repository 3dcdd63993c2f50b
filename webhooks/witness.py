"""How does a witness answer logs and auditors?

C2SP tlog-witness 1.0.0: `add-checkpoint` for the logs it knows, and the newest checkpoint it cosigned for whoever asks.
What it may cosign is decided in domain/proof/witnessing.py, and stored before it is answered.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from domain.proof.add_checkpoint import SIZE_TYPE, AddCheckpoint
from domain.proof.errors import ProofError
from domain.proof.keys import Signer
from domain.proof.witnessing import (
    NOTHING_SEEN,
    Cosignable,
    Logs,
    Objection,
    Refused,
    cosigned,
    decide,
    origin_of,
    seen_in,
)
from storage.witness_state import WitnessState

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 65_536
WORDS = {
    Objection.MALFORMED: "The request is malformed, or its old size is above the checkpoint's.\n",
    Objection.NOT_SIGNED: "No known key of this log signed the checkpoint.\n",
    Objection.UNKNOWN_LOG: "This witness does not know the log.\n",
    Objection.INCONSISTENT: "The checkpoint is not shown to continue the one cosigned before.\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Cosigns the checkpoints of some logs; `clock` gives POSIX seconds."""

    signer: Signer
    logs: Logs
    state: WitnessState
    clock: Callable[[], int]

    def routes(self) -> list[web.RouteDef]:
        """For the application's router."""
        return [
            web.post("/add-checkpoint", self.add_checkpoint),
            web.get("/{name:[0-9a-f]{64}}/checkpoint", self.newest),
        ]

    async def add_checkpoint(self, request: web.Request) -> web.Response:
        """200 with the cosignature, once it is stored; else the status that says why not."""
        read = origin_of(await request.read(), self.logs)
        if isinstance(read, Refused):
            return _refusal(read)
        try:
            answer = await asyncio.to_thread(self._cosign, *read)
        except (OSError, ProofError) as error:
            # Nothing was promised: the log asks again, and somebody has to look at the folder.
            log.error("checkpoint.not_stored", extra={"error": type(error).__name__})
            return web.Response(status=503, text="This witness cannot keep what it cosigns.\n")
        if isinstance(answer, Refused):
            return _refusal(answer)
        return web.Response(body=answer, content_type="text/plain", charset="utf-8")

    async def newest(self, request: web.Request) -> web.Response:
        """The checkpoint this witness cosigned last for the log with this hash of its origin."""
        stored = await asyncio.to_thread(self.state.by_name, request.match_info["name"])
        if stored is None:
            return web.Response(status=404, text="This witness has cosigned nothing of that log.\n")
        return web.Response(body=stored, content_type="text/plain", charset="utf-8")

    def _cosign(self, asked: AddCheckpoint, origin: str) -> bytes | Refused:
        """Decides and stores in one step; raises OSError, or a ProofError when what is stored is damaged."""
        answer: bytes | Refused = b""

        def step(stored: bytes | None) -> bytes | None:
            nonlocal answer
            seen = NOTHING_SEEN if stored is None else seen_in(stored, self.signer.verifier, origin)
            decision = decide(asked, self.logs, seen)
            if not isinstance(decision, Cosignable):
                answer = decision
                return None
            answer, note = cosigned(decision, self.signer, self.clock())
            return note

        self.state.advance(origin, step)
        if isinstance(answer, bytes):
            log.info("checkpoint.cosigned", extra={"old": asked.old})
        return answer


def _refusal(refused: Refused) -> web.Response:
    level = logging.WARNING if refused.objection is Objection.INCONSISTENT else logging.INFO
    log.log(level, "checkpoint.refused", extra={"reason": refused.objection})
    status = refused.objection.value
    if refused.objection is Objection.OLD_SIZE:
        return web.Response(status=status, body=b"%d\n" % refused.size, headers={"Content-Type": SIZE_TYPE})
    return web.Response(status=status, text=WORDS[refused.objection])
