"""What do others than followers do? Staff in the inbox, the platform's own officers, its crawlers and callbacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from pydantic import BaseModel

from simulator import bodies
from simulator.acts import Acts
from simulator.crawl import crawl
from simulator.events import about_page
from simulator.signing import signed_request
from simulator.stage import Stage
from simulator.world import INBOX_APP_ID

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
B = TypeVar("B", bound=BaseModel)


async def _read(request: web.Request, model: type[B]) -> B:
    return model.model_validate_json(await request.read() or b"{}")


class Officers:
    """The control API's routes for everything that no follower does."""

    def __init__(self, stage: Stage, acts: Acts) -> None:
        self._stage = stage
        self._acts = acts

    def table(self) -> list[tuple[str, str, Handler]]:
        """Method, path below /control/, handler."""
        return [
            ("POST", "token", self.token),
            ("POST", "block", self.block),
            ("POST", "policy", self.policy),
            ("POST", "thread", self.thread),
            ("POST", "callback", self.callback),
            ("POST", "verify", self.verify),
            ("POST", "data-deletion", self.data_deletion),
            ("POST", "deauthorize", self.deauthorize),
            ("POST", "crawl", self.crawl),
        ]

    async def token(self, request: web.Request) -> web.Response:
        """Kills or revives a Page's token."""
        body = await _read(request, bodies.TokenBody)
        page = self._acts.page(body.page)
        page.credential = body.state
        return web.json_response({"page": page.id, "state": page.credential})

    async def block(self, request: web.Request) -> web.Response:
        """A follower blocks the Page, or something like it."""
        body = await _read(request, bodies.BlockBody)
        page = self._acts.page(body.page)
        person = self._acts.follower(page, body.psid)
        person.standing = body.state
        self._stage.world.changed("thread", page=page.id, psid=person.psid)
        return web.json_response({"psid": person.psid, "state": person.standing})

    async def policy(self, request: web.Request) -> web.Response:
        """The platform restricts the Page, or frees it."""
        body = await _read(request, bodies.PolicyBody)
        page = self._acts.page(body.page)
        page.policy = body.state
        if body.notify:
            told: dict[str, Any] = {"action": "unblock"}
            if body.state != "free":
                told = {"action": "block", "reason": body.reason}
            now_ms = self._stage.clock.now_ms()
            self._stage.pusher.offer(about_page(page.id, now_ms, {"policy_enforcement": told}))
        self._stage.world.changed("page", page=page.id)
        return web.json_response({"page": page.id, "state": page.policy})

    async def thread(self, request: web.Request) -> web.Response:
        """A member of staff acts in the Page inbox."""
        body = await _read(request, bodies.ThreadBody)
        page = self._acts.page(body.page)
        person = self._acts.follower(page, body.psid)
        holder = person.holder(self._stage.clock.now_ms())
        events = []
        takes = body.action == "take" or (body.action == "reply" and body.take)
        if takes and page.default_app is not None and holder != INBOX_APP_ID:
            events.append(self._acts.hand_over(page, person, "take", INBOX_APP_ID))
        if body.action == "reply":
            events.append(self._acts.inbox_reply(page, person, body.text, body.metadata))
        elif body.action in ("release", "pass"):
            ours = self._stage.config.app_id if body.action == "pass" else None
            events.append(self._acts.hand_over(page, person, "pass", ours))
        for event in events:
            self._stage.pusher.offer(event)
        self._stage.world.changed("thread", page=page.id, psid=person.psid)
        kinds = [{"event": event.number, "kind": event.kind, "mid": event.mid} for event in events]
        return web.json_response({"owner": person.holder(self._stage.clock.now_ms()), "events": kinds})

    async def callback(self, request: web.Request) -> web.Response:
        """Where events go from now on."""
        body = await _read(request, bodies.CallbackBody)
        pusher = self._stage.pusher
        pusher.callback_url = body.url
        if body.verify_token is not None:
            pusher.verify_token = body.verify_token
        return web.json_response(await pusher.verify() if body.verify else {"verified": None, "status": None})

    async def verify(self, _: web.Request) -> web.Response:
        """The verification GET, now."""
        return web.json_response(await self._stage.pusher.verify())

    async def data_deletion(self, request: web.Request) -> web.Response:
        """Somebody asks for deletion in their account settings."""
        url = self._stage.config.deletion_callback(self._stage.pusher.callback_url)
        return await self._post_signed(request, url)

    async def deauthorize(self, request: web.Request) -> web.Response:
        """Somebody removes the app in their account settings."""
        url = self._stage.config.deauthorize_callback(self._stage.pusher.callback_url)
        return await self._post_signed(request, url)

    async def _post_signed(self, request: web.Request, url: str) -> web.Response:
        body = await _read(request, bodies.SignedRequestBody)
        issued_at = body.issued_at if body.issued_at is not None else int(self._stage.clock.now())
        payload = {"algorithm": "HMAC-SHA256", "expires": 0, "issued_at": issued_at, "user_id": body.user_id}
        secret = self._stage.config.app_secret
        signed = signed_request(secret + "x" if body.tamper else secret, payload)
        told: dict[str, Any] = {"signed_request": signed, "status": None, "answer": None}
        try:
            async with self._stage.pusher.http.post(body.url or url, data={"signed_request": signed}) as reply:
                told["status"] = reply.status
                is_json = reply.content_type == "application/json"
                told["answer"] = await reply.json() if is_json else await reply.text()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as failure:
            told["error"] = type(failure).__name__
        self._stage.ledger.write("signed_request", path=request.path, status=told["status"])
        return web.json_response(told)

    async def crawl(self, request: web.Request) -> web.Response:
        """The platform's crawlers fetch every link ever sent."""
        body = await _read(request, bodies.CrawlBody)
        return web.json_response(await crawl(self._stage, body.hosts, body.times, body.limit))
