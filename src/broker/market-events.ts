import { type Address, type Hex, isAddressEqual, type Log, zeroHash } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import { LEGS, REFUSALS } from "#src/protocol/refusals.ts";
import type { MarketEvent, SealedDeal, SealOutcome } from "./market-chain.ts";

/** What the logs of a block mean for orders, in their order. Logs of no interest are left out. */
export function decodeMarketEvents(
  logs: readonly Log[],
  { clerk, keyring, registry }: Readonly<Record<"clerk" | "keyring" | "registry", Address>>,
): MarketEvent[] {
  return logs.flatMap((log) => {
    if (isAddressEqual(log.address, clerk)) return ofClerk(log);
    if (isAddressEqual(log.address, keyring)) return ofKeyring(log);
    return isAddressEqual(log.address, registry) ? ofRegistry(log) : [];
  });
}

/** What became of a batch, by the receipt of its transaction. */
export function decodeSealOutcome(
  receipt: { readonly transactionHash: Hex; readonly logs: Log[] },
  clerk: Address,
): SealOutcome {
  const logs = receipt.logs.filter((log) => isAddressEqual(log.address, clerk));
  const refused = decodeEvents({ abi: clerkAbi, eventName: "MatchRefused", logs });
  return {
    txHash: receipt.transactionHash,
    sealed: logs.flatMap(ofClerk).flatMap((event) => (event.type === "deal-sealed" ? [event.deal] : [])),
    refused: refused.map(({ args: { index, leg, refusal } }) => ({
      index: Number(index),
      leg: LEGS[leg] ?? "request",
      refusal: REFUSALS[refusal] ?? "None",
    })),
  };
}

function ofClerk(log: Log): MarketEvent[] {
  const [event] = decodeEvents({ abi: clerkAbi, logs: [log] });
  switch (event?.eventName) {
    case "DealSealed":
      return [{ type: "deal-sealed", deal: sealedDeal(event.args, log) }];
    case "UnitSettled":
      return [{ type: "unit-settled", dealId: event.args.id, openUnits: event.args.openUnits }];
    case "OrderCancelled": {
      const { account, leg, salt } = event.args;
      const txHash = log.transactionHash ?? zeroHash;
      return [{ type: "order-cancelled", account, leg: LEGS[leg] ?? "request", salt, txHash }];
    }
    case "EpochRaised":
    case "Deposited":
    case "Withdrawn":
    case "Bonded":
    case "Unbonded":
      return [{ type: "account-changed", account: event.args.account }];
    case "Paid":
      return [event.args.from, event.args.to].map((account) => ({ type: "account-changed", account }));
    case "CertifierRegistered":
      return [{ type: "certifier-changed", certifier: event.args.certifier }];
    default:
      return [];
  }
}

/** Whatever an account says about its keys and digests, its orders are looked at again. */
function ofKeyring(log: Log): MarketEvent[] {
  const [event] = decodeEvents({ abi: keyringAbi, logs: [log] });
  return event === undefined ? [] : [{ type: "account-changed", account: event.args.account }];
}

function ofRegistry(log: Log): MarketEvent[] {
  const [event] = decodeEvents({ abi: registryAbi, eventName: "Transfer", logs: [log] });
  if (event === undefined) return [];
  return [{ type: "asset-transferred", asset: event.args.tokenId, to: event.args.to }];
}

type DealSealedArgs = {
  readonly id: Hex;
  readonly requestHash: Hex;
  readonly orders: Readonly<Record<"app" | "dataset" | "pool", Hex>>;
  readonly deal: SealedDeal["deal"];
  readonly params: Hex;
};

function sealedDeal({ id, requestHash, orders, deal, params }: DealSealedArgs, log: Log): SealedDeal {
  const { app, dataset, pool } = orders;
  return {
    id,
    orders: { request: requestHash, app, ...(dataset === zeroHash ? {} : { dataset }), pool },
    deal,
    params,
    block: { number: log.blockNumber ?? 0n, hash: log.blockHash ?? zeroHash },
    txHash: log.transactionHash ?? zeroHash,
  };
}
