"""How does each authority do, for those who run the log?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.proof.anchoring import overdue_by
from domain.proof.record_sections import AnchorMethod
from privacy.anchors.port import Anchor
from storage.anchors import AnchorState, StoredAnchor
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One authority. `interval` is None when it is not configured any more; `size` is of the newest log it covers."""

    method: AnchorMethod
    authority: str
    interval: timedelta | None
    origin: str | None
    size: int
    kept_at: datetime | None
    age: timedelta | None
    failures: int
    error: str | None
    overdue: bool


async def overview(store: Store, anchors: Sequence[Anchor], now: datetime) -> list[Overview]:
    """Every authority that is configured or ever kept something, by method and name."""
    async with store.database.transaction() as tx:
        heads = await store.log.heads(tx)
        newest = {head.origin: await store.anchors.newest(tx, head.log_id) for head in heads}
        states = {(state.method, state.authority): state for state in await store.anchors.states(tx)}
    intervals = {(anchor.method, anchor.authority): anchor.interval for anchor in anchors}
    names = sorted({*intervals, *states}, key=lambda name: (name[0].value, name[1]))
    return [_of(name, intervals.get(name), states.get(name), newest, now) for name in names]


def _of(
    name: tuple[AnchorMethod, str],
    interval: timedelta | None,
    state: AnchorState | None,
    newest: dict[str, list[StoredAnchor]],
    now: datetime,
) -> Overview:
    largest = [(origin, one) for origin, kept in newest.items() for one in kept if (one.method, one.authority) == name]
    origin, anchor = largest[-1] if largest else (None, None)
    overdue = (
        state is not None
        and interval is not None
        and overdue_by(state.last_kept_at, state.first_tried_at, interval, now) > 0
    )
    return Overview(
        method=name[0],
        authority=name[1],
        interval=interval,
        origin=origin,
        size=0 if anchor is None else anchor.size,
        kept_at=None if state is None else state.last_kept_at,
        age=None if state is None or state.last_kept_at is None else now - state.last_kept_at,
        failures=0 if state is None else state.failures,
        error=None if state is None else state.error,
        overdue=overdue,
    )
