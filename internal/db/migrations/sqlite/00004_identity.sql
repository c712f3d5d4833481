-- +goose Up
-- Persons: who somebody is, how it is proved, and what it lets them do.

create table person (
  id text primary key not null,
  login text not null unique,
  created_at integer not null,
  name text not null,
  locale text not null,
  state text not null,
  password text not null,
  totp blob not null,
  totp_next blob not null,
  totp_next_until integer not null,
  totp_step integer not null,
  recovery_set integer not null,
  fails integer not null,
  locked_until integer not null,
  sessions_epoch integer not null,
  passkeys integer not null,
  roles integer not null,
  strict_roles integer not null,
  payers integer not null
);

-- A login is taken by its row here: whoever signs up locks it, there or not.
create table person_login (
  id text primary key not null,
  person text not null
) without rowid;

create table passkey (
  id text primary key not null,
  person text not null,
  credential blob not null,
  public_key blob not null,
  aaguid blob not null,
  transports text not null,
  backup_eligible integer not null,
  created_at integer not null,
  name text not null,
  sign_count integer not null,
  clone_warned integer not null,
  backed_up integer not null,
  last_used_at integer not null,
  revoked_at integer not null
);
create index passkey_person on passkey (person, id);

-- Deleted in the commit that uses it.
create table challenge (
  id text primary key not null,
  kind text not null,
  person text not null,
  session text not null,
  data text not null,
  expires_at integer not null
) without rowid;
create index challenge_age on challenge (expires_at);

create table person_session (
  id text primary key not null,
  person text not null,
  address text not null,
  agent text not null,
  created_at integer not null,
  hash text not null unique,
  epoch integer not null,
  acr text not null,
  authenticated_at integer not null,
  stepped_up_at integer not null,
  last_seen_at integer not null,
  ended_at integer not null
);
create index person_session_person on person_session (person, id);

create table recovery_code (
  id text primary key not null,
  person text not null,
  recovery_set integer not null,
  used_at integer not null
) without rowid;
create index recovery_code_person on recovery_code (person, recovery_set);

create table person_role (
  id text primary key not null,
  person text not null,
  merchant text not null,
  role text not null,
  given_by text not null,
  given_at integer not null
);
create index person_role_person on person_role (person, merchant);
create index person_role_merchant on person_role (merchant, person);

-- How many may give roles at a merchant: the last of them stays.
create table staff (
  id text primary key not null,
  owners integer not null
) without rowid;

create table person_payer (
  id text primary key not null,
  person text not null,
  merchant text not null,
  live integer not null,
  linked_at integer not null
) without rowid;
create index person_payer_person on person_payer (person, id);

create table claim (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  payer text not null,
  expires_at integer not null,
  used_at integer not null
) without rowid;
create index claim_age on claim (expires_at);

-- Who did what to whom, when, from where, and what came of it.
create table person_record (
  id text primary key not null,
  at integer not null,
  kind text not null,
  result text not null,
  person text not null,
  actor text not null,
  merchant text not null,
  object text not null,
  session text not null,
  address text not null,
  agent text not null,
  request text not null
);
create index person_record_person on person_record (person, id);
create index person_record_merchant on person_record (merchant, id);

-- +goose StatementBegin
create trigger person_record_no_update before update on person_record begin
  select raise(abort, 'person_record rows are append-only');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger person_record_no_delete before delete on person_record begin
  select raise(abort, 'person_record rows are append-only');
end;
-- +goose StatementEnd
