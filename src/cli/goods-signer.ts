import type { LocalAccount, TransactionReceipt } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { readGoodsDeal, type SealedGoods } from "#src/chain/goods-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { parseBytes32 } from "./arguments.ts";
import { type ChainConnection, type ChainFlags, connectToChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import type { FundingStep } from "./funding.ts";
import { openSigner, type SignerFlags } from "./signer.ts";

/** Somebody's wallet, before a deal of goods. */
export interface GoodsSigner {
  readonly connection: ChainConnection;
  readonly account: LocalAccount;
  readonly goods: SealedGoods;
  /** Has the Receipt do something with the deal, after what it takes. */
  act(
    functionName: string,
    args?: readonly unknown[],
    before?: readonly FundingStep[],
  ): Promise<TransactionReceipt>;
  /** The deal as it stands now. */
  again(): Promise<SealedGoods>;
}

/** @throws HANSE_ARGUMENT_INVALID, HANSE_DEAL_UNKNOWN, and what `openSigner` throws */
export async function openGoodsSigner(
  context: CliContext,
  flags: ChainFlags & SignerFlags,
  text: string,
): Promise<GoodsSigner> {
  const id = parseBytes32("deal id", text);
  const connection = await connectToChain(flags);
  const { chain, deployment } = connection;
  const again = () => readGoodsDeal(chain, deployment, id);
  const goods = await again();
  const account = await openSigner(context, flags, chain.chainId);
  return {
    ...{ connection, account, goods, again },
    async act(functionName, args = [], before = []) {
      const sender = createSender({ chain, account });
      for (const { call } of before) await sender.send(call);
      const { receipt: address } = deployment.contracts;
      return await sender.send({ address, abi: receiptAbi, functionName, args: [goods.deal, ...args] });
    },
  };
}
