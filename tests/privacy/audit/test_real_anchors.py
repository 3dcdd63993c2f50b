"""Do anchors as the product gets them, from authorities over HTTP, pass the audit, and a forged one not?"""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import aiohttp
from yarl import URL

from domain.proof.findings import FindingKind
from domain.proof.keys import Verifier
from domain.proof.timestamp import StampRoots
from privacy.anchors.calls import Caller
from privacy.anchors.duty import Anchoring
from privacy.anchors.folder import FolderAnchor
from privacy.anchors.growth import LogGrowth
from privacy.anchors.rfc3161 import TimestampAnchor
from privacy.anchors.witness import WitnessAnchor
from tests.privacy.anchors.stand import WITNESS, witness_stand
from tests.privacy.audited import Audited
from tests.tsa import Authority, responder

HOUR = timedelta(hours=1)


async def test_stamps_cosignatures_and_files_agree_with_the_log(audited: Audited, tmp_path: Path) -> None:
    world = audited.world
    await audited.people(2)
    (tmp_path / "out").mkdir()
    authority = await asyncio.to_thread(Authority.make, tmp_path / "tsa")
    [log_key] = await world.fetch("select vkey from log_key")
    async with (
        aiohttp.ClientSession() as session,
        responder(authority) as tsa,
        witness_stand(tmp_path / "witness", Verifier.from_vkey(log_key["vkey"]), world.clock) as witness,
    ):
        caller = Caller(session=session, first_wait=0.01, call_seconds=5.0)
        stamps = TimestampAnchor(
            url=URL(tsa.url),
            roots=StampRoots.from_pem(authority.root_pem),
            interval=HOUR,
            caller=caller,
            random_bytes=os.urandom,
        )
        growth = LogGrowth(store=world.store)
        cosignatures = WitnessAnchor(
            url=URL(witness.url), witness=WITNESS.verifier, interval=HOUR, caller=caller, growth=growth
        )
        files = FolderAnchor(folder=tmp_path / "out", interval=HOUR, clock=world.clock)
        anchors = (stamps, cosignatures, files)
        duty = Anchoring(store=world.store, anchors=anchors, clock=world.clock, random_bytes=os.urandom)
        assert await duty.step() == 3
    assert (await audited.audit()).good  # what says so waits for its place
    await world.sequenced()
    report = await audited.audit(*[file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()])
    assert report.good, report.lines()
    assert (report.counts["anchors"], report.records["anchor"]) == (3, 3)
    async with audited.unguarded() as tx:
        statement = (
            "update anchor set answer = set_byte(answer, 200, get_byte(answer, 200) # 1) where method = 'rfc3161'"
        )
        await tx.execute(statement)
    assert {kind for kind, _ in await audited.found()} == {FindingKind.ANCHOR_CHANGED}
