"""May this Page write to this person now? The platform's own rules, in the order in which it refuses."""

from __future__ import annotations

from typing import Any

from simulator.errors import GraphError, bad_parameter
from simulator.world import DAY_MS, Follower, Page

HUMAN_AGENT_DAYS = 7
PRIVATE_REPLY_DAYS = 7
RECURRING_GAP_DAYS = 2

DEAD_TAGS = frozenset({"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"})
MESSAGING_TYPES = frozenset({"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"})

_CREDENTIALS = {
    "removed": "token_removed",
    "checkpoint": "token_checkpoint",
    "password": "token_password",
    "expired": "token_expired",
    "unconfirmed": "token_unconfirmed",
    "invalid": "token_invalid",
    "role": "token_role",
}
_POLICIES = {
    "blocked": "abusive",
    "restricted": "restricted",
    "commerce": "commerce",
    "unpermitted": "messaging_permission",
    "unreviewed": "not_reviewed",
    "not_capable": "capability",
}
_STANDINGS = {
    "blocked": "unavailable",
    "unavailable": "unavailable_200",
    "muted": "cannot_receive",
    "silent_block": "temporary",
    "deleted": "no_user",
}
CREDENTIALS = frozenset(_CREDENTIALS) | {"alive"}
POLICIES = frozenset(_POLICIES) | {"free"}
STANDINGS = frozenset(_STANDINGS) | {"reachable"}


def check_credential(page: Page) -> None:
    """Raises GraphError 190 with its subcode when the Page's token is dead."""
    if page.credential != "alive":
        raise GraphError(_CREDENTIALS[page.credential])


def check_policy(page: Page) -> None:
    """Raises GraphError when the Page may not send at all."""
    if page.policy != "free":
        raise GraphError(_POLICIES[page.policy])
    if "pages_messaging" not in page.scopes:
        raise GraphError("messaging_permission")


def check_standing(follower: Follower) -> None:
    """Raises GraphError when the person cannot be written to, whatever the window says."""
    if follower.standing != "reachable":
        raise GraphError(_STANDINGS[follower.standing])


def check_control(page: Page, follower: Follower, app_id: str, now_ms: int) -> None:
    """Raises GraphError when another app holds the thread, or it is idle and another app is the default."""
    if page.default_app is None:
        return
    holder = follower.holder(now_ms) or page.default_app
    if holder != app_id:
        raise GraphError("not_owner")


def check_type(body: dict[str, Any]) -> None:
    """Raises GraphError for a dead or unknown tag, or a messaging type that does not exist."""
    kind, tag = body.get("messaging_type"), body.get("tag")
    if kind is not None and kind not in MESSAGING_TYPES:
        raise bad_parameter(f"Param messaging_type must be one of {sorted(MESSAGING_TYPES)}")
    if tag in DEAD_TAGS:
        raise GraphError("tag")
    if tag is not None and tag != "HUMAN_AGENT":
        raise bad_parameter("Param tag must be one of {HUMAN_AGENT}")
    if kind == "MESSAGE_TAG" and tag is None:
        raise bad_parameter("Param tag is required with messaging_type MESSAGE_TAG")


def check_window(page: Page, follower: Follower, body: dict[str, Any], now_ms: int) -> None:
    """Raises GraphError when neither the 24-hour window nor a tag or template allows the message."""
    if body.get("messaging_type") == "UTILITY":
        _check_utility(page, body)
        return
    until = follower.window_until_ms()
    if until is not None and now_ms < until:
        return
    wrote = follower.wrote_at_ms
    if body.get("tag") == "HUMAN_AGENT" and wrote is not None and now_ms < wrote + HUMAN_AGENT_DAYS * DAY_MS:
        return
    raise GraphError("window")


def _check_utility(page: Page, body: dict[str, Any]) -> None:
    if not page.utility:
        raise GraphError("not_reviewed", "(#200) Requires pages_utility_messaging permission")
    message = body.get("message")
    template = message.get("template") if isinstance(message, dict) else None
    if not isinstance(template, dict) or not isinstance(template.get("language"), dict):
        raise bad_parameter("Param message[template] is required for utility messages")
    known = page.templates.get(str(template.get("name")))
    if known is None or known["language"] != template["language"].get("code"):
        raise bad_parameter("Template does not exist in this language")
    if known["status"] != "APPROVED":
        raise bad_parameter("Template is not approved")
