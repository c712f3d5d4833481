-- +goose Up
-- Payments that are presented in one currency and settled in another.

create table fx_rate (
  id text collate "C" primary key,
  base text collate "C" not null,
  counter text collate "C" not null,
  live bigint not null,
  value bigint not null,
  scale bigint not null,
  source text collate "C" not null,
  set_at bigint not null,
  expires_at bigint not null
);

create table fx_quote (
  id text collate "C" primary key,
  merchant text collate "C" not null,
  live bigint not null,
  currency text collate "C" not null,
  amount_minor bigint not null,
  worth_currency text collate "C" not null,
  worth_minor bigint not null,
  base text collate "C" not null,
  counter text collate "C" not null,
  value bigint not null,
  scale bigint not null,
  source text collate "C" not null,
  created_at bigint not null,
  expires_at bigint not null,
  payment text collate "C" not null
);

-- What roundings have left, in 1/10^14 minor units.
create table fx_residue (
  id text collate "C" primary key,
  parts bigint not null
);

alter table payment add column reversed_minor bigint not null default 0;
alter table payment add column returned_minor bigint not null default 0;
alter table refund add column share_minor bigint not null default 0;
alter table refund add column converted bigint not null default 0;
update refund set share_minor = amount_minor;
alter table dispute add column share_currency text collate "C" not null default '';
alter table dispute add column share_minor bigint not null default 0;
update dispute set share_currency = currency, share_minor = amount_minor;
update payment set reversed_minor = (select sum(d.amount_minor) from dispute d
  where d.payment = payment.id and d.state in ('lost', 'accepted', 'expired'))
  where id in (select payment from dispute where state in ('lost', 'accepted', 'expired'));
