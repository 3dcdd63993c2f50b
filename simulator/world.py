"""Who is there? Pages, their followers, and each conversation as the platform keeps it."""

from __future__ import annotations

import base64
import os
import random
from asyncio import Queue, QueueFull
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import Clock
from simulator.config import SimulatorConfig
from simulator.limits import Limits, PageMeter
from simulator.names import TONGUES

INBOX_APP_ID = "263902037430900"
DAY_MS = 86_400_000
# A conversation keeps its newest bubbles only, so that a long load test stays in memory.
KEPT_BUBBLES = 500
KEPT_REFUSALS = 20


def new_mid() -> str:
    """A message id of today's shape; random, so that a restarted simulator never repeats one."""
    return "m_" + base64.urlsafe_b64encode(os.urandom(66)).decode("ascii")


@dataclass(slots=True, kw_only=True)
class Bubble:
    """One message of a conversation; `app_id` is None when the follower wrote it."""

    mid: str
    app_id: str | None
    at_ms: int
    content: dict[str, Any]
    deleted: bool = False
    edits: int = 0
    reaction: str | None = None

    @property
    def from_page(self) -> bool:
        """Whether the Page's side (an app or its inbox) wrote it."""
        return self.app_id is not None


@dataclass(slots=True, kw_only=True)
class Follower:
    """A person as one Page knows them, with their conversation.

    `standing` is reachable, blocked (551), unavailable (200/1545041), muted (10/2018108), silent_block (2)
    or deleted (100/2018001). `profile` is full, empty or phone.
    """

    psid: str
    first_name: str
    last_name: str
    locale: str
    timezone: float
    gender: str
    standing: str = "reachable"
    profile: str = "full"
    started: bool = False
    window_from_ms: int | None = None
    wrote_at_ms: int | None = None
    owner: str | None = None
    owner_until_ms: int = 0
    typing: bool = False
    page_saw_ms: int = 0
    delivered_ms: int = 0
    read_ms: int = 0
    bubbles: deque[Bubble] | None = None
    refusals: deque[dict[str, Any]] | None = None

    @property
    def name(self) -> str:
        """First and last name, as shown in the inbox."""
        return f"{self.first_name} {self.last_name}"

    def window_until_ms(self) -> int | None:
        """When the 24-hour window closes, or None when it was never open."""
        return None if self.window_from_ms is None else self.window_from_ms + DAY_MS

    def open_window(self, at_ms: int) -> None:
        """A qualifying act; an older one never shortens the window."""
        self.window_from_ms = max(self.window_from_ms or 0, at_ms)

    def holder(self, now_ms: int) -> str | None:
        """The app that controls the thread; None when it has been idle for 24 hours."""
        return self.owner if self.owner is not None and now_ms < self.owner_until_ms else None

    def hold(self, app_id: str | None, now_ms: int) -> None:
        """Gives the thread to this app for 24 hours, or to nobody."""
        self.owner = app_id
        self.owner_until_ms = now_ms + DAY_MS

    def add(self, bubble: Bubble) -> Bubble:
        """Puts a message at the end of the conversation."""
        if self.bubbles is None:
            self.bubbles = deque(maxlen=KEPT_BUBBLES)
        self.bubbles.append(bubble)
        return bubble

    def find(self, mid: str) -> Bubble | None:
        """The kept message with this id."""
        return next((bubble for bubble in reversed(self.bubbles or ()) if bubble.mid == mid), None)

    def refuse(self, note: dict[str, Any]) -> None:
        """Remembers a send that was refused, for those who watch the conversation."""
        if self.refusals is None:
            self.refusals = deque(maxlen=KEPT_REFUSALS)
        self.refusals.append(note)


@dataclass(slots=True, kw_only=True)
class Comment:
    """A comment under a post of the Page; it may be answered privately once within seven days."""

    psid: str
    at_ms: int
    answered: bool = False


