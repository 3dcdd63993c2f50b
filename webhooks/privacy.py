"""Where does anybody read the privacy notice, and what do machines ask of this server?"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from domain.notice import Notice
from domain.page import Page
from privacy.notices import Notices
from storage.store import Store
from webhooks.follower_pages import FollowerPages, refuse_unknown_query

SECURITY_CONTACT_HOLDS: Final = timedelta(days=180)
# Followers' pages are for the people they were sent to; the notice is for everybody.
ROBOTS: Final = "User-agent: *\nAllow: /privacy\nDisallow: /\n"

_TAG = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPages:
    """The published notices, robots.txt and security.txt."""

    store: Store
    notices: Notices
    shown: FollowerPages
    clock: Callable[[], datetime]

    def routes(self) -> list[web.RouteDef]:
        """Public addresses that only show."""
        return [
            web.get("/privacy", self.notice),
            web.get("/privacy/{language}", self.notice),
            web.get("/robots.txt", self.robots),
            web.get("/.well-known/security.txt", self.security_contact),
        ]

    async def notice(self, request: web.Request) -> web.Response:
        """The Page's notice in force, or the version asked for, in the reader's language if it was published in it."""
        query = refuse_unknown_query(request, "page", "version")
        page = await self.shown.find(query.get("page"))
        if page is None:
            return await self.shown.gone(request)
        wanted = request.match_info.get("language") or self.shown.language(request, page)
        notice = await self._notice(page, wanted, query.get("version")) if _TAG.fullmatch(wanted) else None
        if notice is None:
            return await self.shown.gone(request)
        return await self.shown.show(
            request,
            "privacy.html",
            page=page,
            language=notice.language,
            links=await self._languages(page, notice, pinned="version" in query),
            body=notice.body,
            version=notice.version,
            published_at=notice.published_at,
        )

    async def robots(self, request: web.Request) -> web.Response:
        """Crawlers may read the notice and nothing else."""
        return web.Response(text=ROBOTS)

    async def security_contact(self, request: web.Request) -> web.Response:
        """Whom to tell about a weakness: the first Page's controller; 404 while there is none."""
        page = await self.shown.find(None)
        contact = None if page is None else _uri(page.controller_contact)
        if contact is None:
            raise web.HTTPNotFound(text="No Page is connected yet.\n")
        expires = (self.clock() + SECURITY_CONTACT_HOLDS).strftime("%Y-%m-%dT00:00:00Z")
        return web.Response(text=f"Contact: {contact}\nExpires: {expires}\n")

    async def _notice(self, page: Page, language: str, version: str | None) -> Notice | None:
        async with self.store.database.transaction() as tx:
            if version is None:
                return await self.notices.in_force(tx, page, language, self.clock())
            if not (version.isascii() and version.isdigit() and len(version) < 6):
                return None
            return await self.store.notices.get(tx, page.page_id, int(version), language)

    async def _languages(self, page: Page, notice: Notice, *, pinned: bool) -> tuple[tuple[str, str], ...]:
        """The addresses of this version in each language it was published in."""
        query = urlencode({"page": page.page_id} | ({"version": str(notice.version)} if pinned else {}))
        published = [
            one.language for one in await self.store.notices.all(page.page_id) if one.version == notice.version
        ]
        return tuple((tag, f"/privacy/{quote(tag)}?{query}") for tag in published)


def _uri(contact: str) -> str | None:
    """The contact as an address that programs understand, if it is one line that can be one."""
    if not contact.isprintable() or " " in contact:
        return None
    if contact.startswith(("https://", "mailto:", "tel:")):
        return contact
    return f"mailto:{contact}" if contact.count("@") == 1 else None
