"""How long does the audit of a whole log take, every entry of it really sealed?"""

import tempfile
import time
from pathlib import Path

from privacy.audit.live_log import LiveAudit
from tests.bench.big_log import big_log
from tests.bench.rows import Row
from tests.privacy.people import open_world

ENTRIES = 1_000_000
SECONDS = 60


async def measure(dsn: str) -> list[Row]:
    """Seconds for one audit of a million entries."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_world(dsn, Path(folder)) as world:
            size = await big_log(world, ENTRIES)
            began = time.perf_counter()
            report = await LiveAudit(dsn=dsn, ring=world.store.keys.ring).run(limit=10)
            took = time.perf_counter() - began
    if not report.good or report.counts["entries"] != size:
        raise RuntimeError("the made log did not pass its audit")
    return [Row(measure=f"audit of {size:,} entries", unit="s", product=(took,), result=took, at_most=SECONDS)]
