"""The code of a request opens a page with its state, and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.data_request import RequestKind, RequestSource
from domain.personal import Pii
from tests.webhooks.page_stand import NOW, PAGE, PageStand, open_pages


@pytest.fixture
async def stand(database_dsn: str) -> AsyncIterator[PageStand]:
    async with open_pages(database_dsn) as stand:
        yield stand


async def opened(stand: PageStand, kind: RequestKind, source: RequestSource = RequestSource.CHAT) -> str:
    lead_id = await stand.world.lead()
    page = await stand.world.store.pages.get(PAGE)
    assert page is not None
    async with stand.world.database.transaction() as tx:
        lead = await stand.world.store.leads.get(tx, PAGE, lead_id)
        assert lead is not None
        return (await stand.requests.open(tx, page, lead, kind, source, NOW)).status_code


async def test_a_request_of_the_platform_asks_for_the_chat(stand: PageStand) -> None:
    code = await stand.requests.open_platform_request(Pii("218471"), NOW)
    status, text, headers = await stand.open(f"/status/{code}")
    assert status == 200
    assert "DELETE MY DATA" in text
    assert "218471" not in text
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("state = 'pending'", "Received"),
        ("state = 'in_progress'", "In progress"),
        ("state = 'refused', reason = 'legal_hold', completed_at = now()", "the law makes us keep this data"),
        ("state = 'completed', completed_at = now()", "Your data has been deleted"),
    ],
)
async def test_the_page_shows_the_state_in_words(stand: PageStand, change: str, words: str) -> None:
    code = await opened(stand, RequestKind.ERASURE)
    await stand.world.execute(f"update data_request set {change}")
    status, text, _ = await stand.open(f"/status/{code.replace('-', '')}")
    assert status == 200
    assert words in text
    assert code in text
    assert (await stand.open(f"/status/{code.lower()}"))[0] == 200


@pytest.mark.parametrize(
    "change",
    [
        "state = 'cancelled', completed_at = now()",
        "kind = 'access', state = 'completed', completed_at = now()",
    ],
)
async def test_what_is_over_without_a_deletion_never_reads_as_one(stand: PageStand, change: str) -> None:
    code = await opened(stand, RequestKind.ERASURE)
    await stand.world.execute(f"update data_request set {change}")
    status, text, _ = await stand.open(f"/status/{code}")
    assert status == 404
    assert "has been deleted" not in text


async def test_a_code_ends_90_days_after_its_request(stand: PageStand) -> None:
    code = await opened(stand, RequestKind.ERASURE)
    await stand.world.execute("update data_request set state = 'completed', completed_at = $1", NOW)
    stand.time = NOW + timedelta(days=91)
    assert (await stand.open(f"/status/{code}"))[0] == 404


@pytest.mark.parametrize("code", ["x", "0" * 32, "%00", "ä", "0" * 500])
async def test_a_code_that_is_not_ours_shows_the_page_for_dead_links(stand: PageStand, code: str) -> None:
    assert (await stand.open(f"/status/{code}"))[0] == 404


async def test_looking_changes_nothing(stand: PageStand) -> None:
    code = await opened(stand, RequestKind.ERASURE)
    before = await stand.state()
    for method in ("GET", "HEAD", "POST", "DELETE"):
        await stand.open(f"/status/{code}", method)
    assert await stand.state() == before
