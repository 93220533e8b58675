import type { Hex } from "viem";
import { describe, expect, it } from "vitest";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { createSender } from "#src/chain/sender.ts";
import { Token__factory } from "#typechain";
import { network } from "../support/hardhat-network.ts";

const owner = accountOfKey(developmentKey(0), DEVELOPMENT_CHAIN_ID);
const payee = accountOfKey(developmentKey(1), DEVELOPMENT_CHAIN_ID).address;
const pay = (amount: bigint) => ({ abi: tokenAbi, functionName: "transfer", args: [payee, amount] });

describe("a provider in the process", () => {
  it("serves as an endpoint: reads, refusals and transactions", async () => {
    const connection = await network.create();
    try {
      const chain = await connectChain(connection.provider as never);
      expect(chain.chainId).toBe(DEVELOPMENT_CHAIN_ID);
      const [funded] = await connection.ethers.getSigners();
      await funded?.sendTransaction({ to: owner.address, value: 10n ** 18n });
      const contract = await new Token__factory(funded as never).deploy(owner.address);
      const address = (await contract.getAddress()) as Hex;
      const sender = createSender({ chain, account: owner }, { pollMs: 20 });
      const receipt = await sender.send({ ...pay(5n), address });
      expect(await chain.agreed.logs({ address: [address], blockHash: receipt.blockHash })).toHaveLength(1);
      await expect(sender.send({ ...pay(2n ** 200n), address })).rejects.toMatchObject({
        code: "HANSE_TRANSACTION_REVERTED",
        details: { error: "ERC20InsufficientBalance" },
      });
      expect(chain.endpoints()).toEqual([{ label: "#1", state: "leading" }]);
    } finally {
      await connection.close();
    }
  });
});
