import logging
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from domain.ids import Mid, PageId, Psid
from domain.personal import Pii
from messenger.client import OPTIONAL_FIELDS, REQUIRED_FIELDS, MessengerClient, Sent, Subscription, ThreadOwner
from messenger.errors import CallFailed, FailureKind, NextStep, SendFailure
from messenger.messages import MessageInvalid, PostbackButton, TextMessage
from messenger.profile import MessengerProfile
from messenger.signature import AppSecret
from messenger.usage import Usage
from tests.messenger.platform import cut, cut_in_the_answer, platform, refuses, says, writes

PAGE = PageId("100200300400500")
PSID = Pii(Psid("6012345678901234"))
TOKEN = Pii("EAAB-token")
HELLO = TextMessage(text="Hello Anna")
SECRET = AppSecret.from_text("0123456789abcdef0123456789abcdef")
ACCEPTED = {"recipient_id": "6012345678901234", "message_id": "m_new"}
BUSINESS_USAGE = (
    '{"100200":[{"type":"messenger","call_count":97,"total_cputime":23,"total_time":23,'
    '"estimated_time_to_regain_access":7}]}'
)


async def send(client: MessengerClient) -> Sent | SendFailure:
    return await client.send(PAGE, TOKEN, PSID, HELLO, "a1b2c3")


async def failure_of(*answers: Any, **settings: Any) -> tuple[SendFailure, int]:
    async with platform(*answers, **settings) as (client, other_end):
        found = await send(client)
        assert isinstance(found, SendFailure)
        return found, len(other_end.calls)


