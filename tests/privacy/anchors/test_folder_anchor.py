"""Does a folder get every checkpoint whole, and never two that contradict each other?"""

import asyncio
import os
from datetime import timedelta

import pytest

from domain.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from domain.proof.merkle import root_of
from domain.proof.record_sections import AnchorMethod
from privacy.anchors.folder import FolderAnchor, file_name
from privacy.anchors.port import Misconfigured, Trouble, TryAgain
from tests.domain.proof.samples import LOG, OTHER_LOG, make_leaves
from tests.privacy.anchors.stand import NOW

NOTE = sign_checkpoint(Checkpoint(origin=LOG.name, size=3, root=root_of(make_leaves(3))), LOG)
FORK = sign_checkpoint(Checkpoint(origin=LOG.name, size=3, root=root_of(make_leaves(3, seed=1))), LOG)


@pytest.fixture
def anchor(tmp_path) -> FolderAnchor:
    (tmp_path / "out").mkdir()
    return FolderAnchor(folder=tmp_path / "out", interval=timedelta(days=1), clock=lambda: NOW)


async def test_done_the_file_is_the_note_under_the_name_of_origin_and_size(anchor):
    answer = await anchor.anchor(NOTE)
    assert (anchor.method, anchor.authority) == (AnchorMethod.FOLDER, "folder")
    assert (answer.time, answer.note, answer.answer) == (NOW, NOTE, None)
    (file,) = await asyncio.to_thread(lambda: list(anchor.folder.iterdir()))
    assert file.name == "log.example_2026-000000000003.checkpoint"
    assert open_checkpoint(file.read_bytes(), LOG.verifier).size == 3


async def test_failed_but_done_writing_again_changes_nothing(anchor):
    await anchor.anchor(NOTE)
    await anchor.anchor(NOTE)
    assert [file.read_bytes() for file in anchor.folder.iterdir()] == [NOTE]


async def test_failed_and_not_done_nothing_half_written_is_there(anchor, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TryAgain) as failed:
        await anchor.anchor(NOTE)
    assert failed.value.trouble is Trouble.FOLDER_REFUSED
    assert not (anchor.folder / file_name(Checkpoint(origin=LOG.name, size=3, root=bytes(32)))).exists()


async def test_a_folder_that_is_not_there_is_not_made(anchor):
    anchor.folder.rmdir()
    with pytest.raises(Misconfigured) as failed:
        await anchor.anchor(NOTE)
    assert failed.value.trouble is Trouble.FOLDER_MISSING
    assert not anchor.folder.exists()


async def test_another_tree_of_the_same_size_never_takes_the_place_of_the_first(anchor):
    await anchor.anchor(NOTE)
    with pytest.raises(Misconfigured) as failed:
        await anchor.anchor(FORK)
    assert failed.value.trouble is Trouble.OTHER_TREE
    assert [file.read_bytes() for file in anchor.folder.iterdir()] == [NOTE]


async def test_the_same_tree_under_one_more_signature_does(anchor):
    await anchor.anchor(NOTE)
    both = NOTE + sign_checkpoint(open_checkpoint(NOTE, LOG.verifier), OTHER_LOG).rpartition(b"\n\n")[2]
    await anchor.anchor(both)
    assert [file.read_bytes() for file in anchor.folder.iterdir()] == [both]
