"""Which statements move a delivery from state to state?

Each is one statement and so one transaction of its own unless the caller holds one. Those on behalf of a lane take
key, owner and epoch as $1 to $3 and do nothing when the lease does not hold.
"""

from collections.abc import Iterable

from domain.eligibility import PASSING, WAITING, Reason
from storage.eligibility import FACTS, RULE, obstacle, quiet_ends
from storage.lanes import HELD_PAGE_LANE


def _texts(reasons: Iterable[Reason]) -> str:
    return "'{" + ",".join(sorted(reasons)) + "}'::text[]"


NOW_AT_FREEZE = "$3::timestamptz"
_NOW_AT_CLAIM = "$5::timestamptz"

# Everybody has one place in the spread of a campaign, the same at each look: their id is random, and says where.
_STARTS = f"""
coalesce(c.start_wall at time zone coalesce(l.time_zone, p.time_zone), {NOW_AT_FREEZE})
    + c.spread * (('x' || left(l.lead_id::text, 8))::bit(32)::bigint / 4294967296.0)
"""

# `:audience` is the condition that the campaign's filter stands for, its values are $4, $5 and so on.
FREEZE = f"""
insert into delivery (page_id, campaign_id, lead_id, state, reason, rule, planned_at, settled_at, not_before)
select $1, $2, lead_id,
    case course when 'wait' then 'awaiting_window' when 'skip' then 'skipped' else 'queued' end,
    case when course in ('wait', 'skip') then reason end,
    case when course = 'send' then rule end,
    {NOW_AT_FREEZE},
    case when course = 'skip' then {NOW_AT_FREEZE} end,
    case course when 'later' then starts when 'quiet' then quiet_ends end
from (
    select judged.*, case
        when reason is not null and reason <> all({_texts(PASSING)}) then 'skip'
        when starts > {NOW_AT_FREEZE} then 'later'
        when reason is null then 'send'
        when reason = '{Reason.QUIET_HOURS}' then 'quiet'
        when reason = any({_texts(WAITING)}) and wait_until > {NOW_AT_FREEZE} then 'wait'
        else 'skip' end as course
    from (
        select l.lead_id, {obstacle(NOW_AT_FREEZE)} as reason, {RULE} as rule, c.wait_until,
            {_STARTS} as starts, {quiet_ends(NOW_AT_FREEZE)} as quiet_ends
        from campaign c join page p using (page_id) join lead l using (page_id)
        {FACTS}
        where c.page_id = $1 and c.campaign_id = $2 and (:audience)
        offset 0  -- judges each person once, however often the reason is named above
    ) judged
) judged
"""  # noqa: S608 - only our own names are put in
# Held for a moment, until the freeze commits: a stop whose statement did not see the new rows ends before that, and
# one that begins later sees them.
AFTER_FREEZE = "lock table suppression in share mode"

