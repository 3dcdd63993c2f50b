"""Does a record say who and what by commitments alone, each opened by its own nonce?"""

import hashlib
import json
from dataclasses import replace

import pytest

from domain.lead import Lead
from domain.personal import Pii
from domain.proof.entry import NAME, PRINCIPAL, commit_name, commit_principal, commit_raw
from domain.proof.record_sections import EntryPoint
from storage.consents import ConsentRecord
from storage.sealing import DataKey
from tests.privacy.people import CANARIES, PAGE, PSID, World

DIGESTS = ("md5", "sha1", "sha256", "sha512")


@pytest.fixture
async def known(world: World) -> tuple[Lead, DataKey, list[ConsentRecord]]:
    """The canary person, their key and their records."""
    lead = await world.canary()
    return lead, *await records_of(world, lead)


async def records_of(world: World, lead: Lead) -> tuple[DataKey, list[ConsentRecord]]:
    async with world.database.transaction() as tx:
        key = await world.store.leads.key_of(tx, PAGE, lead.lead_id)
        assert key is not None
        return key, await world.store.consents.of_lead(tx, key, PAGE, lead.lead_id)


async def start(world: World, lead: Lead) -> None:
    page = await world.page()
    async with world.database.transaction() as tx:
        notice = await world.store.notices.current(tx, PAGE, "de")
        assert notice is not None
        await world.ledger.record_start(tx, page, lead, world.evidence(), EntryPoint.MESSAGE, notice)


Known = tuple[Lead, DataKey, list[ConsentRecord]]


async def test_the_person_is_committed_to_alike_in_all_records_and_opened_by_nonces_of_their_key(known: Known):
    _, key, records = known
    shown = [json.loads(record.record) for record in records]
    assert len(shown) == 2
    assert {one["pii_principal_id"] for one in shown} == {commit_principal(PAGE, PSID, key.nonce(PRINCIPAL))}
    assert {one["name_commitment"] for one in shown} == {commit_name(CANARIES["name"], key.nonce(NAME))}
    assert len(key.nonce(PRINCIPAL)) == len(key.nonce(NAME)) == 64
    assert key.nonce(PRINCIPAL) != key.nonce(NAME)


async def test_what_the_platform_sent_is_committed_to_under_a_nonce_of_its_own(known: Known):
    _, _, records = known
    for record in records:
        assert record.raw is not None
        assert record.raw_nonce is not None
        assert len(record.nonce) == len(record.raw_nonce) == 64
        shown = json.loads(record.record)["raw_event"]
        assert shown["commitment"] == commit_raw(record.raw, record.raw_nonce)
        assert shown["covers"] == "body"
    # One event led to both records, and still neither opens the other.
    assert len({nonce for record in records for nonce in (record.nonce, record.raw_nonce)}) == 4


async def test_no_plain_digest_of_anything_personal_stands_in_a_record(known: Known):
    _, _, records = known
    raw = records[0].raw or b""
    personal = [PSID, f"{PAGE}{PSID}", f"{PAGE}/{PSID}", CANARIES["name"], raw.decode()]
    for record in records:
        text = record.record.decode()
        for value in personal:
            assert value not in text
            found = [hashlib.new(name, value.encode(), usedforsecurity=False).hexdigest() for name in DIGESTS]
            assert [digest for digest in found if digest in text] == []


async def test_a_person_without_a_known_name_has_no_commitment_to_one(world: World):
    lead = await world.lead()
    await start(world, lead)
    _, [record] = await records_of(world, lead)
    assert "name_commitment" not in json.loads(record.record)


async def test_an_act_without_a_delivery_has_one_nonce_and_no_raw_event(world: World):
    lead = await world.lead(first_name=Pii("Zoë"))
    page = await world.page()
    async with world.database.transaction() as tx:
        evidence = world.evidence(raw=False)
        await world.ledger.record_withdrawal(tx, page, lead, evidence, EntryPoint.LINK)
    _, [record] = await records_of(world, lead)
    assert (record.raw, record.raw_nonce, len(record.nonce)) == (None, None, 64)
    assert "raw_event" not in json.loads(record.record)


async def test_a_delivery_that_was_taken_back_leaves_its_record(world: World):
    lead = await world.lead()
    await start(world, lead)
    _, [record] = await records_of(world, lead)
    async with world.database.transaction() as tx:
        await world.store.consents.destroy_raw(tx, PAGE, record.record_id)
    _, [after] = await records_of(world, lead)
    assert (after.raw, after.raw_nonce) == (None, None)
    assert replace(after, raw=record.raw, raw_nonce=record.raw_nonce) == record
