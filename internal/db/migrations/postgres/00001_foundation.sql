-- +goose Up

-- The ends of the hash chains: one row each, locked by every commit that appends.
create table chain (
  name text collate "C" primary key,
  sequence bigint not null,
  hash bytea not null,
  at bigint not null
) with (fillfactor = 10);

-- One row per committing session, with the number of its last batch: what became of
-- a COMMIT whose answer was lost is read here. Used on PostgreSQL only.
create table committer (
  id text collate "C" primary key,
  batch bigint not null
) with (fillfactor = 10);

-- Ledger. A transfer is one row with both sides, both resulting balances, and the
-- way back to the transfers before it on either account.
create table account (
  id text collate "C" primary key,
  owner text collate "C" not null,
  purpose text collate "C" not null,
  currency text collate "C" not null,
  live bigint not null,
  created_at bigint not null,
  floored bigint not null,
  floor_minor bigint not null,
  capped bigint not null,
  ceiling_minor bigint not null,
  posted_minor bigint not null,
  held_out_minor bigint not null,
  held_in_minor bigint not null,
  transfers bigint not null,
  trail bytea not null
) with (fillfactor = 50);
create index account_owner on account (owner, id);

create table transfer (
  sequence bigint primary key,
  id text collate "C" not null unique,
  kind text collate "C" not null,
  debit text collate "C" not null,
  credit text collate "C" not null,
  currency text collate "C" not null,
  amount_minor bigint not null,
  hold text collate "C" not null,
  debit_posted_minor bigint not null,
  debit_held_out_minor bigint not null,
  debit_held_in_minor bigint not null,
  debit_rank bigint not null,
  debit_prev bigint not null,
  debit_skip bigint not null,
  credit_posted_minor bigint not null,
  credit_held_out_minor bigint not null,
  credit_held_in_minor bigint not null,
  credit_rank bigint not null,
  credit_prev bigint not null,
  credit_skip bigint not null,
  cause text collate "C" not null,
  created_at bigint not null,
  hash bytea not null
);

create table hold (
  id text collate "C" primary key,
  debit text collate "C" not null,
  credit text collate "C" not null,
  currency text collate "C" not null,
  amount_minor bigint not null,
  created_at bigint not null,
  posted_minor bigint not null,
  state text collate "C" not null
) with (fillfactor = 70);

-- The numbered log.
create table event (
  sequence bigint primary key,
  id text collate "C" not null unique,
  merchant text collate "C" not null,
  live bigint not null,
  type text collate "C" not null,
  object text collate "C" not null,
  data bytea not null,
  request text collate "C" not null,
  idempotency_key text collate "C" not null,
  created_at bigint not null,
  hash bytea not null
);
create index event_merchant on event (merchant, live, sequence);
create index event_object on event (object, sequence);
-- What happens all the time is found along event_merchant. Merchant and type are one
-- expression, so that no planner takes that other index and looks at every event on it.
create index event_type on event ((merchant || type), live, sequence) where type not in ('payment.created', 'payment.succeeded');

-- What objects can be found by: a digest of a reference or a pair of metadata, and the
-- object's id after it. Only objects that have some are in it.
create table keyword (
  entry text collate "C" primary key
);

create table job (
  id text collate "C" primary key,
  kind text collate "C" not null,
  object text collate "C" not null,
  created_at bigint not null,
  due_at bigint not null,
  tries bigint not null,
  lease_until bigint not null,
  last_error text collate "C" not null
);
create index job_due on job (due_at);

create table idempotency (
  id text collate "C" primary key,
  fingerprint bytea not null,
  created_at bigint not null,
  object text collate "C" not null,
  status bigint not null,
  sequence bigint not null,
  answer bytea not null
) with (fillfactor = 70);
create index idempotency_age on idempotency (created_at);

create table merchant (
  id text collate "C" primary key,
  created_at bigint not null,
  name text collate "C" not null,
  country text collate "C" not null,
  state text collate "C" not null,
  card_fee_bps bigint not null,
  card_fee_fixed_minor bigint not null,
  wallet_fee_bps bigint not null,
  amount_max_minor bigint not null
);

create table api_key (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  live bigint not null,
  hash text collate "C" not null unique,
  prefix text collate "C" not null,
  scopes text collate "C" not null,
  created_at bigint not null,
  name text collate "C" not null,
  rate_per_second bigint not null,
  burst bigint not null,
  expires_at bigint not null,
  revoked_at bigint not null,
  last_used_at bigint not null,
  replaced_by text collate "C" not null
);
create index api_key_merchant on api_key (merchant, id);

