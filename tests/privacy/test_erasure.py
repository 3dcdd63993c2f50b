"""Is a person unreadable from the first commit on, whatever happens afterwards?"""

import asyncio
import base64
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from domain.consent import ConsentAct
from domain.data_request import RequestKind, RequestState
from domain.ids import Psid
from domain.lead import Lead
from domain.personal import Pii
from domain.proof.endings import endings
from domain.proof.entry import leaf_hash, opens
from domain.proof.record import ProofRecord
from domain.proof.record_json import decode
from domain.proof.record_sections import EntryPoint, RecordKind, format_indexes
from domain.tokens import receipt_bytes
from privacy.catalog import CATALOG
from storage.database import Database, Transaction
from storage.errors import OpenFailed
from storage.labels import Label
from tests.privacy.people import CANARIES, FIELD_VALUE, NOW, OFFERS, PAGE, PSID, World, open_world

RECEIPTS = ["receipt"]
SWEPT = [category.name for category in CATALOG if category.sweep is not None]


async def erased(world: World) -> tuple[Lead, UUID]:
    lead = await world.canary()
    request_id = await world.begun(lead.lead_id)
    await world.erasure.sweep(f"{PAGE}/{request_id}")
    return lead, request_id


async def readable_with_every_key(world: World) -> str:
    """What somebody reads who holds the whole database and the key ring; the receipt on its way left out."""
    parts = [await world.dump()]
    async with world.database.transaction() as tx:
        for row in await tx.fetch("select * from inbox"):
            key = await world.store.keys.day_key(tx, row["received_on"])
            parts.append(key.open(Label.INBOX_EVENT, row["event_key"], row["event_sealed"]).decode())
        for row in await tx.fetch("select * from inbox_set_aside"):
            key = await world.store.keys.day_key(tx, row["day"])
            parts.append(key.open(Label.INBOX_BROKEN, row["item_id"].bytes, row["event_sealed"]).decode())
        for row in await tx.fetch("select * from outbox where message_sealed is not null and purpose <> 'receipt'"):
            key = await world.store.keys.day_key(tx, row["day"])
            parts.append(key.open(Label.OUTBOX_MESSAGE, row["outbox_id"].bytes, row["message_sealed"]).decode())
        for row in await tx.fetch("select * from lead join lead_key using (page_id, lead_id)"):
            opened = await world.store.leads.get(tx, PAGE, row["lead_id"])
            assert opened is not None
            parts.append(opened.profile.encode().decode())
    return "\n".join(parts)


async def test_the_check_of_this_file_finds_a_person_who_is_there(world: World) -> None:
    await world.canary()
    found = await readable_with_every_key(world)
    assert CANARIES["name"] in found
    assert CANARIES["bot answer"] in found


async def test_nothing_of_the_person_can_be_read_right_after_the_first_transaction(world: World) -> None:
    lead = await world.canary()
    await world.begun(lead.lead_id)
    async with world.database.transaction() as tx:
        assert await world.store.leads.find(tx, PAGE, lead.profile.psid) is None
        assert await world.store.leads.get(tx, PAGE, lead.lead_id) is None
        assert await world.store.leads.key_of(tx, PAGE, lead.lead_id) is None
        other, _ = world.store.keys.new_lead_key(lead.lead_id)
        for row in await tx.fetch("select record_id, record_sealed from consent_record"):
            with pytest.raises(OpenFailed):
                other.open(Label.PROOF_RECORD, row["record_id"].bytes, row["record_sealed"])


async def test_a_dump_with_every_key_holds_no_canary_after_the_sweep(world: World) -> None:
    await erased(world)
    found = await readable_with_every_key(world)
    assert [place for place, canary in CANARIES.items() if canary in found] == []


async def test_tags_and_field_values_go_at_once_and_the_newest_send_with_the_sweep(world: World) -> None:
    lead = await world.canary()
    request_id = await world.begun(lead.lead_id)
    assert FIELD_VALUE not in await world.dump()
    for table in ("lead_tag", "lead_field"):
        assert await world.value(f"select count(*) from {table}") == 0, table
    await world.erasure.sweep(f"{PAGE}/{request_id}")
    assert await world.value("select count(*) from lead_sent") == 0