async def test_an_accepted_send_gives_its_message_id() -> None:
    async with platform(says(ACCEPTED)) as (client, other_end):
        assert await send(client) == Sent(mid=Mid("m_new"), usage=None)
        (call,) = other_end.calls
    assert (call.method, call.path, call.query) == ("POST", "/v25.0/100200300400500/messages", {})
    assert call.headers["Authorization"] == "Bearer EAAB-token"
    assert call.json == {
        "recipient": {"id": "6012345678901234"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Hello Anna", "metadata": "a1b2c3"},
    }


async def test_a_call_whose_time_is_over_when_its_body_is_to_be_written_does_not_leave() -> None:
    async with platform(says(ACCEPTED)) as (client, other_end):
        # A connection is there, so nothing has to be waited for: only the body itself can be too late.
        await send(client)
        late = await client.send(PAGE, TOKEN, PSID, HELLO, "late", begin_within=0.0)
        in_time = await client.send(PAGE, TOKEN, PSID, HELLO, "in time", begin_within=1.0)
        told = [call.json["message"]["metadata"] for call in other_end.calls]
    assert isinstance(late, SendFailure)
    assert late.kind is FailureKind.NOT_SENT
    assert isinstance(in_time, Sent)
    assert told == ["a1b2c3", "in time"]


@pytest.mark.parametrize("members", [{"mid": "m_new"}, {"recipient": {"recipient_id": "6", "message_id": "m_new"}}])
async def test_older_answers_give_their_message_id_too(members: dict[str, Any]) -> None:
    async with platform(says(members)) as (client, _):
        assert await send(client) == Sent(mid=Mid("m_new"), usage=None)


async def test_the_usage_beside_an_answer_is_handed_on() -> None:
    headers = {"X-Business-Use-Case-Usage": BUSINESS_USAGE}
    async with platform(says(ACCEPTED, headers=headers)) as (client, _):
        sent = await send(client)
    assert sent.usage == Usage(percent=97, regain_minutes=7)
    async with platform(says({"error": {"code": 80006}}, 400, headers)) as (client, _):
        limited = await send(client)
    assert isinstance(limited, SendFailure)
    assert limited.retry_after == timedelta(minutes=7)
    assert limited.usage == sent.usage


async def test_the_proof_of_the_app_secret_goes_beside_the_token() -> None:
    async with platform(says(ACCEPTED), app_secret=SECRET) as (client, other_end):
        await send(client)
    proof = "07a59539e94c59dc6f0b9295102b202ff1dc11f3ca61c3bfb1ab654f36de7ec6"
    assert other_end.calls[0].query == {"appsecret_proof": proof}


async def test_a_refused_send_was_not_done() -> None:
    found, calls = await failure_of(refuses(10, 2018278))
    assert (found.kind, found.may_have_been_sent, calls) == (FailureKind.WINDOW_CLOSED, False, 1)


async def test_an_error_under_http_200_is_an_error() -> None:
    found, _ = await failure_of(refuses(551, 1545041, status=200))
    assert found.kind is FailureKind.PERSON_UNREACHABLE


async def test_http_429_is_a_limit() -> None:
    found, calls = await failure_of(writes(b"slow down", 429, {"Retry-After": "600"}))
    assert (found.kind, found.retry_after, calls) == (FailureKind.LIMITED, timedelta(minutes=10), 1)


@pytest.mark.parametrize(
    "answer",
    [
        cut,
        cut_in_the_answer,
        refuses(1, status=500),
        refuses(2, status=200),
        says(ACCEPTED, 500),
        says({"recipient_id": "6012345678901234"}),
        writes(b"<html>ok</html>"),
        writes(b""),
        writes(b" " * (2 * 1024 * 1024)),
    ],
)
async def test_a_send_that_may_have_been_done_is_unknown_and_made_once(answer: Any) -> None:
    found, calls = await failure_of(answer)
    assert (found.kind, found.next_step, calls) == (FailureKind.UNKNOWN, NextStep.RECONCILE, 1)


async def test_a_send_that_hangs_is_unknown_after_the_time_allowed() -> None:
    async with platform(says(ACCEPTED), call_seconds=0.3) as (client, other_end):
        other_end.answers[:] = [other_end.hang]
        found = await send(client)
        assert len(other_end.calls) == 1
    assert isinstance(found, SendFailure)
    assert found.kind is FailureKind.UNKNOWN


async def test_a_refused_connection_means_not_sent() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        async with ClientSession() as session:
            found = await send(MessengerClient(session, f"http://127.0.0.1:{port}"))
    assert isinstance(found, SendFailure)
    assert (found.kind, found.may_have_been_sent) == (FailureKind.NOT_SENT, False)


async def test_a_name_that_does_not_resolve_means_not_sent() -> None:
    async with ClientSession() as session:
        found = await send(MessengerClient(session, "https://platform.invalid"))
    assert isinstance(found, SendFailure)
    assert found.kind is FailureKind.NOT_SENT


async def test_a_server_without_the_right_certificate_means_not_sent() -> None:
    async with platform(says(ACCEPTED)) as (client, _):
        address = str(client._graph._base.origin()).replace("http://", "https://")
        async with ClientSession() as session:
            found = await send(MessengerClient(session, address))
    assert isinstance(found, SendFailure)
    assert found.kind is FailureKind.NOT_SENT


async def test_a_redirect_is_not_followed() -> None:
    elsewhere = {"Location": "/v25.0/stolen"}
    found, calls = await failure_of(writes(b"", 307, elsewhere), says(ACCEPTED))
    assert (found.kind, calls) == (FailureKind.BAD_REQUEST, 1)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "ä"])
async def test_a_token_that_fits_no_header_stops_the_page_before_anything_leaves(token: str) -> None:
    async with platform(says(ACCEPTED)) as (client, other_end):
        found = await client.send(PAGE, Pii(token), PSID, HELLO, "a1")
        assert other_end.calls == []
    assert isinstance(found, SendFailure)
    assert (found.kind, found.next_step) == (FailureKind.TOKEN_DEAD, NextStep.PAUSE_PAGE)


@pytest.mark.parametrize("page_id", ["", "..", "1/2", "1?x=y", "1 2"])
async def test_an_id_that_leads_elsewhere_is_refused(page_id: str) -> None:
    async with platform(says(ACCEPTED)) as (client, other_end):
        with pytest.raises(ValueError, match="letters, digits"):
            await client.send(PageId(page_id), TOKEN, PSID, HELLO, "a1")
        assert other_end.calls == []


