"""What did the caller ask, and what is it told?"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from simulator.errors import GraphError, bad_parameter
from simulator.events import Event
from simulator.faults import Fault
from simulator.stage import Stage
from simulator.world import Follower, Page


@dataclass(slots=True, kw_only=True)
class Call:
    """One Graph API call; `segments` is its path without the version, `notes` what the ledger will say."""

    arrived: float
    method: str
    path: str
    segments: list[str]
    query: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    token: str | None = None
    page: Page | None = None
    by_app: bool = False
    by_user: bool = False
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def edge(self) -> str:
        """What the call is about, for faults: `messages`, `subscribed_apps` ..., or `node`."""
        return self.segments[1] if len(self.segments) > 1 else "node"

    def param(self, name: str) -> Any:
        """A parameter from the body or the query, the body first."""
        value = self.body.get(name)
        return value if value is not None else self.query.get(name)

    def of_page(self) -> Page:
        """The Page whose token was used; raises GraphError when the path names another object."""
        if self.page is None:
            raise GraphError("permission", "(#10) A Page access token is required for this call")
        if self.segments[0] not in ("me", self.page.id):
            raise GraphError("missing_object")
        return self.page

    def listed(self, name: str) -> list[str]:
        """A parameter that is a list of words: JSON array, comma-separated text or a real list."""
        value = self.param(name)
        if value is None:
            return []
        if isinstance(value, str):
            value = _json_or(value.split(","), value) if value.startswith("[") else value.split(",")
        if not isinstance(value, list):
            raise bad_parameter(f"Param {name} must be an array")
        return [str(item).strip() for item in value if str(item).strip()]

    def recipient(self) -> Follower:
        """The person in `recipient`, given as an object or as a plain id."""
        page = self.of_page()
        value = self.param("recipient")
        if isinstance(value, str):
            value = _json_or(value, value)
        psid = str(value.get("id") if isinstance(value, dict) else value)
        self.notes["psid"] = psid
        follower = page.followers.get(psid)
        if follower is None or follower.standing == "deleted":
            raise GraphError("no_user")
        return follower


@dataclass(slots=True, kw_only=True)
class Answer:
    """What goes back, what goes wrong on the way, and the events that the call sets off."""

    body: Any
    status: int = 200
    fault: Fault | None = None
    early: list[Event] = field(default_factory=list)
    later: list[tuple[float, Event]] = field(default_factory=list)


Handler = Callable[[Stage, Call], Awaitable[Answer]]
SUCCESS: dict[str, Any] = {"success": True}


def _json_or(fallback: Any, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return fallback


async def read_call(request: web.Request, arrived: float, segments: list[str]) -> Call:
    """Reads a JSON or form body; a form's values that are JSON objects or arrays are opened."""
    call = Call(arrived=arrived, method=request.method, path=request.path, segments=segments, query=request.query)
    if request.can_read_body:
        call.body = await _body(request)
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme in ("Bearer", "OAuth") and credential:
        call.token = credential.strip()
    else:
        token = call.param("access_token")
        call.token = str(token) if token else None
    return call


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = await request.post()
        texts = {key: value for key, value in form.items() if isinstance(value, str)}
        return {key: _json_or(text, text) if text[:1] in "{[" else text for key, text in texts.items()}
    raw = await request.read()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise GraphError("parameter", "(#100) The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise GraphError("parameter", "(#100) The request body must be a JSON object")
    return body
