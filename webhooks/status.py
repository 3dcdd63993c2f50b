"""What became of my request? Shown to whoever holds its code, which opens nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from domain.data_request import RequestKind, RequestState
from domain.tokens import read_receipt_code
from privacy.erasure import first_whole_day
from privacy.requests import NOT_MATCHED, RequestStatus
from webhooks.follower_pages import FollowerPages, refuse_unknown_query


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPages:
    """`status_of` gives what may be shown for a code, None for any that is not one of ours or too old."""

    status_of: Callable[[str], Awaitable[RequestStatus | None]]
    shown: FollowerPages

    def routes(self) -> list[web.RouteDef]:
        """One address; it only shows."""
        return [web.get("/status/{code}", self.status)]

    async def status(self, request: web.Request) -> web.Response:
        """State and dates; nothing about anybody."""
        refuse_unknown_query(request)
        code = request.match_info["code"]
        found = await self.status_of(code)
        state = None if found is None else _shown_state(found)
        if found is None or state is None:
            return await self.shown.gone(request)
        page = await self.shown.find(found.page_id) if found.page_id else await self.shown.only_page()
        texts = self.shown.templates.texts.choose(self.shown.language(request, page))
        refused = state == "refused" and found.reason is not None
        reason = texts.text(f"data.reason.{found.reason}") if refused else ""
        return await self.shown.show(
            request,
            "status.html",
            page=page,
            state=state,
            code=read_receipt_code(code),
            received_at=found.received_at,
            due_at=found.due_at,
            reason=reason,
            horizon=first_whole_day(found.horizon) if state == "done" and found.horizon else None,
        )


def _shown_state(found: RequestStatus) -> str | None:
    """The word the page has for it; None for what is over and left nothing to say."""
    match found.state:
        case RequestState.PENDING:
            return "unmatched" if found.reason == NOT_MATCHED else "received"
        case RequestState.IN_PROGRESS:
            return "running"
        case RequestState.REFUSED:
            return "refused"
        case RequestState.COMPLETED if found.kind is RequestKind.ERASURE:
            return "done"
        case _:
            return None
