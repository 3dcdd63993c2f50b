"""Why does a Page or a campaign stand still until somebody resumes it, and what is there to do?"""

from enum import StrEnum
from typing import Final

ERRORS_RISING: Final = "errors_rising"


class PagePause(StrEnum):
    """Why no campaign of a Page sends."""

    TOKEN_DEAD = "token_dead"  # noqa: S105 - a cause, not a password
    PERMISSION_MISSING = "permission_missing"
    PAGE_BLOCKED = "page_blocked"
    POLICY = "policy"
    LANE_CLOSED = "lane_closed"
    POLICY_ENFORCEMENT = "policy_enforcement"
    BUSINESS_INTEGRITY = "business_integrity"
    RESTRICTION_LIFTED = "restriction_lifted"


# A new token is a remedy for these; any other pause outlasts a new connection.
ENDED_BY_CONNECTING: Final = frozenset({PagePause.TOKEN_DEAD, PagePause.PERMISSION_MISSING})
# What a message of the platform ends: that it unblocked the Page, or that the Page's standing is good again.
LIFTED_BY_UNBLOCK: Final = (PagePause.POLICY_ENFORCEMENT, PagePause.PAGE_BLOCKED, PagePause.POLICY)
LIFTED_BY_STANDING: Final = (PagePause.BUSINESS_INTEGRITY, PagePause.PAGE_BLOCKED)

_RESUME = "then: assent pages resume"
_PAGE: Final = {
    PagePause.TOKEN_DEAD: "the Page's token is not valid any more; make a new one, then: assent pages connect",
    PagePause.PERMISSION_MISSING: f"the app lacks a permission for the Page; have it granted, {_RESUME}",
    PagePause.PAGE_BLOCKED: f"the platform does not let the Page send; look at its quality and wait, {_RESUME}",
    PagePause.POLICY: f"the platform judged a message abusive; find out which and wait for hours, {_RESUME}",
    PagePause.LANE_CLOSED: f"the platform closed this way of sending for the Page; wait until it is open, {_RESUME}",
    PagePause.POLICY_ENFORCEMENT: f"the platform blocked the Page for its policy; appeal or wait, {_RESUME}",
    PagePause.BUSINESS_INTEGRITY: f"the platform restricted the Page; look at its quality and wait, {_RESUME}",
    PagePause.RESTRICTION_LIFTED: "the platform lifted its restriction; go on: assent pages resume",
}
_CAMPAIGN: Final = {
    ERRORS_RISING: "too many of its messages ended with this error; find out why, then: assent campaigns resume",
    "start_missed": "it is more than an hour late; cancel it, start it --at another time, or: assent campaigns resume",
    "lane_refused": "the platform's rules allowed none at its time (assent pages lanes); then: assent campaigns resume",
}


def page_remedy(cause: str) -> str:
    """What to do about a paused Page."""
    return _PAGE[PagePause(cause)] if cause in set(PagePause) else "go on: assent pages resume"


def campaign_remedy(cause: str) -> str:
    """What to do about a paused campaign; `errors_rising` is followed by a colon and the error."""
    return _CAMPAIGN.get(cause.partition(":")[0], "go on: assent campaigns resume")
