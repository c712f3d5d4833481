-- +goose Up
-- Persons: who somebody is, how it is proved, and what it lets them do.

create table person (
  id text collate "C" primary key,
  login text collate "C" not null unique,
  created_at bigint not null,
  name text collate "C" not null,
  locale text collate "C" not null,
  state text collate "C" not null,
  password text collate "C" not null,
  totp bytea not null,
  totp_next bytea not null,
  totp_next_until bigint not null,
  totp_step bigint not null,
  recovery_set bigint not null,
  fails bigint not null,
  locked_until bigint not null,
  sessions_epoch bigint not null,
  passkeys bigint not null,
  roles bigint not null,
  strict_roles bigint not null,
  payers bigint not null
);

-- A login is taken by its row here: whoever signs up locks it, there or not.
create table person_login (
  id text collate "C" primary key,
  person text collate "C" not null
);

create table passkey (
  id text collate "C" primary key,
  person text collate "C" not null,
  credential bytea not null,
  public_key bytea not null,
  aaguid bytea not null,
  transports text collate "C" not null,
  backup_eligible bigint not null,
  created_at bigint not null,
  name text collate "C" not null,
  sign_count bigint not null,
  clone_warned bigint not null,
  backed_up bigint not null,
  last_used_at bigint not null,
  revoked_at bigint not null
);
create index passkey_person on passkey (person, id);

-- Deleted in the commit that uses it.
create table challenge (
  id text collate "C" primary key,
  kind text collate "C" not null,
  person text collate "C" not null,
  session text collate "C" not null,
  data text collate "C" not null,
  expires_at bigint not null
);
create index challenge_age on challenge (expires_at);

create table person_session (
  id text collate "C" primary key,
  person text collate "C" not null,
  address text collate "C" not null,
  agent text collate "C" not null,
  created_at bigint not null,
  hash text collate "C" not null unique,
  epoch bigint not null,
  acr text collate "C" not null,
  authenticated_at bigint not null,
  stepped_up_at bigint not null,
  last_seen_at bigint not null,
  ended_at bigint not null
);
create index person_session_person on person_session (person, id);

create table recovery_code (
  id text collate "C" primary key,
  person text collate "C" not null,
  recovery_set bigint not null,
  used_at bigint not null
);
create index recovery_code_person on recovery_code (person, recovery_set);

create table person_role (
  id text collate "C" primary key,
  person text collate "C" not null,
  merchant text collate "C" not null,
  role text collate "C" not null,
  given_by text collate "C" not null,
  given_at bigint not null
);
create index person_role_person on person_role (person, merchant);
create index person_role_merchant on person_role (merchant, person);

-- How many may give roles at a merchant: the last of them stays.
create table staff (
  id text collate "C" primary key,
  owners bigint not null
);

create table person_payer (
  id text collate "C" primary key,
  person text collate "C" not null,
  merchant text collate "C" not null,
  live bigint not null,
  linked_at bigint not null
);
create index person_payer_person on person_payer (person, id);

create table claim (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  live bigint not null,
  payer text collate "C" not null,
  expires_at bigint not null,
  used_at bigint not null
);
create index claim_age on claim (expires_at);

-- Who did what to whom, when, from where, and what came of it.
create table person_record (
  id text collate "C" primary key,
  at bigint not null,
  kind text collate "C" not null,
  result text collate "C" not null,
  person text collate "C" not null,
  actor text collate "C" not null,
  merchant text collate "C" not null,
  object text collate "C" not null,
  session text collate "C" not null,
  address text collate "C" not null,
  agent text collate "C" not null,
  request text collate "C" not null
);
create index person_record_person on person_record (person, id);
create index person_record_merchant on person_record (merchant, id);

create trigger person_record_append_only before update or delete or truncate on person_record for each statement execute function refuse_change();
