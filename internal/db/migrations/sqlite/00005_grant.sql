-- +goose Up
-- What payers have allowed clients.

create table oauth_grant (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  person text not null,
  payer text not null,
  client text not null,
  scopes text not null,
  created_at integer not null,
  expires_at integer not null,
  state text not null,
  revoked_at integer not null,
  revoked_by text not null
);
create index oauth_grant_merchant on oauth_grant (merchant, live, id);
create index oauth_grant_payer on oauth_grant (payer, id);
create index oauth_grant_person on oauth_grant (person, id);

create table oauth_grant_limit (
  id text primary key not null,
  grant_id text not null,
  payee text not null,
  currency text not null,
  period_max_minor integer not null,
  payment_max_minor integer not null,
  interval_text text not null,
  period_at integer not null,
  spent_minor integer not null
);
create index oauth_grant_limit_grant on oauth_grant_limit (grant_id, id);
