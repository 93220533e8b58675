import { HanseError } from "#src/kernel/errors.ts";
import { parsePublicId, type ShopCode } from "#src/protocol/shop-code.ts";

/** The SKU of a product of this shop. @throws HANSE_PRODUCT_UNKNOWN for what another shop sells */
export function ownSku(code: ShopCode, id: string): string {
  const product = parsePublicId(id);
  if (product?.code === code) return product.sku;
  throw new HanseError("HANSE_PRODUCT_UNKNOWN", `${id} is no product of ${code}`, { details: { id } });
}
