import { bytesToHex, getAddress, type Hex, keccak256, numberToHex, stringToHex, zeroHash } from "viem";
import type { NewOrder } from "#src/broker/order-store.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { conditions, type Order, request } from "#src/protocol/orders.ts";

const HANSE = 10n ** 9n;
const ANYONE = zeroHash;
const accounts = Array.from({ length: 2_000 }, (_, at) => getAddress(digest("account", at).slice(0, 42)));
const CERTIFIER = getAddress(digest("certifier", 0).slice(0, 42));

/** An order of a busy market, the same for the same number: seven in ten are requests, two offers of pools. */
export function openOrder(number: number): NewOrder {
  const signer = accounts[number % accounts.length] ?? CERTIFIER;
  const order = orderOf(number, signer);
  const half = digest("signature", number);
  const signature = `${half}${digest("signature", -number).slice(2)}1b` as Hex;
  return { hash: orderHash(order), signer, signed: { ...order, signature }, filled: 0, byKeyring: false };
}

function orderOf(number: number, signer: Hex): Order {
  const terms = conditions({
    certifier: CERTIFIER,
    validUntil: 1_800_000_000n + BigInt((number * 7_919) % 10_000_000),
    volume: 1 + (number % 20),
    salt: digest("salt", number),
  });
  // Far apart, or they would match.
  const cheap = (BigInt((number * 31) % 997) * HANSE) / 1_000n;
  const offer = { tag: zeroHash, onlyRequester: ANYONE, conditions: terms };
  switch (number % 10) {
    case 0:
      return {
        type: "app",
        order: {
          ...offer,
          app: asset("app", number),
          price: HANSE,
          trust: 0,
          onlyDataset: ANYONE,
          onlyPool: ANYONE,
        },
      };
    case 1:
      return {
        type: "pool",
        order: {
          ...offer,
          ...{ pool: asset("pool", number), price: HANSE + cheap, category: number % 7, trust: 10 },
          ...{ onlyApp: ANYONE, onlyDataset: ANYONE },
        },
      };
    case 2:
      return {
        type: "dataset",
        order: {
          ...offer,
          dataset: asset("dataset", number),
          price: HANSE,
          trust: 0,
          onlyApp: ANYONE,
          onlyPool: ANYONE,
        },
      };
    default:
      return request({
        ...{ requester: signer, category: number % 7, trust: number % 3, conditions: terms },
        ...{
          app: asset("app", number),
          maxAppPrice: HANSE,
          dataset: asset("dataset", number),
          maxDatasetPrice: HANSE,
        },
        maxPoolPrice: cheap,
        params: bytesToHex(
          new TextEncoder().encode(JSON.stringify({ days: ["2010-12-01", "2010-12-02"], number })),
        ),
      });
  }
}

const KINDS = { app: 1n, dataset: 2n, pool: 3n };

/** One of 500 of its kind. */
function asset(kind: keyof typeof KINDS, number: number): AssetId {
  return (KINDS[kind] << 248n) | (BigInt(digest(kind, number % 500)) >> 8n);
}

function digest(what: string, number: number): Hex {
  return keccak256(stringToHex(`${what} ${numberToHex(BigInt(Math.abs(number)))} ${number < 0}`));
}
