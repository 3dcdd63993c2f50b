"""What do the platform's crawlers do? They fetch every link that was ever sent, again and again.

Only the product's own host (and hosts named in the request) is fetched; a simulator never reaches outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from simulator.stage import Stage
from simulator.view import links_of

AGENTS = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
)
_FETCHES: tuple[tuple[str, dict[str, str]], ...] = (
    ("GET", {}),
    ("HEAD", {}),
    ("GET", {"Range": "bytes=0-524287"}),
)
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def sent_links(stage: Stage) -> list[str]:
    """Each address that stands in a kept message or in a Page's menu, once, oldest first."""
    found: dict[str, None] = {}
    for link in _all_links(stage):
        found.setdefault(link)
    return list(found)


def _all_links(stage: Stage) -> Iterator[str]:
    for page in stage.world.pages.values():
        for menu in page.profile.get("persistent_menu") or ():
            for item in menu.get("call_to_actions") or ():
                if item.get("url"):
                    yield str(item["url"])
        for person in page.followers.values():
            for bubble in person.bubbles or ():
                if bubble.from_page:
                    yield from links_of(bubble.content)


async def crawl(stage: Stage, hosts: list[str], times: int, limit: int) -> dict[str, Any]:
    """Fetches every link with each agent by GET, HEAD and Range, so many times over; reports the answers."""
    own = urlsplit(stage.pusher.callback_url).hostname
    allowed = LOCAL_HOSTS | set(hosts) | ({own} if own else set())
    fetched: list[dict[str, Any]] = []
    outside: list[str] = []
    for link in sent_links(stage)[:limit]:
        if urlsplit(link).hostname not in allowed:
            outside.append(link)
            continue
        answers = [
            await _fetch(stage, link, method, {**headers, "User-Agent": agent})
            for _ in range(times)
            for agent in AGENTS
            for method, headers in _FETCHES
        ]
        fetched.append({"url": link, "answers": answers})
        stage.ledger.write("crawl", url=link, statuses=[answer["status"] for answer in answers])
    return {"fetched": fetched, "outside": outside}


async def _fetch(stage: Stage, link: str, method: str, headers: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "method": method,
        "agent": headers["User-Agent"].partition("/")[0],
        "range": "Range" in headers,
        "status": None,
        "location": None,
    }
    try:
        async with stage.pusher.http.request(method, link, headers=headers, allow_redirects=False) as answer:
            await answer.content.read(1 << 20)
            told.update(status=answer.status, location=answer.headers.get("Location"))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as failure:
        told["error"] = type(failure).__name__
    return told
