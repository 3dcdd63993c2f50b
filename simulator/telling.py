"""How does an act become deliveries? Performed once, then offered as its body asks."""

from __future__ import annotations

import asyncio
from typing import Any

from simulator.acts import Acts
from simulator.bodies import SayBody
from simulator.stage import Stage

LONGEST_WAIT_SECONDS = 60.0


async def tell(stage: Stage, acts: Acts, act: SayBody) -> dict[str, Any]:
    """Performs an act and sends its events; says what they were and whether the Page is subscribed to them."""
    events = acts.perform(act)
    loop = asyncio.get_running_loop()
    told: list[dict[str, Any]] = []
    for event in events:
        event.settled = loop.create_future() if act.wait else None
        offered = True
        if act.delay > 0:
            stage.pusher.offer_later(event, act.delay)
        else:
            offered = stage.pusher.offer(event)
        for _ in range(int(act.duplicate)):
            stage.pusher.offer_copy(event, act.delay)
        told.append({"event": event.number, "kind": event.kind, "mid": event.mid, "offered": offered})
    settled = [event.settled for event in events if event.settled is not None]
    if settled:
        await asyncio.wait(settled, timeout=LONGEST_WAIT_SECONDS)
        for line, future in zip(told, settled, strict=True):
            line["status"] = future.result() if future.done() else None
    return {"mid": next((line["mid"] for line in told if line["mid"]), None), "events": told}
