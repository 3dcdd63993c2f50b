"""Does a thousand first contacts give a thousand leads and a thousand proofs that verify?"""

import asyncio

import pytest

from domain.ids import PageId
from domain.proof.offline.steps import Brought
from domain.proof.offline.verdict import verify
from privacy.audit.live_log import LiveAudit
from tests.journeys.world import World

FOLLOWERS = 1000


@pytest.mark.timeout(300)
async def test_a_thousand_followers_give_a_thousand_leads_and_a_thousand_proofs_that_verify(story: World):
    await story.control("POST", "followers", page=story.page_id, count=FOLLOWERS)
    await story.control("POST", "start", page=story.page_id, n=FOLLOWERS, per_second=500)

    async def all_logged():
        logged = await story.value(
            "select count(*) from consent_record join log_entry on entry_id = record_id "
            "where kind = 'conversation_started'"
        )
        return logged == FOLLOWERS

    await story.until(all_logged, "all starts", patience=240)
    assert await story.value("select count(*) from lead") == FOLLOWERS
    records = await story.runtime.proofs.of_kind(PageId(story.page_id), "conversation_started")
    assert len(set(records)) == FOLLOWERS
    verified = 0
    for record_id in records:
        bundle = await story.runtime.proofs.export(record_id)
        verified += verify(bundle.content, Brought()).status == 4
        await asyncio.sleep(0)
    assert verified == FOLLOWERS
    store = story.runtime.store
    report = await LiveAudit(dsn=store.database.dsn, ring=store.keys.ring, alone_below=0).run(limit=10)
    assert report.good, report.lines()
    assert report.records["conversation_started"] == FOLLOWERS