async def test_no_message_but_the_receipt_leaves_after_the_first_transaction(world: World) -> None:
    lead = await world.canary()
    request_id = await world.begun(lead.lead_id)
    assert await world.messages("receipt") == []
    waiting = "select purpose from outbox where state in ('queued', 'held') and message_sealed is not null"
    assert [row["purpose"] for row in await world.fetch(waiting)] == RECEIPTS
    assert await world.value("select count(*) from delivery where state in ('queued', 'awaiting_window')") == 0
    await world.erasure.sweep(str(request_id))
    assert [row["purpose"] for row in await world.fetch(waiting)] == RECEIPTS
    assert len(await world.messages("receipt")) == 1


async def test_an_open_campaign_message_is_settled_as_erased(world: World) -> None:
    lead = await world.lead()
    await world.campaign(lead)
    await world.execute("update delivery set state = 'queued', reason = null")
    await world.begun(lead.lead_id)
    [row] = await world.fetch("select state, reason from delivery")
    assert (row["state"], row["reason"]) == ("skipped", "erased")


async def test_the_receipt_says_counts_date_and_where_to_look(world: World) -> None:
    lead = await world.canary()
    page = await world.page()
    async with world.database.transaction() as tx:
        locked = await world.store.leads.get(tx, PAGE, lead.lead_id)
        assert locked is not None
    opened = await world.asked(lead, RequestKind.ERASURE)
    await world.begun(lead.lead_id)
    await world.erasure.sweep(str(opened.request_id))
    [receipt] = await world.messages("receipt")
    assert f"/status/{opened.status_code.replace('-', '')}" in receipt
    assert "2 Einwilligungsnachweise" in receipt
    horizon = world.store.keys.ring.horizon(NOW) + timedelta(days=1)
    assert f"{horizon.day}." in receipt
    assert page.name in receipt


async def test_the_status_says_what_was_done_and_until_when_backups_last(world: World) -> None:
    lead = await world.canary()
    opened = await world.asked(lead, RequestKind.ERASURE)
    await world.begun(lead.lead_id)
    running = await world.requests.status_of(opened.status_code)
    await world.erasure.sweep(str(opened.request_id))
    done = await world.requests.status_of(opened.status_code.lower())
    assert running is not None
    assert done is not None
    assert (running.state, done.state) == (RequestState.IN_PROGRESS, RequestState.COMPLETED)
    assert done.horizon == world.store.keys.ring.horizon(NOW)
    world.now = NOW + timedelta(days=91)
    assert await world.requests.status_of(opened.status_code) is None


async def test_the_erasure_has_a_log_entry_that_names_nobody_and_the_log_verifies(world: World) -> None:
    _, request_id = await erased(world)
    await world.sequenced()
    certificate = UUID((await world.requests.show(request_id)).steps["certificate"])
    async with world.database.transaction() as tx:
        kept = await world.store.log_records.get(tx, certificate)
        entry = await world.store.log.find(tx, certificate)
        newest = await world.store.log.newest_checkpoint(tx, NOW.year)
    assert entry is not None
    assert newest is not None
    assert newest.size == 4
    assert kept is not None
    assert opens(entry.entry, kept.record, kept.nonce)
    said = decode(kept.record)
    assert (said.kind, said.unreadable_by) == (RecordKind.ERASURE_DONE, world.store.keys.ring.horizon(NOW))
    assert PSID not in kept.record.decode()


async def ends(world: World, kind: RecordKind) -> list[ProofRecord]:
    """What the log says of ended records, oldest first."""
    async with world.database.transaction() as tx:
        return [decode(row.record) for row in await world.store.log_records.of_kind(tx, kind.value)]


async def indexes_of(world: World, lead: Lead) -> list[int]:
    rows = await world.fetch(
        "select idx from log_entry join consent_record on record_id = entry_id where lead_id = $1 order by idx",
        lead.lead_id,
    )
    return [row["idx"] for row in rows]


async def test_the_erasure_names_by_index_what_nobody_can_open_any_more_and_nothing_else(world: World) -> None:
    other = await world.lead(psid="73104829190000000")
    await world.acts(other)
    lead = await world.canary()
    await world.sequenced()
    await world.begun(lead.lead_id)
    await world.sequenced()
    [said] = await ends(world, RecordKind.ERASURE_DONE)
    [named] = said.destroyed
    numbers = await indexes_of(world, lead)
    assert len(numbers) == 2
    assert (named.indexes, said.waiting) == (format_indexes(numbers), ())
    assert named.origin == await world.value("select origin from log")
    assert set(numbers).isdisjoint(await indexes_of(world, other))
    assert said.counts == {"messages": 2, "records": 2, "deliveries": 1, "files": 0}
    assert said.entry_point is EntryPoint.POSTBACK
    assert said.pii_principal_id is None


