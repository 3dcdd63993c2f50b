"""Does the control API do what it says, and only for those who may steer?"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

import simulator
from tests.simulator.stand import PAGE, PERSON, Platform

FOLDER = Path(simulator.__file__).parent
ALLOWED = set(sys.stdlib_module_names) | {"aiohttp", "pydantic", "simulator"}


def test_simulator_imports_no_room_of_ours_and_no_other_library() -> None:
    modules = sorted(FOLDER.rglob("*.py"))
    assert len(modules) > 20
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                names = [str(node.module)]
            assert {name.partition(".")[0] for name in names} <= ALLOWED, path


def test_running_simulator_loads_no_room_of_ours() -> None:
    rooms = ["app", "bot", "broadcast", "console", "domain", "messenger", "privacy", "storage", "webhooks"]
    program = f"import sys, simulator.__main__; sys.exit(any(m.split('.')[0] in {rooms!r} for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_thread_shows_what_the_follower_sees(talking: Platform) -> None:
    reply = {"content_type": "text", "title": "Yes", "payload": "Y"}
    buttons = [
        {"type": "web_url", "title": "Proof", "url": "http://127.0.0.1/p"},
        {"type": "postback", "title": "Stop", "payload": "S"},
    ]
    template = {"template_type": "button", "text": "See http://127.0.0.1/t.", "buttons": buttons}
    message = {"attachment": {"type": "template", "payload": template}, "quick_replies": [reply]}
    await talking.graph("POST", "/me/messages", {"recipient": {"id": PERSON}, "message": message})
    thread = await talking.control(f"thread?page={PAGE}&psid={PERSON}", method="GET")
    assert thread["bubbles"][-1]["buttons"] == buttons
    assert thread["quick_replies"] == [reply]
    assert thread["links"] == ["http://127.0.0.1/t", "http://127.0.0.1/p"]
    assert (thread["window_open"], thread["owner"]) == (True, "app")
    await talking.say(quick_reply="Yes", wait=True)
    assert talking.sink.of("message")[-1]["message"]["quick_reply"] == {"payload": "Y"}
    assert (await talking.control(f"thread?psid={PERSON}", method="GET"))["quick_replies"] == []


async def test_unsent_and_edited_messages_change_on_the_screen(platform: Platform) -> None:
    first, second = [(await platform.say(text=text))["mid"] for text in ("oops", "first try")]
    await platform.say(unsend=first)
    await platform.say(edit={"mid": second, "text": "second try"})
    bubbles = (await platform.control(f"thread?psid={PERSON}", method="GET"))["bubbles"]
    assert [(bubble["text"], bubble["deleted"], bubble["edited"]) for bubble in bubbles] == [
        (None, True, False),
        ("second try", False, True),
    ]


async def test_followers_are_made_in_bulk_with_open_windows(platform: Platform) -> None:
    told = await platform.control("followers", {"count": 1500, "window": "open"})
    assert (told["made"], told["followers"]) == (1500, [])
    listed = await platform.control("followers?limit=3&offset=2", method="GET")
    assert (listed["total"], len(listed["followers"])) == (1501, 3)
    newest = listed["followers"][0]["psid"]
    assert (await platform.send(psid=newest))[0] == 200
    closed = await platform.control("followers", {"count": 1, "window": "closed"})
    assert (await platform.send(psid=closed["followers"][0]["psid"]))[1]["error"]["code"] == 10


async def test_clock_is_moved_set_and_put_back(platform: Platform) -> None:
    real = (await platform.control("clock", method="GET"))["now"]
    moved = await platform.control("clock", {"advance_seconds": 3600})
    assert 3599 < moved["now"] - real < 3700
    assert 999_999 < (await platform.control("clock", {"now": 1_000_000}))["now"] < 1_000_100
    assert (await platform.control("clock", {"offset_seconds": 0}))["offset_seconds"] == 0


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("say", {"psid": PERSON, "txet": "x"}, 422),
        ("say", {"psid": "1", "text": "x"}, 404),
        ("say", {"page": "9", "psid": PERSON, "text": "x"}, 404),
        ("say", {"psid": PERSON}, 400),
        ("block", {"psid": PERSON, "state": "dead"}, 422),
        ("faults", {"rates": {"nonsense": 1}}, 400),
    ],
)
async def test_wrong_bodies_are_refused_with_words(
    platform: Platform, path: str, body: dict[str, object], status: int
) -> None:
    assert (await platform.control(path, body, status=status))["error"]


async def test_another_site_can_neither_steer_nor_rebind(platform: Platform) -> None:
    url = platform.server.make_url("/control/clock")
    foreign: list[dict[str, str]] = [
        {"Origin": "https://evil.example", "Content-Type": "application/json"},
        {"Content-Type": "text/plain"},
        {"Host": "evil.example", "Content-Type": "application/json"},
    ]
    for headers in foreign:
        async with platform.http.post(url, data=b"{}", headers=headers) as answer:
            assert answer.status == 403, headers


async def _announced(*more: str) -> tuple[asyncio.subprocess.Process, str]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "--announce", *more, stdout=asyncio.subprocess.PIPE
    )
    assert started.stdout is not None
    return started, json.loads(await started.stdout.readline())["url"]


async def test_program_announces_itself_serves_and_ends_on_sigterm(tmp_path: Path) -> None:
    ledger = tmp_path / "l.jsonl"
    running, url = await _announced("--followers", "3", "--ledger", str(ledger))
    async with aiohttp.ClientSession() as http, http.get(f"{url}/control/state") as answer:
        state = await answer.json()
    assert next(iter(state["pages"].values()))["followers"] == 3
    running.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await running.wait() == 0
    assert json.loads(ledger.read_bytes().splitlines()[0])["kind"] == "start"


@pytest.mark.parametrize("arguments", [["--port", "many"], ["--nonsense"]])
def test_wrong_use_ends_with_2(arguments: list[str]) -> None:
    program = [sys.executable, "-m", "simulator", *arguments]
    assert subprocess.run(program, check=False, capture_output=True).returncode == 2


def test_program_dies_with_its_parent() -> None:
    child = f"[{sys.executable!r}, '-m', 'simulator', '--announce', '--die-with-parent']"
    parent = (
        "import os, subprocess, sys\n"
        f"started = subprocess.Popen({child}, stdout=subprocess.PIPE)\n"
        "started.stdout.readline()\n"
        "sys.stdout.write(str(started.pid)); sys.stdout.flush(); os._exit(9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", parent], check=False, capture_output=True, timeout=30)
    assert ended.returncode == 9
    assert _ends(int(ended.stdout))


def _ends(pid: int) -> bool:
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    readable, _, _ = select.select([process], [], [], 10)
    os.close(process)
    return bool(readable)
