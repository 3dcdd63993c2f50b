"""What do the send benchmarks send to? A platform that does next to nothing, in a process of its own.

`python -m tests.bench.sink` prints its port. It answers every POST with a message id and notes when a message of which
Page arrived; GET /report gives the number of messages and, for each Page, the most in any second.
"""

import asyncio
import json
import sys
from bisect import bisect_left
from collections import defaultdict
from typing import Any

ARRIVALS: dict[bytes, list[float]] = defaultdict(list)


def report() -> bytes:
    """Counts so far, then forgotten."""
    busiest = {
        page.decode(): max(bisect_left(times, moment + 1.0) - place for place, moment in enumerate(times))
        for page, times in ARRIVALS.items()
    }
    told = {"messages": sum(map(len, ARRIVALS.values())), "busiest_second": busiest}
    ARRIVALS.clear()
    return json.dumps(told).encode()


class Platform(asyncio.Protocol):
    """One connection; requests may come in pieces."""

    def __init__(self) -> None:
        self._waiting = b""
        self._now = asyncio.get_running_loop().time
        self._number = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, piece: bytes) -> None:
        self._waiting += piece
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = self._waiting[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._waiting) < end + 4 + length:
                return
            path = self._waiting.split(b" ", 2)[1]
            self._waiting = self._waiting[end + 4 + length :]
            self._answer(path)

    def _answer(self, path: bytes) -> None:
        if path == b"/report":
            body = report()
        else:
            ARRIVALS[path].append(self._now())
            self._number += 1
            body = b'{"recipient_id":"7310482919283746","message_id":"m_%d_%d"}' % (id(self), self._number)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Platform, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())
    sys.exit(0)
