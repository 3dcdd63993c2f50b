"""Does a claim from elsewhere make somebody known and permit nothing, whatever else stands?"""

import asyncio
from datetime import timedelta
from itertools import product

import pytest

from domain.campaign import NewCampaign
from domain.consent import ConsentAct
from domain.data_request import RequestKind
from domain.eligibility import Facts, Reason, Refused, decide
from domain.ids import Psid
from domain.imports import ClaimLine, FaultKind
from domain.lead import Lead
from domain.page import MarketingBasis
from domain.personal import Pii
from domain.proof.record_json import decode
from domain.proof.record_sections import EntryPoint, RecordKind
from privacy.imports import Imported, Imports
from tests.privacy.audited import Audited
from tests.privacy.people import NOW, OFFERS, PAGE, PSID, World

SOURCE = "newsletter of 2024"


def imports(world: World) -> Imports:
    return Imports(store=world.store, ledger=world.ledger, clock=world.clock)


def line(number: int = 1, psid: str = PSID, statement: str = "Ticked the box.", **fields: object) -> ClaimLine:
    return ClaimLine(
        line=number,
        psid=Pii(Psid(psid)),
        claimed_at=NOW - timedelta(days=900),
        statement=statement,
        topics=(OFFERS,),
        **fields,  # type: ignore[arg-type]
    )


async def taken(world: World, *lines: ClaimLine) -> Imported:
    return await imports(world).take(await world.page(), SOURCE, lines)


async def lead_of(world: World, psid: str = PSID) -> Lead:
    async with world.database.transaction() as tx:
        found = await world.store.leads.find(tx, PAGE, Pii(Psid(psid)))
    assert found is not None
    return found


async def test_somebody_new_is_known_without_a_window_and_the_claim_is_a_record_like_any_other(world: World) -> None:
    done = await taken(world, line())
    assert (done.people, done.claims, done.repeated, done.refused) == (1, 1, 0, [])
    lead = await lead_of(world)
    assert (lead.window_until, lead.profile.imported, lead.profile.first_name) == (None, True, None)
    async with world.database.transaction() as tx:
        key = await world.store.leads.key_of(tx, PAGE, lead.lead_id)
        assert key is not None
        [record] = await world.store.consents.of_lead(tx, key, PAGE, lead.lead_id)
        assert await world.store.consents.topics(tx, PAGE, lead.lead_id) == {}
    said = decode(record.record)
    assert (said.kind, said.entry_point, said.event_time) == (RecordKind.IMPORT_CLAIM, EntryPoint.CONSOLE, None)
    assert said.claim is not None
    assert (said.claim.source, said.claim.statement, said.topics) == (SOURCE, "Ticked the box.", (OFFERS,))
    assert said.claim.claimed_at == NOW - timedelta(days=900)
    assert (said.lawful_basis, said.purposes, said.raw_event, said.event_state) == (None, (), None, None)
    await world.sequenced()
    report = await Audited(world).audit()
    assert (report.good, report.records["import_claim"]) == (True, 1)
    assert "Ticked" not in await world.dump()
    assert PSID not in await world.dump()


@pytest.mark.parametrize("again", ["in the same file", "in a second run"])
async def test_the_same_claim_is_written_down_once(world: World, again: str) -> None:
    done = await taken(world, line(), *([line(2)] if again == "in the same file" else []))
    if again == "in a second run":
        world.now += timedelta(days=1)
        done = await taken(world, line())
    assert done.repeated == 1
    assert await world.value("select count(*) from consent_record") == 1
    other = await taken(world, line(statement="Told us on the phone."))
    assert (other.people, other.claims, other.repeated) == (0, 1, 0)


async def test_runs_at_once_write_a_claim_once(world: World) -> None:
    lines = [line(number, psid=str(73104829190000000 + number)) for number in range(1, 6)]
    done = await asyncio.gather(*(taken(world, *lines) for _ in range(3)))
    assert sum(one.people for one in done) == sum(one.claims for one in done) == 5
    assert await world.value("select count(*) from consent_record") == 5


