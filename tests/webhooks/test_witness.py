"""Does the witness answer as the specification says, to many at once, and to nobody twice differently?"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from app.witness import build_witness_app
from domain.proof.add_checkpoint import AddCheckpoint
from domain.proof.checkpoint import Checkpoint, open_cosigned, sign_checkpoint
from domain.proof.keys import KeyType, Signer
from domain.proof.merkle import consistency_path, root_of
from domain.proof.witnessing import known_logs
from storage.witness_state import WitnessState
from tests.domain.proof.samples import LOG, OTHER_LOG, VECTORS, WITNESS, full_subtrees, make_leaves
from webhooks.server import serve
from webhooks.witness import MAX_BODY_BYTES, Witness

NOW = 1_790_000_000
TREE = make_leaves(60)
NAME = hashlib.sha256(LOG.name.encode()).hexdigest()


@asynccontextmanager
async def served(
    folder, *, logs: tuple[str, ...] = (LOG.verifier.vkey,), signer: Signer = WITNESS
) -> AsyncIterator["Client"]:
    state = WitnessState(folder)
    await asyncio.to_thread(state.bind, signer.verifier.vkey, fresh=not folder.exists())
    witness = Witness(signer=signer, logs=known_logs(logs), state=state, clock=lambda: NOW)
    serving = await serve(build_witness_app(witness), "127.0.0.1", 0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{serving.port}") as session:
        try:
            yield Client(session)
        finally:
            await serving.close()


class Client:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def add(self, body: bytes) -> tuple[int, str, bytes]:
        async with self.session.post("/add-checkpoint", data=body) as answer:
            return answer.status, answer.headers["Content-Type"], await answer.read()

    async def newest(self, name: str = NAME) -> tuple[int, bytes]:
        async with self.session.get(f"/{name}/checkpoint") as answer:
            return answer.status, await answer.read()


def asked(old: int, new: int, leaves=TREE, signer: Signer = LOG) -> bytes:
    nodes = full_subtrees(leaves[:new])
    path = consistency_path(old, new, lambda level, index: nodes[level, index]) if 0 < old <= new else ()
    checkpoint = Checkpoint(origin=signer.name, size=new, root=root_of(leaves[:new]))
    return AddCheckpoint(old=old, path=path, checkpoint=sign_checkpoint(checkpoint, signer)).encode()


async def test_the_published_request_gets_the_published_answer(tmp_path):
    keys = VECTORS["keys"]
    signer = Signer(
        name="witness.example/w1", key_type=KeyType.COSIGNATURE, seed=bytes.fromhex(keys["witness_seed_hex"])
    )
    async with served(tmp_path / "s", logs=(keys["log_vkey"],), signer=signer) as client:
        first = AddCheckpoint(old=0, path=(), checkpoint=VECTORS["checkpoint_6"].encode())
        assert (await client.add(first.encode()))[0] == 200
        status, _, body = await client.add(VECTORS["add_checkpoint_request_6_to_8"].encode())
        assert (status, body.decode()) == (200, VECTORS["add_checkpoint_response"])
        name = hashlib.sha256(b"log.example/optin").hexdigest()
        assert await client.newest(name) == (200, VECTORS["checkpoint_8_cosigned"].encode())


async def test_every_refusal_has_the_status_of_the_specification(tmp_path):
    fork = TREE[:3] + make_leaves(20, seed=1)
    stranger = Signer(name="log.example/other", key_type=KeyType.ED25519, seed=bytes(32))
    async with served(tmp_path / "s") as client:
        assert (await client.add(asked(0, 5)))[0] == 200
        assert (await client.add(b"junk"))[0] == 400
        assert (await client.add(asked(5, 5).replace(b"old 5", b"old 7")))[0] == 400
        assert (await client.add(asked(0, 5, signer=stranger)))[0] == 404
        assert (await client.add(asked(0, 5, signer=OTHER_LOG)))[0] == 403
        assert await client.add(asked(0, 9)) == (409, "text/x.tlog.size", b"5\n")
        assert (await client.add(asked(5, 9, leaves=fork)))[0] == 422
        assert (await client.add(asked(5, 5, leaves=fork)))[0] == 422
        assert (await client.add(asked(5, 9)))[0] == 200


async def test_anybody_may_read_the_newest_cosigned_checkpoint(tmp_path):
    async with served(tmp_path / "s") as client:
        assert (await client.newest())[0] == 404
        await client.add(asked(0, 5))
        status, note = await client.newest()
        assert status == 200
        opened = open_cosigned(note, [LOG.verifier, WITNESS.verifier])
        assert (opened.checkpoint.size, [c.time for c in opened.cosignatures]) == (5, [NOW])
        assert (await client.newest(NAME.upper()))[0] == 404
        assert (await client.newest("0" * 64))[0] == 404


async def test_of_two_histories_told_at_once_only_one_is_cosigned(tmp_path):
    histories = [TREE, *(TREE[:3] + make_leaves(57, seed=seed) for seed in range(1, 6))]
    async with served(tmp_path / "s") as client:
        assert (await client.add(asked(0, 3)))[0] == 200
        answers = await asyncio.gather(*(client.add(asked(3, 10 + n, tree)) for n, tree in enumerate(histories)))
        statuses = [status for status, _, _ in answers]
        assert sorted(statuses) == [200, *[409] * 5]
        winner = statuses.index(200)
        _, note = await client.newest()
        assert open_cosigned(note, [LOG.verifier]).checkpoint.root == root_of(histories[winner][: 10 + winner])


async def test_many_honest_requests_at_once_leave_the_largest_tree(tmp_path):
    async def get_through(client: Client, size: int) -> None:
        old = 0
        while True:
            status, _, body = await client.add(asked(old, size))
            if status != 409 or int(body) > size:
                return
            old = int(body)

    async with served(tmp_path / "s") as client:
        await asyncio.gather(*(get_through(client, size) for size in range(1, 31)))
        _, note = await client.newest()
        assert open_cosigned(note, [LOG.verifier]).checkpoint.size == 30


async def test_a_body_too_large_is_refused_unread(tmp_path):
    async with served(tmp_path / "s") as client:
        assert (await client.add(b"x" * (MAX_BODY_BYTES + 1)))[0] == 413


async def test_a_damaged_memory_cosigns_nothing(tmp_path):
    async with served(tmp_path / "s") as client:
        await client.add(asked(0, 5))
        file = tmp_path / "s" / f"{NAME}.checkpoint"
        whole = file.read_bytes()
        for damaged in (b"", whole[:-5], whole.replace(b"\n5\n", b"\n4\n")):
            file.write_bytes(damaged)
            assert (await client.add(asked(0, 3, leaves=make_leaves(3, seed=9))))[0] == 503
        file.write_bytes(whole)
        assert (await client.add(asked(5, 6)))[0] == 200


async def test_it_remembers_after_a_new_start(tmp_path):
    async with served(tmp_path / "s") as client:
        await client.add(asked(0, 5))
    async with served(tmp_path / "s") as client:
        assert (await client.add(asked(0, 5, leaves=make_leaves(5, seed=3))))[0] == 409
        assert (await client.add(asked(5, 5, leaves=make_leaves(5, seed=3))))[0] == 422


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
async def test_nothing_else_is_offered(tmp_path, method):
    async with served(tmp_path / "s") as client, client.session.request(method, "/add-checkpoint") as answer:
        assert answer.status == 405
