import { type Address, formatEther } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createPocoReader } from "#src/chain/poco-reader.ts";
import { isOpenToOthers } from "#src/crypto/wallet-store.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { formatHanse, inHanse } from "#src/protocol/money.ts";
import { type Finding, ok, skipped, warning, wrong } from "./finding.ts";

/** Whose account is looked at, and where its key is. */
export type WalletToExamine =
  | { readonly type: "keystore"; readonly path: string; readonly address: Address | undefined }
  | { readonly type: "key"; readonly variable: string; readonly address: Address }
  | { readonly type: "none" };

export async function examineWallet(wallet: WalletToExamine): Promise<Finding> {
  if (wallet.type === "none") {
    return skipped(
      "wallet",
      "there is no wallet",
      "Make one with `hanse wallet new <name>`, where you trade yourself.",
    );
  }
  if (wallet.type === "key") {
    return warning(
      "wallet",
      `the key of ${wallet.address} is in ${wallet.variable}, in clear`,
      "`hanse wallet import` keeps it encrypted; services take HANSE_KEYSTORE.",
    );
  }
  if (await isOpenToOthers(wallet.path)) {
    return wrong("wallet", `others can read ${wallet.path}`, `chmod 600 ${wallet.path}`);
  }
  return ok(
    "wallet",
    `${wallet.path} is a keystore${wallet.address === undefined ? "" : ` of ${wallet.address}`}`,
  );
}

/** Coin for gas, and money in wallet and account. */
export async function examineFunds(
  chain: ChainClient,
  { contracts }: Deployment,
  owner: Address,
): Promise<readonly Finding[]> {
  const [coin, balance, { free, locked }] = await Promise.all([
    chain.viem.getBalance({ address: owner }),
    chain.viem.readContract({
      address: contracts.token,
      abi: tokenAbi,
      functionName: "balanceOf",
      args: [owner],
    }),
    chain.viem.readContract({
      address: contracts.clerk,
      abi: clerkAbi,
      functionName: "account",
      args: [owner],
    }),
  ]);
  const gas =
    coin > 0n
      ? ok("gas", `${owner} has ${formatEther(coin)} of the coin that pays for gas`)
      : wrong("gas", `${owner} has no coin to pay for gas`, "Send some of the chain's native coin to it.");
  const held = `${inHanse(free)} free, ${formatHanse(locked)} locked, ${formatHanse(balance)} in the wallet`;
  if (free + locked > 0n) return [gas, ok("account", held)];
  return [
    gas,
    warning(
      "account",
      `nothing is in the account (${held})`,
      "`hanse account deposit <amount>` fills it: requests, pool stakes and seats are paid from there.",
    ),
  ];
}

/** A worker's seat in a pool, or what it needs to get one. */
export async function examineSeat(
  chain: ChainClient,
  deployment: Deployment,
  pool: AssetId,
  worker: Address,
): Promise<readonly Finding[]> {
  const reader = createPocoReader(chain, deployment);
  const { opened, terms } = await reader.pool(pool);
  if (!opened) return [wrong("seat", "the pool is not open", "Its owner opens it: `hanse pool open <id>`.")];
  if (terms.closed) return [skipped("seat", "the pool is closed: it has no seats")];
  const number = await reader.seatOf(pool, worker);
  if (number !== undefined) {
    const { score, earned } = await reader.seat(pool, number);
    return [ok("seat", `${worker} has seat ${number}, score ${score}, ${inHanse(earned)} to collect`)];
  }
  const { clerk, poco } = deployment.contracts;
  const onClerk = { address: clerk, abi: clerkAbi } as const;
  const [{ free }, { allowance, bonded }] = await Promise.all([
    chain.viem.readContract({ ...onClerk, functionName: "account", args: [worker] }),
    chain.viem.readContract({ ...onClerk, functionName: "bondOf", args: [worker, poco] }),
  ]);
  const stake = inHanse(terms.seatStake);
  if (free < terms.seatStake) {
    return [
      wrong(
        "seat",
        `${worker} has no seat, and less than its stake of ${stake} is free`,
        "`hanse account deposit <amount>` brings what is missing.",
      ),
    ];
  }
  if (allowance - bonded >= terms.seatStake)
    return [ok("seat", `${worker} has no seat, and all it needs for one`)];
  return [
    warning(
      "seat",
      `${worker} has no seat, and Poco may not hold its stake of ${stake}`,
      "`hanse worker start` takes one itself; by hand: `hanse account allow poco <amount>`.",
    ),
  ];
}
