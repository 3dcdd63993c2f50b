"""What is kept of an accepted event until it is handled?"""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime

from domain.ids import PageId
from domain.personal import Pii

FORMAT = 1

_quoted = json.JSONEncoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event as it arrived, with all that its record may need later. Sealed as one value while it waits.

    `raw` is a delivery that holds this event alone. `body` is the whole delivery as the platform signed it, kept only
    where it concerns one person. `secret` names the app secret that verified the signature.
    """

    raw: Pii[bytes]
    body: Pii[bytes] | None
    signature: str = field(repr=False)
    secret: str

    def encode(self) -> bytes:
        """For sealing."""
        reason = "seal the event until it is handled"
        raw = _text(self.raw.reveal(reason))
        body = "null" if self.body is None else f'"{_text(self.body.reveal(reason))}"'
        # Written by hand, for every event: only the last two could hold what JSON must escape.
        return (
            f'{{"v":{FORMAT},"raw":"{raw}","body":{body},'
            f'"signature":{_quoted(self.signature)},"secret":{_quoted(self.secret)}}}'
        ).encode()

    @classmethod
    def decode(cls, opened: bytes) -> "Arrival":
        """What `encode` wrote; raises ValueError for another format."""
        fields = json.loads(opened)
        if fields["v"] != FORMAT:
            raise ValueError("the waiting event is of a format that this version does not know")
        body = fields["body"]
        return cls(
            raw=Pii(_bytes(fields["raw"])),
            body=None if body is None else Pii(_bytes(body)),
            signature=fields["signature"],
            secret=fields["secret"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """An accepted event that waits for its turn: who it is about is known only by a keyed hash."""

    page_id: PageId
    event_key: bytes
    person: bytes
    shard: int
    event_time: datetime
    received_at: datetime
    attempts: int
    arrival: Arrival


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
