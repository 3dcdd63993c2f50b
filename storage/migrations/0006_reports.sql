-- What a report needs beyond the rows of deliveries: counts of rows that are gone, and attempts that were made once more.

-- The people whose rows ended by retention, so that every report adds up to its audience for ever.
create table campaign_count (
    page_id      text not null,
    campaign_id  bigint not null,
    state        text not null,
    reason       text not null,
    people       bigint not null check (people > 0),
    primary key (page_id, campaign_id, state, reason),
    foreign key (page_id, campaign_id) references campaign
);

-- An attempt of unknown fate whose message somebody chose to send once more: its echo may still come.
create table delivery_again (
    page_id      text not null,
    attempt_id   uuid not null,
    campaign_id  bigint not null,
    lead_id      uuid not null,
    asked_at     timestamptz not null,
    arrived_at   timestamptz,
    mid_hash     bytea check (octet_length(mid_hash) = 16),
    primary key (page_id, attempt_id)
);
create index delivery_again_of_delivery on delivery_again (page_id, campaign_id, lead_id);
