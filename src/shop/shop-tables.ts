import type { ColumnType, Generated } from "kysely";
import type { Address, Hex } from "viem";
import type { Right } from "#src/identity/grant.ts";
import type { Database } from "#src/store/database.ts";
import type { PartnershipRole, PartnershipState } from "./partnership/partnership-course.ts";

export type ReservationState = "held" | "ordered" | "released" | "expired";

/** Of an order that a partner, or a customer through it, placed here. */
export type SaleState =
  | "placed" // told, its deal not seen on chain yet
  | "paid" // the deal is sealed
  | "shipped"
  | "settled" // the seller has its money
  | "refunded"
  | "cancelled"; // before it was paid

/** The tables of the schema `shop`. Money is in minor units of the shop's currency (int8, arrives as bigint) or nano-HANSE. */
export interface ShopTables {
  /** What hub services tell of other shops. */
  peers: {
    code: string;
    owner: Address;
    endpoint: string;
    key: Hex;
    previous_key: Hex | null;
    previous_key_until: Date | null;
    standing: "member" | "suspended" | "left";
    /** The hub service it was heard of from. */
    origin: string;
    seen_at: Date;
  };
  /** Keys whose possession the shop's own endpoint has proved. */
  trusted_keys: { code: string; key: Hex; owner: Address; endpoint: string; trusted_at: Generated<Date> };
  hub_cursors: { hub: string; cursor: string };
  /** What other shops have to be told, to each in this order. */
  deliveries: {
    number: Generated<bigint>;
    id: string;
    peer: string;
    path: string;
    /** JSON. */
    body: string;
    attempts: Generated<number>;
    due_at: Date;
    created_at: Date;
  };

  partnerships: {
    peer: string;
    /** What this shop is in it. */
    role: PartnershipRole;
    state: PartnershipState;
    /** Names what both sides talk about since the last request or offer. */
    exchange: string;
    rights: Right[];
    until: Date | null;
    /** Asked for or offered, and not answered yet. */
    pending_rights: Right[] | null;
    pending_grant_until: Date | null;
    pending_until: Date | null;
    /** The signed grant (JWT), and what names it. */
    grant_jwt: string | null;
    grant_id: string | null;
    /** From when on one who was denied may ask again. */
    ask_again_at: Date | null;
    changed_at: Date;
  };
  /** What a call did, so that the same one, sent again, is answered alike. */
  partnership_answers: { peer: string; call_id: string; answer: string; at: Generated<Date> };

  /** One row: the number of the last change of the feed. Whoever changes a product locks it, so that numbers are seen in order. */
  feed: { only_one: Generated<boolean>; sequence: bigint };
  products: {
    sku: string;
    /** What the shop's own system calls it; never shown to others. */
    internal_id: string;
    name: string;
    description: string;
    image_url: string;
    categories: string[];
    price_minor: bigint;
    /** Null: not counted, there is always enough. */
    on_hand: bigint | null;
    reserved: ColumnType<bigint, bigint | undefined, bigint>;
    featured: boolean;
    /** The feed's number of its last change that others see. */
    sequence: bigint;
    gone: boolean;
  };
  reservations: {
    id: string;
    sku: string;
    partner: string;
    quantity: bigint;
    state: ReservationState;
    expires_at: Date;
    idempotency_key: string;
    created_at: Generated<Date>;
  };
  quotes: {
    id: string;
    partner: string;
    buyer: Address;
    idempotency_key: string;
    /** The lines and amounts as they were told, JSON. */
    content: string;
    total_minor: bigint;
    total_nano: bigint;
    sale_hash: Hex;
    sale_order: string;
    signature: Hex;
    expires_at: Date;
    created_at: Generated<Date>;
  };
  sales: {
    id: string;
    partner: string;
    /** What the partner calls it. */
    partner_ref: string;
    quote_id: string;
    state: SaleState;
    /** The deal that pays it; null until it is told or seen. */
    deal_id: Hex | null;
    sealed_ship_to: string;
    tracking: string | null;
    return_reason: string | null;
    created_at: Generated<Date>;
    changed_at: Generated<Date>;
  };
  sale_lines: { sale_id: string; line: number; sku: string; quantity: bigint; price_minor: bigint };
  /** Products of partners, as they were last told. */
  listings: {
    partner: string;
    sku: string;
    name: string;
    description: string;
    image_url: string;
    currency: string;
    price_minor: bigint;
    available: boolean;
    categories: string[];
    gone: boolean;
    sequence: bigint;
  };
  listing_cursors: { partner: string; cursor: string; etag: string | null; polled_at: Date };
}

export type ShopDatabase = Database<ShopTables>;
