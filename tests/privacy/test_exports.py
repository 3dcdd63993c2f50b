"""Does a person get everything that is kept about them, and nobody else anything?"""

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from domain.data_request import RequestKind, RequestSource, RequestState
from privacy.catalog import CATALOG
from privacy.exports import CODE_LIFE, LINK_LIFE, SCHEMA, Opened, Refused, RefusedReason
from storage.exports import TRIES
from tests.privacy.people import CANARIES, PAGE, PUBLIC_URL, World


async def built(world: World) -> tuple[str, str]:
    """Token and code of a copy of everything, as they stand in the message to the person."""
    lead = await world.canary()
    opened = await world.asked(lead, RequestKind.ACCESS)
    await world.exports.build(f"{PAGE}/{opened.request_id}")
    [text] = await world.messages("export")
    link = re.search(re.escape(PUBLIC_URL) + r"/export/([\w-]+)", text)
    code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", text)
    assert link
    assert code
    return link[1], code[0]


def document(answer: Opened | Refused) -> dict[str, Any]:
    assert isinstance(answer, Opened)
    loaded: dict[str, Any] = json.loads(answer.content)
    return loaded


async def test_a_copy_holds_the_canary_of_every_category(world: World) -> None:
    token, code = await built(world)
    copy = document(await world.exports.open_archive(token, code, world.now))
    assert copy["schema"] == SCHEMA
    assert [category["name"] for category in copy["categories"]] == [category.name for category in CATALOG]
    text = json.dumps(copy, ensure_ascii=False)
    assert [place for place, canary in CANARIES.items() if canary not in text] == []
    for category in copy["categories"]:
        assert category["data"], category["name"]
        assert all(category[name] for name in ("title", "purpose", "retention", "basis", "source", "form"))


async def test_a_copy_opens_the_persons_own_log_entries(world: World) -> None:
    token, code = await built(world)
    copy = document(await world.exports.open_archive(token, code, world.now))
    records = next(part["data"] for part in copy["categories"] if part["name"] == "records")
    assert {record["kind"] for record in records} == {"conversation_started", "consent_given"}
    for record in records:
        assert json.loads(record["record"])["type"] == record["kind"]
        assert len(bytes.fromhex(record["nonce"])) == 64
    notices = next(part["data"] for part in copy["categories"] if part["name"] == "notices")
    assert {notice["body"] for notice in notices} == {"We keep little.", "Wir behalten wenig."}


async def test_a_copy_names_controller_rights_and_language_of_the_person(world: World) -> None:
    token, code = await built(world)
    copy = document(await world.exports.open_archive(token, code, world.now))
    assert copy["controller"]["name"] == "Bakery GmbH"
    assert copy["language"] == "de"
    assert "Datenschutzbehörde" in copy["rights"]


async def test_a_second_build_of_the_same_request_makes_nothing(world: World) -> None:
    await built(world)
    request_id = await world.value("select request_id from data_request")
    await world.exports.build(f"{PAGE}/{request_id}")
    assert len(await world.messages("export")) == 1


async def test_a_copy_that_was_asked_for_and_not_made_is_made_later(world: World) -> None:
    await world.asked(await world.canary(), RequestKind.ACCESS)
    assert await world.exports.resume() == 1
    assert await world.exports.resume() == 0
    assert len(await world.messages("export")) == 1


async def test_nobody_gets_a_copy_of_a_request_from_elsewhere_before_it_is_approved(world: World) -> None:
    opened = await world.asked(await world.canary(), RequestKind.ACCESS, RequestSource.CONSOLE)
    await world.exports.build(f"{PAGE}/{opened.request_id}")
    assert await world.messages("export") == []


async def test_after_five_wrong_codes_the_right_one_opens_nothing(world: World) -> None:
    token, code = await built(world)
    wrong = "0000-0000" if code != "0000-0000" else "1111-1111"
    answers = [await world.exports.open_archive(token, wrong, world.now) for _ in range(TRIES)]
    assert answers[0] == Refused(RefusedReason.WRONG_CODE, 4)
    assert answers[-1] == Refused(RefusedReason.TOO_MANY, 0)
    assert await world.exports.open_archive(token, code, world.now) == Refused(RefusedReason.TOO_MANY)


async def test_simultaneous_guesses_get_no_more_than_five(world: World) -> None:
    token, code = await built(world)
    guesses = [f"{number:04}-{number:04}" for number in range(20)]
    answers = await asyncio.gather(*(world.exports.open_archive(token, guess, world.now) for guess in guesses))
    assert sum(answer == Refused(RefusedReason.TOO_MANY, 0) for answer in answers) == 20 - TRIES + 1
    assert await world.value("select tries from export_archive") == TRIES
    assert isinstance(await world.exports.open_archive(token, code, world.now), Refused)


async def test_a_code_is_read_however_it_is_typed_and_a_slip_costs_no_try(world: World) -> None:
    token, code = await built(world)
    assert await world.exports.open_archive(token, code[:5], world.now) == Refused(RefusedReason.WRONG_CODE, TRIES)
    assert isinstance(await world.exports.open_archive(token, code.lower().replace("-", " "), world.now), Opened)


@pytest.mark.parametrize("later", [CODE_LIFE, LINK_LIFE])
async def test_an_old_code_opens_nothing(world: World, later: timedelta) -> None:
    token, code = await built(world)
    last = world.now + CODE_LIFE - timedelta(seconds=1)
    assert isinstance(await world.exports.open_archive(token, code, last), Opened)
    assert await world.exports.open_archive(token, code, world.now + later) == Refused(RefusedReason.EXPIRED)


async def test_the_page_may_be_read_often_and_the_file_is_fetched_once(world: World) -> None:
    token, code = await built(world)
    for _ in range(3):
        assert isinstance(await world.exports.open_archive(token, code, world.now), Opened)
    answers = await asyncio.gather(*(world.exports.take(token, code, world.now) for _ in range(5)))
    assert sum(isinstance(answer, Opened) for answer in answers) == 1
    assert answers.count(Refused(RefusedReason.USED)) == 4
    await world.exports.taken(token)
    assert await world.value("select archive_sealed from export_archive") is None
    assert await world.exports.open_archive(token, code, world.now) == Refused(RefusedReason.USED)


async def test_a_file_that_did_not_get_through_can_be_fetched_again(world: World) -> None:
    token, code = await built(world)
    assert isinstance(await world.exports.take(token, code, world.now), Opened)
    await world.exports.give_back(token)
    assert isinstance(await world.exports.take(token, code, world.now), Opened)


async def test_an_unknown_link_is_gone_whatever_the_code(world: World) -> None:
    _, code = await built(world)
    assert await world.exports.open_archive("x" * 27, code, world.now) == Refused(RefusedReason.GONE)


async def test_the_archive_shows_nothing_without_its_code(world: World) -> None:
    token, code = await built(world)
    dump = await world.dump()
    assert [place for place, canary in CANARIES.items() if canary in dump] == []
    assert token not in dump
    assert code not in dump


async def test_a_request_is_completed_when_its_copy_is_ready(world: World) -> None:
    await built(world)
    [request] = await world.requests.list(open_only=False)
    assert (request.state, request.completed_at) == (RequestState.COMPLETED, world.now)
