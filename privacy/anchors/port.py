"""What can do as an anchor, and in which ways can it fail?

An anchor takes a signed checkpoint out of our hands. Whatever an adapter returns was verified by it; what it raises
says whether to try again or to tell an operator, and never repeats what a server said.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.proof.record_sections import AnchorMethod


class Trouble(StrEnum):
    """What went wrong, as it is kept and shown."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    BUSY = "busy"
    REFUSED = "refused"
    MOVED = "moved"
    NOT_FOUND = "not_found"
    TOO_LONG = "too_long"
    ANSWER_WRONG = "answer_wrong"
    NOT_TRUSTED = "not_trusted"
    LOG_UNKNOWN = "log_unknown"
    KEY_UNKNOWN = "key_unknown"
    AHEAD_OF_US = "ahead_of_us"
    INCONSISTENT = "inconsistent"
    CERTIFICATE_WRONG = "certificate_wrong"
    LOGIN_REFUSED = "login_refused"
    RECIPIENT_REFUSED = "recipient_refused"
    NOT_OFFERED = "not_offered"
    FOLDER_MISSING = "folder_missing"
    FOLDER_REFUSED = "folder_refused"
    OTHER_TREE = "other_tree"
    FAULT = "fault"


class AnchorFailed(Exception):
    """No anchor was made, or its answer was lost; the class says what next, `trouble` what it was."""

    code = "anchor.failed"

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"the checkpoint was not anchored ({trouble}); docs/operations.md says what to do")
        self.trouble = trouble


class TryAgain(AnchorFailed):
    """It may go well the next time, without anybody doing anything."""

    code = "anchor.try_again"


class Misconfigured(AnchorFailed):
    """It will go wrong again until an operator, or the authority's, changes something."""

    code = "anchor.misconfigured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an authority holds: when by its own word, the note as it was anchored, and its token where it gives one."""

    time: datetime
    note: bytes = field(repr=False)
    answer: bytes | None = field(default=None, repr=False)


class Anchor(Protocol):
    """One authority. `interval` is how often it gets a checkpoint."""

    @property
    def method(self) -> AnchorMethod: ...

    @property
    def authority(self) -> str: ...

    @property
    def interval(self) -> timedelta: ...

    async def anchor(self, note: bytes) -> Answer:
        """Returns once the authority verifiably holds the checkpoint; raises TryAgain or Misconfigured.

        Safe to repeat: an answer that was lost leads to the same or a newer one.
        """
        ...
