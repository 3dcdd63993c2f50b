"""What do the buttons and quick replies that we send say when they are tapped?

One small grammar, `assent:verb[:detail...]`, read in one place. The platform brings a payload back only to the app
that sent the button, signed; anything that is not ours reads as None. What marketers give their own buttons begins with
another word and means nothing but that they were tapped.
"""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from domain.consent import ConsentAct
from domain.content import is_own_payload
from domain.ids import Topic
from domain.stop_payload import STOP_PAYLOAD, is_stop

PREFIX = "assent"
START = f"{PREFIX}:start"
STOP = STOP_PAYLOAD
OFFERS = f"{PREFIX}:offers"
RIGHTS = f"{PREFIX}:rights"
EXPORT = f"{PREFIX}:export"
ERASE = f"{PREFIX}:erase"
PRIVACY = f"{PREFIX}:privacy"
HUMAN = f"{PREFIX}:human"


@dataclass(frozen=True, slots=True)
class ConsentTap:
    """A yes or no to the question whose words have this digest, under this notice version."""

    topic: Topic
    act: ConsentAct
    notice_version: int
    text_sha256: bytes


@dataclass(frozen=True, slots=True)
class EraseTap:
    """The answer to "erase everything?" of this request: erase, or leave all as it is."""

    request_id: UUID
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Plain:
    """A tap that needs no detail: one of the constants above."""

    payload: str


@dataclass(frozen=True, slots=True)
class CampaignTap:
    """A tap on a button or quick reply that a marketer put into a campaign."""


Tap: TypeAlias = ConsentTap | EraseTap | Plain | CampaignTap

_PLAIN = frozenset({START, STOP, OFFERS, RIGHTS, EXPORT, ERASE, PRIVACY, HUMAN})
_ANSWERS = {"yes": ConsentAct.GIVEN, "no": ConsentAct.REFUSED}


def consent(topic: Topic, answer: str, notice_version: int, text_sha256: bytes) -> str:
    """The payload of a yes (`answer="yes"`) or no button."""
    return f"{PREFIX}:consent:{topic}:{answer}:{notice_version}:{text_sha256.hex()}"


def erase(request_id: UUID, *, confirm: bool) -> str:
    """The payload of the erase or cancel button of one request."""
    return f"{ERASE}:{'confirm' if confirm else 'cancel'}:{request_id.hex}"


def read(payload: str | None) -> Tap | None:
    """What a tap means; None for a payload that is not of this grammar."""
    if is_stop(payload):
        return Plain(STOP)
    if is_own_payload(payload):
        return CampaignTap()
    parts = (payload or "").split(":")
    match parts:
        case [prefix, _] if prefix == PREFIX and payload in _PLAIN:
            return Plain(payload or "")
        case [prefix, "consent", topic, answer, version, digest] if prefix == PREFIX and answer in _ANSWERS:
            return _consent(topic, _ANSWERS[answer], version, digest)
        case [prefix, "erase", ("confirm" | "cancel") as answer, request] if prefix == PREFIX:
            return _erase(request, confirmed=answer == "confirm")
        case _:
            return None


def _consent(topic: str, act: ConsentAct, version: str, digest: str) -> ConsentTap | None:
    try:
        sha256 = bytes.fromhex(digest)
    except ValueError:
        return None
    if not topic or not version.isascii() or not version.isdigit() or len(version) > 9 or len(sha256) != 32:
        return None
    return ConsentTap(Topic(topic), act, int(version), sha256)


def _erase(request: str, *, confirmed: bool) -> EraseTap | None:
    try:
        return EraseTap(UUID(hex=request), confirmed)
    except ValueError:
        return None
