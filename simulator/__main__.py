"""Starts the simulator alone: ``python -m simulator --help``."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
from pathlib import Path

from simulator.config import SimulatorConfig
from simulator.server import serve

_HELP = {
    "host": "address to listen on",
    "port": "port to listen on; 0 takes any free one",
    "app_id": "id of the app",
    "app_secret": "secret with which webhooks are signed",
    "verify_token": "token of the verification request",
    "callback_url": "where events are pushed to; nothing is pushed without one",
    "ledger_path": "file for the ledger; in memory without one",
    "followers": "followers that the Page has from the start",
    "seed": "the same seed gives the same followers and temperaments",
    "graph_version": "version that unversioned calls get",
    "page_id": "id of the Page",
    "page_name": "name of the Page",
    "page_token": "access token of the Page",
    "page_region": "eu, or anything else for the rest of the world",
    "hour_seconds": "length of the hour of failing deliveries after which a Page is unsubscribed",
    "answer_seconds": "how long the callback may take to answer",
    "longest_retry_gap_seconds": "longest wait between two attempts at one event",
    "batch": "most events in one delivery",
    "data_deletion_url": "data-deletion callback; beside the callback when left out",
    "deauthorize_url": "deauthorize callback; beside the callback when left out",
}
_SWITCHES = {
    "subscribed": ("--unsubscribed", "the Page starts without a subscription"),
    "verify_on_start": ("--no-verification", "no verification request at the start"),
    "limits": ("--no-limits", "rates are counted but never refused"),
    "require_proof": ("--require-proof", "calls without appsecret_proof are refused"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="A Messenger platform to play with: Graph API, webhooks, followers, faults and a chat page.",
    )
    for field in dataclasses.fields(SimulatorConfig):
        default = field.default
        if field.name in _SWITCHES:
            flag, text = _SWITCHES[field.name]
            parser.add_argument(
                flag, dest=field.name, action="store_const", const=not default, default=default, help=text
            )
            continue
        kind = Path if field.name == "ledger_path" else type(default)
        text = _HELP[field.name] + ("" if default in ("", None) else " (default: %(default)s)")
        flag = "--ledger" if field.name == "ledger_path" else "--" + field.name.replace("_", "-")
        parser.add_argument(flag, dest=field.name, type=kind, default=default, metavar="VALUE", help=text)
    parser.add_argument("--announce", action="store_true", help="print one JSON line with the addresses")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the parent ends (Linux)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the simulator until it is told to stop; 0 afterwards, 2 on wrong use."""
    options = vars(_parser().parse_args(arguments))
    announce, die_with_parent = options.pop("announce"), options.pop("die_with_parent")
    asyncio.run(serve(SimulatorConfig(**options), announce=announce, die_with_parent=die_with_parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
