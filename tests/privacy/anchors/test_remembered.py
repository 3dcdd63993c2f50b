"""Is a database that went back noticed by what a folder or a witness remembers?"""

import contextlib
import dataclasses
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from yarl import URL

from privacy.anchors.folder import FolderAnchor
from privacy.anchors.remembered import FolderMemory, WitnessMemory
from privacy.anchors.witness import WitnessAnchor
from privacy.checkpoints import Sequencer
from privacy.log_guard import RollbackFound
from privacy.outside_heads import Outside, OutsideUnavailable
from tests.conftest import _execute, _fresh_name
from tests.privacy.anchors.stand import WITNESS, open_log, witness_stand


async def test_a_folder_remembers_the_largest_checkpoint_of_the_log_that_is_asked_about(log, tmp_path):
    (tmp_path / "out").mkdir()
    anchor = FolderAnchor(folder=tmp_path / "out", interval=timedelta(days=1), clock=log.clock)
    memory = FolderMemory(folder=tmp_path / "out")
    origin = None
    for _ in range(3):
        await log.grow(5)
        origin = (await log.verifier()).name
        await anchor.anchor(await log.note())
    assert await memory.newest(origin) == [await log.note()]
    assert await memory.newest(f"{origin}-2") == []
    with pytest.raises(OutsideUnavailable):
        await FolderMemory(folder=tmp_path / "absent").newest(origin)


async def test_a_witness_remembers_what_it_cosigned_last(log, tmp_path, caller):
    await log.grow(5)
    origin = (await log.verifier()).name
    async with witness_stand(tmp_path / "witness", await log.verifier(), log.clock) as stand:
        memory = WitnessMemory(url=URL(stand.url), caller=caller)
        assert await memory.newest(origin) == []
        anchor = WitnessAnchor(
            url=URL(stand.url),
            witness=WITNESS.verifier,
            interval=timedelta(minutes=15),
            caller=caller,
            growth=log.growth,
        )
        answer = await anchor.anchor(await log.note())
        assert await memory.newest(origin) == [answer.note]
        stand.faults = [500]
        with pytest.raises(OutsideUnavailable):
            await memory.newest(origin)
    with pytest.raises(OutsideUnavailable):
        await memory.newest(origin)


@pytest.mark.parametrize("who", ["folder", "witness"])
async def test_a_database_restored_from_a_backup_is_noticed_by_what_lies_outside(
    database_server, database_dsn, tmp_path, caller, who
):
    """The restored copy has the same keys, and nothing beside the key ring to warn it."""
    async with open_log(database_dsn, tmp_path / "log") as log:
        await log.grow(5)
    backup = _fresh_name()
    name = urlsplit(database_dsn).path.strip("/")
    await _execute(database_server.dsn, f"create database {backup} template {name} strategy file_copy")
    (tmp_path / "out").mkdir()
    async with contextlib.AsyncExitStack() as stack:
        log = await stack.enter_async_context(open_log(database_dsn, tmp_path / "log"))
        witness = await stack.enter_async_context(witness_stand(tmp_path / "witness", await log.verifier(), log.clock))
        await log.grow(4)
        anchors = {
            "folder": FolderAnchor(folder=tmp_path / "out", interval=timedelta(days=1), clock=log.clock),
            "witness": WitnessAnchor(
                url=URL(witness.url),
                witness=WITNESS.verifier,
                interval=timedelta(minutes=15),
                caller=caller,
                growth=log.growth,
            ),
        }
        await anchors[who].anchor(await log.note())
        memories = {
            "folder": FolderMemory(folder=tmp_path / "out"),
            "witness": WitnessMemory(url=URL(witness.url), caller=caller),
        }
        restored = await stack.enter_async_context(open_log(database_server.of_database(backup), tmp_path / "log"))
        sequencer = Sequencer(
            store=restored.store, host="log.example", clock=log.clock, outside=Outside(others=[memories[who]])
        )
        with pytest.raises(RollbackFound) as found:
            await sequencer.look()
        assert found.value.outside == 9
        unaware = dataclasses.replace(memories["folder"], folder=tmp_path / "absent")
        await Sequencer(
            store=restored.store, host="log.example", clock=log.clock, outside=Outside(others=[unaware])
        ).look()
    await _execute(database_server.dsn, f"drop database {backup} with (force)")
