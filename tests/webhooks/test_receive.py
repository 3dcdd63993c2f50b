"""Is nothing accepted that the platform did not sign, and nothing acknowledged that could be lost?"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.ids import Psid
from domain.personal import Pii
from messenger.strict_json import BODY_MAX_BYTES
from storage.database import migrate
from storage.server import EmbeddedServer
from tests.broadcast.people import NOW, PAGE
from tests.conftest import _execute, _fresh_name
from tests.webhooks.stand import (
    ANN,
    MINUTE_MS,
    NOW_MS,
    OLD_SECRET,
    VERIFY_TOKEN,
    Stand,
    act,
    delivery,
    message,
    open_stand,
    page_named,
    sign,
)

KEYS = ["object", "entry", "id", "messaging", "sender", "message", "page", "text"]
PAYLOADS = Path(__file__).parent.parent / "vectors" / "payloads"


@pytest.fixture
async def stand(database_dsn: str) -> AsyncIterator[Stand]:
    async with open_stand(database_dsn) as stand:
        yield stand


async def verification(stand: Stand, **changed: str) -> tuple[int, str, str]:
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
    asked |= {f"hub.{name}": value for name, value in changed.items()}
    async with stand.client.get(stand.url, params=asked) as answer:
        return answer.status, answer.content_type, await answer.text()


async def test_the_challenge_goes_back_as_plain_text_to_whoever_knows_the_token(stand):
    assert await verification(stand) == (200, "text/plain", "1158201444")
    assert await verification(stand, challenge="9" * 64) == (200, "text/plain", "9" * 64)


@pytest.mark.parametrize(
    "changed",
    [{"verify_token": "wrong"}, {"verify_token": ""}, {"mode": "unsubscribe"}, {"verify_token": "ä verify token"}],
)
async def test_a_wrong_token_or_mode_gets_nothing_back(stand, changed):
    status, _, text = await verification(stand, **changed)
    assert status == 403
    assert "1158201444" not in text


@pytest.mark.parametrize("challenge", ["<script>", "", "1" * 65, "12a", "١٢٣"])
async def test_only_a_number_is_given_back(stand, challenge):
    status, _, text = await verification(stand, challenge=challenge)
    assert status == 400
    assert not challenge or challenge not in text


async def test_broken_percent_encoding_and_repeated_parameters_are_refused(stand):
    for query in (
        "hub.mode=subscribe&hub.verify_token=%E4%FF&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=a&hub.verify_token=b&hub.challenge=1",
        "",
    ):
        async with stand.client.get(f"{stand.url}?{query}") as answer:
            assert answer.status == 403


async def test_the_alias_is_the_same_webhook(stand):
    body = delivery(message("m1"))
    url = stand.url.replace("/webhooks/messenger", "/webhook")
    async with stand.client.post(url, data=body, headers={"X-Hub-Signature-256": sign(body)}) as answer:
        assert (answer.status, await answer.text()) == (200, "EVENT_RECEIVED")
    assert await stand.waiting() == 1


async def test_both_secrets_verify_while_one_is_changed(stand):
    body = delivery(message("m1"))
    assert await stand.post(body, X_Hub_Signature_256=sign(body, OLD_SECRET)) == 200


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "missing"),
        ("", "missing"),
        ("sha256=", "malformed"),
        ("sha1=" + "0" * 40, "malformed"),
        ("sha256=" + "0" * 64, "mismatch"),
        ("sha256=" + "é" * 64, "malformed"),
    ],
)
async def test_what_is_not_signed_leaves_a_count_and_nothing_else(stand, header, reason):
    body = delivery(message("m1"))
    headers = {} if header is None else {"X-Hub-Signature-256": header}
    async with stand.client.post(stand.url, data=body, headers=headers) as answer:
        assert answer.status == 403
    assert await stand.counted() == {f"refused:signature_{reason}": 1}
    for table in ("inbox", "event_key", "inbox_set_aside"):
        assert await stand.world.value(f"select count(*) from {table}") == 0


async def test_the_signature_covers_the_bytes_and_not_their_meaning(stand):
    body = delivery(message("m1", "äöå"))
    assert b"\\u00e4" in body
    rewritten = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert await stand.post(rewritten, X_Hub_Signature_256=sign(body)) == 403
    assert await stand.post(body) == 200


async def test_a_compressed_body_is_refused_before_it_is_read(stand):
    body = gzip.compress(delivery(message("m1")))
    assert await stand.post(body, Content_Encoding="gzip") == 415
    assert await stand.post(body, Content_Encoding="identity") == 415
    assert await stand.waiting() == 0


async def test_a_body_above_the_limit_is_refused_by_its_announced_length(stand):
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    writer.write(b"POST /webhooks/messenger HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (BODY_MAX_BYTES + 1))
    assert (await reader.readline()).split()[1] == b"413"
    writer.close()


async def test_a_body_above_the_limit_is_refused_also_when_it_does_not_say_so(stand):
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_MAX_BYTES // 65_536 + 2):
            yield bytes(65_536)

    try:
        async with stand.client.post(stand.url, data=chunks()) as answer:
            assert answer.status == 413
    except ConnectionError:
        pass  # the answer came while the client still wrote, and the connection was closed
    assert (await stand.counted())["refused:too_large"] == 1


async def test_a_thousand_updates_in_one_body_are_all_kept(stand):
    body = delivery(*(message(f"m{number}", "x" * 500, psid=str(10_000 + number)) for number in range(1000)))
    assert await stand.post(body) == 200
    assert await stand.waiting() == 1000


async def test_one_body_may_mix_pages_and_people(stand):
    other = await stand.world.page(page_named(1))
    entries = [json.loads(delivery(message(f"m-{page}"), page=page))["entry"][0] for page in (PAGE, other, "999")]
    assert await stand.post(json.dumps({"object": "page", "entry": entries}).encode()) == 200
    rows = await stand.world.fetch("select page_id, person from inbox")
    assert {row["page_id"] for row in rows} == {PAGE, other}
    assert len({row["person"] for row in rows}) == 2
    assert (await stand.counted()) == {"events:fresh": 2, "events:strange": 1}


async def test_of_200_equal_deliveries_at_once_one_row_is_left(stand):
    body = delivery(message("m1"))
    assert set(await asyncio.gather(*(stand.post(body) for _ in range(200)))) == {200}
    assert await stand.waiting() == 1
    assert (await stand.counted()) == {"events:fresh": 1, "events:repeated": 199}


async def test_a_repeat_after_a_lost_answer_changes_nothing(stand):
    body = delivery(message("m1"), message("m2"))
    _, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    writer.write(
        f"POST /webhooks/messenger HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: {sign(body)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    writer.transport.abort()
    while await stand.waiting() < 2:  # noqa: ASYNC110 - tests wait by looking
        await asyncio.sleep(0.01)
    assert await stand.post(body) == 200
    # The same events in another grouping are still the same events.
    assert await stand.post(delivery(message("m2"))) == 200
    assert await stand.waiting() == 2


async def test_nothing_of_an_event_stands_in_clear_and_all_of_it_comes_back(stand):
    body = delivery(message("m_canary", "Zoë wants it"))
    assert await stand.post(body) == 200
    [row] = await stand.world.fetch("select * from inbox")
    shown = b"".join(value for value in row.values() if isinstance(value, bytes)) + repr(dict(row)).encode()
    for canary in ("Zoë wants", "wants it", "m_canary", ANN):
        assert canary.encode() not in shown
    [item] = await stand.inbox.take(row["shard"], limit=1, now=NOW)
    assert item.arrival.body is not None
    assert item.arrival.body.reveal("test") == body
    assert item.arrival.signature == sign(body)
    assert item.received_at == NOW


async def test_a_body_of_several_people_is_kept_with_none_of_them(stand):
    assert await stand.post(delivery(message("m1"), message("m2", psid="42"))) == 200
    for row in await stand.world.fetch("select shard from inbox"):
        for item in await stand.inbox.take(row["shard"], limit=9, now=NOW):
            assert item.arrival.body is None
            raw = item.arrival.raw.reveal("test")
            assert (b"m1" in raw) != (b"m2" in raw)


async def test_events_about_the_page_wait_under_a_handle_of_their_page(stand):
    item = {"recipient": {"id": PAGE}, "timestamp": NOW_MS, "policy_enforcement": {"action": "block", "reason": "x"}}
    assert await stand.post(delivery(item)) == 200
    assert await stand.world.value("select person from inbox") == stand.world.keys.index.event(b"page", PAGE.encode())


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"\xff", b"[" * 100_000, b'{"object": "page"'])
async def test_a_verified_body_that_is_no_delivery_is_set_aside_and_acknowledged(stand, body):
    assert await stand.post(body) == 200
    [row] = await stand.world.fetch("select * from inbox_set_aside")
    assert row["reason"].startswith("body:")
    opened = await stand.inbox.open_set_aside(row["page_id"], row["item_id"])
    assert opened is not None
    assert opened.reveal("test") == body


async def test_another_object_is_acknowledged_and_counted(stand):
    assert await stand.post(b'{"object": "instagram", "entry": []}') == 200
    assert await stand.counted() == {"ignored:object:instagram": 1}


async def test_a_broken_event_costs_the_good_ones_nothing(stand):
    broken = act(message={"mid": "m2", "text": "nul \u0000", "n": float("nan")})
    assert await stand.post(delivery(message("m1"), broken, act())) == 200
    assert await stand.waiting() == 1
    reasons = [row["reason"] for row in await stand.world.fetch("select reason from inbox_set_aside order by reason")]
    assert reasons == ["kind_missing", "not_a_number"]


async def test_every_payload_that_was_ever_seen_is_acknowledged(stand):
    files = sorted(PAYLOADS.glob("*.json"))
    assert len(files) > 100
    for file in files:
        assert await stand.post(file.read_bytes()) == 200, file.name


TREES = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300) | TREES.map(lambda tree: json.dumps(tree).encode()))
def test_no_bytes_break_it(served, body):
    loop, stand = served
    assert loop.run_until_complete(stand.post(body)) == 200
    assert loop.run_until_complete(stand.post(body, X_Hub_Signature_256="x")) == 403


@pytest.fixture
def served(database_server, _migrated_template):
    """A stand on a loop and a database of its own, so that one of them serves all examples."""
    name = _fresh_name()
    with asyncio.Runner() as runner:
        runner.run(_execute(database_server.dsn, f"create database {name} template {_migrated_template}"))
        opened = open_stand(database_server.of_database(name))
        stand = runner.run(opened.__aenter__())
        yield runner.get_loop(), stand
        runner.run(opened.__aexit__(None, None, None))
        runner.run(_execute(database_server.dsn, f"drop database {name} with (force)"))


STOPS = [
    message("m1", "STOP"),
    message("m1", "Offers", quick_reply={"payload": "assent:stop"}),
    act(postback={"mid": "m1", "title": "Stop", "payload": "assent:stop:7"}),
    act(message_edit={"mid": "m1", "text": "please stop", "num_edit": 1}),
    act(optin={"type": "notification_messages", "notification_messages_status": "STOP_NOTIFICATIONS", "payload": "x"}),
]


@pytest.mark.parametrize("container", ["messaging", "standby"])
@pytest.mark.parametrize("item", STOPS, ids=["text", "quick reply", "postback", "edit", "opt-out"])
async def test_a_stop_is_in_force_when_it_is_acknowledged(stand, item, container):
    assert await stand.post(delivery({**item, "timestamp": NOW_MS - MINUTE_MS}, container=container)) == 200
    [row] = await stand.world.fetch("select * from suppression")
    assert row["since"] == NOW - timedelta(minutes=1)
    assert row["handle"] == stand.world.keys.handle(PAGE, Pii(Psid(ANN)))


async def test_what_is_not_a_stop_of_a_person_stops_nothing(stand):
    echo = {**message("m2", "stop", is_echo=True, app_id=1), "sender": {"id": PAGE}, "recipient": {"id": ANN}}
    assert await stand.post(delivery(message("m1", "don't stop"), echo, message("m3", "hello"))) == 200
    assert await stand.world.value("select count(*) from suppression") == 0


async def sending_to_ann(stand: Stand, age: timedelta):
    """A campaign message to Ann whose call may have begun that long ago."""
    await stand.world.lead()
    campaign = await stand.world.campaign()
    await stand.world.execute(
        "update delivery set state = 'sending', attempt_id = $1, sending_at = clock_timestamp() - $2::interval",
        uuid4(),
        age,
    )
    return campaign


async def took(stand: Stand, body: bytes) -> tuple[int, float]:
    began = asyncio.get_running_loop().time()
    return await stand.post(body), asyncio.get_running_loop().time() - began


async def test_a_stop_is_acknowledged_when_a_call_that_could_begin_has_begun(stand):
    await sending_to_ann(stand, timedelta(seconds=0.4))
    status, seconds = await took(stand, delivery(message("m1", "stop")))
    assert status == 200
    assert 0.4 < seconds < 3


async def test_a_stop_does_not_wait_for_a_call_that_has_begun_long_ago(stand):
    await sending_to_ann(stand, timedelta(seconds=2))
    status, seconds = await took(stand, delivery(message("m1", "stop")))
    assert (status, seconds < 0.4) == (200, True)


async def test_a_stop_is_acknowledged_at_once_when_the_call_is_settled(stand):
    await sending_to_ann(stand, timedelta(seconds=-60))
    waiting = asyncio.create_task(stand.post(delivery(message("m1", "stop"))))
    while not await stand.world.value("select count(*) from suppression"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert not waiting.done()
    await stand.world.execute("update delivery set state = 'sent', settled_at = now()")
    assert await waiting == 200


async def test_a_stop_that_is_not_quiet_in_time_is_not_acknowledged_but_in_force(database_dsn):
    async with open_stand(database_dsn, answer_within=timedelta(seconds=0.3)) as stand:
        await sending_to_ann(stand, timedelta(seconds=-60))
        assert await stand.post(delivery(message("m1", "stop"))) == 503
        assert await stand.world.value("select count(*) from suppression") == 1
        await stand.world.execute("update delivery set state = 'sent', settled_at = now()")
        # Its repetition is the one that is acknowledged.
        assert await stand.post(delivery(message("m1", "stop"))) == 200


async def test_open_messages_to_the_person_are_skipped_with_the_stop(stand):
    await stand.world.lead()
    campaign = await stand.world.campaign()
    assert await stand.post(delivery(message("m1", "stop"))) == 200
    assert list((await stand.world.states(campaign)).values()) == [("skipped", "stopped")]


async def test_an_answer_that_would_come_too_late_is_a_refusal(database_dsn):
    async with (
        open_stand(database_dsn, answer_within=timedelta(seconds=0.2)) as stand,
        stand.world.database.transaction() as tx,
    ):
        await tx.execute("lock table event_key in access exclusive mode")
        assert await stand.post(delivery(message("m1"))) == 503


async def test_it_refuses_while_the_database_is_away_and_recovers_by_itself(tmp_path):
    server = EmbeddedServer(tmp_path / "pg", volatile=False)
    dsn = await server.start()
    try:
        await migrate(dsn)
        async with open_stand(dsn) as stand:
            assert await stand.post(delivery(message("m1"))) == 200
            await server.stop()
            assert await stand.post(delivery(message("m2"))) == 503
            assert await server.start() == dsn
            assert await stand.post(delivery(message("m2"))) == 200
            assert await stand.post(delivery(message("m1"))) == 200
            assert await stand.waiting() == 2
    finally:
        await server.stop()


async def test_a_full_queue_is_a_refusal(stand, monkeypatch):
    monkeypatch.setattr("storage.inbox_writer.MOST_ROWS", 0)
    assert await stand.post(delivery(message("m1"))) == 503
    assert await stand.counted() == {"unavailable:storage.inbox_full": 1}
