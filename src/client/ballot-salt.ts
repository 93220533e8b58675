import { type Address, type Hex, keccak256, type LocalAccount } from "viem";
import { BALLOT_TYPED_DATA, juryDomain } from "#src/protocol/ballots.ts";

/**
 * The salt of a juror's ballot: the hash of its signature, which is the same each time it signs. So there is nothing to keep
 * between vote and reveal, and nobody but the key can make it.
 */
export async function ballotSalt(
  account: LocalAccount,
  { task, round }: { readonly task: Hex; readonly round: number },
  chainId: number,
  jury: Address,
): Promise<Hex> {
  return keccak256(
    await account.signTypedData({
      ...{ domain: juryDomain(chainId, jury), types: BALLOT_TYPED_DATA },
      ...{ primaryType: "Ballot", message: { taskId: task, round } },
    }),
  );
}
