"""Does the copy of a head lie outside whole, never smaller than before, whatever happens to the writer?"""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.keys import KeyType, Signer
from storage import durable_files
from storage.head_files import HeadFiles, HeadNotKept, HeadUnreadable, size_of

ORIGIN = "log.example/assent/001122334455/2026"
SIGNER = Signer(name=ORIGIN, key_type=KeyType.ED25519, seed=bytes(32))


def note(size: int) -> bytes:
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=os.urandom(32)), SIGNER)


@pytest.fixture
def heads(tmp_path):
    return HeadFiles(tmp_path / "keys" / "checkpoints")


async def test_the_newest_head_of_each_log_lies_in_a_file_of_its_own(heads):
    assert await heads.newest(ORIGIN) == []
    first, second = note(1), note(2)
    await heads.keep(ORIGIN, first)
    await heads.keep(ORIGIN, second)
    await heads.keep(f"{ORIGIN}.2", first)
    assert await heads.newest(ORIGIN) == [second]
    assert sorted(path.name for path in heads.folder.iterdir()) == [
        ".lock",
        "log.example~assent~001122334455~2026",
        "log.example~assent~001122334455~2026.2",
    ]
    assert stat.S_IMODE(heads.folder.stat().st_mode) == 0o700


async def test_a_smaller_head_or_another_one_of_the_same_size_never_replaces_what_lies_there(heads):
    kept = note(5)
    await heads.keep(ORIGIN, kept)
    for late in (note(4), note(5), b"nonsense"):
        await heads.keep(ORIGIN, late)
    assert await heads.newest(ORIGIN) == [kept]


async def test_many_writers_at_once_leave_the_largest(heads):
    notes = [note(size) for size in range(1, 30)]
    await asyncio.gather(*(heads.keep(ORIGIN, one) for one in notes))
    assert await heads.newest(ORIGIN) == [notes[-1]]


async def test_a_writer_that_was_frozen_in_the_middle_makes_nobody_wait_for_long(heads):
    kept, newer = note(1), note(2)
    await heads.keep(ORIGIN, kept)
    with durable_files.locked(heads.folder / ".lock"):
        with pytest.raises(HeadNotKept):
            await HeadFiles(heads.folder, patience=0.05).keep(ORIGIN, newer)
        assert await heads.newest(ORIGIN) == [kept]
    await heads.keep(ORIGIN, newer)
    assert await heads.newest(ORIGIN) == [newer]


STEPS = {"write": (os, "fsync"), "rename": (Path, "replace"), "flush of the folder": (durable_files, "_flush_folder")}


@pytest.mark.parametrize("step", STEPS)
async def test_a_write_that_breaks_off_leaves_a_whole_head_and_the_next_one_gets_through(heads, monkeypatch, step):
    old, new = note(1), note(2)
    await heads.keep(ORIGIN, old)

    def broken(*arguments, **named):
        raise OSError(28, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(*STEPS[step], broken)
        with pytest.raises(HeadNotKept):
            await heads.keep(ORIGIN, new)
    # What failed after it was done is done.
    assert await heads.newest(ORIGIN) == [new if step == "flush of the folder" else old]
    await heads.keep(ORIGIN, note(3))
    assert size_of((await heads.newest(ORIGIN))[0]) == 3


async def test_a_copy_that_is_there_and_cannot_be_read_is_not_taken_for_none(heads):
    heads.path(ORIGIN).mkdir(parents=True)
    with pytest.raises(HeadUnreadable):
        await heads.newest(ORIGIN)


async def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HeadNotKept) as caught:
        await HeadFiles(tmp_path / "file" / "checkpoints").keep(ORIGIN, note(1))
    assert "room" in str(caught.value)
