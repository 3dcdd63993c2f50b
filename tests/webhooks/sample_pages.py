"""Every followers' page once, with values as they come in real life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from bot.notices import default_notices
from tests.bot.test_notices import PAGE
from webhooks.rendering import Frame

LANGUAGES = ("de", "en", "es", "fr", "it", "pt")
DAY = date(2026, 12, 7)
CODE = "04HM-ASW9-30E2-09KM-185G-R38E-1W81-24GK"

Context = Callable[[str], dict[str, Any]]

DOCUMENT: dict[str, Any] = {
    "categories": [
        {
            "title": "Profile",
            "purpose": "To know in which chat we answer you, in which language and by which name.",
            "retention": "Until you have it deleted, at the latest 3 years after your last message.",
            "data": {"psid": "7310482919283746", "first_name": "Zoë <b>&", "language": "de", "entry_ref": None},
        },
        {
            "title": "Consent records",
            "purpose": "To prove what you agreed to, refused or withdrew, and when.",
            "retention": "Until you have them deleted, at the latest 3 years after your last message.",
            "data": [
                {
                    "kind": "opt_in",
                    "topic": "offers",
                    "event_time": "2026-11-23T10:15:00Z",
                    "notice_version": 3,
                    "log": {"index": 81, "entry": "00" * 33},
                },
                {"kind": "withdrawal", "topic": "offers", "event_time": "2026-11-25T08:00:00Z", "log": None},
            ],
        },
        {"title": "Messages", "purpose": "To answer what you write.", "retention": "At the latest 8 days.", "data": []},
    ],
    "rights": "You may see, correct, delete, lock and take along your data.",
    "transfers": "Messages travel through Messenger, a service of Meta Platforms.",
    "decisions": "No decision about you is made by a computer alone.",
}


def frame_of(name: str, language: str) -> Frame:
    """The frame of a known Page; errors and dead links know none."""
    languages = tuple((tag, f"/sample/{tag}/{name}") for tag in LANGUAGES)
    if name in {"error", "gone_unknown"}:
        return Frame(languages=languages)
    return Frame(
        page=PAGE.name,
        controller=PAGE.controller_name,
        contact=PAGE.controller_contact,
        chat_url="https://m.me/104567890123456",
        privacy_url=f"/privacy/{language}",
        languages=languages,
    )


def always(**context: Any) -> Context:
    return lambda language: dict(context)


def _status(state: str, **more: Any) -> tuple[str, Context]:
    values = {"state": state, "code": CODE, "received_at": DAY, "due_at": DAY, "reason": "", "horizon": None}
    return "status.html", always(**(values | more))


SAMPLES: dict[str, tuple[str, Context]] = {
    "privacy": (
        "privacy.html",
        lambda language: {"body": default_notices(PAGE)[language], "version": 3, "published_at": DAY},
    ),
    "unsubscribe": ("unsubscribe.html", always()),
    "unsubscribed": ("unsubscribed.html", always()),
    "export_code": ("export_code.html", always(problem=None, tries_left=5)),
    "export_code_wrong": ("export_code.html", always(problem="wrong_code", tries_left=4)),
    "export_code_too_many": ("export_code.html", always(problem="too_many", tries_left=0)),
    "export_code_expired": ("export_code.html", always(problem="expired", tries_left=5)),
    "export_code_preparing": ("export_code.html", always(problem="preparing", tries_left=5)),
    "export_view": (
        "export_view.html",
        always(
            document=DOCUMENT,
            code="K7PM-2XQ4",
            zip=True,
            expires_at=DAY,
            copy_url="https://bot.example/export/Zm9vYmFyZm9vYmFyZm9vYg",
        ),
    ),
    "status_received": _status("received"),
    "status_running": _status("running"),
    "status_done": _status("done", horizon=DAY),
    "status_refused": _status("refused", reason="the law makes us keep this data"),
    "status_unmatched": _status("unmatched"),
    "gone": ("gone.html", always()),
    "gone_unknown": ("gone.html", always()),
    "error": ("error.html", always(request_id="5f0c1c3a9d2e4b60")),
}
