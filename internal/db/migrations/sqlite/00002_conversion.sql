-- +goose Up
-- Payments that are presented in one currency and settled in another.

create table fx_rate (
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

create table fx_quote (
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
);

-- What roundings have left, in 1/10^14 minor units.
create table fx_residue (
  id text primary key not null,
  parts integer not null
);

alter table payment add column reversed_minor integer not null default 0;
alter table payment add column returned_minor integer not null default 0;
alter table refund add column share_minor integer not null default 0;
alter table refund add column converted integer not null default 0;
update refund set share_minor = amount_minor;
alter table dispute add column share_currency text not null default '';
alter table dispute add column share_minor integer not null default 0;
update dispute set share_currency = currency, share_minor = amount_minor;
update payment set reversed_minor = (select sum(d.amount_minor) from dispute d
  where d.payment = payment.id and d.state in ('lost', 'accepted', 'expired'))
  where id in (select payment from dispute where state in ('lost', 'accepted', 'expired'));
