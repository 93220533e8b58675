import { type Address, getAddress, type Hex } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { createClerkMarketChain } from "#src/broker/clerk-market-chain.ts";
import { type MarketChain, NO_DATASET, type SealBatch } from "#src/broker/market-chain.ts";
import { createSender } from "#src/chain/sender.ts";
import { createSalts } from "#src/client/salts.ts";
import { signBulk, signOrder, signSponsorship } from "#src/client/sign-order.ts";
import { bulkTree } from "#src/protocol/bulk-order.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import type { Order, SignedOrder } from "#src/protocol/orders.ts";
import { POWERS } from "#src/protocol/powers.ts";
import { termsHash } from "#src/protocol/terms.ts";
import { startTestChain, type TestChain, testAccount } from "../e2e/chain-fixture.ts";
import { openTestMarket, REQUESTER, SELLER, type TestMarket } from "../e2e/market-fixture.ts";
import { silent } from "./support/test-database.ts";
import { appOrder, HANSE, poolOrder, requestOrder } from "./support/traders.ts";

// Given the real Clerk and Keyring: whatever a signature may be, both sides of the wall take the same for good.

const requester = testAccount(REQUESTER);
const seller = testAccount(SELLER);
const operator = testAccount(8);
const stranger = testAccount(7);
const sponsor = seller;
const LATER = 2 ** 39;
/** A contract that takes everything for its own signature, and one that accepts every deal. */
const WALLET = getAddress("0x00000000000000000000000000000000000c0de1");
const CHECKER = getAddress("0x00000000000000000000000000000000000c0de2");
const code = (word: string): Hex => `0x${word}60005260206000f3`;

let real: TestChain;
let market: TestMarket;
let app: AssetId;
let chain: MarketChain;
const nextSalt = createSalts();

beforeAll(async () => {
  real = await startTestChain({ categories: [{ roundBlocks: 10, deadlineBlocks: 100 }] });
  market = await openTestMarket(real, 1);
  app = await market.registerApp(new TextEncoder().encode("an app"));
  const sender = createSender({ chain: real.chain, account: testAccount(9) }, { pollMs: 50 });
  chain = createClerkMarketChain({ ...real, sender, logger: silent }, { pollMs: 50 });
  const install = (address: Address, bytes: Hex) =>
    real.chain.viem.request({ method: "anvil_setCode" as never, params: [address, bytes] as never });
  await install(WALLET, code("631626ba7e60e01b"));
  await install(CHECKER, code("6001"));
}, 120_000);

afterAll(async () => {
  await market?.stop();
  await real?.stop();
});

const conditions = (changes = {}) => ({
  ...{ certifier: real.deployment.contracts.poco, validUntil: 2n ** 40n, volume: 1, salt: nextSalt() },
  ...changes,
});
const wish = (changes: Parameters<typeof requestOrder>[0] = {}) =>
  requestOrder({
    ...{ requester: requester.address, beneficiary: requester.address, app, category: 0, trust: 1 },
    ...changes,
    conditions: conditions(changes.conditions),
  }) as Extract<Order, { type: "request" }>;
const sign = (by: typeof requester, order: Order) => signOrder(by, order, chain.chainId, chain.clerk);
const digestOf = (hash: Hex) => orderDigest(hash, chain.chainId, chain.clerk);
const keyringCall = (by: number, functionName: string, args: readonly unknown[]) =>
  market.senderOf(by).send({
    address: real.deployment.contracts.keyring,
    abi: keyringAbi,
    functionName,
    args,
  });
const grant = (powers: number, limit = 1_000n * HANSE) => ({ powers, limit, validUntil: LATER });
const check = ({ type, order, ...signed }: SignedOrder, account = requester.address) =>
  chain.keyringCheck({
    account,
    kind: type,
    hash: orderHash({ type, order } as Order),
    signature: signed.signature,
  });

/** A batch of requests, with fresh offers for them. */
async function batchOf(
  requests: SignedOrder[],
  offers: { readonly app?: SignedOrder } = {},
): Promise<SealBatch> {
  const terms = { conditions: conditions({ volume: 10 }) };
  const pool = poolOrder({ pool: market.pool, category: 0, ...terms });
  return {
    apps: [(offers.app ?? (await sign(seller, appOrder({ app, ...terms })))) as never],
    datasets: [],
    pools: [(await sign(seller, pool)) as never],
    requests: requests as never[],
    sponsorships: requests.flatMap(({ sponsorship }) => (sponsorship ? [sponsorship] : [])),
    terms: [...requests, ...(offers.app ? [offers.app] : [])].flatMap(({ terms }) => (terms ? [terms] : [])),
    matches: requests.map((_, request) => ({ app: 0, dataset: NO_DATASET, pool: 0, request })),
  };
}

