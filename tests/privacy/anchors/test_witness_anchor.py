"""Does a witness get every checkpoint, also when its answer was lost, and is nothing kept that it did not sign?"""

from datetime import timedelta

import pytest
from yarl import URL

from domain.proof.checkpoint import open_cosigned
from domain.proof.keys import KeyType, Signer
from domain.proof.record_sections import AnchorMethod
from privacy.anchors.port import Misconfigured, Trouble, TryAgain
from privacy.anchors.witness import WitnessAnchor
from tests.privacy.anchors.stand import NOW, WITNESS, LogStand, WitnessStand, witness_stand


@pytest.fixture
async def stand(log, tmp_path):
    await log.grow(5)
    async with witness_stand(tmp_path / "witness", await log.verifier(), log.clock) as stand:
        yield stand


def anchor_at(log: LogStand, stand: WitnessStand, caller, signer: Signer = WITNESS) -> WitnessAnchor:
    return WitnessAnchor(
        url=URL(stand.url),
        witness=signer.verifier,
        interval=timedelta(minutes=15),
        caller=caller,
        growth=log.growth,
    )


async def opened(log: LogStand, note: bytes) -> tuple[int, list[int | None]]:
    found = open_cosigned(note, [await log.verifier(), WITNESS.verifier])
    return found.checkpoint.size, [cosignature.time for cosignature in found.cosignatures]


async def test_done_the_note_carries_the_cosignature_and_its_time(log, stand, caller):
    anchor = anchor_at(log, stand, caller)
    answer = await anchor.anchor(await log.note())
    assert (anchor.method, anchor.authority) == (AnchorMethod.WITNESS, "witness.example/w")
    assert answer.time == NOW
    assert answer.answer is None
    assert answer.note.startswith(await log.note())
    assert await opened(log, answer.note) == (5, [int(NOW.timestamp())])


async def test_failed_and_not_done_it_is_asked_again(log, stand, caller):
    stand.faults = [503, 500]
    await anchor_at(log, stand, caller).anchor(await log.note())
    assert len(stand.requests) == 3


async def test_failed_but_done_the_witness_tells_the_size_and_is_asked_from_there(log, stand, caller):
    stand.faults = ["lost"]
    answer = await anchor_at(log, stand, caller).anchor(await log.note())
    assert stand.old_sizes == [0, 0, 5]
    assert (await opened(log, answer.note))[0] == 5


async def test_an_answer_that_was_lost_for_good_is_made_up_for_by_the_next_checkpoint(log, stand, caller):
    stand.faults = ["lost", 503, 503]
    with pytest.raises(TryAgain):
        await anchor_at(log, stand, caller).anchor(await log.note())
    await log.grow(3)
    answer = await anchor_at(log, stand, caller).anchor(await log.note())
    assert stand.old_sizes[-2:] == [0, 5]
    assert (await opened(log, answer.note))[0] == 8


async def test_a_witness_that_saw_a_larger_tree_shows_that_ours_went_back(log, stand, caller):
    before = await log.note()
    await log.grow(3)
    await anchor_at(log, stand, caller).anchor(await log.note())
    with pytest.raises(TryAgain) as failed:
        await anchor_at(log, stand, caller).anchor(before)
    assert failed.value.trouble is Trouble.AHEAD_OF_US


@pytest.mark.parametrize(
    ("status", "kind", "trouble"),
    [
        (403, Misconfigured, Trouble.KEY_UNKNOWN),
        (404, Misconfigured, Trouble.LOG_UNKNOWN),
        (422, Misconfigured, Trouble.INCONSISTENT),
        (409, Misconfigured, Trouble.INCONSISTENT),
        (400, Misconfigured, Trouble.REFUSED),
        (301, Misconfigured, Trouble.MOVED),
        (429, TryAgain, Trouble.BUSY),
        (502, TryAgain, Trouble.BUSY),
    ],
)
async def test_each_refusal_says_whether_to_try_again(log, stand, caller, status, kind, trouble):
    stand.faults = [status] * 3
    with pytest.raises(kind) as failed:
        await anchor_at(log, stand, caller).anchor(await log.note())
    assert failed.value.trouble is trouble
    assert len(stand.requests) == (3 if kind is TryAgain else 1)


@pytest.mark.parametrize("body", [b"", b"junk", "— witness.example/w AAAA\n".encode(), b"x" * 70_000])
async def test_an_answer_that_is_no_cosignature_is_not_kept(log, stand, caller, body):
    stand.faults = [body] * 3
    with pytest.raises(TryAgain) as failed:
        await anchor_at(log, stand, caller).anchor(await log.note())
    assert failed.value.trouble in (Trouble.ANSWER_WRONG, Trouble.TOO_LONG)


async def test_a_cosignature_by_another_key_of_that_name_is_not_kept(log, stand, caller):
    impostor = Signer(name=WITNESS.name, key_type=KeyType.COSIGNATURE, seed=bytes(32))
    with pytest.raises(TryAgain) as failed:
        await anchor_at(log, stand, caller, impostor).anchor(await log.note())
    assert failed.value.trouble is Trouble.ANSWER_WRONG


async def test_a_witness_that_is_away_is_unreachable(log, stand, caller):
    stand.url = "http://127.0.0.1:9"
    with pytest.raises(TryAgain) as failed:
        await anchor_at(log, stand, caller).anchor(await log.note())
    assert failed.value.trouble is Trouble.UNREACHABLE