# The rows are locked before they are judged, so their places cannot change; found by key, a planner without statistics
# of the new rows would look through the whole campaign for each of them.
CLAIM = f"""
with {HELD_PAGE_LANE},
sender as materialized (
    select c.cursor from campaign c join page p using (page_id)
    where c.page_id = $1 and c.campaign_id = $4 and c.state = 'running' and p.state = 'connected'
      and (select yes from held)
),
picked as materialized (
    select d.ctid as place_in_table, d.lead_id, d.seq from delivery d
    where d.page_id = $1 and d.campaign_id = $4 and d.state = 'queued' and d.not_before is null
      and d.seq > (select cursor from sender)
    order by d.seq limit :look for update of d skip locked
),
judged as materialized (
    select w.place_in_table, w.seq, {obstacle(_NOW_AT_CLAIM)} as reason, {RULE} as rule,
        coalesce(c.wait_until > {_NOW_AT_CLAIM}, false) as may_wait,
        coalesce(c.wait_until <= {_NOW_AT_CLAIM}, false) as too_late, {quiet_ends(_NOW_AT_CLAIM)} as quiet_ends,
        k.kid, k.wrapped, k.commitment, l.profile_sealed, l.link_ref
    from picked w
    join campaign c on c.page_id = $1 and c.campaign_id = $4
    join page p on p.page_id = $1
    left join lead l on l.page_id = $1 and l.lead_id = w.lead_id
    {FACTS}
),
placed as (
    select judged.*, count(*) filter (where reason is null) over (order by seq) as number,
        case when too_late and coalesce(reason = any({_texts(PASSING)}), true) then 'expired'
             when reason is null then 'sending' when reason = '{Reason.QUIET_HOURS}' then 'queued'
             when reason = any({_texts(WAITING)}) and may_wait then 'awaiting_window' else 'skipped' end as becomes
    from judged
),
moved as (
    update delivery d set
        state = n.becomes,
        reason = case when n.becomes <> 'queued' then n.reason end,
        rule = case when n.becomes = 'sending' then n.rule end,
        lane_epoch = case when n.becomes = 'sending' then $3 else d.lane_epoch end,
        attempt_id = case when n.becomes = 'sending' then gen_random_uuid() else d.attempt_id end,
        sending_at = case when n.becomes = 'sending' then clock_timestamp() else d.sending_at end,
        not_before = case when n.becomes = 'queued' then n.quiet_ends end, error_code = null, error_subcode = null,
        settled_at = case when n.becomes in ('skipped', 'expired') then {_NOW_AT_CLAIM} end
    from placed n
    where d.ctid = n.place_in_table and (n.becomes <> 'sending' or n.number <= $6::bigint)
    returning d.lead_id, d.state, d.attempt_id, n.kid, n.wrapped, n.commitment, n.profile_sealed, n.link_ref
),
noted as (
    insert into lead_sent (page_id, lead_id, campaign_id, sent_at)
    select $1, m.lead_id, $4, {_NOW_AT_CLAIM}
    from moved m, campaign c join page p using (page_id)
    where m.state = 'sending' and c.page_id = $1 and c.campaign_id = $4
      and (p.frequency_hours is not null or c.wait_until is not null)
    on conflict (page_id, lead_id) do update set campaign_id = excluded.campaign_id, sent_at = excluded.sent_at
)
select * from moved
"""  # noqa: S608

# The lock as after a freeze: a stop that is under way is waited for, a later one finds what was queued.
STANDING = f"""
select {obstacle("$4::timestamptz")} as reason, l.link_ref
from campaign c join page p using (page_id) left join lead l on l.page_id = c.page_id and l.lead_id = $3
{FACTS}
where c.page_id = $1 and c.campaign_id = $2
"""  # noqa: S608

# A sender that stood still tells late that something was surely not sent: its campaign goes on with it, if it only just
# came to its end.
_GOES_ON = """
(c.state in ('running', 'paused') or c.state = 'finished' and c.finished_at > $2::timestamptz - interval '1 hour')
"""
_ARRIVED = """
exists (select from delivery_again a where a.page_id = d.page_id and a.campaign_id = d.campaign_id
        and a.lead_id = d.lead_id and a.arrived_at is not null)
"""
MARK = f"""
with outcome as (
    select * from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::integer[], $8::integer[],
                         $9::timestamptz[])
        as o (attempt_id, state, reason, mid_hash, error_code, error_subcode, not_before)
),
marked as (
    update delivery d set
        state = case when o.state <> 'sent' and {_ARRIVED} then 'sent'
                     when o.state <> 'queued' or {_GOES_ON} then o.state else 'skipped' end,
        reason = case when o.state <> 'sent' and {_ARRIVED} then null
                      when o.state <> 'queued' or {_GOES_ON} then o.reason
                      when c.state = 'cancelled' then 'cancelled' else 'not_sent' end,
        mid_hash = coalesce(o.mid_hash, d.mid_hash),
        error_code = o.error_code, error_subcode = o.error_subcode,
        not_before = case when o.not_before > $2::timestamptz then o.not_before end,
        settled_at = case when o.state not in ('queued', 'unknown') then $2::timestamptz end
    from outcome o, campaign c
    where d.page_id = $1 and d.attempt_id = o.attempt_id and d.state in ('sending', 'unknown')
      and c.page_id = d.page_id and c.campaign_id = d.campaign_id
    returning d.campaign_id, d.lead_id, d.seq, d.state
),
unnoted as (
    delete from lead_sent f using marked m
    where f.page_id = $1 and f.lead_id = m.lead_id and f.campaign_id = m.campaign_id
      and m.state in ('queued', 'skipped', 'refused')
),
set_back as (
    update campaign c set cursor = least(c.cursor, m.seq - 1),
        state = case when c.state = 'finished' then 'running' else c.state end,
        finished_at = case when c.state = 'finished' then null else c.finished_at end
    from (select campaign_id, min(seq) as seq from marked where state = 'queued' group by campaign_id) m
    where c.page_id = $1 and c.campaign_id = m.campaign_id
)
select count(*) from marked
"""  # noqa: S608

