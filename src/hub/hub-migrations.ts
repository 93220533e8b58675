import type { Migration } from "#src/store/migrations.ts";

/** The schema `hub`: see `hub-tables.ts` for what the columns mean. */
export const hubMigrations: readonly Migration[] = [
  {
    id: "0001-shops-and-sessions",
    sql: `
      create table feed (
        only_one boolean primary key default true check (only_one),
        id uuid not null default gen_random_uuid(),
        chain_id int8 not null, hub text not null, genesis_hash text not null,
        sequence int8 not null default 0);
      create table blocks (number int8 primary key, hash text not null);
      create table shop_states (
        code text not null, block int8 not null, log_index int4 not null,
        standing text not null, facts jsonb not null,
        primary key (code, block, log_index));
      create index on shop_states (block);
      create table shops (
        code text primary key,
        origin text,
        standing text not null check (standing in ('member', 'suspended', 'leaving', 'left', 'gone')),
        facts jsonb not null,
        sequence int8 not null unique,
        changed_at timestamptz not null default now());
      create index on shops (origin) where origin is not null;
      create table origins (url text primary key, feed text not null, cursor text not null);
      create table log_in_nonces (nonce text primary key, expires_at timestamptz not null);
      create index on log_in_nonces (expires_at);
      create table families (
        id uuid primary key default gen_random_uuid(),
        account text not null,
        expires_at timestamptz not null,
        revoked_at timestamptz);
      create index on families (expires_at);
      create table refresh_tokens (
        hash text primary key,
        family uuid not null references families on delete cascade,
        used_at timestamptz);
      create index on refresh_tokens (family);
    `,
  },
  {
    id: "0002-origin-shops",
    sql: `
      create table origin_shops (
        origin text not null, code text not null,
        standing text not null check (standing in ('member', 'leaving')),
        facts jsonb not null, reading text not null,
        primary key (origin, code));
      create index on origin_shops (code);
      insert into origin_shops (origin, code, standing, facts, reading)
        select origin, code, standing, facts, '' from shops where origin is not null and standing = 'member';
      -- What was listed elsewhere and not taken over was not kept: all is asked anew.
      delete from origins;
      alter table origins add column reading text not null;
    `,
  },
];
