"""How does a person read the copy of their data, and fetch it as a file, with the code from their chat?

Opening the page changes nothing and tells nothing: crawlers open every link, and whoever finds one learns nothing from
it. Only a typed code opens the copy. The file goes out once; one that breaks off on the way can be fetched again.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from aiohttp import web

from privacy.exports import Exports, Opened, Refused, RefusedReason
from webhooks.follower_pages import FollowerPages, refuse_unknown_query
from webhooks.forms import read_form, refuse_other_sites
from webhooks.rendering import PAGE_HEADERS

log = logging.getLogger(__name__)

FORM_MAX_BYTES: Final = 1024
CHUNK_BYTES: Final = 64 * 1024
FILE_HEADERS: Final = PAGE_HEADERS | {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Disposition": 'attachment; filename="assent-export.json"',
}
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{27}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    """The page behind every export link."""

    exports: Exports
    shown: FollowerPages
    clock: Callable[[], datetime]

    def routes(self) -> list[web.RouteDef]:
        """One address; GET asks for the code, POST opens with it."""
        return [web.get("/export/{token}", self.ask), web.post("/export/{token}", self.open)]

    async def ask(self, request: web.Request) -> web.Response:
        """A field for the code. Nothing is looked up and nothing is changed, whatever the link."""
        refuse_unknown_query(request)
        if not _TOKEN.fullmatch(request.match_info["token"]):
            return await self.shown.gone(request)
        return await self._code_page(request)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """The copy to read, or with `file=json` as a file, once."""
        refuse_unknown_query(request)
        refuse_other_sites(request, self.shown.public_url)
        form = dict(await read_form(request, most_bytes=FORM_MAX_BYTES))
        code, wanted = form.pop("code", ""), form.pop("file", None)
        if form or wanted not in {None, "json"}:
            raise web.HTTPBadRequest(text="This form has fields that do not belong to it.\n")
        token = request.match_info["token"]
        if not _TOKEN.fullmatch(token):
            return await self.shown.gone(request)
        hand_over = self.exports.open_archive if wanted is None else self.exports.take
        answer = await hand_over(token, code, self.clock())
        if isinstance(answer, Refused):
            return await self._refused(request, answer)
        if wanted is None:
            return await self._view(request, token, code, answer)
        return await self._file(request, token, answer)

    async def _refused(self, request: web.Request, refused: Refused) -> web.Response:
        match refused.reason:
            case RefusedReason.WRONG_CODE:
                return await self._code_page(request, refused, status=403)
            case RefusedReason.TOO_MANY | RefusedReason.EXPIRED:
                return await self._code_page(request, refused, status=410)
            case RefusedReason.USED | RefusedReason.GONE:
                return await self.shown.gone(request)
            case _:
                assert_never(refused.reason)

    async def _code_page(
        self, request: web.Request, refused: Refused | None = None, *, status: int = 200
    ) -> web.Response:
        return await self.shown.show(
            request,
            "export_code.html",
            page=await self.shown.only_page(),
            status=status,
            problem=None if refused is None else refused.reason.value,
            tries_left=0 if refused is None else refused.tries_left,
        )

    async def _view(self, request: web.Request, token: str, code: str, opened: Opened) -> web.Response:
        document = await asyncio.to_thread(json.loads, opened.content)
        return await self.shown.show(
            request,
            "export_view.html",
            page=await self.shown.find(document["page"]["id"]),
            language=document["language"],
            document=document,
            code=code,
            zip=False,
            expires_at=opened.expires_at,
            copy_url=f"{self.shown.public_url.rstrip('/')}/export/{token}",
        )

    async def _file(self, request: web.Request, token: str, opened: Opened) -> web.StreamResponse:
        response = web.StreamResponse(headers=FILE_HEADERS | {"Content-Length": str(len(opened.content))})
        try:
            await response.prepare(request)
            for start in range(0, len(opened.content), CHUNK_BYTES):
                await response.write(opened.content[start : start + CHUNK_BYTES])
            await response.write_eof()
        except BaseException:
            # Also when the server is told to stop: the person did not get it.
            await asyncio.shield(self.exports.give_back(token))
            log.info("export.broken_off")
            raise
        await self.exports.taken(token)
        log.info("export.taken")
        return response
