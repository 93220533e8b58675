import { generateKeyPairSync, sign, verify } from "node:crypto";
import { z } from "zod";
import type { MeasuredShops } from "./open-shops.ts";
import type { ShopRow } from "./shop-row.ts";
import { openSignedSocket } from "./signed-socket.ts";

const POLLS = 4_000;
const WARM_UP = 1_000;
const BAR_MS = 1;
const SIGNATURES = 2_000;

/** A partner that asks again and again for what changed, where nothing did: one request after the other. */
export async function measurePoll({ seller, buyer }: MeasuredShops): Promise<ShopRow> {
  const products = Array.from({ length: 100 }, (_, at) => ({
    sku: `P${at}`,
    name: `Product ${at}`,
    price: "1.00",
  }));
  await seller.own(
    "/v1/owner/products/import",
    { format: "json", content: JSON.stringify(products) },
    z.unknown(),
  );
  const socket = await openSignedSocket(seller, buyer);
  const first = await socket.send(
    await socket.prepare({ method: "GET", target: "/api/v1/products?limit=1000" }),
  );
  const { cursor } = z.object({ cursor: z.string() }).parse(JSON.parse(first.body));
  const target = `/api/v1/products?limit=1000&since=${cursor}`;
  const { headers } = await socket.send(await socket.prepare({ method: "GET", target }));
  const headersOfPoll = { "if-none-match": headers.etag ?? "" };

  const poll = async (times: number) => {
    const prepared: Buffer[] = [];
    for (let at = 0; at < times; at++)
      prepared.push(await socket.prepare({ method: "GET", target, headers: headersOfPoll }));
    const before = await seller.cpuSeconds();
    const took: number[] = [];
    for (const each of prepared) {
      const { status, milliseconds } = await socket.send(each);
      if (status !== 304) throw new Error(`a poll was answered with ${status}`);
      took.push(milliseconds);
    }
    return { cpuMs: ((await seller.cpuSeconds()) - before) * 1_000, took };
  };
  await poll(WARM_UP);
  const { cpuMs, took } = await poll(POLLS);
  socket.close();
  const value = Math.round((cpuMs / POLLS) * 1_000) / 1_000;
  const median = took.sort((a, b) => a - b)[took.length / 2] ?? Number.NaN;
  return {
    what: "CPU time of a shop for a partner's poll where nothing changed (304), its signature checked",
    ...{ value, bar: BAR_MS, unit: "ms" },
    reference: `${POLLS} polls, one after the other, ${median.toFixed(2)} ms each for the partner (median); one Ed25519 check alone takes ${signatureMs().toFixed(2)} ms`,
    ...(value > BAR_MS
      ? { limit: "three queries, the signature, and the server around them: see the profile" }
      : {}),
  };
}

/** What one check of an Ed25519 signature costs by itself: nobody who checks signatures can do with less. */
function signatureMs(): number {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const data = Buffer.alloc(300, 7);
  const signature = sign(null, data, privateKey);
  const begun = process.cpuUsage();
  for (let at = 0; at < SIGNATURES; at++) {
    if (!verify(null, data, publicKey, signature)) throw new Error("the signature is good");
  }
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000 / SIGNATURES;
}