SETTLE = """
update delivery set state = 'sent', reason = null, mid_hash = $3, settled_at = $4, not_before = null,
    error_code = null, error_subcode = null,
    echoed_at = coalesce(case when echoed_at >= sending_at then echoed_at end, clock_timestamp())
where page_id = $1 and attempt_id = $2
returning true
"""

DELIVERED = """
update delivery set state = 'sent', reason = null, settled_at = coalesce(settled_at, $3)
where page_id = $1 and mid_hash = any($2::bytea[]) and mid_hash is not null and state <> 'sent'
"""

ORPHANS = f"""
with {HELD_PAGE_LANE}
update delivery set state = 'unknown', reason = 'interrupted'
where page_id = $1 and state = 'sending' and (select yes from held)
  and (lane_epoch < $3 and sending_at < clock_timestamp() - $4::interval
       or sending_at < clock_timestamp() - interval '60 seconds')
"""  # noqa: S608

NAME_UNKNOWN = f"""
with {HELD_PAGE_LANE}
update delivery set reason = 'no_echo', settled_at = $5
where page_id = $1 and state = 'unknown' and reason is distinct from 'no_echo'
  and sending_at < clock_timestamp() - $4::interval and (select yes from held)
"""  # noqa: S608

LOCK_CURSOR = "select cursor from campaign where page_id = $1 and campaign_id = $2 for no key update"
ADVANCE = """
update campaign set cursor = greatest($3, coalesce(
    (select d.seq - 1 from delivery d where d.page_id = $1 and d.campaign_id = $2 and d.state = 'queued'
       and d.not_before is null and d.seq > $3
     order by d.seq limit 1),
    $3))
where page_id = $1 and campaign_id = $2
"""

DROP = """
update delivery d set state = 'skipped', reason = $3, settled_at = $5, not_before = null
from campaign c
where d.page_id = $1 and d.lead_id = $2 and d.state in ('queued', 'awaiting_window')
  and c.page_id = d.page_id and c.campaign_id = d.campaign_id and ($4::text is null or c.topic = $4)
"""

_SET_BACK = """
set_back as (
    update campaign c set cursor = least(c.cursor, m.seq - 1)
    from (select campaign_id, min(seq) as seq from woken group by campaign_id) m
    where c.page_id = $1 and c.campaign_id = m.campaign_id
)
"""
# Rows whose time has come. An answer that is still to leave goes first: a campaign follows what the bot says.
RELEASE = f"""
with {HELD_PAGE_LANE},
due as (
    select d.ctid as place_in_table from delivery d
    where d.page_id = $1 and d.state = 'queued' and d.not_before <= $4::timestamptz and (select yes from held)
      and not exists (
        select from outbox o
        where o.page_id = $1 and o.lead_id = d.lead_id and o.state in ('queued', 'sending'))
    order by d.not_before limit $5::bigint for update skip locked
),
woken as (
    update delivery d set not_before = null from due where d.ctid = due.place_in_table
    returning d.campaign_id, d.seq
), {_SET_BACK}
select count(*) from woken
"""  # noqa: S608

