import type { Migration } from "#src/store/migrations.ts";

/** The schema `broker`: see `broker-tables.ts` for what the columns mean. */
export const brokerMigrations: readonly Migration[] = [
  {
    id: "0001-orders",
    sql: `
      create table orders (
        hash text primary key,
        sequence int8 generated always as identity unique,
        type text not null check (type in ('app', 'dataset', 'pool', 'request')),
        signer text not null,
        asset text,
        category int4,
        price numeric(20) not null,
        certifier text not null,
        valid_until numeric(20) not null,
        volume int8 not null,
        content jsonb not null,
        signature text not null,
        filled int8 not null default 0,
        status text not null default 'open' check (status in ('open', 'filled', 'cancelled', 'expired')),
        removed boolean not null default false,
        blocked text,
        changed_at_block int8,
        received_at timestamptz not null default now());
      create index on orders (status, sequence);
      create index on orders (signer, sequence);
      create index on orders (asset) where status = 'open';
      create index on orders (changed_at_block) where changed_at_block is not null;
      create index on orders (category, type, price) where status = 'open' and blocked is null;
      create table order_events (
        id int8 generated always as identity primary key,
        order_hash text not null references orders on delete cascade,
        type text not null,
        at timestamptz not null default now(),
        block int8,
        details jsonb);
      create index on order_events (order_hash, id);
      create index on order_events (id) where type = 'removed';
      create table deals (
        id text primary key,
        sequence int8 generated always as identity unique,
        request_hash text not null, app_hash text not null, dataset_hash text, pool_hash text not null,
        category int4 not null,
        volume int8 not null,
        open_units int8 not null,
        content jsonb not null,
        params text not null,
        block int8 not null, block_hash text not null, tx_hash text not null,
        sealed_at timestamptz not null);
      create index on deals (block);
      create index on deals (category, sequence);
      create table seal_attempts (
        id int8 generated always as identity primary key,
        status text not null default 'pending' check (status in ('pending', 'mined', 'failed', 'reconciled')),
        matches jsonb not null,
        outcome jsonb,
        tx_hash text,
        begun_at timestamptz not null default now(),
        ended_at timestamptz);
      create index on seal_attempts (id) where status = 'pending';
      create table chain (
        only_one boolean primary key default true check (only_one),
        chain_id int8 not null, clerk text not null);
      create table blocks (number int8 primary key, hash text not null, seen_at timestamptz not null default now());
    `,
  },
  {
    // Orders that are there already are of an earlier Clerk, and no broker works on them again: see `bindChain`.
    id: "0002-volumes-sponsors-keyring",
    sql: `
      alter table orders
        add column volume_id text not null default '',
        add column sponsor text,
        add column by_keyring boolean not null default false;
      alter table orders alter column volume_id drop default, alter column by_keyring drop default;
      create index on orders (volume_id) where status = 'open';
      create index on orders (sponsor) where status = 'open' and sponsor is not null;
      create index on orders (sequence) where status = 'open' and by_keyring;
      drop index order_events_id_idx;
      create index on order_events (id) where type in ('removed', 'renewed');
    `,
  },
  {
    id: "0003-genesis-hash",
    sql: `alter table chain add column genesis_hash text;`,
  },
  {
    // An order's page names its deals.
    id: "0004-deals-by-order",
    sql: `
      create index on deals (request_hash, sequence);
      create index on deals (app_hash, sequence);
      create index on deals (dataset_hash, sequence) where dataset_hash is not null;
      create index on deals (pool_hash, sequence);
    `,
  },
  {
    // A reorganisation opens units again.
    id: "0005-settlements",
    sql: `
      create table settlements (
        deal_id text not null references deals on delete cascade,
        open_units int8 not null,
        block int8 not null,
        primary key (deal_id, open_units));
      create index on settlements (block);
    `,
  },
  {
    // Orders by the places of their members: `order-places.ts`.
    id: "0006-orders-by-place",
    sql: `
      create function by_place(members jsonb, names text[]) returns jsonb language plpgsql as $$ begin
        return (
          select jsonb_agg(
            case when name <> 'conditions' then members -> name
              else by_place(members -> name, '{certifier,matcher,validUntil,epoch,volume,minFill,salt,externalRef,terms}') end
            order by place)
          from unnest(names) with ordinality as each (name, place));
      end $$;
      alter table orders alter content type json using json_build_array(
        type,
        by_place(content -> 'order', case type
          when 'app' then '{app,price,trust,tag,onlyDataset,onlyPool,onlyRequester,conditions}'::text[]
          when 'dataset' then '{dataset,price,trust,tag,onlyApp,onlyPool,onlyRequester,conditions}'
          when 'pool' then '{pool,price,category,trust,tag,onlyApp,onlyDataset,onlyRequester,conditions}'
          else '{requester,app,maxAppPrice,dataset,maxDatasetPrice,maxPoolPrice,category,trust,tag,
                 onlyApp,onlyDataset,onlyPool,minSeats,minSeatStake,beneficiary,callback,sponsor,attesters,params,conditions}'
        end),
        case when content ? 'terms' then by_place(content -> 'terms', '{checker,data}') else '0' end,
        case when content ? 'sponsorship'
          then by_place(content -> 'sponsorship', '{cap,validUntil,epoch,signature}') else '0' end);
      drop function by_place;
    `,
  },
];
