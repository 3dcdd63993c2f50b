"""How is the platform's process started, steered and believed? Its ledger is read from the file it writes."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from app.demo import APP_ID, APP_SECRET, VERIFY_TOKEN
from tests.crash.checker import Call, Late, Stop

CAMPAIGN_TYPE = "UPDATE"


@dataclass(slots=True, kw_only=True)
class Book:
    """What the platform wrote down."""

    calls: list[Call] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Platform:
    url: str
    ledger: Path
    session: aiohttp.ClientSession

    async def control(self, method: str, path: str, **body: Any) -> Any:
        """One call of the control API."""
        arguments: dict[str, Any] = {"params": body} if method == "GET" else {"json": body}
        async with self.session.request(method, f"{self.url}/control/{path}", **arguments) as answer:
            found = await answer.json()
            if answer.status >= 300:
                raise RuntimeError(f"the platform refused {path}: {answer.status} {found}")
            return found

    async def at_rest(self) -> bool:
        """Whether every event has been taken."""
        events = (await self.control("GET", "state"))["events"]
        return not events["waiting"] and not events["retrying"]

    def read(self) -> Book:
        """Blocks. Everything so far."""
        book = Book()
        acknowledged: set[tuple[int, str]] = set()
        with self.ledger.open("rb") as lines:
            for text in lines:
                line = json.loads(text)
                match line["kind"]:
                    case "call" if line["path"].endswith("/messages") and line.get("messaging_type"):
                        book.calls.append(_call(line))
                        if line["fault"] or line["code"]:
                            name = line["fault"] or f"error {line['code']}"
                            book.faults[name] = book.faults.get(name, 0) + 1
                    case "event" if line["event_kind"] == "message" and line["delivered"]:
                        # The first 200 counts; a copy or a repetition is the same event.
                        if (line["event"], line["psid"]) not in acknowledged:
                            acknowledged.add((line["event"], line["psid"]))
                            stop = Stop(page=line["page"], psid=line["psid"], acknowledged=line["ended"])
                            book.stops.append(stop)
                    case "late":
                        book.late.append(Late(line["since"], line["until"]))
        return book


def _call(line: dict[str, Any]) -> Call:
    return Call(
        page=line["page"],
        psid=line["psid"],
        arrived=line["arrived"],
        accepted=line["accepted"],
        is_campaign=line["messaging_type"] == CAMPAIGN_TYPE,
    )


@asynccontextmanager
async def platform(folder: Path, callback_url: str, seed: int) -> AsyncIterator[Platform]:
    """A process of its own that nobody kills."""
    ledger = folder / "ledger.jsonl"
    options = {
        "--port": "0",
        "--ledger": str(ledger),
        "--callback-url": callback_url,
        "--app-id": APP_ID,
        "--app-secret": APP_SECRET,
        "--verify-token": VERIFY_TOKEN,
        "--seed": str(seed),
    }
    words = [word for option in options.items() for word in option]
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.crash.platform", "--announce", "--die-with-parent", *words,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert program.stdout is not None
        url = json.loads(await program.stdout.readline())["url"]
        async with aiohttp.ClientSession() as session:
            yield Platform(url=url, ledger=ledger, session=session)
    finally:
        if program.returncode is None:
            program.terminate()
        await program.wait()
