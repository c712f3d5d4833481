CREATE TABLE account (
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

CREATE INDEX account_owner on account (owner, id);

CREATE TABLE api_key (
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
, allowance text not null default '', sequence integer not null default 0);

CREATE INDEX api_key_merchant on api_key (merchant, id);

CREATE TABLE attempt (
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

CREATE INDEX attempt_open on attempt (created_at) where state in ('started', 'unknown');

CREATE INDEX attempt_payment on attempt (payment, id);

CREATE TABLE card (
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

CREATE INDEX card_fingerprint on card (merchant, fingerprint);

CREATE TABLE chain (
  name text primary key not null,
  sequence integer not null,
  hash blob not null,
  at integer not null
) without rowid;

CREATE TABLE challenge (
  id text primary key not null,
  kind text not null,
  person text not null,
  session text not null,
  data text not null,
  expires_at integer not null
) without rowid;

CREATE INDEX challenge_age on challenge (expires_at);

CREATE TABLE claim (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  payer text not null,
  expires_at integer not null,
  used_at integer not null
) without rowid;

CREATE INDEX claim_age on claim (expires_at);

CREATE TABLE committer (
  id text primary key not null,
  batch integer not null
);

CREATE TABLE dispute (
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
, share_currency text not null default '', share_minor integer not null default 0, sequence integer not null default 0);

CREATE INDEX dispute_merchant on dispute (merchant, live, id);

CREATE INDEX dispute_payment on dispute (payment, id);

CREATE INDEX dispute_state on dispute ((merchant || state), live, id);

CREATE TABLE event (
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

CREATE INDEX event_merchant on event (merchant, live, sequence);

CREATE TRIGGER event_no_delete before delete on event begin
  select raise(abort, 'event rows are append-only');
end;

CREATE TRIGGER event_no_update before update on event begin
  select raise(abort, 'event rows are append-only');
end;

CREATE INDEX event_object on event (object, sequence);

CREATE INDEX event_type on event ((merchant || type), live, sequence) where type not in ('payment.created', 'payment.succeeded');

CREATE TABLE fx_quote (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  currency text not null,
  amount_minor integer not null,
  worth_currency text not null,
  worth_minor integer not null,
  base text not null,
  counter text not null,
  value integer not null,
  scale integer not null,
  source text not null,
  created_at integer not null,
  expires_at integer not null,
  payment text not null
, sequence integer not null default 0);

CREATE TABLE fx_rate (
  id text primary key not null,
  base text not null,
  counter text not null,
  live integer not null,
  value integer not null,
  scale integer not null,
  source text not null,
  set_at integer not null,
  expires_at integer not null
);

CREATE TABLE fx_residue (
  id text primary key not null,
  parts integer not null
);

CREATE TABLE hold (
  id text primary key not null,
  debit text not null,
  credit text not null,
  currency text not null,
  amount_minor integer not null,
  created_at integer not null,
  posted_minor integer not null,
  state text not null
);

CREATE TABLE idempotency (
  id text primary key not null,
  fingerprint blob not null,
  created_at integer not null,
  object text not null,
  status integer not null,
  sequence integer not null,
  answer blob not null
) without rowid;

CREATE INDEX idempotency_age on idempotency (created_at);

CREATE TABLE job (
  id text primary key not null,
  kind text not null,
  object text not null,
  created_at integer not null,
  due_at integer not null,
  tries integer not null,
  lease_until integer not null,
  last_error text not null
) without rowid;

CREATE INDEX job_due on job (due_at);

CREATE TABLE keyword (
  entry text primary key not null
) without rowid;

CREATE TABLE merchant (
  id text primary key not null,
  created_at integer not null,
  name text not null,
  country text not null,
  state text not null,
  card_fee_bps integer not null,
  card_fee_fixed_minor integer not null,
  wallet_fee_bps integer not null,
  amount_max_minor integer not null
, sequence integer not null default 0);

CREATE TABLE oauth_approval (
  grant_id text primary key not null,
  client text not null,
  merchant text not null,
  live integer not null,
  person text not null,
  payer text not null,
  scopes text not null,
  details text not null,
  auth_time integer not null,
  acr text not null,
  created_at integer not null,
  expires_at integer not null
);

CREATE INDEX oauth_approval_end on oauth_approval (expires_at);

CREATE TABLE oauth_client (
  id text primary key not null,
  merchant text not null,
  owner text not null,
  live integer not null,
  created_at integer not null,
  name text not null,
  auth text not null,
  secret_hash text not null,
  jwks text not null,
  tls_subject text not null,
  redirects text not null,
  logout_redirects text not null,
  origins text not null,
  grants text not null,
  scopes text not null,
  scopes_max text not null,
  detail_types text not null,
  native integer not null,
  fapi integer not null,
  signed_requests integer not null,
  jarm integer not null,
  bound integer not null,
  state text not null,
  registration_hash text not null
);

CREATE INDEX oauth_client_merchant on oauth_client (merchant, id);

CREATE TABLE oauth_code (
  hash text primary key not null,
  grant_id text not null,
  client text not null,
  redirect_uri text not null,
  challenge text not null,
  nonce text not null,
  key_thumbprint text not null,
  expires_at integer not null,
  redeemed_at integer not null
);

CREATE INDEX oauth_code_end on oauth_code (expires_at);

CREATE TABLE oauth_device (
  user_code text primary key not null,
  hash text not null,
  client text not null,
  scopes text not null,
  details text not null,
  key_thumbprint text not null,
  created_at integer not null,
  expires_at integer not null,
  state text not null,
  grant_id text not null,
  interval_seconds integer not null,
  next_poll_at integer not null
);

CREATE INDEX oauth_device_end on oauth_device (expires_at);

CREATE UNIQUE INDEX oauth_device_hash on oauth_device (hash);

CREATE TABLE oauth_grant (
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
, sequence integer not null default 0);

CREATE TABLE oauth_grant_limit (
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

CREATE INDEX oauth_grant_limit_grant on oauth_grant_limit (grant_id, id);

CREATE INDEX oauth_grant_merchant on oauth_grant (merchant, live, id);

CREATE INDEX oauth_grant_payer on oauth_grant (payer, id);

CREATE INDEX oauth_grant_person on oauth_grant (person, id);

CREATE TABLE oauth_guess (
  id text primary key not null,
  wrong integer not null,
  expires_at integer not null
);

CREATE TABLE oauth_key (
  id text primary key not null,
  purpose text not null,
  number integer not null,
  kid text not null,
  public text not null,
  sealed blob not null,
  created_at integer not null,
  state text not null,
  signs_from integer not null,
  verifies_until integer not null
);

CREATE TABLE oauth_refresh (
  hash text primary key not null,
  grant_id text not null,
  client text not null,
  key_thumbprint text not null,
  cert_thumbprint text not null,
  created_at integer not null,
  expires_at integer not null,
  rotated_at integer not null
);

CREATE INDEX oauth_refresh_end on oauth_refresh (expires_at);

CREATE TABLE oauth_request (
  id text primary key not null,
  pushed text not null,
  client text not null,
  parameters text not null,
  created_at integer not null,
  expires_at integer not null,
  state text not null
);

CREATE INDEX oauth_request_end on oauth_request (expires_at);

CREATE TABLE oauth_seen (
  id text primary key not null,
  kind text not null,
  expires_at integer not null
);

CREATE INDEX oauth_seen_kind on oauth_seen (kind, expires_at);

CREATE TABLE passkey (
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

CREATE INDEX passkey_person on passkey (person, id);

CREATE TABLE payer (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  created_at integer not null,
  name text not null,
  email text not null,
  reference text not null,
  metadata text not null
, sequence integer not null default 0);

CREATE INDEX payer_merchant on payer (merchant, live, id);

CREATE TABLE payment (
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
, reversed_minor integer not null default 0, returned_minor integer not null default 0, sequence integer not null default 0);

CREATE INDEX payment_merchant on payment (merchant, live, id);

CREATE INDEX payment_state on payment ((merchant || state), live, id) where state <> 'succeeded';

CREATE TABLE person (
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

CREATE TABLE person_login (
  id text primary key not null,
  person text not null
) without rowid;

CREATE TABLE person_payer (
  id text primary key not null,
  person text not null,
  merchant text not null,
  live integer not null,
  linked_at integer not null
) without rowid;

CREATE INDEX person_payer_person on person_payer (person, id);

CREATE TABLE person_record (
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

CREATE INDEX person_record_merchant on person_record (merchant, id);

CREATE TRIGGER person_record_no_delete before delete on person_record begin
  select raise(abort, 'person_record rows are append-only');
end;

CREATE TRIGGER person_record_no_update before update on person_record begin
  select raise(abort, 'person_record rows are append-only');
end;

CREATE INDEX person_record_person on person_record (person, id);

CREATE TABLE person_role (
  id text primary key not null,
  person text not null,
  merchant text not null,
  role text not null,
  given_by text not null,
  given_at integer not null
);

CREATE INDEX person_role_merchant on person_role (merchant, person);

CREATE INDEX person_role_person on person_role (person, merchant);

CREATE TABLE person_session (
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

CREATE INDEX person_session_person on person_session (person, id);

CREATE TABLE recovery_code (
  id text primary key not null,
  person text not null,
  recovery_set integer not null,
  used_at integer not null
) without rowid;

CREATE INDEX recovery_code_person on recovery_code (person, recovery_set);

CREATE TABLE refund (
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
, share_minor integer not null default 0, converted integer not null default 0, sequence integer not null default 0);

CREATE INDEX refund_merchant on refund (merchant, live, id);

CREATE INDEX refund_payment on refund (payment, id);

CREATE INDEX refund_state on refund ((merchant || state), live, id) where state <> 'succeeded';

CREATE TABLE staff (
  id text primary key not null,
  owners integer not null
) without rowid;

CREATE TABLE transfer (
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

CREATE TRIGGER transfer_no_delete before delete on transfer begin
  select raise(abort, 'transfer rows are append-only');
end;

CREATE TRIGGER transfer_no_update before update on transfer begin
  select raise(abort, 'transfer rows are append-only');
end;

CREATE TABLE vault_keyset (
  mode text primary key not null,
  wrapped blob not null,
  key_name text not null,
  version integer not null,
  changed_at integer not null
);

CREATE TABLE wallet (
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
, sequence integer not null default 0) without rowid;

CREATE INDEX wallet_merchant on wallet (merchant, live, id);

CREATE INDEX wallet_payer on wallet (payer, id);

CREATE TABLE webhook_attempt (
  id text primary key not null,
  delivery text not null,
  number integer not null,
  created_at integer not null,
  status_code integer not null,
  error text not null,
  detail text not null,
  latency_us integer not null,
  version text not null,
  thin integer not null,
  request_headers text not null,
  response_headers text not null,
  response_body text not null
);

CREATE INDEX webhook_attempt_delivery on webhook_attempt (delivery, number);

CREATE TABLE webhook_delivery (
  id text primary key not null,
  endpoint text not null,
  merchant text not null,
  live integer not null,
  sequence integer not null,
  event text not null,
  type text not null,
  object text not null,
  created_at integer not null,
  status text not null,
  tries integer not null,
  attempts integer not null,
  began_at integer not null,
  due_at integer not null,
  delivered_at integer not null
);

CREATE INDEX webhook_delivery_due on webhook_delivery (endpoint, due_at) where status = 'pending';

CREATE INDEX webhook_delivery_endpoint on webhook_delivery (endpoint, id);

CREATE INDEX webhook_delivery_event on webhook_delivery (event, id);

CREATE INDEX webhook_delivery_merchant on webhook_delivery (merchant, live, id);

CREATE INDEX webhook_delivery_order on webhook_delivery (object, endpoint, sequence) where status = 'pending';

CREATE TABLE webhook_endpoint (
  id text primary key not null,
  merchant text not null,
  live integer not null,
  created_at integer not null,
  after_sequence integer not null,
  url text not null,
  description text not null,
  types text not null,
  version text not null,
  thin integer not null,
  ordered integer not null,
  concurrency integer not null,
  status text not null,
  disabled_reason text not null,
  disabled_at integer not null,
  secret blob not null,
  secret_before blob not null,
  public_key text not null,
  rotated_until integer not null,
  failing_since integer not null,
  sequence integer not null,
  maker text not null
);

CREATE INDEX webhook_endpoint_merchant on webhook_endpoint (merchant, live, id);

CREATE INDEX webhook_endpoint_there on webhook_endpoint (merchant, live, after_sequence) where status <> 'deleted';

CREATE TABLE webhook_line (
  endpoint text primary key not null,
  holder text not null,
  held_until integer not null
);

CREATE TABLE webhook_sorter (
  id text primary key not null,
  sequence integer not null
);
