"""How do commands say what holds the messages of a Page up?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain.page import Page
    from storage.limits import KeptLimit

_STANDINGS = {
    "half_pace": "the Page sends at half its pace",
    "answers_only": "campaigns wait and answers leave",
    "nothing": "nothing leaves",
}
_CAUSES = {
    "rate": "too many calls in a short time",
    "allowance": "the allowance of calls is used up",
    "usage": "the allowance of calls fills up",
    "unreachable": "the platform cannot be reached",
}


def standing_lines(page: "Page", kept: "KeptLimit | None") -> list[str]:
    """What holds the Page up, and what to do about it; nothing while it sends."""
    limit = limit_line(kept)
    return [*pause_lines(page), *([limit] if limit else [])]


def pause_lines(page: "Page") -> list[str]:
    """Why the Page is paused, and what to do."""
    from domain.pauses import page_remedy

    if page.paused_cause is None:
        return []
    lines = [f"Page {page.page_id} is paused ({page.paused_cause}): {page_remedy(page.paused_cause)}"]
    if page.resume_after is not None:
        lines.append(f"Page {page.page_id}: do not resume it before {page.resume_after:%Y-%m-%d %H:%M} UTC")
    return lines


def limit_line(kept: "KeptLimit | None") -> str | None:
    """One sentence about the Page's limit; None while there is none."""
    if kept is None:
        return None
    limit = kept.limit
    why = _CAUSES[limit.cause] + (f" ({_code(limit.code, limit.subcode)})" if limit.code is not None else "")
    if limit.coming_back:
        return f"Page {kept.page_id} comes back by steps: {why}, until {kept.until:%Y-%m-%d %H:%M:%S} UTC"
    return f"Page {kept.page_id}: {why}; {_STANDINGS[limit.standing]} until {kept.until:%Y-%m-%d %H:%M:%S} UTC"


def limit_document(kept: "KeptLimit | None") -> dict[str, Any] | None:
    """The Page's limit for --json."""
    if kept is None:
        return None
    return {
        "standing": "coming_back" if kept.limit.coming_back else str(kept.limit.standing),
        "cause": str(kept.limit.cause),
        "code": kept.limit.code,
        "subcode": kept.limit.subcode,
        "since": kept.since.isoformat(),
        "until": kept.until.isoformat(),
    }


def _code(code: int, subcode: int | None) -> str:
    return str(code) if subcode is None else f"{code}/{subcode}"
