import type { Migration } from "#src/store/migrations.ts";

/** The schema `pool`: see `pool-tables.ts` for what the columns mean. */
export const poolMigrations: readonly Migration[] = [
  {
    id: "0001-tasks",
    sql: `
      create table cursor (
        only_one boolean primary key default true check (only_one),
        pool text not null, poco text not null, genesis_hash text not null,
        block_number int8, block_hash text);
      create table deals (
        id text primary key, sealed_at int8 not null, trust int8 not null, deal text not null);
      create index on deals (sealed_at);
      create table tasks (
        id text primary key,
        deal_id text not null references deals on delete cascade,
        task_index int8 not null,
        status text not null default 'open' check (status in ('open', 'certified', 'failed', 'claimed')),
        round int4 not null default 0,
        seed_block int8,
        closed boolean not null default false,
        reveal text[] not null default '{}',
        reveal_since timestamptz,
        assigned_to text, assigned_at timestamptz,
        says text not null,
        settled_at timestamptz);
      create index on tasks (status);
      create index on tasks (deal_id);
      create table places (
        task_id text not null references tasks on delete cascade,
        round int4 not null, seat int8 not null, worker text not null,
        primary key (task_id, seat));
      create index on places (worker);
      create table contributions (
        task_id text not null references tasks on delete cascade,
        seat int8 not null, round int4 not null, worker text not null,
        seal text not null, signature text,
        committed boolean not null default false,
        received_at timestamptz not null default now(),
        primary key (task_id, seat));
      create table digests (
        task_id text not null references tasks on delete cascade,
        worker text not null, round int4 not null, digest text not null,
        primary key (task_id, worker));
      create table results (
        task_id text primary key references tasks on delete cascade,
        worker text not null, outcome int4 not null, content text not null, memory_hash text not null,
        callback_data text not null);
      create table workers (
        address text primary key, slots int4 not null, seen_at timestamptz not null, unreplicated boolean not null);
      create table timeline (
        id int8 generated always as identity primary key,
        task_id text not null references tasks on delete cascade,
        block int8 not null, entry text not null);
      create index on timeline (task_id, id);
    `,
  },
  {
    // The cursor alone tells that the chain was reorganised, but not since which block.
    id: "0002-known-blocks",
    sql: `
      create table blocks (number int8 primary key, hash text not null);
      insert into blocks (number, hash)
        select block_number, block_hash from cursor where block_number is not null and block_hash is not null;
    `,
  },
  {
    id: "0003-log-standing-account",
    // What is new is on the chain: it is followed once more from its beginning, over the tasks that are known.
    sql: `
      update cursor set block_number = null, block_hash = null;
      delete from blocks;
      alter table deals
        add column order_hash text not null default '0x', add column tx text not null default '0x',
        add column sealed_time timestamptz not null default to_timestamp(0),
        add column volume int8 not null default 0,
        add column pool_price int8 not null default 0, add column pool_stake int8 not null default 0;
      create index on deals (order_hash);
      alter table tasks add column forecast jsonb;
      alter table places add column score int4 not null default 0;
      drop table timeline;
      create table timeline (
        id int8 generated always as identity primary key,
        task_id text not null references tasks on delete cascade,
        at timestamptz not null default now(),
        block int8, worker text, tx text, entry text not null);
      create index on timeline (task_id, id);
      create index on timeline (worker, id) where worker is not null;
      create index on timeline (at);
      create index on timeline (block);
      create table hand_outs (
        task_id text not null references tasks on delete cascade,
        worker text not null, round int4 not null,
        handed_at timestamptz not null, answered_at timestamptz,
        primary key (task_id, worker, round));
      create index on hand_outs (worker, handed_at);
      create table faults (
        id int8 generated always as identity primary key,
        task_id text not null references tasks on delete cascade,
        worker text not null, round int4 not null,
        fault text not null check (fault in ('silent', 'undisclosed', 'late', 'contradiction')),
        at timestamptz not null,
        unique (task_id, worker, round, fault));
      create index on faults (worker);
      create table verdicts (
        task_id text not null references tasks on delete cascade,
        worker text not null,
        verdict text not null check (verdict in ('right', 'wrong', 'missed')),
        block int8 not null, amount int8 not null,
        primary key (task_id, worker, verdict));
      create index on verdicts (worker);
      create index on verdicts (block);
      create table settlements (
        task_id text primary key references tasks on delete cascade,
        block int8 not null, at timestamptz not null, tx text not null,
        outcome text not null check (outcome in ('certified', 'failed', 'claimed')),
        price int8 not null, rewards int8 not null, spoils int8 not null, fines int8 not null, slashed int8 not null);
      create index on settlements (block);
      create index on settlements (at);
      create table spendings (
        tx text primary key,
        task_id text references tasks on delete set null,
        block int8 not null, at timestamptz not null, what text not null,
        gas int8 not null, wei numeric not null, success boolean not null);
      create index on spendings (task_id);
      create index on spendings (block);
      create index on spendings (at);
    `,
  },
];
