"""Is the log that benchmarks are made with a real one: sealed, signed, whole?"""

from domain.proof.findings import FindingKind
from privacy.audit.live_log import LiveAudit
from tests.bench.big_log import KINDS_EACH, big_log
from tests.privacy.audited import Audited


async def test_every_entry_of_the_made_log_opens_or_is_named_as_destroyed(audited: Audited) -> None:
    world = audited.world
    size = await big_log(world, 1700, processes=1, erased_every=10)
    report = await LiveAudit(dsn=world.database.dsn, ring=world.store.keys.ring, processes=1).run(limit=5)
    assert report.good, report.lines()
    people, erased = report.records["conversation_started"], report.records["erasure_done"]
    assert (erased, report.counts["named_as_destroyed"]) == (43, 43 * KINDS_EACH)
    assert size == report.counts["entries"] == 1 + (people + erased) * KINDS_EACH + erased
    assert (report.counts["opened"], report.counts["checkpoints"]) == (1 + people * KINDS_EACH + erased, 2)
    async with audited.unguarded() as tx:
        await tx.execute("delete from consent_record where record_id = (select entry_id from log_entry where idx = 99)")
    report = await LiveAudit(dsn=world.database.dsn, ring=world.store.keys.ring, processes=1).run(limit=5)
    assert [(one.kind, one.index) for one in report.findings] == [(FindingKind.ENTRY_UNACCOUNTED, 99)]
