import type { Migration } from "#src/store/migrations.ts";

/** The schema `shop`: see `shop-tables.ts` for what the columns mean. */
export const shopMigrations: readonly Migration[] = [
  {
    id: "0001-federation",
    sql: `
      create table peers (
        code text primary key, owner text not null, endpoint text not null,
        key text not null, previous_key text, previous_key_until timestamptz,
        standing text not null check (standing in ('member', 'suspended', 'left')),
        origin text not null, seen_at timestamptz not null);
      create table trusted_keys (
        code text not null, key text not null, owner text not null, endpoint text not null,
        trusted_at timestamptz not null default now(),
        primary key (code, key));
      create table hub_cursors (hub text primary key, feed text not null, cursor text not null);
      create table deliveries (
        number int8 generated always as identity,
        id text primary key, peer text not null, lane text not null default '',
        path text not null, body text not null,
        attempts int4 not null default 0,
        due_at timestamptz not null, created_at timestamptz not null);
      create index on deliveries (peer, lane, number);
      create table partnerships (
        peer text not null,
        role text not null check (role in ('granter', 'grantee')),
        state text not null check (state in ('none', 'requested', 'offered', 'active', 'renewal-requested',
          'renewal-offered', 'denied', 'declined', 'ended')),
        exchange text not null,
        rights text[] not null default '{}', until timestamptz,
        pending_rights text[], pending_grant_until timestamptz, pending_until timestamptz,
        grant_jwt text, grant_id text, ask_again_at timestamptz,
        changed_at timestamptz not null,
        primary key (peer, role));
      create table partnership_answers (
        peer text not null, call_id text not null, answer text not null,
        at timestamptz not null default now(),
        primary key (peer, call_id));
      create index on partnership_answers (at);
    `,
  },
  {
    id: "0002-inventory",
    sql: `
      create table feed (only_one boolean primary key default true check (only_one), sequence int8 not null,
        id text not null default gen_random_uuid()::text);
      insert into feed (sequence) values (0);
      create table products (
        sku text primary key, internal_id text not null,
        name text not null, description text not null, image_url text not null,
        categories text[] not null default '{}',
        price_minor int8 not null check (price_minor >= 0),
        on_hand int8 check (on_hand >= 0),
        reserved int8 not null default 0 check (reserved >= 0),
        featured boolean not null default false,
        sequence int8 not null, gone boolean not null default false,
        constraint never_oversold check (on_hand is null or reserved <= on_hand));
      create index on products (sequence);
      create index on products (internal_id);
      create table reservations (
        id text primary key, sku text not null references products, partner text not null,
        quantity int8 not null check (quantity > 0),
        state text not null check (state in ('held', 'ordered', 'released', 'expired')),
        expires_at timestamptz not null, idempotency_key text not null,
        quote_id text, sealable_until timestamptz,
        created_at timestamptz not null default now(),
        unique (partner, idempotency_key));
      create index on reservations (expires_at) where state = 'held';
      create index on reservations (quote_id);
    `,
  },
  {
    id: "0003-deals",
    sql: `
      create table chain_cursor (
        only_one boolean primary key default true check (only_one), receipt text not null, genesis_hash text not null);
      create table chain_blocks (number int8 primary key, hash text not null, time int8 not null);
      create table deals (
        id text primary key, sale_hash text not null, purchase_hash text not null unique,
        deal text not null, tx text not null, sealed_block int8 not null,
        stage text not null, since int8 not null, extended boolean not null default false, paid_out text);
      create index on deals (sale_hash);
      create index on deals (stage);
      create index on deals (sealed_block);
      create table deal_steps (
        deal_id text not null references deals on delete cascade,
        block int8 not null, log_index int4 not null, time int8 not null, stage text not null, paid_out text,
        primary key (deal_id, block, log_index));
      create index on deal_steps (block);
    `,
  },
  {
    id: "0004-sales",
    sql: `
      create sequence sale_salts;
      create table quotes (
        id text primary key, partner text not null, buyer text not null, idempotency_key text not null,
        wish text not null, content text not null,
        total_minor int8 not null, total_nano int8 not null,
        sale_hash text not null unique, sale_order text not null, signature text not null,
        valid_until timestamptz not null, created_at timestamptz not null default now(),
        unique (partner, idempotency_key));
      create table sales (
        id text primary key, partner text not null, partner_ref text,
        quote_id text not null unique references quotes,
        state text not null check (state in ('placed', 'paid', 'shipped', 'settled', 'refunded', 'cancelled')),
        deal_id text,
        stock text not null default 'reserved' check (stock in ('reserved', 'taking', 'taken', 'missing', 'back')),
        takes int4 not null default 0,
        wanted text check (wanted in ('refund')),
        ship_to text, tracking text, return_reason text,
        created_at timestamptz not null default now(), changed_at timestamptz not null default now(),
        unique (partner, partner_ref));
      create index on sales (state);
      create table sale_lines (
        sale_id text not null references sales on delete cascade, line int4 not null,
        sku text not null references products, quantity int8 not null check (quantity > 0),
        price_minor int8 not null,
        primary key (sale_id, line));
      create table supplies (sku text primary key, deal_id text not null);
    `,
  },
  {
    id: "0005-listings",
    sql: `
      create table listings (
        partner text not null, sku text not null,
        name text not null, description text not null, image_url text not null,
        currency text not null, price_minor int8 not null, available boolean not null,
        categories text[] not null default '{}', gone boolean not null default false,
        feed text not null,
        primary key (partner, sku));
      create table listing_cursors (
        partner text primary key, feed text not null, cursor text, etag text, polled_at timestamptz not null);
    `,
  },
  {
    id: "0006-stock",
    sql: `
      create table stock (
        internal_id text primary key, sku text not null unique deferrable initially deferred,
        name text not null, description text not null, image_url text not null,
        categories text[] not null default '{}', price_minor int8 not null check (price_minor >= 0),
        on_hand int8 check (on_hand >= 0), featured boolean not null default false);
      create table stock_moves (
        order_id text not null, kind text not null check (kind in ('take', 'put-back')),
        moved_at timestamptz not null default now(),
        primary key (order_id, kind));
    `,
  },
  {
    id: "0007-checkouts",
    sql: `
      create table checkouts (
        id text primary key, buyer text not null, owned boolean not null,
        state text not null check (state in ('quoted', 'signed', 'sealed', 'failed')),
        ship_to text not null, problem text,
        expires_at timestamptz not null, created_at timestamptz not null default now());
      create index on checkouts (state);
      create table checkout_legs (
        checkout_id text not null references checkouts, leg int4 not null,
        seller text not null, quote text not null, purchase text not null, purchase_hash text not null unique,
        signature text, deal_id text,
        primary key (checkout_id, leg));
      create table reviews (
        deal_id text primary key, seller text not null, buyer text not null,
        stars int4 not null check (stars between 1 and 5), weight int8 not null,
        hash text not null, text text not null, created_at timestamptz not null default now());
      create index on reviews (seller, created_at);
    `,
  },
  {
    id: "0008-held",
    sql: `
      create index on reservations (partner) where state = 'held';
      create index on checkout_legs (deal_id);
      create table customer_holds (
        checkout_id text not null, address text not null, product text not null,
        pieces int8 not null check (pieces > 0), until timestamptz not null,
        primary key (checkout_id, product));
      create index on customer_holds (product);
      create index on customer_holds (until);
    `,
  },
  {
    id: "0009-lines-held",
    sql: "alter table customer_holds add column lines int4 not null default 1;",
  },
  {
    id: "0010-taken-until",
    sql: "create table taken_until (signer text primary key, created timestamptz not null);",
  },
  {
    id: "0011-chain-time",
    sql: `
      alter table chain_blocks add column seen_at timestamptz;
      alter table chain_cursor add column at_head timestamptz;
    `,
  },
  {
    id: "0012-deals-of-a-purchase",
    sql: `
      alter table deals drop constraint deals_purchase_hash_key;
      create index on deals (purchase_hash);
    `,
  },
  {
    id: "0013-asking",
    sql: "alter table partnerships add column note text, add column asking text;",
  },
  {
    id: "0014-told-shops",
    sql: `
      create table told_shops (
        hub text not null, code text not null, origin text,
        standing text not null check (standing in ('member', 'leaving', 'suspended')),
        owner text, endpoint text, key text, previous_key text, previous_key_until timestamptz,
        reading text not null,
        primary key (hub, code));
      create index on told_shops (code);
      insert into told_shops (hub, code, standing, owner, endpoint, key, previous_key, previous_key_until, reading)
        select origin, code, standing, owner, endpoint, key, previous_key, previous_key_until, ''
        from peers where standing = 'member';
      alter table peers drop constraint peers_standing_check,
        add check (standing in ('member', 'leaving', 'suspended', 'left'));
      -- Who told what was not kept: all is asked anew.
      delete from hub_cursors;
      alter table hub_cursors add column reading text not null;
    `,
  },
];
