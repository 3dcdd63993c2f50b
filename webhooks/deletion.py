"""What happens when the platform says that somebody wants their data deleted, or removed the app?

The platform names people here by an id that no chat knows, so nothing can be deleted on its word alone: the request is
kept as received and not matched, and its status page asks the person to confirm in the chat, where they are certain.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from domain.personal import Pii
from messenger.signature import AppSecret, SignatureRefused, SignedRequest, parse_signed_request
from storage.webhook_counts import WebhookCounts
from webhooks.forms import read_form

log = logging.getLogger(__name__)

# A request without a time is the same as every other of its person without one.
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformCallbacks:
    """The platform's data-deletion and deauthorize callbacks.

    `open_request` gives the code of the request of this app-scoped id and time, the same for the same; `status_url`
    the address of its page.
    """

    open_request: Callable[[Pii[str], datetime], Awaitable[str]]
    status_url: Callable[[str], str]
    counts: WebhookCounts
    app_secrets: Sequence[AppSecret] = field(repr=False)

    def routes(self) -> list[web.RouteDef]:
        """Both callbacks; nothing here answers to GET."""
        return [
            web.post("/webhooks/data-deletion", self.delete),
            web.post("/webhooks/deauthorize", self.deauthorize),
        ]

    async def delete(self, request: web.Request) -> web.Response:
        """The address and the code by which the person learns what became of it; repeating it changes nothing."""
        signed = await self._signed(request, "deletion")
        code = await self.open_request(signed.user_id, signed.issued_at or _NO_TIME)
        self.counts.count("deletion:received")
        return web.json_response({"url": self.status_url(code), "confirmation_code": code})

    async def deauthorize(self, request: web.Request) -> web.Response:
        """Somebody removed the app without asking for deletion: counted, and told to operators in the log."""
        await self._signed(request, "deauthorize")
        self.counts.count("deauthorize:received")
        log.warning("platform.app_removed")
        return web.json_response({})

    async def _signed(self, request: web.Request, callback: str) -> SignedRequest:
        form = await read_form(request)
        try:
            return parse_signed_request(form.get("signed_request"), self.app_secrets)
        except SignatureRefused as refused:
            self.counts.count(f"{callback}:signature_{refused.reason.value}")
            answer = {"error": {"code": f"signature_{refused.reason.value}", "message": str(refused)}}
            raise web.HTTPForbidden(text=json.dumps(answer), content_type="application/json") from None