async def test_an_entry_that_waits_for_its_index_is_named_by_its_leaf_hash_and_comes_before_the_erasure(
    world: World,
) -> None:
    lead = await world.canary()
    waiting = {row["entry"] for row in await world.fetch("select entry from log_pending")}
    await world.begun(lead.lead_id)
    await world.sequenced()
    [said] = await ends(world, RecordKind.ERASURE_DONE)
    assert said.destroyed == ()
    assert set(said.waiting) == {leaf_hash(entry).hex() for entry in waiting}
    async with world.database.transaction() as tx:
        place = await world.store.log.find(tx, said.record_id)
    assert place is not None
    assert max(await indexes_of(world, lead)) < place.index


async def test_what_is_destroyed_is_named_in_the_same_transaction_as_the_end_of_the_key(world: World) -> None:
    lead = await world.canary()
    await world.begun(lead.lead_id)
    ids = await world.fetch(
        "select r.xmin::text as record, p.xmin::text as entry, d.xmin::text as mark "
        "from log_record r join log_pending p on p.entry_id = r.record_id, tombstone d where r.kind = 'erasure_done'"
    )
    # The mark of the erasure is put by the statement before the one that deletes the key.
    assert len({*ids[0].values()}) == 1
    assert await world.value("select count(*) from lead_key") == 0


async def test_whoever_has_very_many_entries_is_erased_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = await world.lead()
    for _ in range(3):
        await world.acts(lead, start=False)
    other = await world.lead(psid="73104829190000000")
    for person in (lead, other, lead, other, lead):
        await world.acts(person, start=False)
        await world.sequenced()
    monkeypatch.setattr("privacy.erasure.endings", partial(endings, limit=1))
    await world.begun(lead.lead_id)
    said = await ends(world, RecordKind.ERASURE_DONE)
    assert len(said) == 3
    assert sorted(one.destroyed[0].indexes for one in said) == ["1-4", "6", "8"]
    assert [one.counts is not None for one in said].count(True) == 1


async def test_the_receipt_names_the_log_entry_of_the_erasure(world: World) -> None:
    _, request_id = await erased(world)
    await world.sequenced()
    [text] = await world.messages("receipt")
    request = await world.requests.show(request_id)
    receipt = await world.requests.certificate_of(request)
    assert receipt is not None
    assert f"Beleg {receipt}" in text
    async with world.database.transaction() as tx:
        entry = await world.store.log.by_receipt(tx, receipt_bytes(receipt))
    assert entry is not None
    assert str(entry.entry_id) == request.steps["certificate"]


async def test_an_access_request_has_no_certificate(world: World) -> None:
    opened = await world.asked(await world.lead(), RequestKind.ACCESS)
    assert await world.requests.certificate_of(await world.requests.show(opened.request_id)) is None


async def test_no_nonce_of_the_person_is_left_anywhere(world: World) -> None:
    lead = await world.canary()
    async with world.database.transaction() as tx:
        key = await world.store.leads.key_of(tx, PAGE, lead.lead_id)
        assert key is not None
        records = await world.store.consents.of_lead(tx, key, PAGE, lead.lead_id)
    opened = await world.asked(lead, RequestKind.ACCESS)
    await world.exports.build(str(opened.request_id))
    await world.erasure.sweep(str(await world.begun(lead.lead_id)))
    found = await readable_with_every_key(world)
    for nonce in (record.nonce for record in records):
        for form in (nonce.hex(), base64.b64encode(nonce).decode(), nonce.decode("latin-1")):
            assert form not in found
    assert await world.value("select count(*) from consent_record where nonce_sealed is not null") == 0
    assert await world.value("select count(*) from export_archive") == 0


async def test_the_request_keeps_counts_and_no_trace_of_the_person(world: World) -> None:
    lead, request_id = await erased(world)
    request = await world.requests.show(request_id)
    assert (request.state, request.lead_id) == (RequestState.COMPLETED, None)
    assert request.steps["counts"] == {"messages": 2, "records": 2, "deliveries": 1, "files": 0}
    assert set(request.steps["swept"]) == set(SWEPT)
    assert lead.suppression_handle.hex() not in json.dumps(dict(request.steps))


