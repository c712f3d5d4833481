-- +goose Up
-- What payers have allowed clients.

create table oauth_grant (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  live bigint not null,
  person text collate "C" not null,
  payer text collate "C" not null,
  client text collate "C" not null,
  scopes text collate "C" not null,
  created_at bigint not null,
  expires_at bigint not null,
  state text collate "C" not null,
  revoked_at bigint not null,
  revoked_by text collate "C" not null
);
create index oauth_grant_merchant on oauth_grant (merchant, live, id);
create index oauth_grant_payer on oauth_grant (payer, id);
create index oauth_grant_person on oauth_grant (person, id);

create table oauth_grant_limit (
  id text collate "C" primary key,
  grant_id text collate "C" not null,
  payee text collate "C" not null,
  currency text collate "C" not null,
  period_max_minor bigint not null,
  payment_max_minor bigint not null,
  interval_text text collate "C" not null,
  period_at bigint not null,
  spent_minor bigint not null
);
create index oauth_grant_limit_grant on oauth_grant_limit (grant_id, id);
