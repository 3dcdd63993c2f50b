-- What the platform limits: kept for the operator and for the next holder of the Page's lane, in database time.
create table page_limit (
    page_id   text primary key references page,
    standing  text not null check (standing in ('half_pace', 'answers_only', 'nothing')),
    cause     text not null check (cause in ('rate', 'allowance', 'usage', 'unreachable')),
    code      integer,
    subcode   integer,
    since     timestamptz not null,
    until     timestamptz not null,
    in_a_row  smallint not null
);
