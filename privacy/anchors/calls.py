"""How are authorities called over HTTP, so that none of them can do more than answer?

One request, no redirects, an answer of limited length, ten seconds. Names must lead to public addresses (the session's
resolver sees to it), and addresses must be public themselves, except in local mode.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_random_exponential
from yarl import URL

from messenger.graph_url import may_be_public
from privacy.anchors.port import Misconfigured, Trouble, TryAgain

T = TypeVar("T")

CALL_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 65_536
_ATTEMPTS: Final = 3
_ALL_ATTEMPTS_SECONDS: Final = 25.0


class AddressRefused(ValueError):
    """An authority must not be called at this address; the text says why."""


def outside_address(text: str, *, local_mode: bool = False) -> URL:
    """The address of an authority; raises AddressRefused. Plain http will do, for what comes back is signed."""
    try:
        url = URL(text)
    except ValueError:
        raise AddressRefused("is no web address") from None
    if url.scheme not in {"http", "https"} or url.host is None:
        raise AddressRefused("is no web address")
    if url.user or url.password or url.fragment:
        raise AddressRefused("holds a user or a fragment")
    if not local_mode and not may_be_public(url.host):
        raise AddressRefused("is in a private range, which is not outside of our hands")
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    status: int
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Calls authorities over the session it was given; `first_wait` is the first pause before a repetition."""

    session: aiohttp.ClientSession
    first_wait: float = 0.5
    call_seconds: float = CALL_SECONDS

    async def post(self, url: URL, body: bytes, content_type: str) -> HttpAnswer:
        """Any answer that is whole and below the limit, whatever its status; raises TryAgain or Misconfigured."""
        return await self._call("POST", url, body, {"Content-Type": content_type})

    async def get(self, url: URL) -> HttpAnswer:
        """As `post`, for what an authority shows to everybody."""
        return await self._call("GET", url, None, {})

    async def _call(self, method: str, url: URL, body: bytes | None, headers: dict[str, str]) -> HttpAnswer:
        try:
            async with self.session.request(
                method,
                url,
                data=body,
                headers={"Accept-Encoding": "identity", "User-Agent": "assent", **headers},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self.call_seconds),
            ) as answer:
                return HttpAnswer(
                    status=answer.status, content_type=answer.content_type, body=await _limited(answer.content)
                )
        except TimeoutError:
            raise TryAgain(Trouble.TIMED_OUT) from None
        except aiohttp.ClientConnectorCertificateError:
            raise Misconfigured(Trouble.CERTIFICATE_WRONG) from None
        except (aiohttp.ClientError, OSError):
            raise TryAgain(Trouble.UNREACHABLE) from None

    async def repeated(self, call: Callable[[], Awaitable[T]]) -> T:
        """The call's result after a few attempts; only for what is harmless when it is done twice."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(TryAgain),
            stop=stop_after_attempt(_ATTEMPTS) | stop_after_delay(_ALL_ATTEMPTS_SECONDS),
            wait=wait_random_exponential(multiplier=self.first_wait, max=5.0),
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                return await call()
        raise TryAgain(Trouble.UNREACHABLE)


def refused_status(status: int) -> TryAgain | Misconfigured:
    """What a status means that the protocol of the authority gives no meaning."""
    if 300 <= status < 400:
        return Misconfigured(Trouble.MOVED)
    if status in (404, 410):
        return Misconfigured(Trouble.NOT_FOUND)
    if status in (408, 425, 429) or status >= 500:
        return TryAgain(Trouble.BUSY)
    return Misconfigured(Trouble.REFUSED)


async def _limited(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise TryAgain(Trouble.TOO_LONG)
    return bytes(body)
