-- Before this moment a call could prolong what the platform holds against the Page.
alter table page add column resume_after timestamptz;
