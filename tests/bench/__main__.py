"""How fast is Assent on this machine, as ratios to what any program would need?

Every module of this package that has a `measure` is run on a database of its own, on a server that keeps its promises
(fsync on). Exits 1 when a bar is missed.
"""

import argparse
import asyncio
import importlib
import json
import pkgutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from storage.server import EmbeddedServer
from tests import bench
from tests.bench.databases import fresh_database
from tests.bench.rows import Row, table

Measure = Callable[[str], Awaitable[list[Row]]]


def measures(wanted: list[str]) -> Iterator[tuple[str, Measure]]:
    """The benchmarks by name, in order; all of them when none is named."""
    for module in sorted(pkgutil.iter_modules(bench.__path__), key=lambda found: found.name):
        if module.name != "__main__" and (not wanted or module.name in wanted):
            measure = getattr(importlib.import_module(f"{bench.__name__}.{module.name}"), "measure", None)
            if measure is not None:
                yield module.name, measure


async def run(wanted: list[str]) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="assent-bench-") as home:
        server = EmbeddedServer(Path(home), volatile=False)
        dsn = await server.start()
        try:
            for name, measure in measures(wanted):
                sys.stderr.write(f"measuring {name} ...\n")
                rows += await measure(await fresh_database(dsn, f"bench_{name}"))
        finally:
            await server.stop()
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 dev.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these benchmarks")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        rows = runner.run(run(chosen.names))
    if not rows:
        parser.error("no such benchmark")
    sys.stdout.write((json.dumps([row.as_json() for row in rows], indent=2) if chosen.json else table(rows)) + "\n")
    return 0 if all(row.passed for row in rows) else 1


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where the product would use it."""
    try:
        return importlib.import_module("uvloop").new_event_loop  # type: ignore[no-any-return]  # imported by name
    except ImportError:
        return None


if __name__ == "__main__":
    sys.exit(main())