async def test_a_stop_outlives_the_erasure_and_nothing_else_of_the_person_does(world: World) -> None:
    lead, _ = await erased(world)
    async with world.database.transaction() as tx:
        assert await world.store.suppressions.find(tx, PAGE, lead.suppression_handle)
    for table in ("lead", "lead_key", "lead_topic", "inbox", "inbox_set_aside", "export_archive"):
        assert await world.value(f"select count(*) from {table}") == 0, table
    assert await world.value("select count(*) from consent_record where record_sealed is not null") == 0


async def test_whoever_writes_again_is_a_new_lead_without_any_consent(world: World) -> None:
    before = await world.canary()
    await world.begun(before.lead_id)
    world.now = NOW + timedelta(minutes=1)
    after = await world.lead()
    assert after.lead_id != before.lead_id
    assert after.profile.first_name is None
    async with world.database.transaction() as tx:
        assert await world.store.consents.topics(tx, PAGE, after.lead_id) == {}


async def test_the_sweep_leaves_a_newer_message_of_the_person_alone(world: World) -> None:
    lead = await world.canary()
    request_id = await world.begun(lead.lead_id)
    await world.waiting("schon wieder da", NOW + timedelta(seconds=30))
    await world.erasure.sweep(str(request_id))
    assert await world.value("select count(*) from inbox") == 1


@pytest.mark.parametrize(("seconds", "late"), [(-3600, True), (-1, True), (0, True), (1, False)])
async def test_events_of_before_the_erasure_are_late(world: World, seconds: int, late: bool) -> None:
    lead = await world.canary()
    await world.begun(lead.lead_id)
    async with world.database.transaction() as tx:
        answer = await world.erasure.is_late(tx, PAGE, lead.profile.psid, NOW + timedelta(seconds=seconds))
        assert answer is late
        assert not await world.erasure.is_late(tx, PAGE, Pii(Psid("1")), NOW)


async def test_a_copy_that_was_ready_cannot_be_opened_after_the_first_transaction(world: World) -> None:
    lead = await world.canary()
    opened = await world.asked(lead, RequestKind.ACCESS)
    await world.exports.build(str(opened.request_id))
    await world.begun(lead.lead_id)
    assert await world.value("select count(*) from export_archive") == 0


async def test_a_copy_that_was_not_ready_is_not_made_any_more(world: World) -> None:
    lead = await world.canary()
    opened = await world.asked(lead, RequestKind.ACCESS)
    request_id = await world.begun(lead.lead_id)
    await world.erasure.sweep(str(request_id))
    await world.exports.build(str(opened.request_id))
    request = await world.requests.show(opened.request_id)
    assert (request.state, request.reason) == (RequestState.CANCELLED, "erased")
    assert await world.messages("export") == []


async def test_the_receipt_waits_until_calls_under_way_have_left(world: World) -> None:
    lead = await world.canary()
    request_id = await world.begun(lead.lead_id)
    await world.execute("update delivery set state = 'sending', sending_at = clock_timestamp() + interval '1 hour'")
    await world.erasure.sweep(str(request_id))
    assert len(world.slept) == 60
    assert len(await world.messages("receipt")) == 1


async def test_other_people_lose_nothing(world: World) -> None:
    other = await world.lead(psid="73104829190000000", first_name=Pii("Bea"))
    await erased(world)
    async with world.database.transaction() as tx:
        found = await world.store.leads.get(tx, PAGE, other.lead_id)
    assert found is not None
    assert found.profile.first_name == Pii("Bea")


# What stops us on the way


