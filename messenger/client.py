"""How do we talk with the platform?

`send` is made exactly once and answers with a closed union; whether to repeat it is decided from
its stored state. Reads and set-up calls are safe to repeat: they are tried again a few times and
raise CallFailed in the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_random_exponential

from domain.ids import Mid, PageId, Psid
from domain.personal import Pii
from messenger import fields
from messenger.errors import CallFailed, FailureKind, SendFailure, outcome_unknown
from messenger.graph import CALL_SECONDS, Graph, GraphAnswer
from messenger.graph_url import GRAPH_URL, GRAPH_VERSION, graph_base
from messenger.messages import MessagingType, OutgoingMessage, send_body
from messenger.profile import MessengerProfile
from messenger.signature import AppSecret
from messenger.strict_json import write_json
from messenger.usage import Usage

# Without these the bot misses what people do; the optional ones only make it better informed.
REQUIRED_FIELDS: Final = (
    "messages",
    "messaging_postbacks",
    "messaging_optins",
    "messaging_referrals",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "messaging_handovers",
    "standby",
    "messaging_policy_enforcement",
)
OPTIONAL_FIELDS: Final = ("messaging_optouts", "message_edits", "message_reactions", "business_integrity")

_REPEATED: Final = {FailureKind.NOT_SENT, FailureKind.UNKNOWN, FailureKind.TEMPORARY}
_ATTEMPTS: Final = 3
_ALL_ATTEMPTS_SECONDS: Final = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The platform accepted the message; that it arrived is said by a later event."""

    mid: Mid = field(repr=False)
    usage: Usage | None


