import type { Address } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import type { Call } from "#src/chain/sender.ts";
import { inHanse } from "#src/protocol/money.ts";
import type { ChainConnection } from "./connection.ts";

/** A transaction, and what it does in words that stand in a question. */
export interface FundingStep {
  readonly words: string;
  readonly call: Call;
}

/** Who may hold money of an account. */
type Holder = "receipt" | "jury" | "hub";
const HOLDERS: Readonly<Record<Holder, string>> = { receipt: "Receipt", jury: "Jury", hub: "Hub" };

/**
 * What an account has to do so that the Receipt, or another contract, may hold so much more of its money: bring what is missing
 * from the wallet into the Clerk, and allow it. Nothing where both are there.
 * @param amount nano-HANSE
 */
export async function fundingFor(
  { chain, deployment }: ChainConnection,
  account: Address,
  amount: bigint,
  holder: Holder = "receipt",
): Promise<FundingStep[]> {
  const { clerk, token, [holder]: certifier } = deployment.contracts;
  const onClerk = { address: clerk, abi: clerkAbi } as const;
  const [{ free }, { allowance, bonded }] = await Promise.all([
    chain.viem.readContract({ ...onClerk, functionName: "account", args: [account] }),
    chain.viem.readContract({ ...onClerk, functionName: "bondOf", args: [account, certifier] }),
  ]);
  const missing = amount - free;
  const wanted = bonded + amount;
  return [
    ...(missing <= 0n
      ? []
      : [
          {
            words: `deposit ${inHanse(missing)} from the wallet`,
            call: {
              ...{ address: token, abi: tokenAbi },
              ...{ functionName: "approveAndCall", args: [clerk, missing] },
            },
          },
        ]),
    ...(allowance >= wanted
      ? []
      : [
          {
            words: `let the ${HOLDERS[holder]} ${certifier} hold up to ${inHanse(wanted)} of yours`,
            call: { ...onClerk, functionName: "allowCertifier", args: [certifier, wanted] },
          },
        ]),
  ];
}

/** Words of steps as the beginning of a sentence. */
export function inSequence(words: readonly string[]): string {
  const text = words.join(", then ");
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
