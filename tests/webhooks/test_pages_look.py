"""Are followers' pages safe, small, readable and complete in every language, as a browser sees them?"""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from jinja2 import UndefinedError
from playwright.async_api import Page as BrowserPage

from bot.texts import load_texts
from domain.texts import TextCatalog, TextError, Texts, own_name
from tests.webhooks.sample_pages import LANGUAGES, SAMPLES, frame_of
from webhooks.rendering import PAGE_HEADERS, STATIC, STATIC_PREFIX, STYLESHEETS, Block, Frame, Pages, notice_blocks

CATALOG = load_texts()
PAGES = Pages(CATALOG)
PAGE_BYTES = 20 * 1024
EVERY = [(name, language) for name in SAMPLES for language in LANGUAGES]

every_page = pytest.mark.parametrize(("name", "language"), EVERY, ids=[f"{name}-{tag}" for name, tag in EVERY])
of_each_kind = pytest.mark.parametrize("name", SAMPLES)


class Elements(HTMLParser):
    """The elements of a page, their attributes, and the text of its head."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {key: value or "" for key, value in attrs}))

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for found, attributes in self.found if found == tag]


def rendered(name: str, language: str) -> str:
    template, context = SAMPLES[name]
    return PAGES.render(template, language, frame=frame_of(name, language), **context(language))


def head_of(html: str) -> str:
    return html[: html.index("</head>")]


@every_page
def test_a_page_holds_no_script_no_style_and_nothing_from_elsewhere(name: str, language: str) -> None:
    elements = Elements(rendered(name, language))
    assert not elements.of("script") + elements.of("style") + elements.of("iframe") + elements.of("img")
    for _, attributes in elements.found:
        assert "style" not in attributes
        assert not any(key.startswith("on") for key in attributes)
    for link in elements.of("link"):
        assert link["href"].startswith((f"{STATIC_PREFIX}/", "data:,")), link


@every_page
def test_a_page_is_small(name: str, language: str) -> None:
    assert len(rendered(name, language).encode()) < PAGE_BYTES


@every_page
def test_the_head_says_nothing_about_page_or_person(name: str, language: str) -> None:
    html = rendered(name, language)
    texts = CATALOG.by_language[language]
    head = head_of(html)
    for personal in ("Müller", "Zoë", "7310482919283746", "K7PM", "04HM", "Zm9v"):
        assert personal not in head
    metas = {meta.get("name") or meta.get("property"): meta.get("content") for meta in Elements(head).of("meta")}
    assert metas["robots"] == "noindex, nofollow"
    assert metas["og:title"] == texts.text("frame.preview_title")
    assert "<title>" in head
    assert "<title></title>" not in head


@every_page
def test_a_page_is_in_its_language_and_leads_to_the_others(name: str, language: str) -> None:
    elements = Elements(rendered(name, language))
    assert elements.of("html") == [{"lang": language, "dir": "ltr"}]
    assert len(elements.of("h1")) == 1
    others = {link["lang"]: link["href"] for link in elements.of("a") if "hreflang" in link}
    assert set(others) == set(LANGUAGES) - {language}
    assert all(own_name(tag) in rendered(name, language) for tag in LANGUAGES)


@every_page
def test_a_page_names_who_is_responsible_on_top_and_leads_back_to_the_chat(name: str, language: str) -> None:
    html = rendered(name, language)
    if not frame_of(name, language).page:
        assert "m.me" not in html
        return
    assert html.index("Bakery Müller &amp; Sons") < html.index("<main>")
    assert html.index("Müller GmbH") < html.index("<main>")
    assert CATALOG.by_language[language].text("frame.back_to_chat") in html
    assert "privacy@mueller.example" in html


@of_each_kind
def test_a_form_posts_to_its_own_address_and_nothing_else_acts(name: str) -> None:
    for form in Elements(rendered(name, "en")).of("form"):
        assert form["method"] == "post"
        assert "action" not in form
    acting = {"unsubscribe": 1, "export_code": 1, "export_code_wrong": 1, "export_view": 1}
    assert len(Elements(rendered(name, "en")).of("form")) == acting.get(name, 0)


def test_what_people_are_called_is_escaped() -> None:
    html = rendered("export_view", "en")
    assert "Zoë &lt;b&gt;&amp;" in html
    assert "Zoë <b>" not in html
    hostile = Frame(page='"><script>alert(1)</script>', controller="<b>", chat_url="https://m.me/1", contact="&")
    page = PAGES.render("unsubscribe.html", "en", frame=hostile)
    assert not Elements(page).of("script")
    assert not Elements(page).of("b")


def test_the_same_page_is_shown_whoever_unsubscribes() -> None:
    assert rendered("unsubscribed", "en") == rendered("unsubscribed", "en")
    assert not re.search(r"\d", SAMPLES["unsubscribed"][0])


def test_a_missing_value_fails_instead_of_leaving_a_hole() -> None:
    with pytest.raises(TextError, match="request_id"):
        PAGES.render("error.html", "en")
    with pytest.raises(UndefinedError, match="problem"):
        PAGES.render("export_code.html", "en", frame=Frame(page="P"))


def test_an_unknown_language_is_answered_in_english() -> None:
    assert '<html lang="en" dir="ltr">' in PAGES.render("gone.html", "tlh")


def test_a_language_from_right_to_left_turns_the_page() -> None:
    arabic = replace(Texts.of("ar", {}), parsed=CATALOG.by_language["en"].parsed)
    pages = Pages(TextCatalog(by_language={**CATALOG.by_language, "ar": arabic}))
    assert '<html lang="ar" dir="rtl">' in pages.render("gone.html", "ar")
    css = (STATIC / "pages.css").read_text(encoding="utf-8")
    assert not re.search(r"\b(left|right)\b", css.partition("*/")[2])


def test_a_notice_becomes_headings_paragraphs_and_lists() -> None:
    blocks = notice_blocks("# T\n\nHello <b>\n\n## S\n- one\n- two\n\ntext\n- three\n")
    assert blocks == [
        Block("h1", ("T",)),
        Block("p", ("Hello <b>",)),
        Block("h2", ("S",)),
        Block("ul", ("one", "two")),
        Block("p", ("text",)),
        Block("ul", ("three",)),
    ]


def test_every_page_forbids_scripts_caches_frames_and_search_engines() -> None:
    assert PAGE_HEADERS["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
    expected = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
        "Content-Type": "text/html; charset=utf-8",
    }
    assert expected.items() <= PAGE_HEADERS.items()
    assert all(feature in PAGE_HEADERS["Permissions-Policy"] for feature in ("camera=()", "geolocation=()"))


def test_the_shared_styles_are_small_and_bring_their_licence() -> None:
    packed = sum(len(gzip.compress((STATIC / name).read_bytes())) for name in STYLESHEETS)
    assert packed < 14 * 1024
    assert "MIT License" in (STATIC / "pico-2.1.1" / "LICENSE.md").read_text(encoding="utf-8")
    assert "http" not in (STATIC / "pages.css").read_text(encoding="utf-8")


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Where all sample pages are served, with the headers they have in real life."""

    async def show(request: web.Request) -> web.Response:
        html = rendered(request.match_info["name"], request.match_info["language"])
        return web.Response(body=html.encode(), headers=PAGE_HEADERS)

    app = web.Application()
    app.router.add_get("/sample/{language}/{name}", show)
    app.router.add_static(STATIC_PREFIX, STATIC)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("/sample")).rstrip("/")
    await server.close()


