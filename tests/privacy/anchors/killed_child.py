"""Runs one look of the anchoring duty again and again, killed at the n-th call into it, until one run ends by itself.

Prints how many runs were killed and how many ended.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType

import aiohttp
from yarl import URL

from domain.proof.keys import Verifier
from domain.proof.timestamp import StampRoots
from privacy.anchors.calls import Caller
from privacy.anchors.duty import Anchoring
from privacy.anchors.folder import FolderAnchor
from privacy.anchors.rfc3161 import TimestampAnchor
from privacy.anchors.witness import WitnessAnchor
from tests.privacy.anchors.stand import open_log

WATCHED = ("privacy/anchors/", "storage/anchors.py", "storage/log_records.py", "storage/durable_files.py")
DSN, FOLDER, TSA, WITNESS, VKEY = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]
HOUR = timedelta(hours=1)


async def look() -> None:
    async with open_log(DSN, FOLDER / "log") as log, aiohttp.ClientSession() as session:
        caller = Caller(session=session, first_wait=0.01)
        anchors = [
            TimestampAnchor(
                url=URL(TSA),
                roots=StampRoots.from_pem((FOLDER / "tsa" / "root.pem").read_bytes()),
                interval=HOUR,
                caller=caller,
                random_bytes=os.urandom,
            ),
            WitnessAnchor(
                url=URL(WITNESS), witness=Verifier.from_vkey(VKEY), interval=HOUR, caller=caller, growth=log.growth
            ),
            FolderAnchor(folder=FOLDER / "out", interval=HOUR, clock=log.clock),
        ]
        # One after the other, so that the n-th call is the same one in every run.
        for anchor in anchors:
            await Anchoring(store=log.store, anchors=[anchor], clock=log.clock, random_bytes=os.urandom).step()


def run_until(fatal: int) -> None:
    seen = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal seen
        if event in ("call", "return") and any(part in frame.f_code.co_filename for part in WATCHED):
            seen += 1
            if seen == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    asyncio.run(look())
    os._exit(0)


killed = ended = 0
fatal = 1
while not ended:
    child = os.fork()
    if child == 0:
        run_until(fatal)
    _, status = os.waitpid(child, 0)
    ended += status == 0
    killed += status != 0
    fatal += 13
print(killed, ended)  # noqa: T201 - for the test that started it
