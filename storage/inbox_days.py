"""How does the inbox stay small: one partition a day, made ahead and dropped when it is empty and old?

Handled events are deleted, so a partition that is not empty holds events that were acknowledged and not handled. It is
never dropped; what lies in it stays until a worker or a person has seen to it.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.database import Transaction

KEEP_DAYS = 8
DAYS_AHEAD = 3

_LOCK = 0x496E626F78  # "Inbox": two processes never make or drop partitions at once
_NAME = re.compile(r"inbox_(\d{4})(\d{2})(\d{2})")
_PARTITIONS = """
select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'inbox'::regclass order by c.relname
"""
_DESTROY_KEYS = """
delete from day_key k where k.day < $1
  and not exists (select from inbox where received_on = k.day)
  and not exists (select from outbox where day = k.day and message_sealed is not null)
"""


def days_ahead(today: date) -> list[date]:
    """The days that should have a partition now."""
    return [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]


async def ensure_partitions(tx: "Transaction", days: Iterable[date]) -> int:
    """Makes the partitions of these days that are missing; how many. Needs the owner's right.

    A day without one falls into the default partition, where nothing is lost; a day that has rows there already keeps
    them there.
    """
    await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
    there = {row["relname"] for row in await tx.fetch(_PARTITIONS)}
    made = 0
    for day in days:
        name = f"inbox_{day:%Y%m%d}"
        if name in there or await tx.fetchval("select exists (select from inbox_default where received_on = $1)", day):
            continue
        await tx.execute(
            f"create table {name} partition of inbox for values from ('{day}') to ('{day + timedelta(days=1)}') "
            "with (toast_tuple_target = 8160)"
        )
        made += 1
    return made


async def drop_old_partitions(tx: "Transaction", *, before: date) -> list[date]:
    """Drops the empty partitions of earlier days, and names the days that still hold unhandled events."""
    await tx.execute("select pg_advisory_xact_lock($1)", _LOCK)
    holding = []
    for row in await tx.fetch(_PARTITIONS):
        day = _day(row["relname"])
        if day is None or day >= before:
            continue
        name = f"inbox_{day:%Y%m%d}"
        # The parent first: whoever inserts takes its locks in this order too.
        await tx.execute(f"lock table inbox, only {name} in access exclusive mode")
        if await tx.fetchval(f"select exists (select from only {name})"):  # noqa: S608 - built from a date
            holding.append(day)
        else:
            await tx.execute(f"drop table {name}")
    return holding


async def destroy_day_keys(tx: "Transaction", *, before: date) -> int:
    """Destroys the keys of earlier days on which nothing waits any more; how many."""
    done = await tx.execute(_DESTROY_KEYS, before)
    return int(done.rpartition(" ")[2])


async def forget(tx: "Transaction", *, before: date) -> int:
    """Deletes the event keys and the events set aside of earlier days; how many of both."""
    keys = await tx.execute("delete from event_key where seen_on < $1", before)
    aside = await tx.execute("delete from inbox_set_aside where day < $1", before)
    return sum(int(done.rpartition(" ")[2]) for done in (keys, aside))


def _day(name: str) -> date | None:
    found = _NAME.fullmatch(name)
    return None if found is None else date(int(found[1]), int(found[2]), int(found[3]))
