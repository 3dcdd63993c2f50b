"""How many signed deliveries a second does a webhook take, and how long does each wait? Run as a program of its own.

`python -m tests.bench.load '{"port": ..., "connections": ..., "seconds": ..., "rate": ..., "prefix": ...}'` prints
one JSON object. Without a rate each connection sends the next delivery when the last is answered; with one, deliveries
leave at fixed times, and their waiting is counted from the time they were due.
"""

import asyncio
import hashlib
import hmac
import json
import sys
from itertools import chain, count, islice
from typing import Any

SECRET = b"0123456789abcdef0123456789abcdef"
PAGE = "104567890123456"
PEOPLE = 1000
MADE_AHEAD = 12_000
ANSWERED = b"EVENT_RECEIVED"


def requests(prefix: str, at_ms: int) -> Any:
    """Signed deliveries, each with one new message of one of `PEOPLE` people."""
    # Of usual length, with characters that the platform escapes.
    text = "Hello, is the winter sale on in Zürich too? I would like to come on Saturday, but only with my dog."
    for number in count():
        item = {
            "sender": {"id": str(7_310_482_919_280_000 + number % PEOPLE)},
            "recipient": {"id": PAGE},
            "timestamp": at_ms + number,
            "message": {"mid": f"m_{prefix}_{number}", "text": text},
        }
        body = json.dumps({"object": "page", "entry": [{"id": PAGE, "time": at_ms, "messaging": [item]}]}).encode()
        signature = hmac.digest(SECRET, body, hashlib.sha256).hex()
        head = (
            "POST /webhooks/messenger HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n"
        )
        yield head.encode() + body


class Connection(asyncio.Protocol):
    """One kept connection that has one request under way."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[None] | None = None
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.answer is None or self.answer.done():
            return
        if self.received.endswith(ANSWERED):
            self.received = b""
            self.answer.set_result(None)
        elif not self.received.startswith(b"HTTP/1.1 200"):
            self.answer.set_exception(RuntimeError(self.received[:80].decode("latin-1")))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(exc or ConnectionError("closed"))

    async def send(self, request: bytes) -> None:
        assert self.transport is not None
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        await self.answer


async def closed_loop(connections: list[Connection], seconds: float, made: Any) -> list[float]:
    loop = asyncio.get_running_loop()
    end, waits = loop.time() + seconds, []

    async def keep_sending(connection: Connection) -> None:
        while (began := loop.time()) < end:
            await connection.send(next(made))
            waits.append(loop.time() - began)

    await asyncio.gather(*(keep_sending(connection) for connection in connections))
    return waits


async def open_loop(connections: list[Connection], seconds: float, rate: float, made: Any) -> list[float]:
    loop = asyncio.get_running_loop()
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in connections:
        idle.put_nowait(connection)
    began, waits = loop.time(), []

    async def send(connection: Connection, due: float) -> None:
        await connection.send(next(made))
        waits.append(loop.time() - due)
        idle.put_nowait(connection)

    async with asyncio.TaskGroup() as sends:
        for number in range(int(seconds * rate)):
            due = began + number / rate
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            sends.create_task(send(await idle.get(), due))
    return waits


async def run(port: int, connections: int, seconds: float, prefix: str, at_ms: int, rate: float | None) -> Any:
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(connections)]
    made = requests(prefix, at_ms)
    # Signed before the time runs, so that the machine has its hands free for those who are measured.
    ready = list(islice(made, int(seconds * (rate or MADE_AHEAD))))
    made, began = chain(ready, made), loop.time()
    if rate is None:
        waits = await closed_loop(opened, seconds, made)
    else:
        waits = await open_loop(opened, seconds, rate, made)
    took = loop.time() - began
    waits.sort()
    p99_ms = waits[int(len(waits) * 0.99)] * 1000
    return {"answered": len(waits), "per_second": len(waits) / took, "p99_ms": p99_ms}


if __name__ == "__main__":
    # The same loop as the server's: the generator must not be what limits.
    try:
        from uvloop import new_event_loop
    except ImportError:
        from asyncio import new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        sys.stdout.write(json.dumps(runner.run(run(**json.loads(sys.argv[1])))))
