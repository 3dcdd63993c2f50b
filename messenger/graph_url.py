"""Which addresses may this program call on the operator's behalf?

Only the configured platform. Redirects are never followed, and an address that a person sent is
never fetched; what is left is a mistyped or hostile setting, which is refused here.
"""

import ipaddress
import re
import socket
from typing import Final

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

GRAPH_URL: Final = "https://graph.facebook.com"
GRAPH_VERSION: Final = "v25.0"

_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}", re.ASCII)


class GraphUrlRefused(ValueError):
    """The setting cannot be used; the text says what to change."""


def graph_base(graph_url: str, version: str, *, local_mode: bool = False) -> URL:
    """The address under which all calls are made; raises GraphUrlRefused.

    https is required, and private address ranges are refused, except for this machine itself.
    `local_mode` lifts both for a simulator on another host of a closed network.
    """
    if _VERSION.fullmatch(version) is None:
        raise GraphUrlRefused("the Graph API version looks like v25.0")
    try:
        url = URL(graph_url)
    except ValueError:
        raise GraphUrlRefused("the platform's address is no web address; it looks like https://host") from None
    if url.host is None or url.scheme not in {"http", "https"}:
        raise GraphUrlRefused("the platform's address is no web address; it looks like https://host")
    if url.user or url.password or url.query_string or url.fragment:
        raise GraphUrlRefused("the platform's address must not hold a user, a query or a fragment")
    if not (local_mode or _is_this_machine(url.host)):
        if url.scheme != "https":
            raise GraphUrlRefused("the platform's address must start with https://, or be on this machine")
        if not may_be_public(url.host):
            raise GraphUrlRefused("the platform's address is in a private range; use its public name")
    return URL(str(url).rstrip("/")) / version


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only, so that no name can lead into the operator's network."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of the host; OSError when it has none, as if the name did not exist."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if may_be_public(one["host"])]
        if not public:
            raise OSError(None, "the name has no public address")
        return public

    async def close(self) -> None:
        """Nothing is held open."""
        await self._resolver.close()


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_be_public(host: str) -> bool:
    """False for an address in a private range and for this machine; a name is asked for when it is resolved."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host != "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_global