async def test_a_faulty_message_never_leaves() -> None:
    async with platform(says(ACCEPTED)) as (client, other_end):
        with pytest.raises(MessageInvalid):
            await client.send(PAGE, TOKEN, PSID, HELLO, "x" * 1000)
        assert other_end.calls == []


async def test_nothing_private_is_logged_or_printed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = ""
    for answer in (says(ACCEPTED), refuses(10, 2018278), refuses(190, 463, 401), cut):
        async with platform(answer, app_secret=SECRET) as (client, _):
            shown += repr(await send(client))
            with pytest.raises(CallFailed) as failed:
                await client.debug_token("1517776481860111", TOKEN) if answer is cut else await _fail(client)
            shown += f"{failed.value!r}{failed.value}"
    shown += "".join(record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp.access"))
    for private in ("EAAB-token", "6012345678901234", "Anna", "private words", "m_new", "0123456789abcdef"):
        assert private not in shown


async def _fail(client: MessengerClient) -> None:
    await client.unsubscribe(PAGE, TOKEN)


async def test_a_read_is_repeated_after_failures_that_may_pass() -> None:
    async with platform(cut, refuses(2, status=500), says({"name": "Shop", "id": PAGE})) as (client, other_end):
        assert await client.page_name(PAGE, TOKEN) == "Shop"
        assert len(other_end.calls) == 3
    assert (other_end.calls[0].path, other_end.calls[0].query) == ("/v25.0/100200300400500", {"fields": "name"})


async def test_a_read_gives_up_after_three_attempts() -> None:
    async with platform(cut) as (client, other_end):
        with pytest.raises(CallFailed) as failed:
            await client.page_name(PAGE, TOKEN)
        calls = [call for call in other_end.calls if call.path.endswith(PAGE)]
    assert failed.value.failure.kind is FailureKind.UNKNOWN
    assert len(calls) >= 3


@pytest.mark.parametrize("answer", [refuses(80001), refuses(190, 463, 401), refuses(10), writes(b"", 429)])
async def test_a_limited_or_forbidden_read_is_not_repeated(answer: Any) -> None:
    async with platform(answer) as (client, other_end):
        with pytest.raises(CallFailed):
            await client.page_name(PAGE, TOKEN)
        assert len(other_end.calls) == 1


async def test_a_first_name_comes_wrapped() -> None:
    async with platform(says({"first_name": "Anna", "id": "6"})) as (client, other_end):
        found = await client.first_name(PSID, TOKEN)
    assert found == Pii("Anna")
    assert (other_end.calls[0].path, other_end.calls[0].query) == (
        "/v25.0/6012345678901234",
        {"fields": "first_name"},
    )


@pytest.mark.parametrize(
    "answer", [says({}), says({"first_name": ""}), refuses(2018218), refuses(100, 33), refuses(100, 2018001)]
)
async def test_a_person_without_a_profile_has_no_name(answer: Any) -> None:
    async with platform(answer) as (client, _):
        assert await client.first_name(PSID, TOKEN) is None


async def test_a_name_that_may_not_be_read_is_a_failure() -> None:
    async with platform(refuses(2018247)) as (client, _):
        with pytest.raises(CallFailed, match="2018247"):
            await client.first_name(PSID, TOKEN)


@pytest.mark.parametrize("success", [True, "true"])
async def test_all_fields_are_subscribed(success: object) -> None:
    async with platform(says({"success": success})) as (client, other_end):
        assert await client.subscribe(PAGE, TOKEN) == (*REQUIRED_FIELDS, *OPTIONAL_FIELDS)
    (call,) = other_end.calls
    assert (call.method, call.path) == ("POST", "/v25.0/100200300400500/subscribed_apps")
    assert call.query == {"subscribed_fields": ",".join((*REQUIRED_FIELDS, *OPTIONAL_FIELDS))}


async def test_a_refused_optional_field_leaves_the_required_ones_subscribed() -> None:
    async with platform(refuses(100), says({"success": True})) as (client, other_end):
        assert await client.subscribe(PAGE, TOKEN) == REQUIRED_FIELDS
        assert len(other_end.calls) == 2


async def test_a_refused_required_field_is_a_failure() -> None:
    async with platform(refuses(100)) as (client, _):
        with pytest.raises(CallFailed):
            await client.subscribe(PAGE, TOKEN)
    async with platform(says({"success": False})) as (client, _):
        with pytest.raises(CallFailed):
            await client.subscribe(PAGE, TOKEN)


async def test_the_subscribed_apps_are_listed() -> None:
    apps = [{"id": 1517776481860111, "name": "App", "subscribed_fields": ["messages", "standby"]}, {"name": "?"}]
    async with platform(says({"data": apps})) as (client, _):
        found = await client.subscriptions(PAGE, TOKEN)
    assert found == (Subscription(app_id="1517776481860111", fields=("messages", "standby")),)


async def test_a_page_is_unsubscribed() -> None:
    async with platform(says({"success": True})) as (client, other_end):
        await client.unsubscribe(PAGE, TOKEN)
    assert (other_end.calls[0].method, other_end.calls[0].path) == (
        "DELETE",
        "/v25.0/100200300400500/subscribed_apps",
    )


async def test_a_token_is_examined_with_the_apps_own_secret() -> None:
    data = {
        "app_id": "1517776481860111",
        "is_valid": True,
        "expires_at": 0,
        "data_access_expires_at": 1_764_000_000,
        "scopes": ["pages_messaging", "pages_show_list"],
    }
    async with platform(says({"data": data}), app_secret=SECRET) as (client, other_end):
        facts = await client.debug_token("1517776481860111", TOKEN)
    assert facts.is_valid
    assert facts.expires_at is None
    assert facts.data_access_expires_at == datetime(2025, 11, 24, 16, tzinfo=UTC)
    assert facts.scopes == ("pages_messaging", "pages_show_list")
    asked = other_end.calls[0]
    assert asked.headers["Authorization"] == "Bearer 1517776481860111|0123456789abcdef0123456789abcdef"
    assert asked.query["input_token"] == "EAAB-token"


async def test_a_token_without_a_secret_examines_itself() -> None:
    async with platform(says({"data": {"is_valid": False}})) as (client, other_end):
        assert not (await client.debug_token("1", TOKEN)).is_valid
    assert other_end.calls[0].headers["Authorization"] == "Bearer EAAB-token"


async def test_the_profile_is_set() -> None:
    profile = MessengerProfile(
        get_started_payload="GET_STARTED", menus={"default": (PostbackButton(title="Stop", payload="STOP"),)}
    )
    async with platform(says({"result": "success"})) as (client, other_end):
        await client.set_messenger_profile(TOKEN, profile)
    assert other_end.calls[0].path == "/v25.0/me/messenger_profile"
    assert other_end.calls[0].json == profile.json()


async def test_the_owner_of_a_conversation_is_told() -> None:
    data = [{"thread_owner": {"app_id": 263902037430900, "expiration": 1_764_000_000}}]
    async with platform(says({"data": data})) as (client, other_end):
        owner = await client.thread_owner(PAGE, TOKEN, PSID)
    assert owner == ThreadOwner(app_id="263902037430900", expires_at=datetime(2025, 11, 24, 16, tzinfo=UTC))
    assert other_end.calls[0].query == {"recipient": "6012345678901234"}


@pytest.mark.parametrize("members", [{"data": []}, {}, {"data": [{"thread_owner": None}]}])
async def test_a_conversation_that_nobody_holds_has_no_owner(members: Any) -> None:
    async with platform(says(members)) as (client, _):
        assert await client.thread_owner(PAGE, TOKEN, PSID) is None
