-- +goose Up
-- The number of the last event about each object.

alter table api_key add column sequence bigint not null default 0;
alter table dispute add column sequence bigint not null default 0;
alter table fx_quote add column sequence bigint not null default 0;
alter table merchant add column sequence bigint not null default 0;
alter table oauth_grant add column sequence bigint not null default 0;
alter table payer add column sequence bigint not null default 0;
alter table payment add column sequence bigint not null default 0;
alter table refund add column sequence bigint not null default 0;
alter table wallet add column sequence bigint not null default 0;

update api_key set sequence = coalesce((select max(sequence) from event where object = api_key.id), 0);
update dispute set sequence = coalesce((select max(sequence) from event where object = dispute.id), 0);
update fx_quote set sequence = coalesce((select max(sequence) from event where object = fx_quote.id), 0);
update oauth_grant set sequence = coalesce((select max(sequence) from event where object = oauth_grant.id), 0);
update payer set sequence = coalesce((select max(sequence) from event where object = payer.id), 0);
update payment set sequence = coalesce((select max(sequence) from event where object = payment.id), 0);
update refund set sequence = coalesce((select max(sequence) from event where object = refund.id), 0);
update wallet set sequence = coalesce((select max(sequence) from event where object = wallet.id), 0);
-- Cards had one: that of the event that they were kept by.
update card set sequence = coalesce((select max(sequence) from event where object = card.id), sequence);
