"""How does the database ask what domain/eligibility.py decides?

One expression over one row of facts, used where an audience is frozen and where a delivery is claimed; a test compares
it with `decide` over every combination. The Page's own state is not in it: the statements look at the Page first and
leave its rows queued.

Aliases: c campaign, p page, l lead, k lead_key, t lead_topic, s suppression, f lead_sent. The moment is put in by the
caller.
"""

from domain.eligibility import WINDOW_MARGIN, Reason, Rule

FACTS = """
left join lead_key k on k.page_id = l.page_id and k.lead_id = l.lead_id
left join lead_topic t on t.page_id = l.page_id and t.lead_id = l.lead_id and t.topic = c.topic
left join suppression s on s.page_id = l.page_id and s.handle = l.suppression_handle
left join lead_sent f on f.page_id = l.page_id and f.lead_id = l.lead_id and f.campaign_id <> c.campaign_id
"""

_PERMITTED = """
coalesce(t.state = 'given', p.marketing_basis = 'conversation_start' and exists (
    select from consent_record r
    where r.page_id = l.page_id and r.lead_id = l.lead_id and r.kind = 'conversation_started'))
"""
_ZONE = "coalesce(l.time_zone, p.time_zone)"


def obstacle(now: str) -> str:
    """SQL for the reason why the person of this row gets nothing now, null when nothing stands in the way."""
    margin = f"interval '{int(WINDOW_MARGIN.total_seconds())} seconds'"
    return f"""
case
    when l.lead_id is null or l.erasing_since is not null or k.lead_id is null then '{Reason.ERASED}'
    when s.reason = '{Reason.UNDER_AGE}' then '{Reason.UNDER_AGE}'
    when s.reason is not null then '{Reason.STOPPED}'
    when l.restricted_since is not null then '{Reason.RESTRICTED}'
    when not ({_PERMITTED}) then '{Reason.NO_CONSENT}'
    when t.state = 'given' and coalesce(t.notice_version, 0) < p.consent_from_notice then '{Reason.NOTICE_OUTDATED}'
    when l.unreachable_since is not null then '{Reason.UNREACHABLE}'
    when l.human_until > {now} then '{Reason.HUMAN_TALKING}'
    when coalesce(l.window_until <= greatest({now}, l.newest_event) + {margin}, true) then '{Reason.WINDOW_CLOSED}'
    when f.sent_at > {now} - make_interval(hours => p.frequency_hours::integer) then '{Reason.FREQUENCY_CAP}'
    when {is_quiet(now)} then '{Reason.QUIET_HOURS}'
end
"""


def is_quiet(now: str) -> str:
    """SQL for whether the person's clock stands in the Page's quiet hours, which may reach over midnight."""
    minute = f"floor(extract(epoch from ({now} at time zone {_ZONE})::time) / 60)"
    return f"""coalesce(
        case when p.quiet_from < p.quiet_until then {minute} >= p.quiet_from and {minute} < p.quiet_until
             else {minute} >= p.quiet_from or {minute} < p.quiet_until end, false)"""


def quiet_ends(now: str) -> str:
    """SQL for the moment at which the quiet hours of `is_quiet` end for this person."""
    wall = f"({now} at time zone {_ZONE})"
    minute = f"floor(extract(epoch from {wall}::time) / 60)"
    return f"""(({wall}::date + make_interval(mins => p.quiet_until::integer)
        + case when {minute} >= p.quiet_until then interval '1 day' else interval '0' end) at time zone {_ZONE})"""


RULE = f"case when t.state = 'given' then '{Rule.OPEN_WINDOW}' else '{Rule.OPEN_WINDOW_STARTED}' end"
