import type { Hex } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { HanseError } from "#src/kernel/errors.ts";
import {
  COMPLAINTS,
  type Complaint,
  type GoodsDeal,
  goodsCommitment,
  STAGES,
  type Stage,
} from "#src/protocol/goods-deals.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";
import type { Deployment } from "./deployment.ts";

/** A deal of goods as the Receipt has it now. */
export interface SealedGoods {
  readonly id: Hex;
  readonly deal: GoodsDeal;
  readonly stage: Stage;
  /** When it came to that stage: Unix seconds. */
  readonly since: number;
  readonly extended: boolean;
  /** What the buyer complains of, where there is a dispute. */
  readonly complaint: Complaint | undefined;
}

/**
 * Reads a deal of goods from the chain alone. Its content is that of its event whose hash the Receipt keeps.
 * @throws HANSE_DEAL_UNKNOWN, HANSE_RPC_*
 */
export async function readGoodsDeal(
  chain: ChainClient,
  deployment: Pick<Deployment, "contracts" | "deployedAtBlock">,
  id: Hex,
): Promise<SealedGoods> {
  const onReceipt = { address: deployment.contracts.receipt, abi: receiptAbi } as const;
  const [logs, state] = await Promise.all([
    chain.viem.getContractEvents({
      ...{ ...onReceipt, eventName: "GoodsSealed", args: { id } },
      ...{ fromBlock: deployment.deployedAtBlock, strict: true },
    }),
    chain.viem.readContract({ ...onReceipt, functionName: "goodsState", args: [id] }),
  ]).catch((error: unknown) => {
    throw asChainError(error, "reading a deal of goods");
  });
  const deal = logs
    .map(({ args }) => args.deal as GoodsDeal)
    .find((each) => goodsCommitment(each) === state.commitment);
  if (deal === undefined) {
    throw new HanseError("HANSE_DEAL_UNKNOWN", `no deal of goods ${id} was sealed`, {
      details: { deal: id },
    });
  }
  const stage = STAGES[state.stage] ?? "None";
  const disputed = ["Disputed", "Contested", "WonBySeller", "WonByBuyer"].includes(stage);
  return {
    ...{ id, deal, stage, since: Number(state.since), extended: state.extended },
    complaint: disputed ? COMPLAINTS[state.complaint] : undefined,
  };
}