class Failing(Database):
    """Connections that break at one transaction: before it began, before its commit, or after its commit."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, connections=6)
        self.left = -1
        self.when = ""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self.left -= 1
        fails = self.left == 0
        async with super().transaction() as tx:
            yield tx
            if fails and self.when == "not done":
                raise ConnectionResetError
        if fails:
            raise ConnectionResetError


@pytest.mark.parametrize("when", ["not done", "but done"])
@pytest.mark.parametrize("place", range(1, len(CATALOG) + 3))
async def test_a_sweep_that_failed_anywhere_is_ended_by_the_next(
    database_dsn: str, tmp_path: Path, when: str, place: int
) -> None:
    database = Failing(database_dsn)
    async with open_world(database_dsn, tmp_path, database) as world:
        lead = await world.canary()
        request_id = await world.begun(lead.lead_id)
        database.left, database.when = place, when
        try:
            await world.erasure.sweep(str(request_id))
        except Exception as error:
            assert type(error).__name__ in {"Unavailable", "ConnectionResetError"}  # noqa: PT017 - either way out
        database.left = -1
        await world.erasure.resume()
        request = await world.requests.show(request_id)
        assert request.state is RequestState.COMPLETED
        assert request.steps["swept"]["records"] == 2
        assert len(await world.messages("receipt")) == 1
        found = await readable_with_every_key(world)
        assert [name for name, canary in CANARIES.items() if canary in found] == []


async def test_a_first_transaction_that_is_rolled_back_erases_nothing(world: World) -> None:
    lead = await world.canary()
    page = await world.page()

    async def interrupted() -> None:
        async with world.database.transaction() as tx:
            locked = await world.store.leads.get(tx, PAGE, lead.lead_id)
            assert locked is not None
            opened = await world.asked(lead, RequestKind.ERASURE)
            request = await world.store.requests.find_open(tx, PAGE, lead.lead_id, opened.request_id)
            assert request is not None
            await world.erasure.begin(tx, page, locked, request, NOW, texts=None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await interrupted()
    async with world.database.transaction() as tx:
        assert await world.store.leads.find(tx, PAGE, lead.profile.psid) is not None
        topics = await world.store.consents.topics(tx, PAGE, lead.lead_id)
    assert topics[OFFERS].act is ConsentAct.GIVEN


SWEEPER = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from privacy.erasure import Erasure
from storage.database import Database
from storage.keyproviders import FileKeys
from storage.keyring import RingHolder
from storage.keys import Keys
from storage.store import Store

async def main(dsn, folder, request):
    provider = FileKeys(Path(folder, "keys", "ring.json"), data_folder=Path(folder, "data"))
    database = Database(dsn)
    await database.open()
    store = Store.over(database, Keys(RingHolder(await provider.load(), provider)))
    erasure = Erasure(
        store=store, clock=lambda: datetime.now(UTC), public_url="https://b.example", random_bytes=os.urandom
    )
    await erasure.sweep(request)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("table", ["consent_record", "lead_topic", "outbox", "data_request"])
async def test_a_process_killed_inside_a_step_leaves_nothing_half_done(
    world: World, database_dsn: str, tmp_path: Path, table: str
) -> None:
    lead = await world.canary()
    request_id = await world.begun(lead.lead_id)
    # The step waits in the middle of its transaction, until the process that runs it is gone.
    await world.execute(
        "create function hold() returns trigger language plpgsql as "
        "$$ begin perform pg_advisory_xact_lock(4711); return coalesce(new, old); end $$"
    )
    await world.execute(f"create trigger hold before update or delete on {table} for each row execute function hold()")
    async with world.database.connection() as connection:
        await connection.execute("select pg_advisory_lock(4711)")
        command = [sys.executable, "-c", textwrap.dedent(SWEEPER), database_dsn, str(tmp_path), str(request_id)]
        sweeper = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        try:
            await _until_held(world)
        finally:
            sweeper.send_signal(signal.SIGKILL)
            sweeper.wait()
        await connection.execute("select pg_advisory_unlock(4711)")
    assert await world.erasure.resume() == 1
    request = await world.requests.show(request_id)
    assert request.state is RequestState.COMPLETED
    assert set(request.steps["swept"]) == set(SWEPT)
    assert len(await world.messages("receipt")) == 1


async def _until_held(world: World) -> None:
    held = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    deadline = datetime.now(NOW.tzinfo) + timedelta(seconds=30)
    while not await world.value(held):
        assert datetime.now(NOW.tzinfo) < deadline
        await asyncio.sleep(0.02)


async def test_a_message_that_comes_back_to_the_queue_during_an_erasure_ends_before_the_receipt(world: World) -> None:
    lead = await world.canary()
    request_id = await world.begun(lead.lead_id)
    await world.execute("update delivery set state = 'queued', reason = null, settled_at = null")
    await world.erasure.sweep(f"{PAGE}/{request_id}")
    assert {(row["state"], row["reason"]) for row in await world.fetch("select * from delivery")} == {
        ("skipped", "erased")
    }
