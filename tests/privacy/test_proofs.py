"""Does an officer get one file that proves one act, the same each time, with nothing personal unless they said why?"""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.audit import broken_links
from domain.lead import Lead
from domain.proof.errors import ProofError
from domain.proof.offline.kept import Kept
from domain.proof.offline.notes import read_key, read_note
from domain.proof.offline.policies import Policy
from domain.proof.offline.steps import Brought
from domain.proof.offline.verdict import verify
from domain.proof.record_sections import AnchorMethod, EntryPoint
from domain.tokens import receipt_bytes
from privacy.proofs import DisclosureRefused, ProofUnavailable
from tests.privacy.people import CANARIES, PAGE, PSID, World
from tests.privacy.proving import CHECKERS, WITNESS, Office, main_state, members_of

REASON = "Frau Amsel fragt nach ihrem Ja"


@pytest.fixture
async def office(world: World) -> Office:
    return Office(world)


@pytest.fixture
async def lead(world: World, office: Office) -> Lead:
    """The canary person, whose start and yes stand in the log."""
    lead = await world.canary()
    await office.work()
    return lead


async def test_the_same_state_gives_the_same_bytes_and_the_verifier_takes_them(office: Office, lead: Lead):
    for record_id in (await office.records(lead)).values():
        first, second = await office.export(record_id), await office.export(record_id)
        assert first.content == second.content
        verdict = await office.verdict(first)
        assert [step.held for step in verdict.steps] == [True] * 15
        assert verdict.status == 3


async def test_a_bundle_has_every_member_that_applies_and_is_named_by_its_receipt(office: Office, lead: Lead):
    proof = await office.export((await office.records(lead))["consent_given"])
    members = members_of(proof)
    assert list(members) == [
        *("README.txt", "report.html", "record.json", "record.tlog-proof", "record.jsonld"),
        *("notice.txt", "policy.txt"),
        *("related/01-conversation_started.json", "related/01-conversation_started.tlog-proof"),
        *("verify.py", "verify.html", "SHA256SUMS"),
    ]
    assert members["notice.txt"] == b"Wir behalten wenig."
    assert (members["verify.py"], members["verify.html"]) == (CHECKERS.verify_py, CHECKERS.verify_html)
    receipt = proof.file_name.removeprefix("optin-proof-").removesuffix(".zip")
    assert (await office.verdict(proof, receipt=receipt)).status == 0
    assert await office.proofs.find(receipt) == proof.record_id
    assert len(receipt_bytes(receipt)) == 20


async def test_a_start_has_a_better_grade_once_the_notice_was_shown_before_any_answer(
    world: World, office: Office, lead: Lead
):
    answered = (await office.records(lead))["conversation_started"]
    page, silent = await world.page(), await world.lead("1")
    async with world.database.transaction() as tx:
        notice = await world.store.notices.current(tx, PAGE, "de")
        assert notice is not None
        begun = await world.ledger.record_start(tx, page, silent, world.evidence(), EntryPoint.MESSAGE, notice)
    await office.work()
    assert (await office.verdict(await office.export(begun.record_id))).summary[1][1].startswith("A.")
    async with world.database.transaction() as tx:
        for person in (lead, silent):
            await world.ledger.record_notice_shown(tx, page, person, notice, "m_1", world.evidence())
    await office.work()
    assert (await office.verdict(await office.export(begun.record_id))).summary[1][1].startswith("B.")
    # The notice came after the yes.
    assert (await office.verdict(await office.export(answered))).summary[1][1].startswith("A.")


# Anchors


async def test_the_anchors_before_and_behind_a_record_bound_it_in_time(world: World, office: Office):
    await world.lead("1")
    await _start(world, "1")
    await office.work()
    for _ in range(2):
        await office.hold(AnchorMethod.WITNESS)
    await office.hold(AnchorMethod.FOLDER)
    lead = await world.canary()
    await office.work()
    consent = (await office.records(lead))["consent_given"]
    before = members_of(await office.export(consent))
    assert [name for name in before if name.endswith(".checkpoint")] == [
        "anchors/01-witness.checkpoint",
        "anchors/02-folder.checkpoint",
    ]
    for _ in range(2):
        await office.hold(AnchorMethod.MAIL)
    proof = await office.export(consent)
    verdict = await office.verdict(proof)
    assert verdict.status == 3
    bounds = dict(verdict.summary)
    assert bounds["not before"] == "2026-11-23T12:02:00.000Z (witness witness.example/w)"
    assert bounds["not after"] == "2026-11-23T12:04:00.000Z (mail mail)"
    methods = [name[8:-11] for name in members_of(proof) if name.endswith(".checkpoint")]
    assert methods == ["01-witness", "02-folder", "03-mail"]
    note = members_of(proof)["anchors/03-mail.checkpoint"]
    assert (await office.verdict(proof, kept=(Kept("kept.txt", read_note(note)[0], note),))).status == 0