@dataclass(slots=True, kw_only=True)
class Subscription:
    """A marketing token that a follower gave through the platform's own dialog."""

    psid: str
    stopped: bool = False
    next_ms: int = 0


@dataclass(slots=True, kw_only=True)
class Page:
    """A Page and what it is allowed to do; `fields` of None means that the app is not subscribed.

    `policy` is free, blocked (368), restricted (10/1893063), commerce (2022) or unpermitted (230).
    `default_app` of None is the platform's zero configuration: every app may write in every thread.
    """

    id: str
    name: str
    token: str = field(repr=False)
    meter: PageMeter
    region: str = "eu"
    credential: str = "alive"
    policy: str = "free"
    fields: set[str] | None = None
    default_app: str | None = None
    scopes: set[str] = field(default_factory=set)
    utility: bool = False
    recurring: bool = False
    followers: dict[str, Follower] = field(default_factory=dict)
    engaged: int = 0
    profile: dict[str, Any] = field(default_factory=dict)
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    attachments: dict[str, int] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    user_refs: dict[str, str | None] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)


SCOPES = frozenset({"pages_messaging", "pages_manage_metadata", "pages_show_list", "pages_read_engagement"})


class World:
    """All Pages and followers, and those who watch them change."""

    def __init__(self, config: SimulatorConfig, clock: Clock) -> None:
        self.clock = clock
        self.app_id = config.app_id
        self.pages: dict[str, Page] = {}
        self._by_token: dict[str, Page] = {}
        self._seed = config.seed
        self._limits = Limits(enforced=config.limits)
        self._makers: dict[str, Iterator[Follower]] = {}
        self._watchers: set[Queue[dict[str, Any]]] = set()

    def add_page(self, page_id: str, name: str, token: str, *, region: str = "eu") -> Page:
        """The Page with this id, made when new; name, token and region are brought up to date."""
        page = self.pages.get(page_id)
        if page is None:
            page = Page(id=page_id, name=name, token=token, meter=PageMeter(self._limits))
            page.default_app = self.app_id
            page.scopes = set(SCOPES)
            self.pages[page_id] = page
        self._by_token.pop(page.token, None)
        page.name, page.token, page.region = name, token, region
        self._by_token[token] = page
        return page

    def page_of_token(self, token: str) -> Page | None:
        """The Page that this token speaks for, dead or alive."""
        return self._by_token.get(token)

    def add_followers(self, page: Page, count: int) -> list[Follower]:
        """New followers of a Page; the same seed gives the same people in the same order."""
        maker = self._makers.setdefault(page.id, _strangers(f"{self._seed}:{page.id}"))
        made: list[Follower] = []
        while len(made) < count:
            follower = next(maker)
            if follower.psid not in page.followers:
                page.followers[follower.psid] = follower
                made.append(follower)
        return made

    def started(self, page: Page, follower: Follower) -> None:
        """Counts the follower among the engaged ones, once."""
        if not follower.started:
            follower.started = True
            page.engaged += 1

    def watch(self) -> Queue[dict[str, Any]]:
        """A queue that receives what changes from now on; notes are dropped when nobody empties it."""
        queue: Queue[dict[str, Any]] = Queue(maxsize=1000)
        self._watchers.add(queue)
        return queue

    def unwatch(self, queue: Queue[dict[str, Any]]) -> None:
        """Ends a watch."""
        self._watchers.discard(queue)

    def changed(self, what: str, **note: Any) -> None:
        """Tells the watchers."""
        for queue in self._watchers:
            try:
                queue.put_nowait({"what": what, **note})
            except QueueFull:
                continue


def _strangers(seed: str) -> Iterator[Follower]:
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
    while True:
        tongue = rng.choice(TONGUES)
        first, gender = rng.choice(tongue.firsts)
        yield Follower(
            psid=str(rng.randrange(2 * 10**15, 4 * 10**16)),
            first_name=first,
            last_name=rng.choice(tongue.lasts),
            locale=tongue.locale,
            timezone=tongue.timezone,
            gender=gender,
        )