@pytest.mark.parametrize("basis", MarketingBasis)
async def test_no_campaign_goes_to_anybody_because_of_a_claim(world: World, basis: MarketingBasis) -> None:
    await taken(world, line())
    await world.execute("update page set region = 'US', marketing_basis = $1", basis.value)
    await world.execute("update lead set window_until = $1", NOW + timedelta(days=1))
    async with world.database.transaction() as tx:
        new = NewCampaign(page_id=PAGE, name="Winter", topic=OFFERS, texts={"en": "Winter is here."})
        number = await world.store.campaigns.add(tx, new, now=NOW)
        await world.store.deliveries.freeze(tx, PAGE, number, now=NOW)
    [row] = await world.fetch("select state, reason from delivery")
    assert (row["state"], row["reason"]) == ("skipped", "no_consent")


def test_who_has_neither_answered_nor_begun_a_conversation_is_refused_whatever_else_holds() -> None:
    for basis, human, unreachable in product(MarketingBasis, (False, True), (False, True)):
        facts = Facts(
            page_connected=True,
            basis=basis,
            erased=False,
            suppressed=None,
            restricted=False,
            answer=None,
            conversation_started=False,
            unreachable=unreachable,
            human_until=NOW + timedelta(hours=1) if human else None,
            window_until=NOW + timedelta(hours=23),
            newest_event=NOW,
        )
        assert decide(facts, NOW) == Refused(Reason.NO_CONSENT)


async def test_a_stop_that_stands_goes_on_standing(world: World) -> None:
    handle = world.store.keys.handle(PAGE, Pii(Psid(PSID)))
    async with world.database.transaction() as tx:
        await world.store.suppressions.stop(tx, PAGE, handle, since=NOW - timedelta(days=5), now=NOW)
    assert (await taken(world, line())).claims == 1
    async with world.database.transaction() as tx:
        assert await world.store.suppressions.find(tx, PAGE, handle)
    assert (await lead_of(world)).suppression_handle == handle


async def test_somebody_who_was_erased_lately_is_refused_and_may_come_after_the_mark_is_gone(world: World) -> None:
    lead = await world.canary()
    await world.begun(lead.lead_id)
    page, lines = await world.page(), [line(3), line(4, psid="73104829190000001")]
    assert [(one.line, one.kind) for one in await imports(world).faults(page, lines)] == [(3, FaultKind.ERASED)]
    done = await taken(world, *lines)
    assert [(one.line, one.kind) for one in done.refused] == [(3, FaultKind.ERASED)]
    assert (done.people, done.claims) == (1, 1)
    assert await world.value("select count(*) from lead") == await world.value("select count(*) from lead_key") == 1
    world.now += timedelta(days=9)
    await world.retention.sweep(world.now)
    assert (await taken(world, line())).people == 1


async def test_an_import_that_waits_for_an_erasure_under_way_takes_nobody_in(world: World) -> None:
    lead, page = await world.canary(), await world.page()
    opened = await world.asked(lead, RequestKind.ERASURE)
    async with world.database.transaction() as tx:
        locked = await world.store.leads.get(tx, PAGE, lead.lead_id)
        request = await world.store.requests.find_open(tx, PAGE, lead.lead_id, opened.request_id)
        assert locked is not None
        assert request is not None
        waiting = asyncio.create_task(taken(world, line()))
        await asyncio.sleep(0.2)
        await world.erasure.begin(tx, page, locked, request, NOW, texts=None)
    done = await waiting
    assert ([one.kind for one in done.refused], done.claims) == ([FaultKind.ERASED], 0)
    assert await world.value("select count(*) from lead") == 0


async def test_somebody_who_is_known_keeps_answers_window_and_name(world: World) -> None:
    before = await world.canary()
    done = await taken(world, line())
    assert (done.people, done.claims) == (0, 1)
    after = await lead_of(world)
    assert (after.window_until, after.profile) == (before.window_until, before.profile)
    async with world.database.transaction() as tx:
        assert (await world.store.consents.topics(tx, PAGE, after.lead_id))[OFFERS].act is ConsentAct.GIVEN


async def test_an_imported_person_is_erased_like_anybody_else(world: World) -> None:
    await taken(world, line())
    await world.sequenced()
    lead = await lead_of(world)
    await world.erasure.sweep(str(await world.begun(lead.lead_id)))
    await world.sequenced()
    report = await Audited(world).audit()
    assert (report.good, report.counts["named_as_destroyed"]) == (True, 1)