async def test_what_is_not_covered_yet_is_covered_before_it_is_read(office: Office, lead: Lead):
    consent = (await office.records(lead))["consent_given"]
    asked = []

    async def cover(log_id: int, index: int) -> None:
        asked.append((log_id, index))
        await office.hold(AnchorMethod.FOLDER)

    proof = await office.export(consent, cover=cover)
    assert len(asked) == 1
    assert (await office.verdict(proof)).summary[6][1].endswith("(folder folder)")
    assert asked[0][1] < main_state(proof).size


async def test_a_cosigned_state_is_taken_as_soon_as_it_costs_nothing(office: Office, lead: Lead):
    consent = (await office.records(lead))["consent_given"]
    await office.hold(AnchorMethod.WITNESS)
    newest = await office.export(consent)
    assert main_state(newest).size == (await office.head()).size
    await office.hold(AnchorMethod.WITNESS)
    proof = await office.export(consent)
    assert main_state(proof).size == (await office.head()).size - 1
    assert f"witness {WITNESS.name} {WITNESS.verifier.vkey}\n".encode() in members_of(proof)["policy.txt"]
    quorum = await office.quorum()
    assert verify(proof.content, quorum).status == 0
    assert verify(newest.content, quorum).status == 1


async def test_an_anchor_of_a_witness_whose_key_is_not_known_is_left_out(office: Office, lead: Lead):
    consent = (await office.records(lead))["consent_given"]
    await office.hold(AnchorMethod.WITNESS)
    await office.hold(AnchorMethod.MAIL)
    office.proofs = replace(office.proofs, parts=replace(office.proofs.parts, witnesses=()))
    proof = await office.export(consent)
    assert [name for name in members_of(proof) if name.endswith(".checkpoint")] == ["anchors/01-mail.checkpoint"]
    assert (await office.verdict(proof)).status == 3


async def test_a_record_newer_than_the_cosigned_state_is_not_left_out_for_it(world: World, office: Office, lead: Lead):
    for _ in range(2):
        await office.hold(AnchorMethod.WITNESS)
    await _withdraw(world, lead)
    await office.work()
    proof = await office.export((await office.records(lead))["consent_given"])
    assert "related/02-consent_withdrawn.json" in members_of(proof)
    assert main_state(proof).size == (await office.head()).size


# Keys of the log


@pytest.mark.parametrize("changes", [1, 2])
async def test_the_key_of_before_leads_to_the_key_that_signs_now_and_back(
    world: World, office: Office, lead: Lead, changes: int
):
    consent = (await office.records(lead))["consent_given"]
    known = [await office.rotate_key() for _ in range(changes)]
    world.now += timedelta(days=30)
    await _withdraw(world, lead)
    await office.work()
    known.append((await office.head()).vkey)
    proof = await office.export(consent)
    assert [name for name in members_of(proof) if name.startswith("keys/") and name.endswith(".json")] == [
        f"keys/{number:02d}-key_rotated.json" for number in range(1, changes + 1)
    ]
    for vkey in known:
        brought = Brought(policy=Policy(logs=(read_key(vkey),)))
        assert verify(proof.content, brought).status == 3


async def test_the_change_of_a_key_has_a_proof_of_its_own(office: Office, lead: Lead):
    before = await office.rotate_key()
    [record_id] = await office.proofs.of_kind(PAGE, "key_rotated")
    proof = await office.export(record_id)
    assert verify(proof.content, Brought(policy=Policy(logs=(read_key(before),)))).status == 3


# Records about nobody


async def test_the_record_of_an_anchor_has_a_proof_of_its_own(office: Office, lead: Lead):
    record_id = await office.hold(AnchorMethod.MAIL)
    assert record_id in await office.proofs.of_kind(PAGE, "anchor")
    proof = await office.export(record_id)
    assert (await office.verdict(proof)).status == 3
    assert proof.file_name.startswith("optin-proof-")
    with pytest.raises(DisclosureRefused, match="about nobody"):
        await office.export(record_id, identity=True, reason=REASON)