# What is on its way to the person anyhow: of several campaigns one goes, and the others wait for the next window.
_NOTHING_NEARER = """
not exists (
    select from delivery q join campaign r using (page_id, campaign_id)
    where q.page_id = $1 and q.lead_id = d.lead_id and (q.state = 'sending'
       or q.state = 'queued' and r.state = 'running' and (q.not_before is null or q.not_before <= {now})))
"""
_OLDEST_WAITING = """
d.campaign_id = (
    select min(w.campaign_id) from delivery w join campaign o using (page_id, campaign_id)
    where w.page_id = $1 and w.lead_id = d.lead_id and w.state = 'awaiting_window'
      and o.state = 'running' and o.wait_until > {now})
"""
# One campaign message for each window that opens, the oldest first. It is let in by RELEASE, after the answer.
WAKE = f"""
update delivery d set state = 'queued', reason = null, not_before = $3::timestamptz
where d.page_id = $1 and d.lead_id = $2 and d.state = 'awaiting_window'
  and {_OLDEST_WAITING.format(now="$3::timestamptz")} and {_NOTHING_NEARER.format(now="$3::timestamptz")}
"""  # noqa: S608

# What the window's opening did not wake: its campaign was paused then, or somebody else talked with the person. A day
# without a campaign message stands for the next window, because nothing says when this one opened.
WAKE_REACHABLE = f"""
with {HELD_PAGE_LANE}
update delivery d set state = 'queued', reason = null, not_before = $4::timestamptz
from campaign c, lead l, page p
where d.page_id = $1 and p.page_id = $1 and d.state = 'awaiting_window'
  and c.page_id = d.page_id and c.campaign_id = d.campaign_id
  and c.state = 'running' and c.wait_until > $4::timestamptz
  and l.page_id = d.page_id and l.lead_id = d.lead_id
  and l.window_until > greatest($4::timestamptz, l.newest_event) + interval '6 minutes' and (select yes from held)
  and (l.human_until is null or l.human_until <= $4::timestamptz) and l.unreachable_since is null
  and {_OLDEST_WAITING.format(now="$4::timestamptz")} and {_NOTHING_NEARER.format(now="$4::timestamptz")}
  and not exists (
    select from lead_sent f where f.page_id = $1 and f.lead_id = d.lead_id
      and f.sent_at > $4::timestamptz - greatest(
        interval '24 hours', make_interval(hours => p.frequency_hours::integer)))
"""  # noqa: S608

EXPIRE = f"""
with {HELD_PAGE_LANE}
update delivery d set state = 'expired', settled_at = $4
from campaign c
where d.page_id = $1 and d.state = 'awaiting_window'
  and c.page_id = d.page_id and c.campaign_id = d.campaign_id and c.wait_until <= $4::timestamptz
  and (select yes from held)
"""  # noqa: S608

# What was sent once more although the first attempt had arrived, and whose second one brought nothing.
ARRIVED_EARLIER = f"""
with {HELD_PAGE_LANE}
update delivery d set state = 'sent', reason = null, settled_at = $4, not_before = null, mid_hash = a.mid_hash
from delivery_again a
where a.page_id = $1 and a.arrived_at is not null and d.page_id = $1 and d.campaign_id = a.campaign_id
  and d.lead_id = a.lead_id and d.state not in ('sent', 'sending') and (select yes from held)
"""  # noqa: S608

# What was to be sent once more and was not: whether the first attempt arrived is as open as before.
STILL_UNKNOWN = f"""
with {HELD_PAGE_LANE}
update delivery d set state = 'unknown', reason = 'no_echo', settled_at = $4
from delivery_again a
where a.page_id = $1 and a.arrived_at is null and d.page_id = $1 and d.campaign_id = a.campaign_id
  and d.lead_id = a.lead_id and d.state in ('refused', 'skipped', 'expired') and (select yes from held)
"""  # noqa: S608

# A row that went back to queued just when its campaign ended; nothing will claim it any more.
LEFTOVERS = f"""
with {HELD_PAGE_LANE}
update delivery d set state = 'skipped', reason = case c.state when 'cancelled' then 'cancelled' else 'not_sent' end,
    settled_at = $4
from campaign c
where d.page_id = $1 and d.state in ('queued', 'awaiting_window') and c.page_id = d.page_id
  and c.campaign_id = d.campaign_id and c.state in ('finished', 'cancelled')
  and c.finished_at > $4::timestamptz - interval '1 hour' and (select yes from held)
"""  # noqa: S608

UNREACHABLE = """
update lead set unreachable_since = $5, unreachable_reason = $3
where page_id = $1 and lead_id = any($2::uuid[]) and unreachable_since is null and newest_event <= $4
"""
