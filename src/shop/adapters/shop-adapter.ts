import type { CatalogueProduct } from "../inventory/catalogue.ts";

/** Pieces of one product. */
export interface AdapterLine {
  readonly internalId: string;
  readonly quantity: bigint;
}

/**
 * How an existing shop system is attached. The shop service asks it what there is, and tells it what was sold; who may
 * have what, reservations, money and partners are the service's own. `examples/shop-adapter` is one to begin with.
 *
 * What is not answered within `HANSE_SHOP_ADAPTER_SECONDS` is told again later, even where the earlier call goes on.
 */
export interface ShopAdapter {
  /** Everything that is for sale now, with the pieces in the house. Read every `HANSE_SHOP_SYNC_SECONDS`. */
  catalogue(): Promise<readonly CatalogueProduct[]>;
  /**
   * These were bought, here or at a partner's: they leave the house. The same order may be told again, and is taken once.
   * @returns false where the own system has not got them any more; the order is then cancelled and refunded
   */
  take(orderId: string, lines: readonly AdapterLine[]): Promise<boolean>;
  /** The order came to nothing: the pieces are in the house again. May be told again too. */
  putBack(orderId: string, lines: readonly AdapterLine[]): Promise<void>;
}
