import { type Address, getContractAddress, type Hex, zeroAddress } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { developmentKey } from "#src/chain/development-keys.ts";
import { createSender, type Sender } from "#src/chain/sender.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import { Hub__factory } from "#typechain";
import { connectDeployer } from "../../../scripts/deploy/deployer.ts";
import { startTestChain, testAccount } from "../../e2e/chain-fixture.ts";

const HANSE = 10n ** 9n;
export const STAKE = 10n * HANSE;
export const UNBONDING_S = 5;

/** A chain with the market's contracts and a Hub. Account 0 governs; it mines what is sent at once, and every second. */
export async function startHubChain(funded: readonly number[]) {
  const test = await startTestChain(
    {
      categories: [{ roundBlocks: 60, deadlineBlocks: 300 }],
      hub: { stake: "10", unbondingTime: UNBONDING_S, longestOverlap: 3_600, lossShare: 1_000 },
    },
    { mineAtOnce: true },
  );
  const { chain, deployment } = test;
  const { clerk, token, hub } = deployment.contracts;
  const senders = new Map<number, Sender>();
  const senderOf = (number: number): Sender => {
    const sender =
      senders.get(number) ?? createSender({ chain, account: testAccount(number) }, { pollMs: 50 });
    senders.set(number, sender);
    return sender;
  };
  const governance = senderOf(0);
  for (const number of funded) {
    const { address } = senderOf(number);
    const args = [address, 1_000n * HANSE] as const;
    await governance.send({ address: token, abi: tokenAbi, functionName: "transfer", args });
    const deposit = [clerk, 1_000n * HANSE] as const;
    await senderOf(number).send({
      address: token,
      abi: tokenAbi,
      functionName: "approveAndCall",
      args: deposit,
    });
  }
  const onHub = { address: hub, abi: hubAbi } as const;
  return {
    ...test,
    hub,
    clerk,
    senderOf,
    governance,
    command: (method: string, params: unknown[] = []) => chain.viem.request({ method, params } as never),
    /** Joins without asking any service. */
    async join(number: number, shop: { code: string; key: Hex; endpoint: string; profile?: string }) {
      const sender = senderOf(number);
      const allow = [hub, 900n * HANSE] as const;
      await sender.send({ address: clerk, abi: clerkAbi, functionName: "allowCertifier", args: allow });
      const { code, key, endpoint, profile = "" } = shop;
      await sender.send({
        ...onHub,
        functionName: "join",
        args: [shopCodeToHex(code), key, endpoint, profile],
      });
    },
    leave: (number: number, code: string) =>
      senderOf(number).send({ ...onHub, functionName: "leave", args: [shopCodeToHex(code)] }),
    rotate: (number: number, code: string, key: Hex, overlapS: number) =>
      senderOf(number).send({
        ...onHub,
        functionName: "rotateKey",
        args: [shopCodeToHex(code), key, overlapS],
      }),
    suspend: (code: string, suspended: boolean) =>
      governance.send({ ...onHub, functionName: "suspend", args: [shopCodeToHex(code), suspended] }),
  };
}

export type HubChainFixture = Awaited<ReturnType<typeof startHubChain>>;

/** Another Hub may be on the same chain. */
export async function deployHub(rpcUrl: string, clerk: Address): Promise<Address> {
  const deployer = await connectDeployer(rpcUrl, developmentKey(0));
  const { address } = deployer;
  const { data } = await new Hub__factory().getDeployTransaction(clerk, address, address, {
    ...{ stake: STAKE, unbondingTime: UNBONDING_S, longestOverlap: 3_600, lossShare: 1_000 },
    admission: zeroAddress,
  });
  const hub = getContractAddress({ from: address, nonce: BigInt(deployer.nextNonce()) });
  await deployer.send({ data });
  await deployer.settle();
  deployer.close();
  return hub;
}
