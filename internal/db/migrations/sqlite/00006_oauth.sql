-- +goose Up
-- The authorization server: clients, keys, and what is on its way to a token.

-- A program that asks for tokens.
create table oauth_client (
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

-- Signing keys and nonce secrets; what is private is sealed.
create table oauth_key (
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

-- Authorization requests: pushed ones, and those that a browser has opened.
create table oauth_request (
  id text primary key not null,
  pushed text not null,
  client text not null,
  parameters text not null,
  created_at integer not null,
  expires_at integer not null,
  state text not null
);

-- What the tokens of a grant say.
create table oauth_approval (
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

-- Authorization codes, by the SHA-256 of each.
create table oauth_code (
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

-- Refresh tokens, by the SHA-256 of each. expires_at never moves.
create table oauth_refresh (
  hash text primary key not null,
  grant_id text not null,
  client text not null,
  key_thumbprint text not null,
  cert_thumbprint text not null,
  created_at integer not null,
  expires_at integer not null,
  rotated_at integer not null
);

-- Requests of devices without a browser.
create table oauth_device (
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

-- Names that may be used once: of assertions, proofs and request objects; and access tokens that were revoked.
create table oauth_seen (
  id text primary key not null,
  kind text not null,
  expires_at integer not null
);

-- How often somebody named a user code that is not there.
create table oauth_guess (
  id text primary key not null,
  wrong integer not null,
  expires_at integer not null
);

create unique index oauth_device_hash on oauth_device (hash);
create index oauth_client_merchant on oauth_client (merchant, id);
create index oauth_seen_kind on oauth_seen (kind, expires_at);
create index oauth_request_end on oauth_request (expires_at);
create index oauth_code_end on oauth_code (expires_at);
create index oauth_refresh_end on oauth_refresh (expires_at);
create index oauth_device_end on oauth_device (expires_at);
create index oauth_approval_end on oauth_approval (expires_at);
