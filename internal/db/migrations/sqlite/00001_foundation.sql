-- +goose Up

-- The ends of the hash chains: one row each, locked by every commit that appends.
create table chain (
  name text primary key not null,
  sequence integer not null,
  hash blob not null,
  at integer not null
) without rowid;

-- One row per committing session, with the number of its last batch: what became of
-- a COMMIT whose answer was lost is read here. Used on PostgreSQL only.
create table committer (
  id text primary key not null,
  batch integer not null
);

-- Ledger. A transfer is one row with both sides, both resulting balances, and the
-- way back to the transfers before it on either account.
create table account (
  id text primary key not null,
  owner text not null,
  purpose text not null,
  currency text not null,
  live integer not null,
  created_at integer not null,
  floored integer not null,
  floor_minor integer not null,
  capped integer not null,
  ceiling_minor integer not null,
  posted_minor integer not null,
  held_out_minor integer not null,
  held_in_minor integer not null,
  transfers integer not null,
  trail blob not null
) without rowid;
create index account_owner on account (owner, id);

create table transfer (
  sequence integer primary key,
  id text not null unique,
  kind text not null,
  debit text not null,
  credit text not null,
  currency text not null,
  amount_minor integer not null,
  hold text not null,
  debit_posted_minor integer not null,
  debit_held_out_minor integer not null,
  debit_held_in_minor integer not null,
  debit_rank integer not null,
  debit_prev integer not null,
  debit_skip integer not null,
  credit_posted_minor integer not null,
  credit_held_out_minor integer not null,
  credit_held_in_minor integer not null,
  credit_rank integer not null,
  credit_prev integer not null,
  credit_skip integer not null,
  cause text not null,
  created_at integer not null,
  hash blob not null
);

create table hold (
  id text primary key not null,
  debit text not null,
  credit text not null,
  currency text not null,
  amount_minor integer not null,
  created_at integer not null,
  posted_minor integer not null,
  state text not null
);

-- The numbered log.
create table event (
  sequence integer primary key,
  id text not null unique,
  merchant text not null,
  live integer not null,
  type text not null,
  object text not null,
  data blob not null,
  request text not null,
  idempotency_key text not null,
  created_at integer not null,
  hash blob not null
);
create index event_merchant on event (merchant, live, sequence);
create index event_object on event (object, sequence);
-- What happens all the time is found along event_merchant. Merchant and type are one
-- expression, so that no planner takes that other index and looks at every event on it.
create index event_type on event ((merchant || type), live, sequence) where type not in ('payment.created', 'payment.succeeded');

-- What objects can be found by: a digest of a reference or a pair of metadata, and the
-- object's id after it. Only objects that have some are in it.
create table keyword (
  entry text primary key not null
) without rowid;

create table job (
  id text primary key not null,
  kind text not null,
  object text not null,
  created_at integer not null,
  due_at integer not null,
  tries integer not null,
  lease_until integer not null,
  last_error text not null
) without rowid;
create index job_due on job (due_at);

create table idempotency (
  id text primary key not null,
  fingerprint blob not null,
  created_at integer not null,
  object text not null,
  status integer not null,
  sequence integer not null,
  answer blob not null
) without rowid;
create index idempotency_age on idempotency (created_at);

create table merchant (
  id text primary key not null,
  created_at integer not null,
  name text not null,
  country text not null,
  state text not null,
  card_fee_bps integer not null,
  card_fee_fixed_minor integer not null,
  wallet_fee_bps integer not null,
  amount_max_minor integer not null
);

create table api_key (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  hash text not null unique,
  prefix text not null,
  scopes text not null,
  created_at integer not null,
  name text not null,
  rate_per_second integer not null,
  burst integer not null,
  expires_at integer not null,
  revoked_at integer not null,
  last_used_at integer not null,
  replaced_by text not null
);
create index api_key_merchant on api_key (merchant, id);