async def test_an_erased_person_has_no_proof_and_the_refusal_names_the_certificate(
    world: World, office: Office, lead: Lead
):
    records = await office.records(lead)
    await world.begun(lead.lead_id)
    with pytest.raises(ProofUnavailable, match="erased") as refused:
        await office.export(records["consent_given"])
    await office.work()
    receipt = str(refused.value).partition("accounts for it: ")[2].partition(";")[0]
    certificate = await office.export(await office.proofs.find(receipt))
    assert certificate.kind == "erasure_done"
    assert certificate.file_name == f"erasure-certificate-{receipt.replace('-', '')}.zip"
    assert (await office.verdict(certificate)).status == 3
    document = json.loads(members_of(certificate)["record.json"])
    assert document["destroyed"]
    for secret in (PSID, CANARIES["name"], str(lead.lead_id)):
        assert secret.encode() not in certificate.content
    with pytest.raises(ProofUnavailable, match="erased"):
        await office.proofs.records_of(PAGE, lead.lead_id)


async def test_the_certificate_is_named_also_for_an_entry_that_was_waiting_when_it_was_erased(
    world: World, office: Office
):
    lead = await world.canary()
    record_id = await world.value("select record_id from consent_record where kind = 'consent_given'")
    await world.begun(lead.lead_id)
    await office.work()
    with pytest.raises(ProofUnavailable, match="Receipt of the entry that accounts for it: "):
        await office.export(record_id)


# What is personal


async def test_nothing_personal_is_in_a_bundle_that_was_not_asked_for(office: Office, lead: Lead):
    for record_id in (await office.records(lead)).values():
        proof = await office.export(record_id)
        personal = [PSID, *(CANARIES[name] for name in ("name", "referral", "ad", "platform event")), str(lead.lead_id)]
        for content in (proof.content, *members_of(proof).values()):
            assert [value for value in personal if value.encode() in content] == []


async def test_identity_and_delivery_are_disclosed_for_a_reason_that_is_written_down(
    world: World, office: Office, lead: Lead, caplog: pytest.LogCaptureFixture
):
    consent = (await office.records(lead))["consent_given"]
    with caplog.at_level(logging.DEBUG):
        proof = await office.export(consent, identity=True, raw=True, reason=REASON)
    members = members_of(proof)
    identity = json.loads(members["disclosed/identity.json"])
    assert (identity["page_id"], identity["psid"], identity["name"]) == (PAGE, PSID, CANARIES["name"])
    assert CANARIES["platform event"].encode() in members["disclosed/raw-event.bin"]
    assert (await office.verdict(proof, psid=PSID)).status == 3
    assert (await office.verdict(proof, psid="1")).status == 1
    [entry] = await _audited(world)
    assert (entry.action, entry.page_id, entry.subject) == ("proof.disclosed", PAGE, f"{consent}/identity+raw")
    assert world.store.audit.reason(entry) == REASON
    assert b"Amsel" not in entry.reason_sealed
    for secret in (REASON, PSID, CANARIES["name"], "Amsel"):
        assert secret not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.name == "privacy.proofs"] == ["proof.disclosed"]


@pytest.mark.parametrize("reason", ["", " \n"])
async def test_without_a_reason_nothing_personal_is_disclosed(world: World, office: Office, lead: Lead, reason: str):
    consent = (await office.records(lead))["consent_given"]
    for asked in ({"identity": True}, {"raw": True}):
        with pytest.raises(DisclosureRefused, match="--reason"):
            await office.export(consent, reason=reason, **asked)
    assert await _audited(world) == []


async def test_each_disclosure_is_a_link_of_a_chain_that_breaks_when_a_row_is_changed(
    world: World, office: Office, lead: Lead
):
    records = await office.records(lead)
    for record_id in (records["consent_given"], records["conversation_started"], records["consent_given"]):
        await office.export(record_id, identity=True, reason=REASON)
    assert list(broken_links(await _audited(world))) == []
    await world.execute("alter table audit_entry disable trigger user")
    await world.execute("update audit_entry set subject = $1 where seq = 2", str(uuid4()))
    assert list(broken_links(await _audited(world))) == [2]


