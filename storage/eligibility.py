"""How does the database ask what domain/eligibility.py decides?

One expression over one row of facts, used where an audience is frozen and where a delivery is claimed; a test compares
it with `decide` over every combination. The Page's own state is not in it: the statements look at the Page first and
leave its rows queued.

Aliases: p page, l lead, k lead_key, t lead_topic, s suppression. `$now` is put in by the caller.
"""

from domain.eligibility import WINDOW_MARGIN, Reason, Rule

FACTS = """
left join lead_key k on k.page_id = l.page_id and k.lead_id = l.lead_id
left join lead_topic t on t.page_id = l.page_id and t.lead_id = l.lead_id and t.topic = c.topic
left join suppression s on s.page_id = l.page_id and s.handle = l.suppression_handle
"""

_PERMITTED = """
coalesce(t.state = 'given', p.marketing_basis = 'conversation_start' and exists (
    select from consent_record r
    where r.page_id = l.page_id and r.lead_id = l.lead_id and r.kind = 'conversation_started'))
"""


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
    when l.unreachable_since is not null then '{Reason.UNREACHABLE}'
    when l.human_until > {now} then '{Reason.HUMAN_TALKING}'
    when coalesce(l.window_until <= greatest({now}, l.newest_event) + {margin}, true) then '{Reason.WINDOW_CLOSED}'
end
"""


RULE = f"case when t.state = 'given' then '{Rule.OPEN_WINDOW}' else '{Rule.OPEN_WINDOW_STARTED}' end"