create table vault_keyset (
  mode text primary key not null,
  wrapped blob not null,
  key_name text not null,
  version integer not null,
  changed_at integer not null
);

create table card (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  fingerprint text not null,
  brand text not null,
  last4 text not null,
  expiry_month integer not null,
  expiry_year integer not null,
  created_at integer not null,
  sealed blob not null,
  version integer not null,
  sequence integer not null
);
create index card_fingerprint on card (merchant, fingerprint);

create table payer (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  created_at integer not null,
  name text not null,
  email text not null,
  reference text not null,
  metadata text not null
);
create index payer_merchant on payer (merchant, live, id);

create table wallet (
  id text primary key not null,
  payer text not null,
  merchant text not null,
  live integer not null,
  currency text not null,
  created_at integer not null,
  payment_max_minor integer not null,
  day_max_minor integer not null,
  day_on text not null,
  day_spent_minor integer not null
) without rowid;
create index wallet_payer on wallet (payer, id);
create index wallet_merchant on wallet (merchant, live, id);

create table payment (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  currency text not null,
  amount_minor integer not null,
  source text not null,
  destination text not null,
  manual integer not null,
  connector text not null,
  hold text not null,
  details text not null,
  created_at integer not null,
  state text not null,
  captured_minor integer not null,
  refunded_minor integer not null,
  refunding_minor integer not null,
  fee_minor integer not null,
  fee_returned_minor integer not null,
  disputed integer not null,
  attempt text not null,
  authorized_by text not null,
  decline_code text not null,
  advice text not null,
  expires_at integer not null
);
create index payment_merchant on payment (merchant, live, id);
-- Most payments succeed at once and never enter it. For the expression see event_type.
create index payment_state on payment ((merchant || state), live, id) where state <> 'succeeded';

create table attempt (
  id text primary key not null,
  payment text not null,
  refund text not null,
  connector text not null,
  kind text not null,
  currency text not null,
  amount_minor integer not null,
  release integer not null,
  once text not null,
  request text not null,
  idempotency_key text not null,
  created_at integer not null,
  state text not null,
  rail_ref text not null,
  network_code text not null,
  failure_code text not null,
  asks integer not null,
  finished_at integer not null
);
create index attempt_payment on attempt (payment, id);
create index attempt_open on attempt (created_at) where state in ('started', 'unknown');

create table refund (
  id text primary key not null,
  payment text not null,
  merchant text not null,
  live integer not null,
  currency text not null,
  amount_minor integer not null,
  reason text not null,
  metadata text not null,
  hold text not null,
  fee_returned_minor integer not null,
  created_at integer not null,
  state text not null,
  failure_code text not null
);
create index refund_merchant on refund (merchant, live, id);
create index refund_payment on refund (payment, id);
create index refund_state on refund ((merchant || state), live, id) where state <> 'succeeded';

create table dispute (
  id text primary key not null,
  payment text not null,
  merchant text not null,
  live integer not null,
  currency text not null,
  amount_minor integer not null,
  reason text not null,
  created_at integer not null,
  hold text not null,
  stage text not null,
  state text not null,
  evidence text not null,
  respond_by integer not null
);
create index dispute_merchant on dispute (merchant, live, id);
create index dispute_payment on dispute (payment, id);
create index dispute_state on dispute ((merchant || state), live, id);

-- +goose StatementBegin
create trigger transfer_no_update before update on transfer begin
  select raise(abort, 'transfer rows are append-only');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger transfer_no_delete before delete on transfer begin
  select raise(abort, 'transfer rows are append-only');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger event_no_update before update on event begin
  select raise(abort, 'event rows are append-only');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger event_no_delete before delete on event begin
  select raise(abort, 'event rows are append-only');
end;
-- +goose StatementEnd

insert into chain (name, sequence, hash, at) values ('event', 0, zeroblob(32), 0), ('transfer', 0, zeroblob(32), 0);
