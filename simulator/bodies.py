"""What may be asked through the control API? One model for each body; unknown members are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from simulator.faults import ALIASES, KNOWN, Fault, Rule
from simulator.rules import CREDENTIALS, POLICIES, STANDINGS

Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class Body(BaseModel):
    """A body of the control API."""

    model_config = ConfigDict(extra="forbid")


class PageBody(Body):
    """A Page to make or to change; what is left out stays as it is."""

    id: Id
    name: str | None = None
    token: str | None = None
    region: str | None = None
    subscribed: bool | None = None
    subscribed_fields: list[str] | None = None
    utility: bool | None = None
    recurring: bool | None = None
    default_app: Literal["ours", "inbox", "none"] | None = None
    scopes: list[str] | None = None


class FollowerBody(Body):
    """One follower to make or to change."""

    psid: Id | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    timezone: float | None = None
    gender: str | None = None
    standing: str | None = None
    profile: Literal["full", "empty", "phone"] | None = None


class FollowersBody(Body):
    """Pages and followers; `window` open starts their conversations now without any event."""

    page: Id | None = None
    pages: list[PageBody] = []
    count: int = Field(default=0, ge=0, le=2_000_000)
    followers: list[FollowerBody] = []
    window: Literal["none", "open", "closed"] = "none"
    listed: bool | None = None


class SayBody(Body):
    """One act of a follower (or of the platform about a Page), and how its event is sent."""

    page: Id | None = None
    psid: Id | None = None
    text: str | None = None
    quick_reply: str | dict[str, Any] | None = None
    postback: str | dict[str, Any] | None = None
    get_started: bool | dict[str, Any] = False
    referral: dict[str, Any] | None = None
    attachment: str | dict[str, Any] | None = None
    attachments: list[dict[str, Any]] | None = None
    sticker: bool | int | None = None
    reply_to: str | None = None
    reaction: str | dict[str, Any] | None = None
    edit: dict[str, Any] | None = None
    unsend: str | None = None
    delete: list[str] | None = None
    read: bool | int = False
    delivered: bool | int = False
    optin: dict[str, Any] | None = None
    optout: dict[str, Any] | None = None
    feedback: dict[str, Any] | None = None
    account_linking: dict[str, Any] | None = None
    message_request: bool = False
    comment: dict[str, Any] | None = None
    policy_enforcement: dict[str, Any] | None = None
    business_integrity: dict[str, Any] | None = None
    change: dict[str, Any] | None = None
    event: dict[str, Any] | None = None
    extra: dict[str, Any] = {}
    timestamp: int | None = None
    seconds_timestamp: bool = False
    standby: bool | None = None
    duplicate: bool | int = False
    unsigned: bool = False
    wrong_secret: bool = False
    delay: float = Field(default=0.0, ge=0)
    wait: bool = False


class PushBody(Body):
    """Raw bytes (`body` as text), raw JSON (`body` as an object), or many acts in one POST."""

    body: str | dict[str, Any] | None = None
    acts: list[SayBody] = []
    unsigned: bool = False
    wrong_secret: bool = False
    times: int = Field(default=1, ge=1, le=1000)


class FaultBody(Body):
    """One fault, by name, with its details; `rate`, `times`, `edge` and `kind` matter to rules only."""

    fault: str
    code: int = 1
    subcode: int | None = None
    status: int | None = None
    seconds: float | None = Field(default=None, ge=0)
    rate: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=1)
    edge: str = "messages"
    kind: str | None = None

    def value(self) -> Fault:
        """The fault; raises ValueError for a name that nobody knows."""
        name = ALIASES.get(self.fault, self.fault)
        if name not in KNOWN:
            raise ValueError(f"unknown fault {self.fault!r}; known are {', '.join(sorted(KNOWN))}")
        return Fault(name=name, code=self.code, subcode=self.subcode, status=self.status, seconds=self.seconds)

    def rule(self, page: str | None) -> Rule:
        """The fault as a standing rule."""
        return Rule(fault=self.value(), rate=self.rate, page=page, edge=self.edge, kind=self.kind, times=self.times)


Step = str | FaultBody | list[str | FaultBody]


def fault_of(word: str | FaultBody) -> Fault:
    """A fault given as a word (`hang`, `error:10/2018278`) or in full."""
    if isinstance(word, FaultBody):
        return word.value()
    name, _, codes = word.partition(":")
    code, _, subcode = codes.partition("/")
    return FaultBody(fault=name, code=int(code) if code else 1, subcode=int(subcode) if subcode else None).value()


class LimitsBody(Body):
    """New limits; what is left out stays."""

    enforced: bool | None = None
    per_second: int | None = None
    media_per_second: int | None = None
    freeze_above: int | None = None
    freeze_seconds: float | None = None
    per_engaged_day: int | None = None
    per_day: int | None = None
    usage_percent: int | None = None


class FaultsBody(Body):
    """Faults to add: `rates` by word, `rules` in full, `next` one step for each coming message send."""

    page: Id | None = None
    rates: dict[str, float] = {}
    rules: list[FaultBody] = []
    next: list[Step] = []
    limits: LimitsBody | None = None
    deliveries: bool | None = None
    batch: int | None = Field(default=None, ge=1, le=1000)


class ClockBody(Body):
    """An offset, a step, or the moment that it shall be (seconds since 1970)."""

    offset_seconds: float | None = None
    advance_seconds: float | None = None
    now: float | None = None


def _one_of(known: frozenset[str]) -> BeforeValidator:
    def check(value: Any) -> Any:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(sorted(known))}")
        return value

    return BeforeValidator(check)


class TokenBody(Body):
    """Kills or revives a Page's token."""

    page: Id | None = None
    state: Annotated[str, _one_of(CREDENTIALS)] = "expired"


class BlockBody(Body):
    """Makes a person unreachable, in one of the platform's ways, or reachable again."""

    page: Id | None = None
    psid: Id
    state: Annotated[str, _one_of(STANDINGS)] = "blocked"


class PolicyBody(Body):
    """Restricts or frees a Page; `notify` also sends the enforcement event."""

    page: Id | None = None
    state: Annotated[str, _one_of(POLICIES)] = "blocked"
    notify: bool = True
    reason: str = "The Page sent messages that break the platform's policy."


class ThreadBody(Body):
    """What a member of staff does in the Page inbox; `take` whether a reply takes the thread."""

    page: Id | None = None
    psid: Id
    action: Literal["take", "reply", "release", "pass"]
    text: str = "Hello, a person here. How can I help?"
    take: bool = True
    metadata: str | None = None


class StartBody(Body):
    """Lets scripted followers begin: how many (all when left out) and how many a second."""

    page: Id | None = None
    n: int | None = Field(default=None, ge=0)
    per_second: float = Field(default=20.0, gt=0)
    think_seconds: float | None = Field(default=None, ge=0)


class CallbackBody(Body):
    """Where events go from now on; `verify` asks the callback first."""

    url: str
    verify_token: str | None = None
    verify: bool = True


class SignedRequestBody(Body):
    """A data-deletion or deauthorize call; `tamper` spoils the signature."""

    user_id: Id = "218471"
    url: str | None = None
    issued_at: int | None = None
    tamper: bool = False


class CrawlBody(Body):
    """Which hosts may be fetched beside the product's own, and how many links at most."""

    hosts: list[str] = []
    times: int = Field(default=2, ge=1, le=5)
    limit: int = Field(default=1000, ge=1)
