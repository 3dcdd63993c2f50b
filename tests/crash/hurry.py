"""How does a run of minutes see what otherwise takes hours? The platform's long rests are short here, and leases too.

Only lengths change: whoever is limited rests, longer each time; a lease still outlives what may begin under it.
"""

from datetime import timedelta
from functools import partial

from app import worker
from broadcast.runner import BroadcastRunner
from domain import holds, pacing
from storage.lanes import LaneKeeper

SHORTEST_STOP = timedelta(seconds=0.4)
LONGEST_STOP = timedelta(seconds=2)


def hurry(ttl: timedelta) -> None:
    """Makes this process a hasty one."""
    pacing.SHORTEST_STOP, pacing.LONGEST_STOP = SHORTEST_STOP, LONGEST_STOP
    pacing.FIRST_RATE_STOP, pacing.LONGEST_RATE_STOP = SHORTEST_STOP, LONGEST_STOP
    holds.STEPS = tuple((times, span // 30) for times, span in holds.STEPS)
    worker.BroadcastRunner = partial(BroadcastRunner, ttl=ttl)
    worker.LaneKeeper = partial(LaneKeeper, ttl=ttl)
