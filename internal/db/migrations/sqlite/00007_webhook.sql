-- +goose Up
-- Where events are delivered to, and what became of each.

create table webhook_endpoint (
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
create index webhook_endpoint_merchant on webhook_endpoint (merchant, live, id);
create index webhook_endpoint_there on webhook_endpoint (merchant, live, after_sequence) where status <> 'deleted';

create table webhook_line (
  endpoint text primary key not null,
  holder text not null,
  held_until integer not null
);

create table webhook_delivery (
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
create index webhook_delivery_due on webhook_delivery (endpoint, due_at) where status = 'pending';
create index webhook_delivery_order on webhook_delivery (object, endpoint, sequence) where status = 'pending';
create index webhook_delivery_merchant on webhook_delivery (merchant, live, id);
create index webhook_delivery_endpoint on webhook_delivery (endpoint, id);
create index webhook_delivery_event on webhook_delivery (event, id);

create table webhook_attempt (
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
create index webhook_attempt_delivery on webhook_attempt (delivery, number);

create table webhook_sorter (
  id text primary key not null,
  sequence integer not null
);
insert into webhook_sorter (id, sequence) values ('sorter', 0);