SendResult = Sent | SendFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One app that gets events of the Page, and which."""

    app_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """What the platform says about a token; a missing end means that none is set."""

    is_valid: bool
    app_id: str | None
    scopes: tuple[str, ...]
    expires_at: datetime | None
    data_access_expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadOwner:
    """The app that controls a conversation, and until when if the platform says so."""

    app_id: str
    expires_at: datetime | None


class MessengerClient:
    """All calls to the platform, over the session it was given; one per process.

    `retry_wait_seconds` is the first wait between attempts of a repeatable call. `local_mode` lets
    the platform be a simulator on another host of a closed network.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        graph_url: str = GRAPH_URL,
        version: str = GRAPH_VERSION,
        app_secret: AppSecret | None = None,
        *,
        local_mode: bool = False,
        call_seconds: float = CALL_SECONDS,
        retry_wait_seconds: float = 0.5,
    ) -> None:
        base = graph_base(graph_url, version, local_mode=local_mode)
        self._graph = Graph(session, base, app_secret, call_seconds=call_seconds)
        self._app_secret = app_secret
        self._retry_wait_seconds = retry_wait_seconds

    async def send(
        self,
        page_id: PageId,
        token: Pii[str],
        psid: Pii[Psid],
        message: OutgoingMessage,
        metadata: str,
        messaging_type: MessagingType = "RESPONSE",
        *,
        begin_within: float | None = None,
    ) -> SendResult:
        """One attempt, never repeated here; an UNKNOWN failure may have reached the person.

        What has not begun to leave after `begin_within` seconds is surely not sent.
        """
        body = send_body(psid, message, metadata, messaging_type)
        answer = await self._graph.call("POST", (page_id, "messages"), token, body=body, begin_within=begin_within)
        if isinstance(answer, SendFailure):
            return answer
        mid = _sent_mid(answer.members)
        return outcome_unknown(200) if mid is None else Sent(mid=mid, usage=answer.usage)

    async def page_name(self, page_id: PageId, token: Pii[str]) -> str | None:
        """The name of the Page as people see it."""
        answer = await self._repeated("GET", (page_id,), token, query={"fields": "name"})
        return fields.text(answer.members.get("name"))

    async def first_name(self, psid: Pii[Psid], token: Pii[str]) -> Pii[str] | None:
        """The person's first name, None when the platform knows or gives none."""
        path = (psid.reveal("address of the person's profile"),)
        try:
            answer = await self._repeated("GET", path, token, query={"fields": "first_name"})
        except CallFailed as failed:
            if failed.failure.kind in {FailureKind.NOT_FOUND, FailureKind.PERSON_UNREACHABLE}:
                return None
            raise
        return fields.private(answer.members.get("first_name") or None)

    async def subscribe(
        self,
        page_id: PageId,
        token: Pii[str],
        required: Sequence[str] = REQUIRED_FIELDS,
        optional: Sequence[str] = OPTIONAL_FIELDS,
    ) -> tuple[str, ...]:
        """The fields now subscribed: all, or the required ones when the platform refuses an optional one."""
        try:
            return await self._subscribe(page_id, token, (*required, *optional))
        except CallFailed as failed:
            if failed.failure.kind is not FailureKind.BAD_REQUEST or not optional:
                raise
        return await self._subscribe(page_id, token, tuple(required))

    async def subscriptions(self, page_id: PageId, token: Pii[str]) -> tuple[Subscription, ...]:
        """The apps that get events of this Page."""
        answer = await self._repeated("GET", (page_id, "subscribed_apps"), token)
        found = (fields.members(one) for one in fields.items(answer.members.get("data")))
        return tuple(
            Subscription(app_id=app_id, fields=_names(one.get("subscribed_fields")))
            for one in found
            if (app_id := fields.identifier(one.get("id"))) is not None
        )

    async def unsubscribe(self, page_id: PageId, token: Pii[str]) -> None:
        """The Page's events no longer come to this app."""
        _succeeded(await self._repeated("DELETE", (page_id, "subscribed_apps"), token))

    async def debug_token(self, app_id: str, token: Pii[str]) -> TokenFacts:
        """What the platform says about the token, asked with the app's own secret where there is one."""
        asking = token if self._app_secret is None else Pii(f"{app_id}|{self._app_secret.key.decode()}")
        query = {"input_token": token.reveal("the token that is checked")}
        answer = await self._repeated("GET", ("debug_token",), asking, query=query)
        found = fields.members(answer.members.get("data"))
        return TokenFacts(
            is_valid=fields.flag(found.get("is_valid")),
            app_id=fields.identifier(found.get("app_id")),
            scopes=_names(found.get("scopes")),
            expires_at=fields.stamp(found.get("expires_at")).at,
            data_access_expires_at=fields.stamp(found.get("data_access_expires_at")).at,
        )

    async def set_messenger_profile(self, token: Pii[str], profile: MessengerProfile) -> None:
        """The Page of this token shows the profile; at most 10 calls in 10 minutes are allowed."""
        body = write_json(profile.json())
        _succeeded(await self._repeated("POST", ("me", "messenger_profile"), token, body=body))

    async def thread_owner(self, page_id: PageId, token: Pii[str], psid: Pii[Psid]) -> ThreadOwner | None:
        """The app that controls the conversation, None when nobody does; only its owner may ask."""
        query = {"recipient": psid.reveal("whose conversation is asked about")}
        answer = await self._repeated("GET", (page_id, "thread_owner"), token, query=query)
        first = next(iter(fields.items(answer.members.get("data"))), None)
        owner = fields.members(fields.members(first).get("thread_owner"))
        app_id = fields.identifier(owner.get("app_id"))
        if app_id is None:
            return None
        return ThreadOwner(app_id=app_id, expires_at=fields.stamp(owner.get("expiration")).at)

    async def _subscribe(self, page_id: PageId, token: Pii[str], names: tuple[str, ...]) -> tuple[str, ...]:
        query = {"subscribed_fields": ",".join(names)}
        _succeeded(await self._repeated("POST", (page_id, "subscribed_apps"), token, query=query))
        return names

    async def _repeated(
        self,
        method: str,
        path: tuple[str, ...],
        token: Pii[str],
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> GraphAnswer:
        """A call that is safe to repeat; never while limited, because that prolongs the limit."""
        attempts = AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_ALL_ATTEMPTS_SECONDS),
            wait=wait_random_exponential(multiplier=self._retry_wait_seconds, max=5),
            retry=retry_if_exception(_may_repeat),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                answer = await self._graph.call(method, path, token, query=query, body=body)
                if isinstance(answer, SendFailure):
                    raise CallFailed(answer)
                return answer
        raise CallFailed(outcome_unknown())


def _may_repeat(error: BaseException) -> bool:
    return isinstance(error, CallFailed) and error.failure.kind in _REPEATED


def _sent_mid(members: dict[str, Any]) -> Mid | None:
    inside = fields.members(members.get("recipient"))
    candidates = (members.get("message_id"), members.get("mid"), inside.get("message_id"))
    return next((mid for one in candidates if (mid := fields.message_id(one)) is not None), None)


def _names(value: object) -> tuple[str, ...]:
    found = (fields.name(one) for one in fields.items(value))
    return tuple(one for one in found if one is not None)


def _succeeded(answer: GraphAnswer) -> None:
    if not (fields.flag(answer.members.get("success")) or answer.members.get("result") == "success"):
        raise CallFailed(outcome_unknown(200))