TOO_SMALL = """() => [...document.querySelectorAll('button, input:not([type=hidden]), .button, .links a')]
    .map(e => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()])
    .filter(([, box]) => box.height < 44 || box.width < 44).map(([html]) => html)"""
OVERFLOWING = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL_PRINT = """() => [...document.querySelectorAll('main *')].filter(e => e.tagName !== 'SMALL' && e.innerText &&
    parseFloat(getComputedStyle(e).fontSize) < 15).map(e => e.outerHTML.slice(0, 60))"""
# Contrast as WCAG counts it, of every element that holds text itself.
PALE = """() => {
    const light = c => { const v = c / 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
    const parts = s => s.match(/[\\d.]+/g).map(Number);
    const bright = ([r, g, b]) => .2126 * light(r) + .7152 * light(g) + .0722 * light(b);
    const behind = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
        if (c.length < 4 || c[3] > 0) return c; }
        return matchMedia('(prefers-color-scheme: dark)').matches ? [19, 23, 31] : [255, 255, 255]; };
    return [...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(
        n => n.nodeType === 3 && n.data.trim())).filter(e => {
            const [a, b] = [bright(parts(getComputedStyle(e).color)), bright(behind(e))].sort((x, y) => y - x);
            return (a + .05) / (b + .05) < 4.5; }).map(e => e.outerHTML.slice(0, 80));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 400, 1100])
async def test_every_page_fits_reads_well_and_can_be_tapped(
    browser_page: BrowserPage, address: str, width: int, scheme: str
) -> None:
    complaints: list[str] = []
    browser_page.on("console", lambda message: complaints.append(message.text))
    await browser_page.set_viewport_size({"width": width, "height": 800})
    await browser_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    for name in SAMPLES:
        await browser_page.goto(f"{address}/de/{name}")
        for fault in (TOO_SMALL, SMALL_PRINT, PALE):
            assert await browser_page.evaluate(fault) == [], name
        assert await browser_page.evaluate(OVERFLOWING) <= 0, name
    assert complaints == []


async def test_the_code_field_says_what_is_wrong_to_who_cannot_see(browser_page: BrowserPage, address: str) -> None:
    await browser_page.goto(f"{address}/en/export_code_wrong")
    field = browser_page.get_by_label("Code from the chat")
    assert await field.get_attribute("aria-invalid") == "true"
    for part in ((await field.get_attribute("aria-describedby")) or "").split():
        assert await browser_page.locator(f"#{part}").is_visible()
    assert "4 more tries" in (await browser_page.get_by_role("alert").inner_text())
