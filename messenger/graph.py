"""How is one call made to the platform, and what can be said for sure when it goes wrong?

A call that failed before it left is NOT_SENT; once it may have left, only an answer of the platform
can deny it, and anything else is UNKNOWN. Nothing is logged here: addresses hold ids, headers hold
tokens, answers hold texts.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from domain.personal import Pii
from messenger.errors import SendFailure, not_sent, outcome_unknown, read_answer, token_unusable
from messenger.signature import AppSecret, appsecret_proof
from messenger.usage import Usage, read_retry_after, read_usage

CALL_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0
ANSWER_MAX_BYTES: Final = 1024 * 1024

_TOKEN = re.compile(r"[!-~]{1,4096}", re.ASCII)
_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_CACHED_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphAnswer:
    """A good answer: its members, and the usage the platform named beside it."""

    members: dict[str, Any] = field(repr=False)
    usage: Usage | None


class _Late(Exception):
    pass


class _Body(aiohttp.BytesPayload):
    """A body that is not written any more once its time is over; then nothing of the request has left.

    Between the last look at a clock and this one whole turns of the loop may lie, and any stall of the machine.
    """

    def __init__(self, body: bytes, begin_by: float) -> None:
        super().__init__(body)
        self._begin_by = begin_by
        self.too_late = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if asyncio.get_running_loop().time() > self._begin_by:
            self.too_late = True
            raise _Late
        await super().write_with_length(writer, content_length)


class Graph:
    """Makes calls under one address with the session it was given, and never follows a redirect."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: URL,
        app_secret: AppSecret | None,
        *,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._session = session
        self._base = base
        self._app_secret = app_secret
        # Waiting for a free connection counts as connecting: a call that never left is never "unknown".
        self._timeout = aiohttp.ClientTimeout(total=call_seconds, connect=min(CONNECT_SECONDS, call_seconds / 2))
        self._urls: dict[tuple[str, ...], URL] = {}

    async def call(
        self,
        method: str,
        path: tuple[str, ...],
        token: Pii[str],
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        begin_within: float | None = None,
    ) -> GraphAnswer | SendFailure:
        """One call, made once; raises ValueError for a path that could lead elsewhere.

        A call of which nothing has left after `begin_within` seconds is given up as not sent.
        """
        secret = token.reveal("authorization of a platform call")
        if _TOKEN.fullmatch(secret) is None:
            return token_unusable()
        headers = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = self._url(path, secret, query)
        timely = None
        if begin_within is not None and body is not None:
            timely = _Body(body, asyncio.get_running_loop().time() + begin_within)
        try:
            async with self._session.request(
                method,
                url,
                data=timely or body,
                headers=headers,
                timeout=self._within(begin_within),
                allow_redirects=False,
            ) as response:
                answer = await _bounded(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientSSLError):
            return not_sent()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return not_sent() if timely is not None and timely.too_late else outcome_unknown()
        usage = read_usage(response.headers)
        read = read_answer(response.status, answer, usage=usage, retry_after=read_retry_after(response.headers))
        return read if isinstance(read, SendFailure) else GraphAnswer(members=read, usage=usage)

    def _within(self, begin_within: float | None) -> aiohttp.ClientTimeout:
        if begin_within is None:
            return self._timeout
        return aiohttp.ClientTimeout(total=self._timeout.total, connect=max(0.001, begin_within))

    def _url(self, path: tuple[str, ...], secret: str, query: Mapping[str, str] | None) -> URL:
        url = self._urls.get(path)
        if url is None:
            if any(_SEGMENT.fullmatch(segment) is None for segment in path):
                raise ValueError("an id in a platform call may hold letters, digits, _ and - only")
            url = self._base.joinpath(*path)
            if len(self._urls) >= _CACHED_MAX:
                self._urls.clear()
            self._urls[path] = url
        if self._app_secret is None:
            return url if query is None else url.with_query(query)
        return url.with_query({**(query or {}), "appsecret_proof": appsecret_proof(self._app_secret, secret)})


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """The body of the answer, or nothing when it is larger than any honest answer."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_MAX_BYTES:
            response.close()
            return b""
    return bytes(body)
