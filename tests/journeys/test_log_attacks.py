"""An insider with the whole database and every key changes the past. Each time the audit says what was done, and where.

The attacker switches off the rules of the database, seals with people's own keys, and signs with the log's real key.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.audit import AuditAction
from domain.lead import Lead
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.findings import FindingKind
from domain.proof.keys import KeyType, Signer
from domain.proof.record_sections import AnchorMethod, EntryPoint
from privacy.ledger import Evidence
from privacy.log_signing import signer_from
from storage.labels import Label
from tests.privacy.audited import Audited
from tests.privacy.people import NOW, PAGE, open_world


@pytest.fixture
async def audited(database_dsn: str, tmp_path: Path) -> AsyncIterator[Audited]:
    """Three people, each with a start and a yes at the indexes 1 to 6, behind the entry that starts the log."""
    async with open_world(database_dsn, tmp_path) as world:
        made = Audited(world)
        await made.people(3)
        assert await made.found() == []
        yield made


async def second(audited: Audited) -> tuple[Lead, int]:
    """The second person, and the index of their yes."""
    lead = await audited.world.lead(psid=str(73104829190000001))
    return lead, (await audited.indexes(lead))[1]


def forger(audited: Audited, origin: str, seed: bytes | None = None) -> Signer:
    if seed is None:
        return signer_from(audited.world.store.keys.ring.log_seeds["log"], origin)
    return Signer(name=origin, key_type=KeyType.ED25519, seed=seed)


# A record is edited


async def test_a_record_that_was_edited_and_sealed_again_is_named(audited: Audited) -> None:
    lead, index = await second(audited)
    record_id = (await audited.record_ids(lead))[1]
    record, _ = await audited.opened(lead.lead_id, record_id)
    edited = record.replace(b'"minimum_age":16', b'"minimum_age":13')
    assert edited != record
    await audited.reseal(lead.lead_id, record_id, Label.PROOF_RECORD, edited)
    assert await audited.found() == [(FindingKind.OPENING_CHANGED, index)]


async def test_sealed_bytes_swapped_between_two_rows_are_named(audited: Audited) -> None:
    lead, index = await second(audited)
    start, consent = await audited.record_ids(lead)
    async with audited.unguarded() as tx:
        await tx.execute(
            "update consent_record c set record_sealed = o.record_sealed from consent_record o "
            "where (c.record_id, o.record_id) in (($1, $2), ($2, $1))",
            start,
            consent,
        )
    assert await audited.found() == [
        (FindingKind.OPENING_UNREADABLE, index - 1),
        (FindingKind.OPENING_UNREADABLE, index),
    ]


async def test_what_the_platform_sent_cannot_be_exchanged(audited: Audited) -> None:
    lead, index = await second(audited)
    record_id = (await audited.record_ids(lead))[1]
    await audited.reseal(lead.lead_id, record_id, Label.PROOF_RAW, b'{"text": "Yes, everything, please"}')
    assert await audited.found() == [(FindingKind.RAW_CHANGED, index)]


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'consent_refused'",
        "topic = 'other'",
        "received_at = received_at - interval '1 day'",
        "notice_version = 7",
    ],
)
async def test_a_row_that_says_other_than_its_record_is_named(audited: Audited, change: str) -> None:
    lead, index = await second(audited)
    async with audited.unguarded() as tx:
        await tx.execute(
            f"update consent_record set {change} where record_id = $1", (await audited.record_ids(lead))[1]
        )
    assert await audited.found() == [(FindingKind.ROW_DISAGREES, index)]


async def test_an_entry_edited_together_with_its_record_contradicts_tile_and_checkpoints(audited: Audited) -> None:
    _, index = await second(audited)
    async with audited.unguarded() as tx:
        await tx.execute(
            "update log_entry set entry = set_byte(entry, 5, get_byte(entry, 5) # 1) where idx = $1", index
        )
    assert await audited.found() == [(FindingKind.ENTRY_CHANGED, index), (FindingKind.OPENING_CHANGED, index)]


# Something is deleted


async def test_a_row_that_was_deleted_leaves_an_entry_that_nothing_accounts_for(audited: Audited) -> None:
    lead, index = await second(audited)
    async with audited.unguarded() as tx:
        await tx.execute("delete from consent_record where record_id = $1", (await audited.record_ids(lead))[1])
    assert await audited.found() == [(FindingKind.ENTRY_UNACCOUNTED, index)]


async def test_a_row_deleted_with_its_entry_leaves_a_gap(audited: Audited) -> None:
    lead, index = await second(audited)
    record_id = (await audited.record_ids(lead))[1]
    async with audited.unguarded() as tx:
        await tx.execute("delete from consent_record where record_id = $1", record_id)
        await tx.execute("delete from log_entry where entry_id = $1", record_id)
    assert (FindingKind.ENTRY_MISSING, index) in await audited.found()


async def test_the_records_of_a_person_emptied_without_an_erasure_are_named(audited: Audited) -> None:
    lead, index = await second(audited)
    await audited.world.execute("delete from lead_key where lead_id = $1", lead.lead_id)
    lost = [(FindingKind.DESTROYED_UNNAMED, index - 1), (FindingKind.DESTROYED_UNNAMED, index)]
    assert await audited.found() == lost
    async with audited.unguarded() as tx:
        await tx.execute("update consent_record set nonce_sealed = null where lead_id = $1", lead.lead_id)
    assert await audited.found() == lost


async def test_an_erasure_that_erased_nothing_is_named(audited: Audited) -> None:
    lead, index = await second(audited)
    rows = await audited.world.fetch("select * from lead_key where lead_id = $1", lead.lead_id)
    await audited.world.begun(lead.lead_id)
    await audited.world.sequenced()
    assert await audited.found() == []
    async with audited.unguarded() as tx:
        await tx.execute("insert into lead_key values ($1, $2, $3, $4, $5)", *rows[0])
    kept = [(FindingKind.DESTROYED_BUT_OPENS, index - 1), (FindingKind.DESTROYED_BUT_OPENS, index)]
    assert await audited.found() == kept


# An entry is put in with an old time


async def told(audited: Audited, moment: datetime, person: int = 7) -> int:
    """The index of a stop that says it came then, and that really is of now."""
    lead, world = await audited.person(person), audited.world
    evidence = replace(world.evidence(), at=moment, event_time=moment, received_at=moment)
    await _withdraw(audited, lead, evidence)
    await world.sequenced()
    return (await audited.indexes(lead))[-1]


async def _withdraw(audited: Audited, lead: Lead, evidence: Evidence) -> None:
    page = await audited.world.page()
    async with audited.world.database.transaction() as tx:
        await audited.world.ledger.record_withdrawal(tx, page, lead, evidence, EntryPoint.KEYWORD)


async def test_an_entry_put_in_with_an_old_time_is_named(audited: Audited) -> None:
    audited.world.now = NOW + timedelta(days=20)
    index = await told(audited, NOW + timedelta(days=2))
    assert await audited.found() == []  # the log was empty in between: nothing contradicts it
    audited.world.now = NOW + timedelta(days=30)
    later = await told(audited, NOW + timedelta(days=3), person=8)
    assert later > index
    assert await audited.found() == [(FindingKind.BACKDATED, later)]


async def test_times_of_checkpoints_moved_to_fit_do_not_help_against_an_anchor(audited: Audited) -> None:
    audited.world.now = NOW + timedelta(days=20)
    await audited.anchored()
    audited.world.now = NOW + timedelta(days=21)
    index = await told(audited, NOW + timedelta(days=2))
    async with audited.unguarded() as tx:
        await tx.execute("update checkpoint set stored_at = $1", NOW + timedelta(days=2))
    assert await audited.found() == [(FindingKind.BACKDATED, index)]


async def test_a_record_that_says_a_time_after_its_anchor_is_named(audited: Audited) -> None:
    index = await told(audited, NOW + timedelta(days=2))
    await audited.anchored(at=NOW)
    assert await audited.found() == [(FindingKind.POSTDATED, index)]


# The log is rebuilt and signed anew


async def without_the_second_yes(audited: Audited) -> None:
    """Takes a record and its entry out, moves the later ones up and signs it all with the real key."""
    lead, _ = await second(audited)
    record_id = (await audited.record_ids(lead))[1]
    async with audited.unguarded() as tx:
        await tx.execute("delete from consent_record where record_id = $1", record_id)
        await tx.execute("delete from log_entry where entry_id = $1", record_id)
    await audited.rebuild()


async def test_a_log_rebuilt_after_an_anchored_checkpoint_contradicts_the_anchor(audited: Audited) -> None:
    anchor = await audited.anchored()
    await without_the_second_yes(audited)
    assert await audited.found() == [(FindingKind.ANCHOR_CONTRADICTED, anchor.size)]


async def test_a_log_rebuilt_without_its_anchors_contradicts_a_checkpoint_that_somebody_kept(audited: Audited) -> None:
    size, note = (await audited.newest()).size, await audited.note()
    for number in (3, 4):
        await audited.person(number)
    await audited.world.sequenced()
    await without_the_second_yes(audited)
    assert await audited.found() == []  # it agrees with itself everywhere
    assert await audited.found(note) == [(FindingKind.CHECKPOINT_CONTRADICTED, size)]


async def test_a_log_that_was_cut_is_shorter_than_what_was_anchored_or_kept(audited: Audited) -> None:
    anchor, note = await audited.anchored(), await audited.note()
    _, index = await second(audited)
    async with audited.unguarded() as tx:
        await tx.execute("delete from anchor")
        await tx.execute("delete from log_record where kind = 'anchor'")
        await tx.execute("delete from consent_record using log_entry where entry_id = record_id and idx >= $1", index)
        await tx.execute("delete from log_entry where idx >= $1", index)
    await audited.rebuild()
    assert await audited.found() == []
    assert await audited.found(note) == [(FindingKind.CHECKPOINT_BEYOND, anchor.size + 1)]


async def test_an_anchor_that_was_exchanged_or_deleted_is_named(audited: Audited) -> None:
    anchor = await audited.anchored()
    async with audited.unguarded() as tx:
        await tx.execute("update anchor set anchored_at = anchored_at - interval '1 year'")
    # It is not what the log says, and not what the witness said.
    assert await audited.found() == [(FindingKind.ANCHOR_CHANGED, anchor.size)] * 2
    async with audited.unguarded() as tx:
        await tx.execute("delete from anchor")
    assert await audited.found() == [(FindingKind.ANCHOR_CHANGED, anchor.size)]


@pytest.mark.parametrize("method", [AnchorMethod.RFC3161, AnchorMethod.WITNESS])
async def test_an_anchor_that_claims_another_time_than_its_authority_gave_is_named(
    audited: Audited, method: AnchorMethod
) -> None:
    anchor = await audited.anchored(method, "authority.example", at=NOW, really=NOW + timedelta(days=9))
    assert await audited.found() == [(FindingKind.ANCHOR_CHANGED, anchor.size)]


async def test_a_time_stamp_over_another_checkpoint_is_named(audited: Audited) -> None:
    first = await audited.anchored(AnchorMethod.RFC3161, "tsa.example")
    await audited.world.sequenced()
    second = await audited.anchored(AnchorMethod.RFC3161, "tsa.example")
    assert await audited.found() == []
    async with audited.unguarded() as tx:
        statement = "update anchor set answer = $2 where anchor_id = $1"
        await tx.execute(statement, second.anchor_id, first.answer)
    # The answer is neither the one in the log nor one about these bytes.
    assert await audited.found() == [(FindingKind.ANCHOR_CHANGED, second.size)] * 2


# Two people's nonces


async def test_nonces_swapped_between_two_people_are_named(audited: Audited) -> None:
    leads = [await audited.world.lead(psid=str(73104829190000000 + number)) for number in (0, 1)]
    ids = [(await audited.record_ids(lead))[1] for lead in leads]
    indexes = [(await audited.indexes(lead))[1] for lead in leads]
    nonces = [(await audited.opened(lead.lead_id, one))[1] for lead, one in zip(leads, ids, strict=True)]
    async with audited.unguarded() as tx:
        await tx.execute(
            "update consent_record c set nonce_sealed = o.nonce_sealed from consent_record o "
            "where (c.record_id, o.record_id) in (($1, $2), ($2, $1))",
            *ids,
        )
    assert await audited.found() == [(FindingKind.OPENING_UNREADABLE, index) for index in sorted(indexes)]
    for lead, record_id, nonce in zip(leads, ids, reversed(nonces), strict=True):
        await audited.reseal(lead.lead_id, record_id, Label.PROOF_NONCE, nonce)
    assert await audited.found() == [(FindingKind.OPENING_CHANGED, index) for index in sorted(indexes)]


# Words edited in place


@pytest.mark.parametrize("digest", [False, True], ids=["the words", "the words and their digest"])
async def test_a_notice_edited_in_place_is_named_with_an_entry_that_names_it(audited: Audited, digest: bool) -> None:
    body = "We keep nothing at all."
    async with audited.unguarded() as tx:
        await tx.execute("update notice set body = $1 where language = 'de'", body)
        if digest:
            await tx.execute(
                "update notice set sha256 = $1 where language = 'de'", hashlib.sha256(body.encode()).digest()
            )
    report = await audited.audit()
    [finding] = report.findings
    assert (finding.kind, finding.row) == (FindingKind.NOTICE_CHANGED, f"page {PAGE}, version 1, de")
    assert finding.index in range(1, 7)


async def test_a_notice_that_was_taken_away_is_named(audited: Audited) -> None:
    async with audited.unguarded() as tx:
        await tx.execute("delete from notice where language = 'de'")
    assert [one.kind for one in (await audited.audit()).findings] == [FindingKind.NOTICE_MISSING]


async def test_a_question_edited_in_place_is_named(audited: Audited) -> None:
    async with audited.unguarded() as tx:
        await tx.execute("update shown_text set body = 'May we do as we like?'")
    assert [one.kind for one in (await audited.audit()).findings] == [FindingKind.TEXT_CHANGED]
    body = "May we do as we like?"
    async with audited.unguarded() as tx:
        await tx.execute("update shown_text set sha256 = $1", hashlib.sha256(body.encode()).digest())
    assert [one.kind for one in (await audited.audit()).findings] == [FindingKind.TEXT_MISSING]


# Tiles and checkpoints


async def test_an_edited_tile_is_named_with_the_first_entry_it_is_wrong_about(audited: Audited) -> None:
    _, index = await second(audited)
    async with audited.unguarded() as tx:
        await tx.execute("update log_tile set hashes = set_byte(hashes, $1, get_byte(hashes, $1) # 1)", index * 32 + 9)
    report = await audited.audit()
    [finding] = report.findings
    assert (finding.kind, finding.index, finding.row) == (FindingKind.TILE_CHANGED, index, "tile/0/000.p/7")
    async with audited.unguarded() as tx:
        await tx.execute("delete from log_tile")
    assert await audited.found() == [(FindingKind.TILE_MISSING, 0)]


async def test_a_checkpoint_replaced_by_another_root_under_the_real_key_is_named(audited: Audited) -> None:
    head, root = await audited.head(), bytes(32)
    forged = Checkpoint(origin=head.origin, size=head.size, root=root)
    note = sign_checkpoint(forged, forger(audited, head.origin)).decode()
    async with audited.unguarded() as tx:
        await tx.execute("update checkpoint set root = $2, note = $3 where size = $1", head.size, root, note)
    assert await audited.found() == [(FindingKind.CHECKPOINT_CONTRADICTED, head.size)]


async def test_a_checkpoint_signed_by_another_key_is_named(audited: Audited) -> None:
    head = await audited.head()
    own = Checkpoint(origin=head.origin, size=head.size, root=head.root)
    signer = forger(audited, head.origin, bytes(32))
    note = sign_checkpoint(own, signer).decode()
    async with audited.unguarded() as tx:
        await tx.execute("update checkpoint set note = $2 where size = $1", head.size, note)
    assert await audited.found() == [(FindingKind.CHECKPOINT_FORGED, head.size)]
    async with audited.unguarded() as tx:
        await tx.execute("insert into log_key values ($1, $2, 'log-9', 1, now())", head.log_id, signer.verifier.vkey)
    assert (FindingKind.LOG_KEY_UNKNOWN, 1) in await audited.found()


async def test_the_newest_checkpoint_taken_away_is_named(audited: Audited) -> None:
    head = await audited.head()
    async with audited.unguarded() as tx:
        await tx.execute("delete from checkpoint where size = $1", head.size)
    assert await audited.found() == [(FindingKind.HEAD_CONTRADICTED, head.size)]


async def test_a_log_under_another_first_key_than_the_auditor_trusts_is_named(audited: Audited) -> None:
    head = await audited.head()
    trusted = {head.origin: frozenset({head.vkey})}
    assert (await audited.audit(trusted=trusted)).good
    other = forger(audited, head.origin, bytes(32)).verifier.vkey
    report = await audited.audit(trusted={head.origin: frozenset({other})})
    assert [(one.kind, one.index) for one in report.findings] == [(FindingKind.LOG_KEY_UNKNOWN, 0)]


# What operators did


async def test_the_list_of_what_operators_did_cannot_be_edited_unseen(audited: Audited) -> None:
    for number in range(3):
        async with audited.world.database.transaction() as tx:
            await audited.world.store.audit.append(
                tx, AuditAction.PROOF_DISCLOSED, f"record {number}", "asked", now=NOW, page_id=PAGE
            )
    async with audited.unguarded() as tx:
        await tx.execute("delete from audit_entry where seq = 2")
    assert await audited.found() == [(FindingKind.AUDIT_BROKEN, 3)]


async def test_a_commitment_put_among_those_that_wait_is_named(audited: Audited) -> None:
    await audited.world.execute(
        "insert into log_pending (entry_id, entry) values (gen_random_uuid(), $1)", b"\x01" + bytes(32)
    )
    assert await audited.found() == [(FindingKind.PENDING_UNKNOWN, None)]
    await audited.world.sequenced()
    assert await audited.found() == [(FindingKind.ENTRY_UNACCOUNTED, 7)]


async def test_an_anchor_by_mail_bounds_nothing_by_its_time(audited: Audited) -> None:
    index = await told(audited, NOW + timedelta(days=2))
    await audited.anchored(AnchorMethod.MAIL, "mail", at=NOW)
    assert await audited.found() == []
    await audited.anchored(AnchorMethod.RFC3161, "tsa.example", at=NOW)
    assert await audited.found() == [(FindingKind.POSTDATED, index)]
