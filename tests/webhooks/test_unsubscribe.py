"""The link stops all marketing when its button is pressed, and does nothing whoever else opens it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.ids import PageId
from tests.webhooks.page_stand import NOW, PAGE, PUBLIC, PageStand, open_pages

CRAWLERS = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "meta-externalfetcher/1.1",
    "meta-externalagent/1.1",
)
BROWSER = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}


@pytest.fixture
async def stand(database_dsn: str) -> AsyncIterator[PageStand]:
    async with open_pages(database_dsn) as stand:
        yield stand


async def test_the_button_stops_and_leaves_a_proof_entry(stand: PageStand) -> None:
    lead = await stand.world.lead()
    campaign = await stand.world.campaign()
    assert (await stand.world.states(campaign))[lead] == ("queued", None)
    status, text, headers = await stand.open(await stand.link(lead), "POST", headers=BROWSER)
    assert status == 200
    assert "Messages are stopped" in text
    assert headers["Cache-Control"] == "no-store"
    assert (await stand.world.states(campaign))[lead] == ("skipped", "stopped")
    [record] = await stand.world.fetch("select * from consent_record where kind = 'consent_withdrawn'")
    assert (record["lead_id"], record["event_time"]) == (lead, NOW)
    assert await stand.world.value("select count(*) from log_pending") == 1
    assert await stand.world.value("select state from lead_topic where lead_id = $1", lead) == "withdrawn"
    assert await stand.world.value("select count(*) from suppression") == 1


async def test_pressing_again_changes_nothing_and_shows_the_same(stand: PageStand) -> None:
    link = await stand.link(await stand.world.lead())
    first = await stand.open(link, "POST")
    before = await stand.state()
    second = await stand.open(link, "POST")
    assert first[:2] == second[:2]
    assert await stand.state() == before


async def test_many_presses_at_once_leave_one_withdrawal(stand: PageStand) -> None:
    link = await stand.link(await stand.world.lead())
    answers = await asyncio.gather(*(stand.open(link, "POST") for _ in range(12)))
    assert {status for status, _, _ in answers} == {200}
    assert await stand.world.value("select count(*) from consent_record where kind = 'consent_withdrawn'") == 1


async def test_unknown_erased_and_stopped_people_get_the_very_same_pages(stand: PageStand) -> None:
    known, stopped = await stand.world.lead(), await stand.world.lead(topic_state="withdrawn")
    keyless = await stand.world.lead(keyless=True)
    links = [await stand.link(lead) for lead in (known, stopped, keyless)] + [stand.link_of(uuid4())]
    for method in ("GET", "POST"):
        pages = [(await stand.open(link, method))[:2] for link in links]
        assert {page[1].replace(link, "/u/token") for page, link in zip(pages, links, strict=True)} == {
            pages[0][1].replace(links[0], "/u/token")
        }
        assert {status for status, _ in pages} == {200}


@pytest.mark.parametrize("damage", ["", "u1", "u1.1.x.y", "{}x", "u2{}", "..", "%00", "ä" * 300])
async def test_a_damaged_link_says_so_and_never_claims_to_have_stopped(stand: PageStand, damage: str) -> None:
    token = (await stand.link(await stand.world.lead())).removeprefix("/u/")
    before = await stand.state()
    for method in ("GET", "POST"):
        status, text, _ = await stand.open(f"/u/{damage.replace('{}', token)}", method)
        assert status == 404
        assert "are stopped" not in text
    assert await stand.state() == before


@pytest.mark.parametrize("agent", CRAWLERS)
async def test_a_crawler_that_opens_the_link_in_every_way_changes_nothing(stand: PageStand, agent: str) -> None:
    link = await stand.link(await stand.world.lead())
    before = await stand.state()
    for _ in range(2):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
            for headers in ({}, {"Range": "bytes=0-100"}):
                for query in ("", "?fbclid=abc", "?lang=de", "?confirm=1", "?stop=true&lang=de"):
                    await stand.open(link + query, method, headers={"User-Agent": agent, **headers})
    assert await stand.state() == before


async def test_opening_shows_one_button_no_script_and_nothing_of_the_person(stand: PageStand) -> None:
    link = await stand.link(await stand.world.lead(first_name="Zoë"))
    status, text, headers = await stand.open(link)
    assert status == 200
    assert text.count("<button") == text.count("<form") == 1
    assert "<script" not in text
    assert "Zo" not in text
    assert 'name="robots" content="noindex' in text
    assert headers["Referrer-Policy"] == "no-referrer"
    assert len(text) < 20_000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "null"}, 200),
        ({"Origin": PUBLIC}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": PUBLIC}, 403),
        ({"Origin": "https://evil.example.net"}, 403),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
async def test_another_site_cannot_press_the_button_but_a_silent_browser_can(
    stand: PageStand, headers: dict[str, str], status: int
) -> None:
    link = await stand.link(await stand.world.lead())
    found, _, _ = await stand.open(link, "POST", headers=headers)
    assert found == status
    assert await stand.world.value("select count(*) from suppression") == (1 if status == 200 else 0)


async def test_the_form_takes_next_to_nothing(stand: PageStand) -> None:
    link = await stand.link(await stand.world.lead())
    assert (await stand.open(link, "POST", data=b"a" * 2000))[0] == 413
    assert (await stand.open(link + "?all=1", "POST"))[0] == 400
    assert await stand.world.value("select count(*) from suppression") == 0


async def test_the_page_waits_for_a_send_that_may_still_begin(stand: PageStand) -> None:
    lead = await stand.world.lead()
    await stand.world.campaign()
    await stand.world.execute(
        "update delivery set state = 'sending', sending_at = clock_timestamp(), attempt_id = gen_random_uuid()"
    )
    link = await stand.link(lead)
    begun = asyncio.get_running_loop().time()
    asked = asyncio.create_task(stand.open(link, "POST"))
    done, _ = await asyncio.wait([asked], timeout=0.4)
    assert not done
    await stand.world.execute("update delivery set state = 'sent'")
    status, _, _ = await asked
    assert status == 200
    assert asyncio.get_running_loop().time() - begun < 0.95


async def test_a_newer_yes_can_be_stopped_by_the_same_link_again(stand: PageStand) -> None:
    lead = await stand.world.lead()
    link = await stand.link(lead)
    await stand.open(link, "POST")
    later = NOW + timedelta(days=1)
    await stand.world.execute("update lead_topic set state = 'given', event_time = $1", later)
    await stand.world.execute("delete from suppression")
    stand.time = later + timedelta(minutes=1)
    await stand.open(link, "POST")
    assert await stand.world.value("select count(*) from consent_record where kind = 'consent_withdrawn'") == 2
    assert await stand.world.value("select count(*) from suppression") == 1


async def test_with_several_pages_the_link_names_none_of_them(stand: PageStand) -> None:
    await stand.world.page(PageId("204567890123456"), name="Other Shop")
    link = await stand.link(await stand.world.lead())
    for method in ("GET", "POST"):
        _, text, _ = await stand.open(link, method)
        assert "Shop" not in text
        assert "bot.example.org" in text
    assert await stand.world.value("select page_id from suppression") == PAGE


async def test_the_page_speaks_the_language_of_its_reader(stand: PageStand) -> None:
    link = await stand.link(await stand.world.lead())
    for headers, query, language in (
        ({"Accept-Language": "pt-BR,en;q=0.5"}, "", "pt"),
        ({"Accept-Language": "tlh"}, "", "en"),
        ({"Accept-Language": "pt-BR"}, "?lang=de", "de"),
        ({}, "?lang=%3Cscript%3E", "en"),
    ):
        _, text, _ = await stand.open(link + query, headers=headers)
        assert f'<html lang="{language}"' in text