async def test_a_name_learned_after_the_record_is_not_disclosed_with_it(world: World, office: Office):
    lead = await world.lead()
    await _start(world)
    await office.work()
    async with world.database.transaction() as tx:
        await world.store.leads.keep_profile(tx, lead, lead.profile.with_first_name("Zoë"))
    proof = await office.export((await office.records(lead))["conversation_started"], identity=True, reason=REASON)
    assert list(json.loads(members_of(proof)["disclosed/identity.json"])) == ["page_id", "psid", "principal_nonce"]
    assert (await office.verdict(proof, psid=PSID)).status == 3


async def test_a_delivery_that_is_not_kept_cannot_be_disclosed(world: World, office: Office, lead: Lead):
    await _withdraw(world, lead)
    await office.work()
    withdrawn = (await office.records(lead))["consent_withdrawn"]
    with pytest.raises(DisclosureRefused, match="nothing of what the platform sent"):
        await office.export(withdrawn, raw=True, reason=REASON)


# What was changed is not handed out


async def test_a_notice_that_was_edited_in_place_makes_no_proof(world: World, office: Office, lead: Lead):
    await world.execute("alter table notice disable trigger user")
    await world.execute("update notice set body = 'Wir behalten alles.' where language = 'de'")
    with pytest.raises(ProofError, match="changed since"):
        await office.export((await office.records(lead))["consent_given"])


async def test_an_entry_that_was_edited_makes_no_proof(world: World, office: Office, lead: Lead):
    consent = (await office.records(lead))["consent_given"]
    await world.execute("alter table log_tile disable trigger user")
    await world.execute("update log_tile set hashes = sha256(hashes) || substring(hashes from 33) where level = 0")
    with pytest.raises(ProofError):
        await office.export(consent)


# What cannot be exported


async def test_a_record_that_waits_for_its_place_has_no_proof_yet(world: World, office: Office):
    await world.lead()
    await _start(world)
    record_id = await world.value("select record_id from consent_record")
    with pytest.raises(ProofUnavailable, match="no signed place"):
        await office.export(record_id)


async def test_unknown_ids_and_receipts_are_named_as_such(office: Office):
    with pytest.raises(ProofUnavailable, match="no record with this id"):
        await office.export(uuid4())
    with pytest.raises(ProofUnavailable, match="neither"):
        await office.proofs.find("K7PM")
    with pytest.raises(ProofUnavailable, match="character by character"):
        await office.proofs.find("Z" * 32)


async def test_a_withdrawal_in_the_log_of_the_next_year_is_in_the_bundle_of_the_yes(
    world: World, office: Office, lead: Lead
):
    world.now += timedelta(days=60)
    await _withdraw(world, lead)
    await office.work()
    records = await office.records(lead)
    proof = await office.export(records["consent_given"])
    assert (proof.left_out, any("consent_withdrawn" in name for name in members_of(proof))) == (0, True)
    keys = [line for line in members_of(proof)["policy.txt"].decode().splitlines() if line.startswith("log ")]
    assert len({key.rpartition("+")[2] for key in keys}) == len(keys) == 2
    assert (await office.verdict(proof)).status == 3


async def test_a_bundle_holds_the_first_and_the_last_of_very_many_records(world: World, office: Office, lead: Lead):
    world.now += timedelta(minutes=1)
    for _ in range(110):
        await _withdraw(world, lead)
    await office.work()
    proof = await office.export((await office.records(lead))["consent_given"])
    related = [name for name in members_of(proof) if name.startswith("related/") and name.endswith(".json")]
    assert (len(related), proof.left_out) == (99, 12)
    assert related[0] == "related/01-conversation_started.json"
    assert (await office.verdict(proof)).status == 3


async def _start(world: World, psid: str = PSID) -> None:
    lead, page = await world.lead(psid), await world.page()
    async with world.database.transaction() as tx:
        notice = await world.store.notices.current(tx, PAGE, "de")
        assert notice is not None
        await world.ledger.record_start(tx, page, lead, world.evidence(), EntryPoint.MESSAGE, notice)


async def _withdraw(world: World, lead: Lead) -> UUID:
    page = await world.page()
    async with world.database.transaction() as tx:
        evidence = world.evidence(raw=False)
        recorded, _ = await world.ledger.record_withdrawal(tx, page, lead, evidence, EntryPoint.LINK)
    return recorded.record_id


async def _audited(world: World):
    async with world.database.transaction() as tx:
        return [entry async for entry in world.store.audit.entries(tx)]
