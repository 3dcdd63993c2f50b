-- What campaigns need to choose people and to keep times: audiences, schedules, quiet hours, caps, tags and declared
-- fields.

alter table page add column frequency_hours smallint check (frequency_hours between 1 and 720);
-- Minutes after midnight by each person's own clock; they may reach over midnight.
alter table page add column quiet_from smallint check (quiet_from between 0 and 1439);
alter table page add column quiet_until smallint check (quiet_until between 0 and 1439);
alter table page add constraint page_quiet_hours check (
    (quiet_from is null) = (quiet_until is null) and quiet_from is distinct from coalesce(quiet_until, 1440));
-- A yes under an older version of the notice does not permit marketing any more; 0: every version does.
alter table page add column consent_from_notice integer not null default 0 check (consent_from_notice >= 0);

alter table lead add column time_zone text;
alter table lead add column entry_point text;

alter table campaign drop constraint campaign_state_check;
alter table campaign add constraint campaign_state_check
    check (state in ('draft', 'scheduled', 'running', 'paused', 'finished', 'cancelled'));
alter table campaign add column audience text not null default '';
alter table campaign add column weight smallint not null default 10 check (weight between 1 and 100);
-- When it starts: at one moment, or at one time of the clock wherever each person lives (start_at is the first of these).
alter table campaign add column start_at timestamptz;
alter table campaign add column start_wall timestamp;
alter table campaign add column spread interval not null default '0' check (spread >= '0');
create index campaign_scheduled on campaign (page_id, start_at) where state = 'scheduled';

-- The newest campaign message of a person: for the cap, and for one message per opened window.
create table lead_sent (
    page_id      text not null,
    lead_id      uuid not null,
    campaign_id  bigint not null,
    sent_at      timestamptz not null,
    primary key (page_id, lead_id)
) with (fillfactor = 70);

create table tag (
    page_id     text not null references page,
    name        text not null check (name ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
    created_at  timestamptz not null,
    primary key (page_id, name)
);
create table lead_tag (
    page_id   text not null,
    name      text not null,
    lead_id   uuid not null,
    since     timestamptz not null,
    primary key (page_id, name, lead_id),
    foreign key (page_id, name) references tag
);
create index lead_tag_of_lead on lead_tag (page_id, lead_id);

-- Only declared fields can be filtered by: their values stand in clear, so an operator decides it with a reason.
create table field_definition (
    page_id      text not null references page,
    name         text not null check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    kind         text not null check (kind in ('text', 'number', 'date', 'language')),
    purpose      text not null,
    declared_at  timestamptz not null,
    primary key (page_id, name)
);
create table lead_field (
    page_id  text not null,
    name     text not null,
    lead_id  uuid not null,
    value    text not null check (length(value) <= 200),
    primary key (page_id, name, lead_id),
    foreign key (page_id, name) references field_definition
);
create index lead_field_of_lead on lead_field (page_id, lead_id);
create index lead_field_by_value on lead_field (page_id, name, value);

create table segment (
    page_id    text not null references page,
    name       text not null check (name ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
    audience   text not null,
    primary key (page_id, name)
);

-- A row that waits for its time stands in an index of its own, so that claims never look at it.
drop index delivery_queued;
create index delivery_queued on delivery (page_id, campaign_id, seq) where state = 'queued' and not_before is null;
create index delivery_due on delivery (page_id, not_before) where state = 'queued' and not_before is not null;
