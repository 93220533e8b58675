import type { ColumnType, Generated } from "kysely";
import type { Address, Hex } from "viem";
import type { Right } from "#src/identity/grant.ts";
import type { Stage } from "#src/protocol/goods-deals.ts";
import type { Database } from "#src/store/database.ts";
import type { PartnershipRole, PartnershipState } from "./partnership/partnership-course.ts";

export type ReservationState = "held" | "ordered" | "released" | "expired";

/** Of an order that a partner, or a customer through it, placed here. */
/** What became of the pieces of a sale: kept for it, asked of the own system, out of the house, not there, or back in the house. */
export type SaleStock = "reserved" | "taking" | "taken" | "missing" | "back";

export type CheckoutState =
  | "quoted" // the buyer has to sign
  | "signed" // to be sealed
  | "sealed" // paid into escrow; sellers are told
  | "failed"; // nothing was paid

export type SaleState =
  | "placed" // told, its deal not seen on chain yet
  | "paid" // the deal is sealed
  | "shipped"
  | "settled" // the seller has its money
  | "refunded"
  | "cancelled"; // before it was paid

/** The largest amount of money, in the smallest units of its currency, that a column of any table holds. */
export const MOST_MINOR = 2n ** 63n - 1n;

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
    standing: "member" | "leaving" | "suspended" | "left";
    /** The hub service it was heard of from. */
    origin: string;
    seen_at: Date;
  };
  /** What each hub service tells, kept apart: `peers` is what is chosen of it. */
  told_shops: {
    hub: string;
    code: string;
    /** The hub service that lists it, where it is another. */
    origin: string | null;
    standing: "member" | "leaving" | "suspended";
    /** Null in all of them: only its standing is told. */
    owner: Address | null;
    endpoint: string | null;
    key: Hex | null;
    previous_key: Hex | null;
    previous_key_until: Date | null;
    /** The reading of the whole list in which it was told last. */
    reading: string;
  };
  /** Keys whose possession the shop's own endpoint has proved. */
  trusted_keys: { code: string; key: Hex; owner: Address; endpoint: string; trusted_at: Generated<Date> };
  /** `reading` names the last time its list was begun from the beginning. */
  hub_cursors: { hub: string; feed: string; cursor: string; reading: string };
  /** What other shops have to be told, to each in this order. */
  deliveries: {
    number: Generated<bigint>;
    id: string;
    peer: string;
    /** In order only within it. */
    lane: Generated<string>;
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
    /** What the other's owner said with its last call. */
    note: string | null;
    /** What a grantee is telling the granter, until it has the answer: JSON, an `Asking`. */
    asking: string | null;
    changed_at: Date;
  };
  /** What a call did, so that the same one, sent again, is answered alike. */
  partnership_answers: { peer: string; call_id: string; answer: string; at: Generated<Date> };

  /** One row: the number of the last change of the feed. Whoever changes a product locks it, so that numbers are seen in order. */
  feed: { only_one: Generated<boolean>; sequence: bigint; id: Generated<string> };
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
    /** The quote it is kept for, and until when a seal may turn it into an order. */
    quote_id: Generated<string | null>;
    sealable_until: Generated<Date | null>;
    created_at: Generated<Date>;
  };
  /** Which chain and Receipt the deals here are of. */
  chain_cursor: {
    only_one: Generated<boolean>;
    receipt: Address;
    genesis_hash: Hex;
    /** When, less what clocks may be apart, the chain ended with the last block that was dealt with. */
    at_head: Generated<Date | null>;
  };
  /** The last blocks that were dealt with; time in Unix seconds. */
  chain_blocks: {
    number: bigint;
    hash: Hex;
    time: bigint;
    /** By our own clock. */
    seen_at: Generated<Date | null>;
  };
  deals: {
    id: Hex;
    sale_hash: Hex;
    purchase_hash: Hex;
    /** What was agreed, JSON. */
    deal: string;
    tx: Hex;
    sealed_block: bigint;
    /** Where its last step left it, and when (Unix seconds). */
    stage: Stage;
    since: bigint;
    /** Whether its buyer, who sells on, may complain for longer. */
    extended: Generated<boolean>;
    paid_out: string | null;
  };
  deal_steps: {
    deal_id: Hex;
    block: bigint;
    log_index: number;
    /** Unix seconds. */
    time: bigint;
    stage: Stage | "Extended";
    paid_out: string | null;
  };

  /** Of a product that is sold on: the deal by which this shop gets it. */
  supplies: { sku: string; deal_id: Hex };

  /** What this shop signed that it sells, to whom, at which amount. */
  quotes: {
    id: string;
    partner: string;
    buyer: Address;
    idempotency_key: string;
    /** What was asked for, and what was answered: JSON. */
    wish: string;
    content: string;
    total_minor: bigint;
    total_nano: bigint;
    sale_hash: Hex;
    sale_order: string;
    signature: Hex;
    /** The last second at which it may be sealed. */
    valid_until: Date;
    created_at: Generated<Date>;
  };
  /** Orders of this shop's goods, by partners or customers through them. */
  sales: {
    id: string;
    partner: string;
    /** What the partner calls it; null: the chain told of it before the partner did. */
    partner_ref: string | null;
    quote_id: string;
    state: SaleState;
    /** The deal that pays it, once it is seen on chain. */
    deal_id: Hex | null;
    stock: Generated<SaleStock>;
    /** How often the own system was asked for its pieces; more than once only where they were put back between. */
    takes: Generated<number>;
    /** What the shop owes the buyer and has not done yet. */
    wanted: "refund" | null;
    /** Sealed to this shop's key. */
    ship_to: string | null;
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
    /** The feed it was told in last. */
    feed: string;
  };
  /** Where in a partner's feed this shop is; without a cursor, at its beginning. */
  listing_cursors: {
    partner: string;
    feed: string;
    cursor: string | null;
    etag: string | null;
    polled_at: Date;
  };

  /** The built-in shop system's own: what there is, whoever wants it. */
  stock: {
    internal_id: string;
    sku: string;
    name: string;
    description: string;
    image_url: string;
    categories: string[];
    price_minor: bigint;
    on_hand: bigint | null;
    featured: boolean;
  };
  stock_moves: { order_id: string; kind: "take" | "put-back"; moved_at: Generated<Date> };

  /** What this shop's customers, or the shop itself, buy from partners. */
  checkouts: {
    id: string;
    buyer: Address;
    /** Whether this shop buys for itself, as merchant of record. */
    owned: boolean;
    state: CheckoutState;
    /** Where the parcels go, JSON. */
    ship_to: string;
    problem: string | null;
    expires_at: Date;
    created_at: Generated<Date>;
  };
  checkout_legs: {
    checkout_id: string;
    leg: number;
    seller: string;
    /** As the seller told it, JSON. */
    quote: string;
    /** The order that the buyer signs, JSON. */
    purchase: string;
    purchase_hash: Hex;
    signature: Hex | null;
    deal_id: Hex | null;
  };
  /** What anybody had kept by a checkout that is not paid, by where on the network it asked from; forgotten at its end. */
  customer_holds: {
    checkout_id: string;
    address: string;
    product: string;
    pieces: bigint;
    /** How many of the checkout's lines name the product: each is a reservation. */
    lines: number;
    until: Date;
  };
  /** When the newest signed request was signed that was taken of each signer, by the signer's own clock. */
  taken_until: { signer: string; created: Date };
  /** Texts of reviews, and the ratings on chain that name their hashes. */
  reviews: {
    deal_id: Hex;
    seller: Address;
    buyer: Address;
    stars: number;
    /** Nano-HANSE. */
    weight: bigint;
    hash: Hex;
    text: string;
    created_at: Generated<Date>;
  };
}

export type ShopDatabase = Database<ShopTables>;
