"""What does every part of the simulator share?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.clock import Clock
from simulator.config import SimulatorConfig
from simulator.faults import Faults
from simulator.ledger import Ledger
from simulator.pusher import Pusher
from simulator.world import Bubble, Follower, Page, World

Onlooker = Callable[[Page, Follower, Bubble], None]


@dataclass(slots=True, kw_only=True)
class Stage:
    """One simulator's world and tools.

    `onlookers` hear of each message that a Page's app gets into a conversation. `closing` is set when the
    simulator stops. `deliveries` is whether phones report what they received.
    """

    config: SimulatorConfig
    clock: Clock
    world: World
    ledger: Ledger
    faults: Faults
    pusher: Pusher
    deliveries: bool = True
    onlookers: list[Onlooker] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def app_token(self) -> str:
        """The token that speaks for the app itself."""
        return f"{self.config.app_id}|{self.config.app_secret}"

    @property
    def user_token(self) -> str:
        """The token of the one person who administers every Page here."""
        return f"EAAU{self.config.app_id}Administrator"
