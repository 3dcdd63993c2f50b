"""In which language and under whose name is a follower's page shown?

A page that names nobody's Page, because it may not tell whether it knows the person, stands under the only Page there
is, or under the name of this server.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import web

from domain.ids import PageId
from domain.page import Page
from domain.texts import accepted_languages
from storage.pages import PageStore
from webhooks.rendering import PAGE_HEADERS, Frame, Pages

LANGUAGE: Final = "lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerPages:
    """Answers with pages for people."""

    pages: PageStore
    templates: Pages
    public_url: str

    async def show(
        self,
        request: web.Request,
        template: str,
        *,
        page: Page | None,
        status: int = 200,
        language: str | None = None,
        links: tuple[tuple[str, str], ...] | None = None,
        **context: object,
    ) -> web.Response:
        """The page in this language, else the one asked for, the browser's, the Page's.

        `links` are the addresses of the same page by language, where they are not this one with another `lang`.
        """
        language = language or self.language(request, page)
        if links is None:
            address, tags = quote(request.path), self.templates.texts.languages
            links = tuple((tag, f"{address}?{LANGUAGE}={tag}") for tag in tags)
        frame = self._frame(page, language, links)
        # Templates are read from files the first time.
        html = await asyncio.to_thread(self.templates.render, template, language, frame=frame, **context)
        return web.Response(status=status, body=html.encode(), headers=PAGE_HEADERS)

    async def gone(self, request: web.Request) -> web.Response:
        """The one page for links that are expired, used up or damaged."""
        return await self.show(request, "gone.html", page=None, status=404)

    def language(self, request: web.Request, page: Page | None) -> str:
        """The tag of the texts that the reader gets."""
        browser = accepted_languages(request.headers.get("Accept-Language", ""))
        default = None if page is None else page.language
        return self.templates.texts.choose(request.query.get(LANGUAGE), *browser, default).language

    async def only_page(self) -> Page | None:
        """The connected Page where there is exactly one."""
        connected = await self.pages.all()
        return connected[0] if len(connected) == 1 else None

    async def find(self, page_id: str | None) -> Page | None:
        """The Page with this id; without an id the one that was connected first."""
        if page_id is not None:
            return await self.pages.get(PageId(page_id)) if page_id.isascii() and page_id.isalnum() else None
        connected = await self.pages.all()
        return min(connected, key=lambda page: page.connected_at, default=None)

    def _frame(self, page: Page | None, language: str, links: tuple[tuple[str, str], ...]) -> Frame:
        if page is None:
            return Frame(page=urlsplit(self.public_url).hostname or "", languages=links)
        return Frame(
            page=page.name,
            controller=page.controller_name,
            contact=page.controller_contact,
            chat_url=f"https://m.me/{quote(page.page_id)}",
            privacy_url=f"/privacy/{language}?{urlencode({'page': page.page_id})}",
            languages=links,
        )


def refuse_unknown_query(request: web.Request, *known: str) -> Mapping[str, str]:
    """The query, which may hold these names and the language, each once; answers 400 otherwise.

    Facebook adds a mark of its own to every link that is followed from a chat; it is ignored.
    """
    allowed = {LANGUAGE, "fbclid", *known}
    if len(request.query) != len(set(request.query)) or not set(request.query) <= allowed:
        raise web.HTTPBadRequest(text="This address has parts that do not belong to it.\n")
    return request.query
