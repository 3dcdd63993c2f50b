"""The notice is shown as it was published, to anybody, in their language; machines get their three files."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from yarl import URL

from domain.ids import PageId
from tests.webhooks.page_stand import NOW, PAGE, PageStand, open_pages

OTHER = PageId("204567890123456")


@pytest.fixture
async def stand(database_dsn: str) -> AsyncIterator[PageStand]:
    async with open_pages(database_dsn) as stand:
        yield stand


async def publish(stand: PageStand, bodies: dict[str, str], page_id: PageId = PAGE) -> int:
    async with stand.world.database.transaction() as tx:
        return await stand.world.store.notices.publish(tx, page_id, bodies, now=NOW)


async def test_the_notice_in_force_is_shown_in_the_language_of_the_address_or_the_browser(stand: PageStand) -> None:
    await publish(stand, {"en": "# Old\n\nold words", "de": "# Alt"})
    await publish(stand, {"en": "# Notice\n\nwe keep <b>little</b>", "de": "# Hinweis\n\nwir behalten wenig"})
    for path, headers, language, words in (
        ("/privacy", {}, "en", "we keep &lt;b&gt;little&lt;/b&gt;"),
        ("/privacy", {"Accept-Language": "de-AT"}, "de", "wir behalten wenig"),
        ("/privacy/de", {}, "de", "wir behalten wenig"),
        (f"/privacy/de?page={PAGE}", {"Accept-Language": "en"}, "de", "wir behalten wenig"),
        (f"/privacy/fr?page={PAGE}&fbclid=x", {}, "en", "we keep"),
        (f"/privacy/en?page={PAGE}&version=1", {}, "en", "old words"),
    ):
        status, text, headers_back = await stand.open(path, headers=headers)
        assert status == 200
        assert f'<html lang="{language}"' in text
        assert words in text
        assert "privacy@shop.example" in text
        assert "charset=utf-8" in headers_back["Content-Type"]


async def test_each_page_has_its_own_notice(stand: PageStand) -> None:
    await stand.world.page(OTHER, name="Other Shop", connected_at=NOW + timedelta(days=1))
    await publish(stand, {"en": "first words"})
    await publish(stand, {"en": "other words"}, OTHER)
    assert "other words" in (await stand.open(f"/privacy?page={OTHER}"))[1]
    assert "first words" in (await stand.open("/privacy"))[1]


async def test_the_languages_of_the_notice_are_linked(stand: PageStand) -> None:
    await publish(stand, {"en": "words", "de": "Worte"})
    _, text, _ = await stand.open("/privacy/en")
    assert f'href="/privacy/de?page={PAGE}"' in text


@pytest.mark.parametrize(
    "path",
    [
        "/privacy?page=999",
        "/privacy?page=%00",
        "/privacy/%00",
        "/privacy/..%2f",
        f"/privacy/en?page={PAGE}&version=99",
        f"/privacy/en?page={PAGE}&version=x",
        "/status/unknown",
        "/static/../rendering.py",
        "/static/pages.css/",
        "/static/none.css",
    ],
)
async def test_what_is_not_there_is_not_found(stand: PageStand, path: str) -> None:
    await publish(stand, {"en": "words"})
    assert (await stand.open(path))[0] == 404


async def test_strange_and_repeated_parts_of_an_address_are_refused(stand: PageStand) -> None:
    assert (await stand.open("/privacy?x=1"))[0] == 400
    assert (await stand.open(f"/privacy?page={PAGE}&page={OTHER}"))[0] == 400


async def test_a_page_without_a_published_notice_shows_the_default_one(stand: PageStand) -> None:
    status, text, _ = await stand.open("/privacy")
    assert status == 200
    assert "Shop Ltd" in text


async def test_files_may_be_kept_for_ever_under_their_version_only(stand: PageStand) -> None:
    _, page, _ = await stand.open("/privacy")
    [address] = [part.split('"')[0] for part in page.split('href="')[1:] if part.startswith("/static/pages.css")]
    status, _, headers = await stand.open(address)
    assert status == 200
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Type"] == "text/css; charset=utf-8"
    _, _, headers = await stand.open(address.split("?")[0])
    assert headers["Cache-Control"] == "no-cache"


async def test_machines_are_told_what_they_may_read_and_whom_to_tell(stand: PageStand) -> None:
    _, robots, headers = await stand.open("/robots.txt")
    assert "Disallow: /\n" in robots
    assert headers["Content-Type"].startswith("text/plain")
    status, text, _ = await stand.open("/.well-known/security.txt")
    assert status == 200
    assert text == "Contact: mailto:privacy@shop.example\nExpires: 2027-05-22T00:00:00Z\n"


async def test_without_a_page_there_is_nothing_to_show_and_nothing_breaks(database_dsn: str) -> None:
    async with open_pages(database_dsn, page=False) as stand:
        assert (await stand.open("/privacy"))[0] == 404
        assert (await stand.open("/.well-known/security.txt"))[0] == 404


async def test_no_address_and_no_form_gets_anything_worse_than_a_refusal(stand: PageStand) -> None:
    await publish(stand, {"en": "words"})
    odd = random.Random(7)
    signs = [*"aZ09-._~%:/?&=+;,\\'\"<> ", "%00", "%ff", "%ed%a0%80", "%C3%A4", "%2e%2e", "{{7*7}}", "u1.1."]
    for _ in range(250):
        tail = "".join(odd.choices(signs, k=odd.randrange(40))).replace("#", "")
        prefix = odd.choice(["/u/", "/status/", "/privacy/", "/privacy?page=", "/privacy?version=", "/static/", "/"])
        method = odd.choice(["GET", "POST", "HEAD", "PUT"])
        path = URL(stand.base + prefix + tail.replace(" ", "%20"), encoded=True)
        async with stand.client.request(method, path, data=odd.randbytes(odd.randrange(50))) as answer:
            assert answer.status < 500, (method, str(path))
