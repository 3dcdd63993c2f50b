"""What may an outside checker read of the log over HTTP: its signed head, its tiles, its entries?

Only behind a token that stands in the address, and only once one is set. Whoever has it reads commitments, which say
nothing about anybody; it is there so that not everybody can count what happens here. Anything else is not found.
"""

import hmac
import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from privacy.log_tiles import LogTiles

LOG_NUMBER: Final = re.compile(r"[1-9][0-9]{3,5}", re.ASCII)
FOR_SECONDS: Final = "public, max-age=5"
FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPages:
    """The layout of C2SP tlog-tiles below `/log/TOKEN/NUMBER`."""

    tiles: LogTiles
    token: str

    def routes(self) -> list[web.RouteDef]:
        """All methods, so that one which is not served is as unknown as a wrong token."""
        return [
            web.route("*", "/log/{token}/{log}/checkpoint", self.checkpoint),
            web.route("*", "/log/{token}/{log}/tile/{path:.+}", self.tile),
        ]

    async def checkpoint(self, request: web.Request) -> web.Response:
        """The newest signed head; soon another one."""
        content = await self.tiles.checkpoint(self._log(request))
        if content is None:
            raise _not_found()
        headers = {"Cache-Control": FOR_SECONDS}
        return web.Response(body=content, content_type="text/plain", charset="utf-8", headers=headers)

    async def tile(self, request: web.Request) -> web.Response:
        """A tile or entry bundle that a signed head covers; for ever the same."""
        content = await self.tiles.tile(self._log(request), f"tile/{request.match_info['path']}")
        if content is None:
            raise _not_found()
        headers = {"Cache-Control": FOR_EVER}
        return web.Response(body=content, content_type="application/octet-stream", headers=headers)

    def _log(self, request: web.Request) -> int:
        """The number of the log that is asked for in the right way."""
        given = request.match_info["token"].encode(errors="replace")
        genuine = hmac.compare_digest(given, self.token.encode())
        number = LOG_NUMBER.fullmatch(request.match_info["log"])
        if not genuine or number is None or request.method != "GET" or request.query_string:
            raise _not_found()
        return int(number.group())


def _not_found() -> web.HTTPNotFound:
    return web.HTTPNotFound(text="404: Not Found")
