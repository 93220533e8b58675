import { recoverSigner } from "#src/crypto/recover.ts";
import { unwrapBulk } from "#src/protocol/bulk-order.ts";
import { orderDigest } from "#src/protocol/order-hash.ts";
import type { MarketChain, Signing, Statement } from "./market-chain.ts";

/** Who signed a statement: told natively where it was the account's own key, which is nearly always. */
export async function signingOf(chain: MarketChain, statement: Statement): Promise<Signing> {
  return isSignedByOwnKey(chain, statement) ? { type: "key" } : await chain.keyringCheck(statement);
}

/** Whether the account's own key signed a statement, by itself or in a bulk. */
export function isSignedByOwnKey(
  { chainId, clerk }: Pick<MarketChain, "chainId" | "clerk">,
  { account, kind, ...statement }: Statement,
): boolean {
  const { hash, signature } =
    kind === "sponsorship" ? statement : unwrapBulk(kind, statement.hash, statement.signature);
  return recoverSigner(orderDigest(hash, chainId, clerk), signature)?.toLowerCase() === account.toLowerCase();
}
