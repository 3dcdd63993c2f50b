"""Which statements move a bot answer from state to state?"""

from storage.lanes import HELD_PAGE_LANE

# A test of a campaign: marketing, unlike everything else the bot says.
CAMPAIGN_TEST = "campaign_test"
CAMPAIGN_TEST_MEDIA = "campaign_test_media"

ADD = """
insert into outbox (page_id, outbox_id, lead_id, purpose, state, created_at, not_before, day, message_sealed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

RELEASE = "update outbox set state = 'queued' where page_id = $1 and lead_id = $2 and state = 'held'"

DROP = """
update outbox set state = case when state in ('held', 'queued') then 'dropped' else state end,
    message_sealed = null
where page_id = $1 and lead_id = $2 and state in ('held', 'queued', 'sending', 'unknown')
  and purpose <> all($3::text[])
"""

# The oldest of each person, and only while nothing older of theirs is on its way or will go again.
CLAIM = f"""
with {HELD_PAGE_LANE},
picked as materialized (
    select o.outbox_id from outbox o
    where o.page_id = $1 and o.state = 'queued' and o.not_before <= $4 and (select yes from held)
      and not exists (
        select from outbox e
        where e.page_id = o.page_id and e.lead_id = o.lead_id
          and (e.state = 'sending' or e.seq < o.seq and (e.state = 'queued'
               or e.state = 'unknown' and e.attempts < $6 and e.message_sealed is not null)))
    order by o.seq limit $5 for update of o skip locked
)
update outbox o set state = 'sending', reason = null, attempt_id = gen_random_uuid(), lane_epoch = $3,
    sending_at = clock_timestamp()
from picked
where o.page_id = $1 and o.outbox_id = picked.outbox_id
returning o.outbox_id, o.seq, o.lead_id, o.purpose, o.attempt_id, o.day, o.message_sealed
"""  # noqa: S608 - only our own names are put in

# `attempts` counts the calls of unknown outcome: one that surely was not sent costs nothing.
FINISH = """
update outbox o set
    state = case when n.state = 'queued' and o.message_sealed is null then 'dropped' else n.state end,
    reason = n.reason, mid_hash = coalesce(n.mid_hash, o.mid_hash),
    not_before = coalesce(n.not_before, o.not_before),
    attempts = case when n.state = 'unknown' and o.state = 'sending' then o.attempts + 1
                    when n.state = 'queued' and o.state = 'unknown' then greatest(o.attempts, 1) - 1
                    else o.attempts end,
    settled_at = case when n.state in ('sent', 'refused') then $2::timestamptz end,
    message_sealed = case when n.state in ('sent', 'refused') then null else o.message_sealed end
from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::timestamptz[])
    as n (attempt_id, state, reason, mid_hash, not_before)
where o.page_id = $1 and o.attempt_id = n.attempt_id and o.state in ('sending', 'unknown')
"""

SETTLE = """
update outbox set state = 'sent', reason = null, mid_hash = $3, settled_at = $4, message_sealed = null
where page_id = $1 and attempt_id = $2
returning true
"""

ORPHANS = f"""
with {HELD_PAGE_LANE}
update outbox set state = 'unknown', reason = 'interrupted', attempts = attempts + 1
where page_id = $1 and state = 'sending' and (select yes from held)
  and (lane_epoch < $3 or sending_at < clock_timestamp() - interval '60 seconds')
"""  # noqa: S608

AGAIN = f"""
with {HELD_PAGE_LANE}
update outbox set state = 'queued', not_before = $5
where page_id = $1 and state = 'unknown' and attempts < $6 and message_sealed is not null
  and sending_at < clock_timestamp() - $4::interval and (select yes from held)
"""  # noqa: S608
