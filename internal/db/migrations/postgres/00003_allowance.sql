-- +goose Up
-- Keys that made one another share one allowance: it is known by the first of them. Empty: the key itself.

alter table api_key add column allowance text collate "C" not null default '';