describe("the Keyring", () => {
  test("knows nobody by a stranger's signature, an empty one, or a bulk without the order", async () => {
    const order = wish();
    const nobody = { type: "nobody" };
    expect(await check(await sign(stranger, order))).toEqual(nobody);
    expect(await check({ ...order, signature: "0x" })).toEqual(nobody);
    const [first] = await signBulk(requester, [wish(), wish()], chain.chainId, chain.clerk);
    expect(await check({ ...order, signature: first?.signature ?? "0x" })).toEqual(nobody);
  });

  test("names the operator, its power and its limit", async () => {
    const signed = await sign(operator, wish());
    await keyringCall(REQUESTER, "setOperator", [operator.address, grant(POWERS.POOL_ORDER)]);
    expect(await check(signed)).toEqual({ type: "nobody" });
    await keyringCall(REQUESTER, "setOperator", [operator.address, grant(POWERS.REQUEST_ORDER)]);
    const known = { type: "keyring", operator: { key: operator.address, limitNano: 1_000n * HANSE } };
    expect(await check(signed)).toEqual(known);
    const bulk = await signBulk(operator, [wish(), wish(), wish()], chain.chainId, chain.clerk);
    for (const order of bulk) expect(await check(order)).toEqual(known);
  });

  test("takes what is presigned, and a contract's word", async () => {
    const order = wish();
    await keyringCall(REQUESTER, "presign", [digestOf(orderHash(order)), true]);
    expect(await check({ ...order, signature: "0x" })).toEqual({ type: "keyring" });
    const contracts = wish({ requester: WALLET });
    expect(await check({ ...contracts, signature: "0x1234" }, WALLET)).toEqual({ type: "keyring" });
  });
});

describe("the Clerk seals", () => {
  test("a bulk of the own key, an operator's, and a presigned one", async () => {
    await keyringCall(REQUESTER, "setOperator", [operator.address, grant(POWERS.REQUEST_ORDER)]);
    const spent = await chain.spentNano(requester.address, operator.address);
    const three = () => [wish(), wish(), wish()];
    const own = await signBulk(requester, three(), chain.chainId, chain.clerk);
    const operators = await signBulk(operator, three(), chain.chainId, chain.clerk);
    const presigned = wish();
    const tree = [presigned, wish()];
    await keyringCall(REQUESTER, "presign", [digestOf(bulkTree(tree).hash), true]);
    const [bulk] = await signBulk(stranger, tree, chain.chainId, chain.clerk);
    const signature = `0x${bulk?.signature.slice(2 + 2 * 65)}` as const;
    const { refused, sealed } = await chain.seal(
      await batchOf([...own, ...operators, { ...presigned, signature }]),
      "seal:bulk",
    );
    expect(refused).toEqual([]);
    expect(sealed).toHaveLength(7);
    const paid = sealed[0]?.deal.poolPrice ?? 0n;
    expect(paid).toBe(10n * HANSE);
    expect((await chain.spentNano(requester.address, operator.address)) - spent).toBe(33n * HANSE);
  });

  test("on a sponsor's money, up to its cap", async () => {
    const order = wish({ sponsor: sponsor.address, conditions: { volume: 2 } });
    const cap = 22n * HANSE;
    const word = { cap, validUntil: 2n ** 40n, epoch: 0n };
    const sponsorship = await signSponsorship(sponsor, order, word, chain.chainId, chain.clerk);
    const signed = { ...(await sign(requester, order)), sponsorship };
    const poor = { ...sponsorship, cap: cap - 1n };
    const refusalOf = async (request: SignedOrder) =>
      (await chain.preview(await batchOf([request])))[0]?.refusal;
    expect(await refusalOf({ ...signed, sponsorship: undefined })).toBe("SponsorNotSigned");
    expect(await refusalOf({ ...signed, sponsorship: poor })).toBe("SponsorNotSigned");
    expect(await refusalOf(signed)).toBe("None");
    const { sealed } = await chain.seal(await batchOf([signed]), "seal:sponsored");
    expect(sealed).toMatchObject([
      { deal: { payer: sponsor.address, requester: requester.address, volume: 2 } },
    ]);
    expect(await chain.sponsoredNano(sponsor.address, orderHash(order))).toBe(cap);
  });

  test("what a contract that checks terms accepts", async () => {
    const good = { checker: CHECKER, data: "0x01" } as const;
    // This one answers another word than 1.
    const bad = { checker: WALLET, data: "0x01" } as const;
    const withTerms = async (terms: typeof good | typeof bad) => ({
      ...(await sign(requester, wish({ conditions: { terms: termsHash(terms) } }))),
      terms,
    });
    const batch = await batchOf([await withTerms(good), await withTerms(bad)]);
    const refused = { leg: "request", refusal: "TermsNotMet" };
    expect(await chain.preview(batch)).toEqual([{ leg: "request", refusal: "None" }, refused]);
    const outcome = await chain.seal(batch, "seal:terms");
    expect(outcome.sealed).toHaveLength(1);
    expect(outcome.refused).toEqual([{ index: 1, ...refused }]);
  });
});
