"""How is a Graph API call answered? Authorises, counts, routes, and answers well or as the faults demand."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import time

from aiohttp import web

from simulator import accounts, edges, rules, sending
from simulator.calls import Answer, Call, Handler, read_call
from simulator.errors import GraphError
from simulator.faults import Fault
from simulator.signing import appsecret_proof
from simulator.stage import Stage

OLDEST_VERSION, NEWEST_VERSION = 21, 26
_VERSION = re.compile(r"v(\d{1,2})\.0")

# What a spoilt answer is called in the ledger.
_ANSWERED = {
    "accepted_but_error": "wrong",
    "error_under_200": "wrong",
    "garbage": "wrong",
    "accepted_and_cut": "cut",
    "refused_and_cut": "cut",
    "hang": "hung",
    "hang_refused": "hung",
    "slow": "delayed",
}

_EDGES: dict[tuple[str, str], Handler] = {("POST", "messages"): sending.send, **edges.EDGES, **accounts.EDGES}
_OPEN: dict[tuple[str, str], Handler] = accounts.OPEN


class Graph:
    """The fake Graph API."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any call under /v25.0/, another living version, or no version at all."""
        arrived = time.monotonic()
        segments = [segment for segment in request.path.split("/") if segment]
        call = Call(arrived=arrived, method=request.method, path=request.path, segments=segments, query={})
        try:
            version, segments = self._version(segments)
            call = await read_call(request, arrived, segments)
            answer = await self._answer(call)
        except GraphError as refused:
            version = self._stage.config.graph_version
            answer = self._refuse(call, refused)
        line = self._record(call, answer)
        return await self._reply(request, call, answer, version, line)

    def _version(self, segments: list[str]) -> tuple[str, list[str]]:
        version = _VERSION.fullmatch(segments[0]) if segments else None
        if version is None:
            return self._stage.config.graph_version, segments
        if not OLDEST_VERSION <= int(version[1]) <= NEWEST_VERSION:
            raise GraphError("no_path", f"Unknown path components: /{segments[0]}")
        return segments[0], segments[1:]

    async def _answer(self, call: Call) -> Answer:
        if not call.segments or len(call.segments) > 2:
            raise GraphError("no_path")
        opened = _OPEN.get((call.method, "/".join(call.segments)))
        if opened is not None:
            return await opened(self._stage, call)
        self._authorise(call)
        if call.page is not None:
            call.page.meter.count_call(self._stage.clock.now(), call.page.engaged)
        if call.edge != "messages":
            self._fail(call)
        handler = accounts.read_node if call.edge == "node" else _EDGES.get((call.method, call.edge))
        if handler is None:
            raise GraphError("no_path", f"Unknown path components: /{call.edge}")
        return await handler(self._stage, call)

    def _fail(self, call: Call) -> None:
        fault = self._stage.faults.for_call(call.page.id if call.page else None, call.edge)
        if fault is not None and fault.name == "error":
            raise GraphError(fault.refusal())

    def _authorise(self, call: Call) -> None:
        stage = self._stage
        if call.token is None:
            raise GraphError("no_token")
        proof = call.param("appsecret_proof")
        if proof is None and stage.config.require_proof:
            raise GraphError("parameter", "API calls from the server require an appsecret_proof argument")
        if proof is not None:
            expected = appsecret_proof(stage.config.app_secret, call.token)
            if not hmac.compare_digest(str(proof), expected):
                raise GraphError("parameter", "Invalid appsecret_proof provided in the API argument")
        call.page = stage.world.page_of_token(call.token)
        call.by_app = call.token == stage.app_token
        call.by_user = call.token == stage.user_token
        if call.page is not None:
            rules.check_credential(call.page)
        elif not call.by_app and not call.by_user:
            raise GraphError("token")

    def _refuse(self, call: Call, refused: GraphError) -> Answer:
        call.notes.update(code=refused.refusal.code, subcode=refused.refusal.subcode, accepted=False)
        call.notes.pop("mid", None)
        psid = call.notes.get("psid")
        follower = call.page.followers.get(psid) if call.page is not None and psid is not None else None
        if follower is not None and call.page is not None and call.edge == "messages":
            note = {"at_ms": self._stage.clock.now_ms(), **_code(call), "message": refused.message}
            follower.refuse(note)
            self._stage.world.changed("thread", page=call.page.id, psid=psid)
        return Answer(body=refused.body(), status=refused.refusal.status)

    def _record(self, call: Call, answer: Answer) -> int:
        fault = answer.fault
        notes = {"psid": None, "accepted": answer.status == 200, "code": None, "subcode": None, **call.notes}
        if fault is not None and fault.name in ("refused_and_cut", "hang_refused"):
            notes["accepted"] = False
        line = self._stage.ledger.write(
            "call",
            arrived=call.arrived,
            method=call.method,
            path=call.path,
            page=call.page.id if call.page is not None else None,
            status=answer.status,
            answered=_ANSWERED.get(fault.name, "delivered") if fault is not None else "delivered",
            fault=fault.name if fault is not None else None,
            **notes,
        )
        self._stage.world.changed("call", line=line)
        return line

    async def _reply(
        self, request: web.Request, call: Call, answer: Answer, version: str, line: int
    ) -> web.StreamResponse:
        if answer.early:
            await self._echo_first(answer)
        if answer.fault is not None and answer.fault.wait > 0:
            # The caller waits, the platform does not: the message is out already.
            self._set_off(answer)
        try:
            response = await self._respond(request, call, answer, version)
        except ConnectionError:
            self._stage.ledger.write("answer", call=line, answered="lost")
            response = web.Response(status=499)
        self._set_off(answer)
        return response

    def _set_off(self, answer: Answer) -> None:
        events, answer.later = answer.later, []
        for delay, event in events:
            if delay > 0:
                self._stage.pusher.offer_later(event, delay)
            else:
                self._stage.pusher.offer(event)

    async def _echo_first(self, answer: Answer) -> None:
        settled: list[asyncio.Future[int | None]] = []
        for event in answer.early:
            event.settled = asyncio.get_running_loop().create_future()
            settled.append(event.settled)
            self._stage.pusher.offer(event)
        await asyncio.wait(settled, timeout=self._stage.config.answer_seconds)

    async def _respond(self, request: web.Request, call: Call, answer: Answer, version: str) -> web.Response:
        fault = answer.fault
        if fault is not None and fault.wait > 0:
            await self._wait(fault)
        if fault is not None and _ANSWERED.get(fault.name) in ("cut", "hung"):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        response = self._response(call, answer, version)
        await response.prepare(request)
        await response.write_eof()
        return response

    async def _wait(self, fault: Fault) -> None:
        closing = asyncio.ensure_future(self._stage.closing.wait())
        await asyncio.wait({closing}, timeout=fault.wait)
        closing.cancel()

    def _response(self, call: Call, answer: Answer, version: str) -> web.Response:
        if answer.fault is not None and answer.fault.name == "garbage":
            return web.Response(text="<html><body>Sorry, something went wrong.</body></html>", content_type="text/html")
        headers = {"facebook-api-version": version}
        if call.page is not None:
            meter = call.page.meter
            usage = meter.usage_header(call.page.id, call.page.engaged, time.monotonic())
            if usage is not None:
                headers["X-Business-Use-Case-Usage"] = usage
        body = json.dumps(answer.body).encode("ascii")
        return web.Response(body=body, status=answer.status, headers=headers, content_type="application/json")


def _code(call: Call) -> dict[str, object]:
    return {"code": call.notes["code"], "subcode": call.notes["subcode"]}
