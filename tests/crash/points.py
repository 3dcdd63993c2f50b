"""Where can a worker die while it sends? Around each step of a message, of a lease and of a campaign.

The steps of the product are wrapped from outside, only those in which this process is to die.
"""

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

from app.inbox import InboxWorker
from broadcast.outcomes import Outcomes
from messenger.graph import Graph
from storage.campaigns import CampaignStore
from storage.deliveries import DeliveryStore
from storage.lanes import LaneStore
from storage.outbox import OutboxStore
from tests.privacy.killing.points import Points

BEFORE, UNDER_WAY, AFTER = "before", "under way", "after"

# Step: what is wrapped, after how many hits at most it strikes, and how often it is chosen.
STEPS: dict[str, tuple[Any, str, int, int]] = {
    "claim": (DeliveryStore, "claim", 60, 4),
    "call": (Graph, "call", 150, 8),
    "mark": (DeliveryStore, "mark", 40, 4),
    "outcomes written": (Outcomes, "flush", 40, 2),
    "event handled": (InboxWorker, "_handle", 150, 2),
    "echo settled": (DeliveryStore, "settle", 100, 2),
    "answer claimed": (OutboxStore, "claim", 40, 1),
    "answer finished": (OutboxStore, "finish", 40, 1),
    "lease renewed": (LaneStore, "renew", 8, 2),
    "lanes taken": (LaneStore, "take", 3, 1),
    "lane released": (LaneStore, "release", 1, 1),
    "orphans found": (DeliveryStore, "orphans", 2, 1),
    "due rows released": (DeliveryStore, "release", 4, 1),
    "cursor moved": (DeliveryStore, "advance", 2, 1),
    "audience frozen": (DeliveryStore, "freeze", 1, 2),
    "campaign finished": (CampaignStore, "finish", 2, 1),
}
MOMENTS = tuple(f"{step}: {moment}" for step in STEPS for moment in (BEFORE, UNDER_WAY, AFTER))


def most_hits(moment: str) -> int:
    """At which hit of this moment a process dies at the latest."""
    return STEPS[moment.partition(":")[0]][2]


def weight(moment: str) -> int:
    """How often this moment is chosen beside the others."""
    return STEPS[moment.partition(":")[0]][3]


def watch(points: Points) -> None:
    """Wraps the step of the moment that was asked for."""
    step = points.pattern.partition(":")[0]
    owner, name, _, _ = STEPS[step]
    setattr(owner, name, _watched(getattr(owner, name), points.here, step))


def _watched(real: Any, here: Callable[[str], None], step: str) -> Any:
    @wraps(real)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        if step in ("mark", "answer finished") and not args[2]:
            return await real(*args, **kwargs)
        here(f"{step}: {BEFORE}")
        under_way = asyncio.ensure_future(real(*args, **kwargs))
        try:
            # Enough turns of the loop for the words to be in the socket; whether they are obeyed is up to others.
            for _ in range(5):
                await asyncio.sleep(0)
            here(f"{step}: {UNDER_WAY}")
            result = await under_way
        except asyncio.CancelledError:
            under_way.cancel()
            await asyncio.gather(under_way, return_exceptions=True)
            raise
        here(f"{step}: {AFTER}")
        return result

    return watched
