-- +goose Up
-- Where events are delivered to, and what became of each.

create table webhook_endpoint (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  live bigint not null,
  created_at bigint not null,
  after_sequence bigint not null,
  url text collate "C" not null,
  description text collate "C" not null,
  types text collate "C" not null,
  version text collate "C" not null,
  thin bigint not null,
  ordered bigint not null,
  concurrency bigint not null,
  status text collate "C" not null,
  disabled_reason text collate "C" not null,
  disabled_at bigint not null,
  secret bytea not null,
  secret_before bytea not null,
  public_key text collate "C" not null,
  rotated_until bigint not null,
  failing_since bigint not null,
  sequence bigint not null,
  maker text collate "C" not null
);
create index webhook_endpoint_merchant on webhook_endpoint (merchant, live, id);
create index webhook_endpoint_there on webhook_endpoint (merchant, live, after_sequence) where status <> 'deleted';

create table webhook_line (
  endpoint text collate "C" primary key,
  holder text collate "C" not null,
  held_until bigint not null
);

create table webhook_delivery (
  id text collate "C" primary key,
  endpoint text collate "C" not null,
  merchant text collate "C" not null,
  live bigint not null,
  sequence bigint not null,
  event text collate "C" not null,
  type text collate "C" not null,
  object text collate "C" not null,
  created_at bigint not null,
  status text collate "C" not null,
  tries bigint not null,
  attempts bigint not null,
  began_at bigint not null,
  due_at bigint not null,
  delivered_at bigint not null
);
create index webhook_delivery_due on webhook_delivery (endpoint, due_at) where status = 'pending';
create index webhook_delivery_order on webhook_delivery (object, endpoint, sequence) where status = 'pending';
create index webhook_delivery_merchant on webhook_delivery (merchant, live, id);
create index webhook_delivery_endpoint on webhook_delivery (endpoint, id);
create index webhook_delivery_event on webhook_delivery (event, id);

create table webhook_attempt (
  id text collate "C" primary key,
  delivery text collate "C" not null,
  number bigint not null,
  created_at bigint not null,
  status_code bigint not null,
  error text collate "C" not null,
  detail text collate "C" not null,
  latency_us bigint not null,
  version text collate "C" not null,
  thin bigint not null,
  request_headers text collate "C" not null,
  response_headers text collate "C" not null,
  response_body text collate "C" not null
);
create index webhook_attempt_delivery on webhook_attempt (delivery, number);

create table webhook_sorter (
  id text collate "C" primary key,
  sequence bigint not null
);
insert into webhook_sorter (id, sequence) values ('sorter', 0);
