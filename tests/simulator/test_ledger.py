"""Is the ledger the truth, in order, even after a crash?"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger import Ledger
from simulator.messages import digest
from tests.simulator.stand import PAGE, PERSON, Platform

Start = Callable[..., Awaitable[Platform]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_reopened_ledger_goes_on_counting_and_drops_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.jsonl"
    first = Ledger(path)
    first.open()
    first.write("call", page="1")
    first.close()
    with path.open("ab") as torn:
        torn.write(b'{"line":3,"kind":"ca')
    second = Ledger(path)
    second.open()
    second.write("event", page="2")
    second.close()
    assert [(line["line"], line["kind"]) for line in _lines(path)] == [
        (1, "start"),
        (2, "call"),
        (3, "start"),
        (4, "event"),
    ]


def test_read_filters_and_goes_on_after_a_line(tmp_path: Path) -> None:
    for path in (None, tmp_path / "ledger.jsonl"):
        ledger = Ledger(path)
        ledger.open()
        for number in range(6):
            ledger.write("call" if number % 2 else "event", page=str(number % 3), psid="p")
        assert [line["line"] for line in ledger.read(kind="call")] == [3, 5, 7]
        assert [line["line"] for line in ledger.read(page="0", since=2)] == [5]
        assert [line["line"] for line in ledger.read(limit=2)] == [1, 2]
        assert ledger.read(psid="q") == []
        ledger.close()


@given(st.dictionaries(st.text(), JSON, max_size=4), st.text())
def test_digest_depends_on_the_content_and_not_on_metadata_or_order(message: dict[str, Any], metadata: str) -> None:
    message.pop("metadata", None)
    reordered = dict(reversed(message.items()))
    assert digest({**reordered, "metadata": metadata}) == digest(message)
    assert digest({**message, "one more": 1}) != digest(message)


async def test_call_stands_in_the_file_before_its_answer_goes_out(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    platform = await start(ledger_path=path)
    await platform.say(text="hello", wait=True)
    _, told = await platform.send("x", message={"metadata": "c-1"})
    text = await asyncio.to_thread(path.read_text, "ascii")
    lines = [json.loads(line) for line in text.splitlines()]
    call = next(line for line in lines if line["kind"] == "call")
    assert (call["page"], call["psid"], call["mid"]) == (PAGE, PERSON, told["message_id"])
    assert (call["accepted"], call["code"], call["answered"], call["metadata"]) == (True, None, "delivered", "c-1")
    assert call["digest"] == hashlib.sha256(b'{"text":"x"}').hexdigest()
    assert call["arrived"] <= call["mono"]
    assert [line["line"] for line in lines] == list(range(1, len(lines) + 1))


async def test_refused_calls_and_unheard_answers_are_written(talking: Platform) -> None:
    await talking.refused({"recipient": {"id": "1"}, "message": {"text": "x"}})
    await talking.graph("GET", "/v25.0/me")
    calls = await talking.ledger("call")
    assert [(line["path"], line["accepted"], line["code"], line["subcode"]) for line in calls] == [
        ("/v25.0/me/messages", False, 100, 2018001),
        ("/v25.0/me", True, None, None),
    ]


async def test_event_lines_tell_kind_person_attempt_and_answer(platform: Platform) -> None:
    platform.sink.statuses = [500]
    told = await platform.say(text="hello", wait=True)
    first, second = await platform.ledger("event")
    for line in (first, second):
        assert (line["event_kind"], line["page"], line["psid"], line["mid"]) == ("message", PAGE, PERSON, told["mid"])
        assert line["offered"] <= line["ended"]
    assert [(line["attempt"], line["status"], line["delivered"]) for line in (first, second)] == [
        (1, 500, False),
        (2, 200, True),
    ]
    filtered = await platform.control(f"ledger?kind=event&psid={PERSON}&since={first['line']}", method="GET")
    assert filtered["lines"] == [second]
