-- +goose Up
-- The authorization server: clients, keys, and what is on its way to a token.

-- A program that asks for tokens.
create table oauth_client (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  owner text collate "C" not null,
  live bigint not null,
  created_at bigint not null,
  name text collate "C" not null,
  auth text collate "C" not null,
  secret_hash text collate "C" not null,
  jwks text collate "C" not null,
  tls_subject text collate "C" not null,
  redirects text collate "C" not null,
  logout_redirects text collate "C" not null,
  origins text collate "C" not null,
  grants text collate "C" not null,
  scopes text collate "C" not null,
  scopes_max text collate "C" not null,
  detail_types text collate "C" not null,
  native bigint not null,
  fapi bigint not null,
  signed_requests bigint not null,
  jarm bigint not null,
  bound bigint not null,
  state text collate "C" not null,
  registration_hash text collate "C" not null
);

-- Signing keys and nonce secrets; what is private is sealed.
create table oauth_key (
  id text collate "C" primary key,
  purpose text collate "C" not null,
  number bigint not null,
  kid text collate "C" not null,
  public text collate "C" not null,
  sealed bytea not null,
  created_at bigint not null,
  state text collate "C" not null,
  signs_from bigint not null,
  verifies_until bigint not null
);

-- Authorization requests: pushed ones, and those that a browser has opened.
create table oauth_request (
  id text collate "C" primary key,
  pushed text collate "C" not null,
  client text collate "C" not null,
  parameters text collate "C" not null,
  created_at bigint not null,
  expires_at bigint not null,
  state text collate "C" not null
);

-- What the tokens of a grant say.
create table oauth_approval (
  grant_id text collate "C" primary key,
  client text collate "C" not null,
  merchant text collate "C" not null,
  live bigint not null,
  person text collate "C" not null,
  payer text collate "C" not null,
  scopes text collate "C" not null,
  details text collate "C" not null,
  auth_time bigint not null,
  acr text collate "C" not null,
  created_at bigint not null,
  expires_at bigint not null
);

-- Authorization codes, by the SHA-256 of each.
create table oauth_code (
  hash text collate "C" primary key,
  grant_id text collate "C" not null,
  client text collate "C" not null,
  redirect_uri text collate "C" not null,
  challenge text collate "C" not null,
  nonce text collate "C" not null,
  key_thumbprint text collate "C" not null,
  expires_at bigint not null,
  redeemed_at bigint not null
);

-- Refresh tokens, by the SHA-256 of each. expires_at never moves.
create table oauth_refresh (
  hash text collate "C" primary key,
  grant_id text collate "C" not null,
  client text collate "C" not null,
  key_thumbprint text collate "C" not null,
  cert_thumbprint text collate "C" not null,
  created_at bigint not null,
  expires_at bigint not null,
  rotated_at bigint not null
);

-- Requests of devices without a browser.
create table oauth_device (
  user_code text collate "C" primary key,
  hash text collate "C" not null,
  client text collate "C" not null,
  scopes text collate "C" not null,
  details text collate "C" not null,
  key_thumbprint text collate "C" not null,
  created_at bigint not null,
  expires_at bigint not null,
  state text collate "C" not null,
  grant_id text collate "C" not null,
  interval_seconds bigint not null,
  next_poll_at bigint not null
);

-- Names that may be used once: of assertions, proofs and request objects; and access tokens that were revoked.
create table oauth_seen (
  id text collate "C" primary key,
  kind text collate "C" not null,
  expires_at bigint not null
);

-- How often somebody named a user code that is not there.
create table oauth_guess (
  id text collate "C" primary key,
  wrong bigint not null,
  expires_at bigint not null
);

create unique index oauth_device_hash on oauth_device (hash);
create index oauth_client_merchant on oauth_client (merchant, id);
create index oauth_seen_kind on oauth_seen (kind, expires_at);
create index oauth_request_end on oauth_request (expires_at);
create index oauth_code_end on oauth_code (expires_at);
create index oauth_refresh_end on oauth_refresh (expires_at);
create index oauth_device_end on oauth_device (expires_at);
create index oauth_approval_end on oauth_approval (expires_at);
