import fc from "fast-check";
import { httpbis } from "http-message-signatures";
import { bytesToHex } from "viem";
import { describe, expect, it } from "vitest";
import {
  HUB_SIGNER,
  type SignatureCheck,
  type SignedParts,
  signRequest,
  verifyRequest,
} from "#src/identity/http-signature.ts";
import { type ShopKey, shopKeyFromSeed } from "#src/identity/shop-key.ts";
import type { ErrorCode } from "#src/kernel/error-codes.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";

const key = shopKeyFromSeed(bytesToHex(new Uint8Array(32).fill(7)));
const otherKey = shopKeyFromSeed(bytesToHex(new Uint8Array(32).fill(8)));
const START = 1_800_000_000_000;
const authority = "books.example";
const addressee = "BOOKS";
const order: SignedParts = {
  method: "POST",
  url: "https://books.example/v1/orders?dry=1",
  headers: { "content-type": "application/json" },
  body: '{"sku":"A1","quantity":3}',
};
const keyed: SignedParts = { ...order, headers: { ...order.headers, "idempotency-key": "0123-4567" } };
const COMPONENTS = [
  ...["@method", "@authority", "@path", "@query", "hanse-to", "idempotency-key"],
  ...["content-digest", "content-type"],
];
const list: SignedParts = { method: "GET", url: "https://books.example/v1/products", headers: {} };

type Signing = Parameters<typeof signRequest>[3];

async function signed(parts: SignedParts = order, options: Signing = {}, signer: ShopKey = key) {
  const clock = createManualClock(START);
  return {
    ...parts,
    headers: await signRequest(parts, { code: "WINES", key: signer }, addressee, { clock, ...options }),
  };
}

function checkOf({ now = START, ...over }: Partial<SignatureCheck> & { readonly now?: number } = {}) {
  const seen = new Set<string>();
  const check: SignatureCheck = {
    isKeyOf: async (code, publicKey) => code === "WINES" && publicKey === key.publicKey,
    takeNonce: async (code, nonce) => !seen.has(`${code} ${nonce}`) && Boolean(seen.add(`${code} ${nonce}`)),
    clock: createManualClock(now),
    ...{ authority, addressee },
    ...over,
  };
  return { check, seen };
}

async function refused(parts: SignedParts, code: ErrorCode, options: Parameters<typeof checkOf>[0] = {}) {
  const { check, seen } = checkOf(options);
  await expect(verifyRequest(parts, check)).rejects.toMatchObject({ code });
  // What was refused has used up no nonce.
  expect(seen.size).toBe(0);
}

/** With a header of the signature rewritten. */
function rewritten(parts: SignedParts, name: string, change: (value: string) => string): SignedParts {
  return { ...parts, headers: { ...parts.headers, [name]: change(parts.headers[name] ?? "") } };
}