create table vault_keyset (
  mode text collate "C" primary key,
  wrapped bytea not null,
  key_name text collate "C" not null,
  version bigint not null,
  changed_at bigint not null
);

create table card (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  live bigint not null,
  fingerprint text collate "C" not null,
  brand text collate "C" not null,
  last4 text collate "C" not null,
  expiry_month bigint not null,
  expiry_year bigint not null,
  created_at bigint not null,
  sealed bytea not null,
  version bigint not null,
  sequence bigint not null
);
create index card_fingerprint on card (merchant, fingerprint);

create table payer (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  live bigint not null,
  created_at bigint not null,
  name text collate "C" not null,
  email text collate "C" not null,
  reference text collate "C" not null,
  metadata text collate "C" not null
);
create index payer_merchant on payer (merchant, live, id);

create table wallet (
  id text collate "C" primary key,
  payer text collate "C" not null,
  merchant text collate "C" not null,
  live bigint not null,
  currency text collate "C" not null,
  created_at bigint not null,
  payment_max_minor bigint not null,
  day_max_minor bigint not null,
  day_on text collate "C" not null,
  day_spent_minor bigint not null
) with (fillfactor = 50);
create index wallet_payer on wallet (payer, id);
create index wallet_merchant on wallet (merchant, live, id);

create table payment (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  live bigint not null,
  currency text collate "C" not null,
  amount_minor bigint not null,
  source text collate "C" not null,
  destination text collate "C" not null,
  manual bigint not null,
  connector text collate "C" not null,
  hold text collate "C" not null,
  details text collate "C" not null,
  created_at bigint not null,
  state text collate "C" not null,
  captured_minor bigint not null,
  refunded_minor bigint not null,
  refunding_minor bigint not null,
  fee_minor bigint not null,
  fee_returned_minor bigint not null,
  disputed bigint not null,
  attempt text collate "C" not null,
  authorized_by text collate "C" not null,
  decline_code text collate "C" not null,
  advice text collate "C" not null,
  expires_at bigint not null
) with (fillfactor = 60);
create index payment_merchant on payment (merchant, live, id);
-- Most payments succeed at once and never enter it. For the expression see event_type.
create index payment_state on payment ((merchant || state), live, id) where state <> 'succeeded';

create table attempt (
  id text collate "C" primary key,
  payment text collate "C" not null,
  refund text collate "C" not null,
  connector text collate "C" not null,
  kind text collate "C" not null,
  currency text collate "C" not null,
  amount_minor bigint not null,
  release bigint not null,
  once text collate "C" not null,
  request text collate "C" not null,
  idempotency_key text collate "C" not null,
  created_at bigint not null,
  state text collate "C" not null,
  rail_ref text collate "C" not null,
  network_code text collate "C" not null,
  failure_code text collate "C" not null,
  asks bigint not null,
  finished_at bigint not null
) with (fillfactor = 60);
create index attempt_payment on attempt (payment, id);
create index attempt_open on attempt (created_at) where state in ('started', 'unknown');

create table refund (
  id text collate "C" primary key,
  payment text collate "C" not null,
  merchant text collate "C" not null,
  live bigint not null,
  currency text collate "C" not null,
  amount_minor bigint not null,
  reason text collate "C" not null,
  metadata text collate "C" not null,
  hold text collate "C" not null,
  fee_returned_minor bigint not null,
  created_at bigint not null,
  state text collate "C" not null,
  failure_code text collate "C" not null
);
create index refund_merchant on refund (merchant, live, id);
create index refund_payment on refund (payment, id);
create index refund_state on refund ((merchant || state), live, id) where state <> 'succeeded';

create table dispute (
  id text collate "C" primary key,
  payment text collate "C" not null,
  merchant text collate "C" not null,
  live bigint not null,
  currency text collate "C" not null,
  amount_minor bigint not null,
  reason text collate "C" not null,
  created_at bigint not null,
  hold text collate "C" not null,
  stage text collate "C" not null,
  state text collate "C" not null,
  evidence text collate "C" not null,
  respond_by bigint not null
);
create index dispute_merchant on dispute (merchant, live, id);
create index dispute_payment on dispute (payment, id);
create index dispute_state on dispute ((merchant || state), live, id);

-- +goose StatementBegin
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% rows are append-only', tg_table_name;
end $$;
-- +goose StatementEnd
create trigger transfer_append_only before update or delete or truncate on transfer for each statement execute function refuse_change();
create trigger event_append_only before update or delete or truncate on event for each statement execute function refuse_change();

insert into chain (name, sequence, hash, at) values ('event', 0, decode(repeat('00', 32), 'hex'), 0), ('transfer', 0, decode(repeat('00', 32), 'hex'), 0);
