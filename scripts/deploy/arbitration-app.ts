import { type Address, type Hex, sha256, stringToHex, zeroHash } from "viem";
import { type AssetId, assetId } from "#src/protocol/ids.ts";

/** What jurors of disputes about goods are asked; the app's content, which its checksum commits to. */
const QUESTION = `Hanse arbitration, 1
The task's parameter is the id of a deal of goods. Read the deal, the complaint and what both sides show for their case.
Answer 1 when the seller is to be paid, 2 when the buyer is to be refunded.
`;

export interface ArbitrationApp {
  readonly id: AssetId;
  readonly checksum: Hex;
  readonly uri: string;
}

/** The app that a Receipt asks jurors with, as it is registered by the account that deploys. */
export function arbitrationApp(registrar: Address): ArbitrationApp {
  const checksum = sha256(stringToHex(QUESTION));
  return {
    id: assetId({ kind: "app", registrar, checksum, measurement: zeroHash }),
    checksum,
    uri: `data:text/plain,${encodeURIComponent(QUESTION)}`,
  };
}
