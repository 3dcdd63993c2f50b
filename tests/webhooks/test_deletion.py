"""The platform's deletion and deauthorize callbacks: idempotent, signed, and never more than was asked."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from messenger.signature import AppSecret
from privacy.requests import Requests
from storage.webhook_counts import WebhookCounts
from tests.broadcast.people import NOW, World, open_world
from webhooks.deletion import PlatformCallbacks
from webhooks.server import serve

SECRET = AppSecret.from_text("0123456789abcdef0123456789abcdef")
# From the platform's documentation, with the secret above.
VECTOR = (
    "omXFKIOfZWc46lpOqqs_opCLTGhRfi3WbJDpLlblMoU."
    "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjEyOTE4NDA0MDAsImlzc3VlZF9hdCI6MTI5MTgzNjgwMCwidXNlcl9pZCI6IjIxODQ3MSJ9"
)


def signed(content: dict[str, object], secret: AppSecret = SECRET) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")
    mac = base64.urlsafe_b64encode(hmac.digest(secret.key, payload, "sha256")).rstrip(b"=")
    return f"{mac.decode()}.{payload.decode()}"


@pytest.fixture
async def world(database_dsn: str) -> AsyncIterator[World]:
    async with open_world(database_dsn) as world:
        yield world


@asynccontextmanager
async def served(world: World) -> AsyncIterator[tuple[str, aiohttp.ClientSession, WebhookCounts]]:
    counts = WebhookCounts(world.database, lambda: NOW)
    requests = Requests(store=world.store, clock=lambda: NOW, public_url="https://bot.example.org")
    callbacks = PlatformCallbacks(
        open_request=requests.open_platform_request, status_url=requests.url_of, counts=counts, app_secrets=(SECRET,)
    )
    app = web.Application()
    app.add_routes(callbacks.routes())
    serving = await serve(app, "127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            yield f"http://127.0.0.1:{serving.port}", session, counts
    finally:
        await serving.close()


async def post(base: str, session: aiohttp.ClientSession, **request: Any) -> tuple[int, Any]:
    async with session.post(base, **request) as answer:
        is_json = answer.content_type == "application/json"
        return answer.status, await answer.json() if is_json else await answer.text()


async def test_a_signed_request_gets_a_page_and_a_code_and_is_kept_as_not_matched(world: World) -> None:
    async with served(world) as (base, session, counts):
        async with session.post(f"{base}/webhooks/data-deletion", data={"signed_request": VECTOR}) as answer:
            assert answer.status == 200
            content = await answer.json()
        await counts.flush()
    assert content.keys() == {"url", "confirmation_code"}
    assert content["confirmation_code"].isalnum()
    assert len(content["confirmation_code"]) * 5 >= 120
    assert content["url"].startswith("https://bot.example.org/status/")
    [row] = await world.fetch("select * from data_request")
    assert (row["kind"], row["source"], row["state"], row["reason"]) == (
        "erasure",
        "platform",
        "pending",
        "not_matched",
    )
    assert b"218471" not in repr(dict(row)).encode()
    assert await counts.of_day(NOW.date()) == {"deletion:received": 1}


async def test_the_same_request_again_gets_the_same_code_and_another_one_a_new_code(world: World) -> None:
    codes = []
    async with served(world) as (base, session, _):
        for content in (
            {"algorithm": "HMAC-SHA256", "user_id": "5", "issued_at": 1700000000},
            {"algorithm": "HMAC-SHA256", "user_id": "5", "issued_at": 1700000000},
            {"algorithm": "HMAC-SHA256", "user_id": "5", "issued_at": 1700000001},
            {"algorithm": "HMAC-SHA256", "user_id": "6", "issued_at": 1700000000},
            {"algorithm": "HMAC-SHA256", "user_id": "6"},
        ):
            form = {"signed_request": signed(content)}
            async with session.post(f"{base}/webhooks/data-deletion", data=form) as answer:
                codes.append((await answer.json())["confirmation_code"])
    assert codes[0] == codes[1]
    assert len(set(codes)) == 4
    assert len(await world.fetch("select * from data_request")) == 4


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "signature_missing"),
        ({"signed_request": ""}, "signature_missing"),
        ({"signed_request": "no dot"}, "signature_malformed"),
        ({"signed_request": VECTOR[:-2]}, "signature_mismatch"),
        ({"signed_request": "A" + VECTOR[1:]}, "signature_mismatch"),
        ({"signed_request": "ä.ö"}, "signature_malformed"),
        ({"signed_request": signed({"algorithm": "none", "user_id": "1"})}, "signature_wrong_algorithm"),
        ({"signed_request": signed({"algorithm": "HMAC-SHA256"})}, "signature_malformed"),
        (
            {"signed_request": signed({"algorithm": "HMAC-SHA256", "user_id": "1"}, AppSecret(key=b"other"))},
            "signature_mismatch",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/webhooks/data-deletion", "/webhooks/deauthorize"])
async def test_what_is_not_signed_is_refused_in_clear_words_and_leaves_nothing(
    world: World, path: str, form: dict[str, str], code: str
) -> None:
    async with served(world) as (base, session, _):
        status, content = await post(f"{base}{path}", session, data=form)
    assert status == 403
    error = content["error"]
    assert error["code"] == code
    assert "app secret" in error["message"]
    assert not await world.fetch("select * from data_request")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"a=1&a=2", {}, 400),
        (b"%zz=\xff", {}, 400),
        (b"a" * 20_000, {}, 413),
        (b"a=1", {"Content-Encoding": "gzip"}, 415),
        (b"&".join(b"f%d=1" % number for number in range(50)), {}, 400),
    ],
)
async def test_what_is_no_small_form_is_refused(
    world: World, body: bytes, headers: dict[str, str], status: int
) -> None:
    async with served(world) as (base, session, _):
        found, _ = await post(f"{base}/webhooks/data-deletion", session, data=body, headers=headers)
    assert found == status


async def test_removing_the_app_is_acknowledged_and_deletes_nothing(world: World) -> None:
    async with served(world) as (base, session, counts):
        async with session.post(f"{base}/webhooks/deauthorize", data={"signed_request": VECTOR}) as answer:
            assert answer.status == 200
        await counts.flush()
        for path in ("/webhooks/deauthorize", "/webhooks/data-deletion"):
            async with session.get(f"{base}{path}") as answer:
                assert answer.status == 405
    assert await counts.of_day(NOW.date()) == {"deauthorize:received": 1}
    assert not await world.fetch("select * from data_request")
