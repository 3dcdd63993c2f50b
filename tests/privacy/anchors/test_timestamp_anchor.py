"""Does a time-stamping authority get every checkpoint, and is nothing kept that was not verified?"""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest
from yarl import URL

from domain.proof.record_sections import AnchorMethod
from domain.proof.timestamp import StampRoots
from privacy.anchors.calls import AddressRefused, outside_address
from privacy.anchors.port import Misconfigured, Trouble, TryAgain
from privacy.anchors.rfc3161 import TimestampAnchor
from tests.domain.proof.samples import VECTORS
from tests.tsa import Authority, ResponderStand, responder

NOTE = VECTORS["checkpoint_8"].encode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
async def stand(authority):
    async with responder(authority) as stand:
        yield stand


def anchor_at(stand: ResponderStand, caller, roots: bytes | None = None, url: str | None = None) -> TimestampAnchor:
    return TimestampAnchor(
        url=URL(url or stand.url),
        roots=StampRoots.from_pem(roots or stand.authority.root_pem),
        interval=timedelta(hours=1),
        caller=caller,
        random_bytes=os.urandom,
    )


async def test_done_the_whole_answer_is_the_token(stand, caller):
    anchor = anchor_at(stand, caller)
    answer = await anchor.anchor(NOTE)
    assert (anchor.method, anchor.authority) == (AnchorMethod.RFC3161, "127.0.0.1")
    assert answer.note == NOTE
    assert abs(answer.time - datetime.now(UTC)) < timedelta(seconds=10)
    assert answer.answer.startswith(b"\x30\x82")


async def test_failed_and_not_done_it_is_asked_again(stand, caller):
    stand.faults = [503, 500]
    await anchor_at(stand, caller).anchor(NOTE)
    assert len(stand.requests) == 3


async def test_failed_but_done_a_second_stamp_harms_nobody(stand, caller):
    stand.faults = ["cut"]
    await anchor_at(stand, caller).anchor(NOTE)
    assert len(stand.requests) == 2
    assert stand.requests[0] != stand.requests[1]  # each try has a nonce of its own


async def test_an_answer_to_another_request_is_not_kept(stand, caller, authority):
    earlier = authority.answer((await _requested(stand, caller))[0])
    stand.faults = [earlier] * 3
    with pytest.raises(TryAgain) as failed:
        await anchor_at(stand, caller).anchor(NOTE)
    assert failed.value.trouble is Trouble.NOT_TRUSTED


async def _requested(stand: ResponderStand, caller) -> list[bytes]:
    await anchor_at(stand, caller).anchor(NOTE)
    return stand.requests


async def test_a_refusal_is_told_from_a_wrong_answer(stand, caller, authority):
    refusal = bytes.fromhex("30053003020102")
    stand.faults = [refusal]
    with pytest.raises(Misconfigured) as failed:
        await anchor_at(stand, caller).anchor(NOTE)
    assert failed.value.trouble is Trouble.REFUSED
    assert len(stand.requests) == 1


async def test_a_stamp_by_an_authority_that_was_not_pinned_is_not_kept(stand, caller, tmp_path):
    other = await asyncio.to_thread(Authority.make, tmp_path)
    with pytest.raises(TryAgain) as failed:
        await anchor_at(stand, caller, roots=other.root_pem).anchor(NOTE)
    assert failed.value.trouble is Trouble.NOT_TRUSTED


@pytest.mark.parametrize(
    ("status", "kind", "trouble"),
    [
        (302, Misconfigured, Trouble.MOVED),
        (404, Misconfigured, Trouble.NOT_FOUND),
        (400, Misconfigured, Trouble.REFUSED),
        (401, Misconfigured, Trouble.REFUSED),
        (429, TryAgain, Trouble.BUSY),
        (504, TryAgain, Trouble.BUSY),
    ],
)
async def test_each_status_says_whether_to_try_again(stand, caller, status, kind, trouble):
    stand.faults = [status] * 3
    with pytest.raises(kind) as failed:
        await anchor_at(stand, caller).anchor(NOTE)
    assert failed.value.trouble is trouble


async def test_an_endless_answer_is_cut(stand, caller):
    stand.faults = [b"\x30" * 70_000] * 3
    with pytest.raises(TryAgain) as failed:
        await anchor_at(stand, caller).anchor(NOTE)
    assert failed.value.trouble is Trouble.TOO_LONG


async def test_no_error_repeats_what_a_server_said(stand, caller):
    stand.faults = [b"a secret that the server echoed"] * 3
    with pytest.raises(TryAgain) as failed:
        await anchor_at(stand, caller).anchor(NOTE)
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/tsa",
        "http://localhost/tsa",
        "https://10.1.2.3/tsa",
        "http://[::1]/",
        "http://[::ffff:192.168.0.1]/",
        "http://169.254.169.254/",
        "ftp://tsa.example/",
        "tsa.example",
        "https://user:secret@tsa.example/",
        "https://tsa.example/#part",
    ],
)
def test_an_address_that_is_not_outside_is_refused(address):
    with pytest.raises(AddressRefused) as refused:
        outside_address(address)
    assert "secret" not in str(refused.value)


def test_a_private_address_will_do_in_local_mode_only():
    assert outside_address("http://127.0.0.1:90/tsa", local_mode=True).port == 90
    assert outside_address("http://tsa.example/tsa").host == "tsa.example"
