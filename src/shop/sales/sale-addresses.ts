import type { Selectable } from "kysely";
import { shipToContext } from "#src/client/shop-schema.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { type ShipTo, shipToHash, shipToSchema } from "#src/protocol/ship-to.ts";
import type { DealStore } from "../deals/deal-store.ts";
import type { ShopKeys } from "../shop-keys.ts";
import type { ShopTables } from "../shop-tables.ts";

/** What there is to know of where a sale goes. */
export type AddressedSale = Pick<Selectable<ShopTables["sales"]>, "quote_id" | "ship_to" | "deal_id">;

/** Where sales go, out of the boxes that partners tell. A box is kept as it came: its key may be found again. */
export interface SaleAddresses {
  /**
   * Undefined where nothing is told yet.
   * @throws HANSE_SEALED_BOX_INVALID where none of the shop's keys opens it, or it is not what the buyer signed
   */
  open(sale: AddressedSale): Promise<ShipTo | undefined>;
  /** Why what is told cannot be read now, in words for the owner. */
  problemOf(sale: AddressedSale): Promise<string | undefined>;
}

export function createSaleAddresses({
  keys,
  deals,
}: {
  readonly keys: Pick<ShopKeys, "open">;
  readonly deals: Pick<DealStore, "find">;
}): SaleAddresses {
  const addresses: SaleAddresses = {
    async open({ quote_id, ship_to, deal_id }) {
      if (ship_to === null) return undefined;
      const address = parse(await keys.open(Buffer.from(ship_to, "base64url"), shipToContext(quote_id)));
      const known = deal_id === null ? undefined : await deals.find(deal_id);
      if (known === undefined || shipToHash(address) === known.deal.shipTo) return address;
      throw invalid("The address is not the one that the buyer signed", { deal: deal_id });
    },
    async problemOf(sale) {
      try {
        await addresses.open(sale);
        return undefined;
      } catch (error) {
        if (!isHanseError(error, "HANSE_SEALED_BOX_INVALID")) throw error;
        return `${error.message}. ${WHAT_TO_DO}`;
      }
    },
  };
  return addresses;
}

const WHAT_TO_DO =
  "Put the key back that it was sealed to, have the partner tell it again, or refund the order.";

function parse(opened: Uint8Array): ShipTo {
  try {
    return shipToSchema.parse(JSON.parse(new TextDecoder().decode(opened)));
  } catch {
    throw invalid("The box holds no address");
  }
}

function invalid(text: string, details: Record<string, unknown> = {}): HanseError {
  return new HanseError("HANSE_SEALED_BOX_INVALID", text, { details });
}