describe("refuses a request", () => {
  it("that is not signed, or half", async () => {
    await refused(order, "HANSE_SIGNATURE_MISSING");
    const parts = await signed();
    for (const name of ["signature", "signature-input"]) {
      const { [name]: _, ...headers } = parts.headers;
      await refused({ ...parts, headers }, "HANSE_SIGNATURE_MISSING");
    }
  });

  it.each<[string, Partial<SignedParts>]>([
    ["method", { method: "PUT" }],
    ["path", { url: "https://books.example/v1/order?dry=1" }],
    ["query", { url: "https://books.example/v1/orders?dry=0" }],
    ["query left out", { url: "https://books.example/v1/orders" }],
  ])("with another %s", async (_, change) => {
    await refused({ ...(await signed()), ...change }, "HANSE_SIGNATURE_INVALID");
  });

  it("for another host, whether it knows its own or not", async () => {
    const elsewhere = { ...(await signed()), url: "https://wines.example/v1/orders?dry=1" };
    await refused(elsewhere, "HANSE_SIGNATURE_AUTHORITY_MISMATCH");
    await refused(elsewhere, "HANSE_SIGNATURE_INVALID", { authority: "wines.example" });
    await refused(await signed(), "HANSE_SIGNATURE_AUTHORITY_MISMATCH", { authority: "books.example:8443" });
  });

  it("for another shop, wherever it came, or for none by name", async () => {
    const parts = await signed();
    await refused(parts, "HANSE_SIGNATURE_ADDRESSEE_MISMATCH", { addressee: "ANNA" });
    // Named for whoever reads it now, it is not as it was signed.
    const turned = rewritten(parts, "hanse-to", () => "ANNA");
    await refused(turned, "HANSE_SIGNATURE_INVALID", { addressee: "ANNA" });
    const { "hanse-to": _, ...headers } = parts.headers;
    await refused({ ...parts, headers }, "HANSE_SIGNATURE_COMPONENT_MISSING");
    await refused(
      rewritten(parts, "hanse-to", (value) => `${value}, ${value}`),
      "HANSE_SIGNATURE_ADDRESSEE_MISMATCH",
    );
  });

  it("with another idempotency key, or with one that was not signed", async () => {
    const parts = rewritten(await signed(keyed), "idempotency-key", () => "9876-5432");
    await refused(parts, "HANSE_SIGNATURE_INVALID");
    const plain = await signed();
    const added = { ...plain, headers: { ...plain.headers, "idempotency-key": "0123-4567" } };
    await refused(added, "HANSE_SIGNATURE_COMPONENT_MISSING");
  });

  it("with another body, with one where there was none, or with none where there was one", async () => {
    await refused(
      { ...(await signed()), body: '{"sku":"A1","quantity":30}' },
      "HANSE_SIGNATURE_DIGEST_MISMATCH",
    );
    await refused({ ...(await signed()), body: "" }, "HANSE_SIGNATURE_DIGEST_MISMATCH");
    const added = { ...(await signed(list)), body: "{}" };
    await refused(added, "HANSE_SIGNATURE_COMPONENT_MISSING");
  });

  it("with another digest, even of the body that came", async () => {
    const body = '{"sku":"A1","quantity":30}';
    const { "content-digest": digest } = (await signed({ ...order, body })).headers;
    const parts = rewritten({ ...(await signed()), body }, "content-digest", () => String(digest));
    await refused(parts, "HANSE_SIGNATURE_INVALID");
    // A second digest beside the first makes it no better, nor one of an algorithm nobody checks.
    for (const extra of [String(digest), "md5=:AAAAAAAAAAAAAAAAAAAAAA==:"]) {
      const doubled = rewritten(await signed(), "content-digest", (value) => `${value}, ${extra}`);
      await refused(doubled, "HANSE_SIGNATURE_DIGEST_MISMATCH");
    }
  });

  it("with another content type", async () => {
    const parts = rewritten(await signed(), "content-type", () => "text/plain");
    await refused(parts, "HANSE_SIGNATURE_INVALID");
  });

  it("that is expired, from the future, or good for too long", async () => {
    const parts = await signed();
    await refused(parts, "HANSE_SIGNATURE_EXPIRED", { now: START + 60_000 });
    await refused(parts, "HANSE_SIGNATURE_NOT_YET_VALID", { now: START - 31_000 });
    await refused(await signed(order, { lifetimeS: 301 }), "HANSE_SIGNATURE_TOO_LONG_LIVED");
    await refused(await signed(order, { lifetimeS: -1 }), "HANSE_SIGNATURE_MALFORMED");
  });

  it("whose times were changed", async () => {
    const parts = rewritten(await signed(), "signature-input", (value) =>
      value.replace(/expires=\d+/, `expires=${START / 1000 + 200}`),
    );
    await refused(parts, "HANSE_SIGNATURE_INVALID", { now: START + 100_000 });
  });

  it("of another key, a revoked key, or a stranger who says it is the shop", async () => {
    await refused(await signed(order, {}, otherKey), "HANSE_SIGNATURE_KEY_UNKNOWN");
    await refused(await signed(), "HANSE_SIGNATURE_KEY_UNKNOWN", { isKeyOf: async () => false });
    // The shop's key named, another's signature.
    const [mine, others] = [await signed(), await signed(order, {}, otherKey)];
    const parts = rewritten(mine, "signature", () => others.headers.signature ?? "");
    await refused(parts, "HANSE_SIGNATURE_INVALID");
  });

  it("that came before", async () => {
    const { check } = checkOf();
    const parts = await signed();
    await verifyRequest(parts, check);
    await expect(verifyRequest(parts, check)).rejects.toMatchObject({ code: "HANSE_SIGNATURE_REPLAYED" });
  });

  it.each([...COMPONENTS])("that does not sign %s", async (component) => {
    const { httpbis } = await import("http-message-signatures");
    const whole = await signed(keyed);
    const { signature: _1, "signature-input": _2, ...headers } = whole.headers;
    const keyid = /keyid="([^"]+)"/.exec(whole.headers["signature-input"] ?? "")?.[1] ?? "";
    const partly = await httpbis.signMessage(
      {
        key: { sign: async (data) => Buffer.from(key.sign(data)) },
        params: ["created", "expires", "nonce", "keyid", "tag"],
        paramValues: {
          ...{ created: new Date(START), expires: new Date(START + 60_000) },
          ...{ nonce: "0123456789abcdef", keyid, tag: "hanse" },
        },
        fields: COMPONENTS.filter((name) => name !== component),
      },
      { method: whole.method, url: whole.url, headers },
    );
    await refused(
      { ...whole, headers: partly.headers as Record<string, string> },
      "HANSE_SIGNATURE_COMPONENT_MISSING",
    );
  });

  it.each<[string, (input: string) => string]>([
    ["another algorithm", (input) => input.replace('alg="ed25519"', 'alg="hmac-sha256"')],
    ["another tag", (input) => input.replace('tag="hanse"', 'tag="other"')],
    ["no tag", (input) => input.replace(';tag="hanse"', "")],
    ["no nonce", (input) => input.replace(/;nonce="[^"]+"/, "")],
    ["a nonce that is short", (input) => input.replace(/nonce="[^"]+"/, 'nonce="1"')],
    ["a nonce that is a number", (input) => input.replace(/nonce="[^"]+"/, "nonce=12345678901234567")],
    ["no time of its making", (input) => input.replace(/;created=\d+/, "")],
    ["no end", (input) => input.replace(/;expires=\d+/, "")],
    ["an end beyond all times", (input) => input.replace(/expires=\d+/, "expires=999999999999999")],
    ["a time that is a text", (input) => input.replace(/expires=(\d+)/, 'expires="$1"')],
    ["a key id of another form", (input) => input.replace("WINES:", "wines:")],
    ["a key id without a code", (input) => input.replace("WINES:", "")],
    ["a key that is short", (input) => input.replace(/:[\w-]{43}"/, ':AAAA"')],
    ["a component of another message", (input) => input.replace('"@method"', '"@method";req')],
    ["a part of a digest", (input) => input.replace('"content-digest"', '"content-digest";key="sha-256"')],
    ["a component twice", (input) => input.replace('"@method"', '"@method" "@method";x')],
    ["a component nobody knows", (input) => input.replace('"@method"', '"@unknown"')],
    ["a header that did not come", (input) => input.replace('"@method"', '"x-other"')],
    ["another signature beside it", (input) => `${input}, other=("@method");created=1`],
    ["itself twice", (input) => `${input}, ${input}`],
    ["nothing", () => ""],
    ["no list", () => "hanse=1"],
    ["garbage", () => "\u0000;;;(("],
  ])("whose signature names %s", async (_, change) => {
    await refused(rewritten(await signed(), "signature-input", change), "HANSE_SIGNATURE_MALFORMED");
  });

  it("whose signature is no bytes, another's name, or several", async () => {
    for (const change of [
      () => "hanse=1",
      () => 'hanse="text"',
      (value: string) => value.replace("hanse=", "other="),
      (value: string) => `${value}, ${value}`,
    ]) {
      await refused(rewritten(await signed(), "signature", change), "HANSE_SIGNATURE_MALFORMED");
    }
  });

  it("with a header that stands twice", async () => {
    const parts = await signed();
    const doubled = { ...parts, headers: { ...parts.headers, "Content-Type": "application/json" } };
    await refused(doubled, "HANSE_SIGNATURE_MALFORMED");
    // As Node joins them.
    await refused(
      rewritten(parts, "content-type", (value) => `${value}, ${value}`),
      "HANSE_SIGNATURE_INVALID",
    );
  });

  it.each([
    "https://books.example/v1/../v1/orders?dry=1",
    "https://books.example/v1/orders?dry=1#x",
    "nowhere",
  ])("whose target is written in another way: %s", async (url) => {
    await refused({ ...(await signed()), url }, "HANSE_SIGNATURE_MALFORMED");
  });
});

describe("takes a request", () => {
  it("with and without a body, and says who signed it", async () => {
    for (const parts of [order, list, { ...order, body: Buffer.from(String(order.body)) }]) {
      const { check } = checkOf();
      const found = await verifyRequest(await signed(parts), check);
      expect(found).toEqual({ code: "WINES", publicKey: key.publicKey });
    }
  });

  it("of a clock that is a little ahead, until it expires, and keeps the nonce as long", async () => {
    const kept: Date[] = [];
    const takeNonce: SignatureCheck["takeNonce"] = async (_code, _nonce, expires) =>
      Boolean(kept.push(expires));
    for (const now of [START - 30_000, START + 59_000]) {
      await verifyRequest(await signed(), checkOf({ now, takeNonce }).check);
    }
    expect(kept).toEqual([new Date(START + 60_000), new Date(START + 60_000)]);
  });

  it("whatever the case of host and of header names", async () => {
    const { headers, ...parts } = await signed();
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    const url = parts.url.replace("books.example", "BOOKS.example");
    await verifyRequest({ ...parts, url, headers: upper }, checkOf().check);
  });

  it("of a hub service, which no shop can be", async () => {
    const headers = await signRequest(list, { code: HUB_SIGNER, key }, addressee, {
      clock: createManualClock(START),
    });
    const { check } = checkOf({ isKeyOf: async (code) => code === HUB_SIGNER });
    expect(await verifyRequest({ ...list, headers }, check)).toMatchObject({ code: HUB_SIGNER });
  });
});

const anyParts = fc
  .record({
    method: fc.constantFrom("POST", "PUT", "PATCH", "DELETE"),
    path: fc.array(
      fc.stringMatching(/^[\w.~-]{1,8}$/).filter((part) => !/^\.{1,2}$/.test(part)),
      { maxLength: 4 },
    ),
    query: fc.option(
      fc.stringMatching(/^[\w=&.%~-]{0,12}$/).filter((text) => text !== ""),
      { nil: undefined },
    ),
    body: fc.uint8Array({ maxLength: 40 }),
  })
  .map(
    ({ method, path, query, body }): SignedParts => ({
      method,
      url: `https://${authority}/${path.join("/")}${query === undefined ? "" : `?${query}`}`,
      headers: { "content-type": "application/octet-stream" },
      body,
    }),
  );

describe("any request", () => {
  it("is taken as it was signed", async () => {
    await fc.assert(
      fc.asyncProperty(anyParts, async (parts) => {
        expect(await verifyRequest(await signed(parts), checkOf().check)).toMatchObject({ code: "WINES" });
      }),
    );
  });

  it("is taken in whatever form RFC 9421 allows: parameters and components in another order", async () => {
    await fc.assert(
      fc.asyncProperty(anyParts, fc.boolean(), async (parts, reversed) => {
        const { headers } = await signed(parts);
        const { signature: _, "signature-input": input = "", ...plain } = headers;
        const [, inner = "", rest = ""] = /^hanse=\(([^)]*)\);(.*)$/.exec(input) ?? [];
        const value = (name: string) => new RegExp(`${name}="?([^";]+)`).exec(rest)?.[1] ?? "";
        const fields = inner.split(" ").map((name) => name.slice(1, -1));
        const again = await httpbis.signMessage(
          {
            ...{ key: { sign: async (data) => Buffer.from(key.sign(data)) }, name: "hanse" },
            params: ["tag", "alg", "keyid", "nonce", "expires", "created"],
            paramValues: {
              ...{ tag: "hanse", alg: "ed25519", keyid: value("keyid"), nonce: value("nonce") },
              expires: new Date(Number(value("expires")) * 1_000),
              created: new Date(Number(value("created")) * 1_000),
            },
            fields: reversed ? fields.toReversed() : fields,
          },
          { method: parts.method, url: parts.url, headers: plain },
        );
        const others = Object.entries(again.headers as Record<string, string>);
        const lower = Object.fromEntries(others.map(([name, each]) => [name.toLowerCase(), each]));
        expect(lower["signature-input"]).not.toBe(input);
        expect(await verifyRequest({ ...parts, headers: lower }, checkOf().check)).toMatchObject({
          code: "WINES",
        });
      }),
    );
  });

  it("is refused where method, target or body is another's", async () => {
    await fc.assert(
      fc.asyncProperty(anyParts, anyParts, async (one, other) => {
        const same = one.method === other.method && one.url === other.url;
        fc.pre(!same || Buffer.compare(Buffer.from(one.body ?? ""), Buffer.from(other.body ?? "")) !== 0);
        const { headers } = await signed(one);
        await expect(verifyRequest({ ...other, headers }, checkOf().check)).rejects.toMatchObject({
          name: "HanseError",
        });
      }),
    );
  });

  it("is refused, and throws nothing else, whatever stands in its signature", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (input, signature) => {
        const parts = {
          ...list,
          headers: { "signature-input": `hanse=(${input}`, signature: `hanse=:${signature}` },
        };
        await expect(verifyRequest(parts, checkOf().check)).rejects.toMatchObject({ name: "HanseError" });
      }),
    );
  });
});
