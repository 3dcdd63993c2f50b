"""How is the simulator steered? The control API.

All bodies are JSON; `page` may be left out where there is one Page; unknown members are refused with 422.
Fields of each body: `bodies.py`. Names of faults: `faults.py`.

POST   /control/followers     {pages: [{id, name, token, region, subscribed, ...}], page, count, window, followers:
                              [{psid, first_name, standing, profile, ...}]} makes or changes Pages and followers;
                              `window` "open" starts their conversations now, "closed" 25 hours ago
GET    /control/followers     ?page=&offset=&limit=&q= lists them
POST   /control/say           {page, psid, one or more of: text, quick_reply ("payload or title of an offered one"
                              or {title, payload}), postback ("payload" or {title, payload}), get_started, referral,
                              attachment ("image" or {type, url}), sticker, reaction ("love" or {mid, reaction,
                              action}), edit {mid, text}, unsend "mid", delete ["mid"], read, delivered, optin,
                              optout, feedback, account_linking, message_request, comment, policy_enforcement,
                              business_integrity, change {field, value}, event {raw}; and how it is sent: timestamp
                              (ms), seconds_timestamp, standby, duplicate, unsigned, wrong_secret, delay (s), extra
                              {raw members}, wait (answer only after the callback answered)}
POST   /control/push          {body: raw text or JSON, unsigned, wrong_secret, times} or {acts: [say bodies]}: one
                              POST to the callback, not repeated; answers with the callback's status
POST   /control/faults        {page or none for all, rates: {"duplicate": 0.1, "error:10/2018278": 0.05}, rules:
                              [{fault, code, subcode, status, seconds, rate, times, edge, kind}], next: ["ok",
                              "accepted_and_cut", {fault: "error", code: 2}, ["ok", "echo_lost"]], limits: {...},
                              deliveries, batch}; `next` is used up by message sends, one step each
DELETE /control/faults        ?page= ends rules and scripts (limits stay)
POST   /control/clock         {offset_seconds | advance_seconds | now}; GET reads it
POST   /control/token         {page, state: alive, expired, removed, password, checkpoint, invalid, role}
POST   /control/block         {page, psid, state: blocked, unavailable, muted, silent_block, deleted, reachable}
POST   /control/policy        {page, state: blocked, restricted, commerce, unpermitted, free; notify, reason}
POST   /control/thread        {page, psid, action: take, reply, release, pass; text, take, metadata}: staff in the
                              Page inbox; `release` makes the thread idle, `pass` hands it to our app
GET    /control/thread        ?page=&psid= the conversation as the follower sees it
POST   /control/start         {page, n, per_second, think_seconds} lets scripted followers begin
POST   /control/callback      {url, verify_token, verify} where events go from now on
POST   /control/verify        the verification GET, now
POST   /control/data-deletion {user_id, url, issued_at, tamper} posts a signed_request; answers what came back
POST   /control/deauthorize   the same for the deauthorize callback
POST   /control/crawl         {hosts, times, limit} the platform's crawlers fetch every link ever sent
GET    /control/ledger        ?kind=&page=&psid=&since=line&limit= lines of the ledger, oldest first
GET    /control/calls         ?limit= the newest Graph calls, newest first
GET    /control/state         counts
GET    /control/stream        server-sent events: what changes (thread, page, call, clock)
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, ValidationError

from simulator import bodies
from simulator.acts import Acts, UnknownFollowerError
from simulator.crawl import LOCAL_HOSTS
from simulator.followers import follower_line, make_followers
from simulator.officers import Officers
from simulator.people import People
from simulator.signing import encode
from simulator.stage import Stage
from simulator.telling import tell
from simulator.view import screen

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
B = TypeVar("B", bound=BaseModel)
PING_SECONDS = 15.0


def answer(body: Any, status: int = 200) -> web.Response:
    """A JSON answer of the control API."""
    return web.json_response(body, status=status)


async def read_body(request: web.Request, model: type[B]) -> B:
    """The body as this model; an empty body counts as {}."""
    raw = await request.read()
    return model.model_validate_json(raw or b"{}")


class Control:
    """The control API's routes."""

    def __init__(self, stage: Stage, acts: Acts, people: People) -> None:
        self._stage = stage
        self._acts = acts
        self._people = people

    def routes(self) -> list[web.RouteDef]:
        """All of them, guarded against other web sites in the same browser."""
        officers = Officers(self._stage, self._acts)
        table: list[tuple[str, str, Handler]] = [
            ("POST", "followers", self.make_followers),
            ("GET", "followers", self.list_followers),
            ("POST", "say", self.say),
            ("POST", "push", self.push),
            ("POST", "faults", self.add_faults),
            ("DELETE", "faults", self.clear_faults),
            ("POST", "clock", self.move_clock),
            ("GET", "clock", self.read_clock),
            ("GET", "thread", self.read_thread),
            ("POST", "start", self.start),
            ("GET", "ledger", self.read_ledger),
            ("GET", "calls", self.read_calls),
            ("GET", "state", self.read_state),
            ("GET", "stream", self.stream),
            *officers.table(),
        ]
        return [web.route(method, f"/control/{path}", self._guarded(run)) for method, path, run in table]

    def _guarded(self, run: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._from_here(request):
                return answer({"error": "the control API answers only its own page and local tools"}, 403)
            try:
                return await run(request)
            except ValidationError as faults:
                details = faults.errors(include_url=False, include_context=False)
                return answer({"error": "the body is not right", "details": details}, 422)
            except UnknownFollowerError as unknown:
                return answer({"error": str(unknown)}, 404)
            except ValueError as wrong:
                return answer({"error": str(wrong)}, 400)

        return guarded

    def _from_here(self, request: web.Request) -> bool:
        # A page of another site must neither steer the simulator nor reach it by a rebound name.
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return False
        if request.method == "POST" and request.can_read_body and request.content_type != "application/json":
            return False
        return self._stage.config.host not in LOCAL_HOSTS or urlsplit(f"//{request.host}").hostname in LOCAL_HOSTS

    async def make_followers(self, request: web.Request) -> web.Response:
        """POST /control/followers."""
        body = await read_body(request, bodies.FollowersBody)
        return answer(make_followers(self._stage, self._acts, body))

    async def list_followers(self, request: web.Request) -> web.Response:
        """GET /control/followers: those with a conversation first, the newest first."""
        page = self._acts.page(request.query.get("page"))
        wanted = request.query.get("q", "").casefold()
        found = [person for person in page.followers.values() if wanted in person.name.casefold()]
        found.sort(key=lambda person: person.bubbles[-1].at_ms if person.bubbles else 0, reverse=True)
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 100))
        lines = [follower_line(person) for person in found[offset : offset + limit]]
        pages = [{"id": known.id, "name": known.name} for known in self._stage.world.pages.values()]
        return answer({"page": page.id, "pages": pages, "total": len(found), "followers": lines})

    async def say(self, request: web.Request) -> web.Response:
        """POST /control/say."""
        body = await read_body(request, bodies.SayBody)
        return answer(await tell(self._stage, self._acts, body))

    async def push(self, request: web.Request) -> web.Response:
        """POST /control/push."""
        body = await read_body(request, bodies.PushBody)
        if isinstance(body.body, str):
            raw = body.body.encode()
        elif body.body is not None:
            raw = encode(body.body)
        else:
            events = [event for act in body.acts for event in self._acts.perform(act)]
            raw = encode({"object": "page", "entry": [event.entry() for event in events]})
        signature = "missing" if body.unsigned else "wrong" if body.wrong_secret else "good"
        outcomes = [await self._stage.pusher.post(raw, signature=signature) for _ in range(body.times)]
        for outcome in outcomes:
            self._stage.ledger.write(
                "push", status=outcome.status, error=outcome.error, signature=signature, bytes=len(raw)
            )
        return answer({"status": outcomes[-1].status, "statuses": [outcome.status for outcome in outcomes]})

    async def add_faults(self, request: web.Request) -> web.Response:
        """POST /control/faults."""
        body = await read_body(request, bodies.FaultsBody)
        stage = self._stage
        for word, rate in body.rates.items():
            rule = bodies.FaultBody(fault="ok").rule(body.page)
            stage.faults.add(dataclasses.replace(rule, fault=bodies.fault_of(word), rate=rate))
        for given in body.rules:
            stage.faults.add(given.rule(body.page))
        steps = [step if isinstance(step, list) else [step] for step in body.next]
        if steps:
            stage.faults.script(body.page, [tuple(bodies.fault_of(word) for word in step) for step in steps])
        if body.limits is not None:
            self._set_limits(body.page, body.limits)
        if body.deliveries is not None:
            stage.deliveries = body.deliveries
        if body.batch is not None:
            stage.pusher.batch = body.batch
        return answer(stage.faults.counts())

    def _set_limits(self, page_id: str | None, limits: bodies.LimitsBody) -> None:
        changes = limits.model_dump(exclude_unset=True)
        pages = [self._acts.page(page_id)] if page_id else list(self._stage.world.pages.values())
        for page in pages:
            page.meter.limits = dataclasses.replace(page.meter.limits, **changes)
            page.meter.frozen_until = 0.0

    async def clear_faults(self, request: web.Request) -> web.Response:
        """DELETE /control/faults."""
        self._stage.faults.clear(request.query.get("page"))
        return answer(self._stage.faults.counts())

    async def move_clock(self, request: web.Request) -> web.Response:
        """POST /control/clock."""
        body = await read_body(request, bodies.ClockBody)
        clock = self._stage.clock
        if body.now is not None:
            clock.set_now(body.now)
        if body.offset_seconds is not None:
            clock.offset_seconds = body.offset_seconds
        if body.advance_seconds is not None:
            clock.offset_seconds += body.advance_seconds
        self._stage.world.changed("clock")
        return await self.read_clock(request)

    async def read_clock(self, _: web.Request) -> web.Response:
        """GET /control/clock."""
        clock = self._stage.clock
        return answer({"now_ms": clock.now_ms(), "now": clock.now(), "offset_seconds": clock.offset_seconds})

    async def read_thread(self, request: web.Request) -> web.Response:
        """GET /control/thread."""
        page = self._acts.page(request.query.get("page"))
        return answer(screen(self._stage, page, self._acts.follower(page, request.query.get("psid"))))

    async def start(self, request: web.Request) -> web.Response:
        """POST /control/start."""
        body = await read_body(request, bodies.StartBody)
        page = self._acts.page(body.page)
        return answer({"coming": self._people.start(page, body.n, body.per_second, body.think_seconds)})

    async def read_ledger(self, request: web.Request) -> web.Response:
        """GET /control/ledger."""
        query = request.query
        since, limit = int(query.get("since", 0)), int(query.get("limit", 100_000))
        lines = await asyncio.to_thread(
            self._stage.ledger.read,
            since=since,
            kind=query.get("kind"),
            page=query.get("page"),
            psid=query.get("psid"),
            limit=limit,
        )
        return answer({"lines": lines})

    async def read_calls(self, request: web.Request) -> web.Response:
        """GET /control/calls."""
        limit = int(request.query.get("limit", 50))
        return answer({"calls": list(self._stage.ledger.recent_calls)[-limit:][::-1]})

    async def read_state(self, _: web.Request) -> web.Response:
        """GET /control/state."""
        stage = self._stage
        pages = {
            page.id: {
                "name": page.name,
                "followers": len(page.followers),
                "engaged": page.engaged,
                "subscribed": page.fields is not None,
                "credential": page.credential,
                "policy": page.policy,
                "busiest_second": page.meter.busiest_second,
            }
            for page in stage.world.pages.values()
        }
        pusher = stage.pusher
        events = {
            "pushed": pusher.pushed,
            "delivered": pusher.delivered,
            "withheld": pusher.withheld,
            "dropped": pusher.dropped,
            "waiting": pusher.backlog(),
            "retrying": pusher.retrying,
        }
        people, faults = self._people.counts(), stage.faults.counts()
        return answer({"pages": pages, "events": events, "people": people, "faults": faults})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """GET /control/stream."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        notes = self._stage.world.watch()
        closing = asyncio.ensure_future(self._stage.closing.wait())
        try:
            while not closing.done():
                note = asyncio.ensure_future(notes.get())
                await asyncio.wait({note, closing}, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if note.done():
                    await response.write(f"data: {json.dumps(note.result())}\n\n".encode())
                else:
                    note.cancel()
                    await response.write(b": still here\n\n")
        except ConnectionError:
            return response
        finally:
            closing.cancel()
            self._stage.world.unwatch(notes)
        return response
