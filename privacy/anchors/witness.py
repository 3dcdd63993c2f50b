"""How does a witness get a checkpoint, and how do we keep its cosignature?

C2SP tlog-witness 1.0.0. The witness is told from which size on we believe it needs the consistency path; where we are
wrong, because an answer was lost, it says so (409) and is asked again from there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from yarl import URL

from domain.proof.add_checkpoint import SIZE_TYPE, AddCheckpoint, told_size
from domain.proof.checkpoint import Checkpoint
from domain.proof.errors import ProofError
from domain.proof.keys import Verifier
from domain.proof.note import signed_text
from domain.proof.record_sections import AnchorMethod
from domain.proof.witnessing import cosignature_by
from privacy.anchors.calls import Caller, HttpAnswer, refused_status
from privacy.anchors.growth import LogGrowth
from privacy.anchors.port import Answer, Misconfigured, Trouble, TryAgain

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAnchor:
    """One witness: the prefix of its address, and the key its cosignatures must fit."""

    url: URL
    witness: Verifier
    interval: timedelta
    caller: Caller
    growth: LogGrowth

    @property
    def method(self) -> AnchorMethod:
        return AnchorMethod.WITNESS

    @property
    def authority(self) -> str:
        """The name of the witness's key."""
        return self.witness.name

    async def anchor(self, note: bytes) -> Answer:
        """The checkpoint with the witness's line behind those of the log, and the time in it."""
        return await self.caller.repeated(lambda: self._cosigned(note))

    async def _cosigned(self, note: bytes) -> Answer:
        checkpoint = Checkpoint.parse(signed_text(note))
        old = await self.growth.known_size(self.method, self.authority, checkpoint.origin)
        answer = await self._ask(note, checkpoint, min(old, checkpoint.size))
        if answer.status == 409:
            answer = await self._ask(note, checkpoint, _told(answer, checkpoint))
        if answer.status != 200:
            raise _objection(answer.status)
        try:
            cosigned, time = cosignature_by(note, answer.body, self.witness)
        except ProofError:
            raise TryAgain(Trouble.ANSWER_WRONG) from None
        if not 0 < time < _LATEST.timestamp():
            raise TryAgain(Trouble.ANSWER_WRONG)
        return Answer(time=datetime.fromtimestamp(time, UTC), note=cosigned)

    async def _ask(self, note: bytes, checkpoint: Checkpoint, old: int) -> HttpAnswer:
        path = await self.growth.path(checkpoint.origin, old, checkpoint.size)
        body = AddCheckpoint(old=old, path=path, checkpoint=note).encode()
        return await self.caller.post(self.url / "add-checkpoint", body, "text/plain; charset=utf-8")


def _told(answer: HttpAnswer, checkpoint: Checkpoint) -> int:
    """The size a witness says it cosigned last; raises what a 409 means that does not lead on."""
    if answer.content_type != SIZE_TYPE:
        raise Misconfigured(Trouble.INCONSISTENT)  # by the letter of 1.0.0: one size and two roots
    try:
        size = told_size(answer.body)
    except ProofError:
        raise TryAgain(Trouble.ANSWER_WRONG) from None
    if size > checkpoint.size:
        # The database was restored to an older state, or another process was faster with a newer head.
        raise TryAgain(Trouble.AHEAD_OF_US)
    return size


def _objection(status: int) -> TryAgain | Misconfigured:
    known: dict[int, TryAgain | Misconfigured] = {
        403: Misconfigured(Trouble.KEY_UNKNOWN),
        404: Misconfigured(Trouble.LOG_UNKNOWN),
        409: TryAgain(Trouble.ANSWER_WRONG),
        422: Misconfigured(Trouble.INCONSISTENT),
    }
    return known.get(status) or refused_status(status)
