"""Which request was answered how, without saying who asked for what?

Method, route template, status, bytes, duration and the request's id. Never the path, the query, a header or an
address: links carry tokens, and an address is about a person.
"""

import logging
import secrets
from datetime import timedelta
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.typedefs import Handler

from app.logs import REQUEST_ID, Code

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ID_HEADER: Final = "X-Request-Id"
REQUEST_ID_KEY: Final = web.RequestKey("request_id", str)
ROUTE_KEY: Final = web.RequestKey("route", Code)

log = logging.getLogger(__name__)


@web.middleware
async def with_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives each request an id of ours, in its log lines and in the answer; ids sent by clients are ignored."""
    request_id = secrets.token_hex(8)
    request[REQUEST_ID_KEY] = request_id
    request[ROUTE_KEY] = _route(request)
    token = REQUEST_ID.set(request_id)
    try:
        response = await handler(request)
        if not response.prepared:
            response.headers[ID_HEADER] = request_id
        return response
    except web.HTTPException as answer:
        answer.headers[ID_HEADER] = request_id
        raise
    finally:
        REQUEST_ID.reset(token)


class AccessLines(AbstractAccessLogger):
    """aiohttp's access logger of this program: `run_app(..., access_log_class=AccessLines)`."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """One `http.answered` event; a request that broke before it was routed has no route and no id."""
        token = REQUEST_ID.set(request.get(REQUEST_ID_KEY))
        try:
            log.info(
                "http.answered",
                extra={
                    "method": Code(request.method if request.method in METHODS else "other"),
                    "route": request.get(ROUTE_KEY, Code("unmatched")),
                    "status": response.status,
                    "bytes": response.body_length,
                    "duration": timedelta(seconds=time),
                },
            )
        finally:
            REQUEST_ID.reset(token)


def _route(request: web.Request) -> Code:
    resource = request.match_info.route.resource
    return Code("unmatched" if resource is None else resource.canonical)
