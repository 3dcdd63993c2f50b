"""How do a thousand followers behave? Each by a seeded temperament, and only by what they see on their screen."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from simulator.acts import Acts
from simulator.events import Event
from simulator.names import tongue_of
from simulator.stage import Stage
from simulator.view import choices
from simulator.world import Bubble, Follower, Page

THINK_SECONDS = (0.4, 3.0)
MOST_ANSWERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperament:
    """What kind of person this is; `quits_after` counts messages seen after the choice."""

    entry: str
    choice: str
    reads: bool
    chatty: bool
    reacts: bool
    quits_after: int | None


@dataclass(slots=True)
class _Player:
    page: Page
    follower: Follower
    temperament: Temperament
    rng: random.Random
    chosen: bool = False
    thinking: bool = False
    answers: int = 0
    seen: int = 0
    quit: bool = False


def temperament_of(seed: int, psid: str) -> Temperament:
    """The same for the same seed and person."""
    rng = random.Random(f"{seed}:{psid}")  # noqa: S311 - repeatable on purpose
    entry = rng.choices(("get_started", "message", "link", "ad"), (70, 16, 8, 6))[0]
    choice = rng.choices(("first", "second", "type", "ignore"), (60, 20, 6, 14))[0]
    quits = rng.random() < 0.06
    return Temperament(
        entry=entry,
        choice=choice,
        reads=rng.random() < 0.85,
        chatty=rng.random() < 0.08,
        reacts=rng.random() < 0.07,
        quits_after=rng.randint(2, 4) if quits else None,
    )


class People:
    """The scripted followers; those that were not started keep still."""

    def __init__(self, stage: Stage, acts: Acts) -> None:
        self._stage = stage
        self._acts = acts
        self._players: dict[tuple[str, str], _Player] = {}
        self._think = THINK_SECONDS
        self._arriving: set[asyncio.Task[None]] = set()
        stage.onlookers.append(self.saw)

    def counts(self) -> dict[str, int]:
        """How many play, have chosen, and have asked to be left alone."""
        players = self._players.values()
        return {
            "started": len(players),
            "chosen": sum(player.chosen for player in players),
            "quit": sum(player.quit for player in players),
        }

    def start(self, page: Page, n: int | None, per_second: float, think_seconds: float | None = None) -> int:
        """Lets followers that have not begun yet arrive at this rate; says how many will."""
        if think_seconds is not None:
            self._think = (think_seconds / 2, think_seconds)
        fresh = [
            follower
            for follower in page.followers.values()
            if not follower.started and (page.id, follower.psid) not in self._players
        ]
        coming = fresh if n is None else fresh[:n]
        for follower in coming:
            rng = random.Random(f"{self._stage.config.seed}/{follower.psid}")  # noqa: S311 - repeatable on purpose
            temperament = temperament_of(self._stage.config.seed, follower.psid)
            self._players[page.id, follower.psid] = _Player(page, follower, temperament, rng)
        task = asyncio.get_running_loop().create_task(self._arrive(page, coming, per_second))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)
        return len(coming)

    async def close(self) -> None:
        """Nobody arrives any more and nobody answers."""
        for task in self._arriving:
            task.cancel()
        await asyncio.gather(*self._arriving, return_exceptions=True)
        self._players.clear()

    async def _arrive(self, page: Page, coming: list[Follower], per_second: float) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, follower in enumerate(coming):
            await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
            player = self._players.get((page.id, follower.psid))
            if player is not None and not follower.started:
                self._tell(self._enter(player), player)

    def _enter(self, player: _Player) -> Event:
        page, person = player.page, player.follower
        at_ms = self._stage.clock.now_ms()
        entry = player.temperament.entry
        sees_button = "get_started" in page.profile
        if entry == "message" or not sees_button:
            content: dict[str, Any] = {"text": tongue_of(person.locale).hello}
            if entry == "ad":
                content["referral"] = {"source": "ADS", "type": "OPEN_THREAD", "ad_id": "6001", "ref": "spring"}
            return self._acts.message(page, person, at_ms, content)
        if entry == "link":
            return self._acts.get_started(page, person, at_ms, {"ref": "poster-2026"})
        if entry == "ad":
            return self._acts.get_started(page, person, at_ms, {"ref": "spring", "ad_id": "6001"})
        return self._acts.get_started(page, person, at_ms)

    def saw(self, page: Page, follower: Follower, bubble: Bubble) -> None:
        """A message appeared on somebody's phone; they think about it once, however many come."""
        player = self._players.get((page.id, follower.psid))
        if player is None or player.quit:
            return
        player.seen += 1 if player.chosen else 0
        if not player.thinking:
            player.thinking = True
            delay = player.rng.uniform(*self._think)
            asyncio.get_running_loop().call_later(delay, self._think_over, player)

    def _think_over(self, player: _Player) -> None:
        player.thinking = False
        if self._stage.closing.is_set() or (player.page.id, player.follower.psid) not in self._players:
            return
        at_ms = self._stage.clock.now_ms()
        if player.temperament.reads:
            self._tell(self._acts.read(player.page, player.follower, at_ms), player)
        if player.answers < MOST_ANSWERS:
            event = self._answer(player, at_ms)
            if event is not None:
                player.answers += 1
                self._tell(event, player)

    def _answer(self, player: _Player, at_ms: int) -> Event | None:
        page, person, mood = player.page, player.follower, player.temperament
        tongue = tongue_of(person.locale)
        offered = choices(person)
        if not player.chosen and offered:
            player.chosen = True
            if mood.choice == "type":
                return self._acts.message(page, person, at_ms, {"text": tongue.question})
            if mood.choice == "ignore":
                return None
            return self._tap(player, offered[0 if mood.choice == "first" else min(1, len(offered) - 1)], at_ms)
        if mood.quits_after is not None and player.seen >= mood.quits_after:
            player.quit = True
            return self._acts.message(page, person, at_ms, {"text": tongue.stop})
        return self._small_talk(player, at_ms)

    def _small_talk(self, player: _Player, at_ms: int) -> Event | None:
        page, person, mood = player.page, player.follower, player.temperament
        newest = next((bubble for bubble in reversed(person.bubbles or ()) if bubble.from_page), None)
        if not player.chosen or newest is None or player.rng.random() > 0.3:
            return None
        if mood.reacts:
            return self._acts.react(page, person, at_ms, newest.mid, "love", "❤")
        if mood.chatty:
            tongue = tongue_of(person.locale)
            text = player.rng.choice((tongue.thanks, tongue.question))
            return self._acts.message(page, person, at_ms, {"text": text})
        return None

    def _tap(self, player: _Player, offered: dict[str, Any], at_ms: int) -> Event:
        page, person = player.page, player.follower
        if offered["kind"] == "quick_reply":
            content = {"text": offered["title"], "quick_reply": {"payload": offered["payload"]}}
            return self._acts.message(page, person, at_ms, content)
        return self._acts.postback(page, person, at_ms, offered["title"], offered["payload"])

    def _tell(self, event: Event, player: _Player) -> None:
        self._acts.route(player.page, event)
        self._stage.pusher.offer(event)
        self._stage.world.changed("thread", page=player.page.id, psid=player.follower.psid)
