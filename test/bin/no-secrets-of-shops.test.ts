import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { developmentKey } from "#src/chain/development-keys.ts";
import { createLogInMessage } from "#src/identity/siwe.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import {
  becomePartners,
  type Federation,
  OWNER_TOKEN,
  type ShopProcess,
  startFederation,
} from "../e2e/federation-fixture.ts";
import { createCustomer } from "../shop/support/customers.ts";
import { query } from "../store/test-database.ts";
import { QUERY_KEY, RPC_KEY, type RpcGateway, startRpcGateway } from "./rpc-gateway.ts";

// Given a hub service and two shops that log all they can, then neither their output, nor what they answer to those who err,
// nor their metrics show
// - a wallet's or shop's key, a database's password, what the URL of a node carries
// - where a parcel goes, in a word that anybody could read
// - a nonce or signature of a log-in, an access or refresh token, good, used or wrong; the owner's token
// - also while the node fails

const PASSWORD = "p@ss-Wort/9#geheim";
const USER = "dbuser";
const BEARER = "stranger-bearer-token-4711";
const BUYER = 9;
const SHIP_TO = {
  ...{ name: "Wilhelmine Quellental", lines: ["7 Verborgene Gasse"], city: "Stillstadt", region: "" },
  ...{ postalCode: "99713", country: "DE" },
};

/** What may be shown nowhere, and what it is. */
const secrets = new Map<string, string>([
  [PASSWORD, "a database's password"],
  [encodeURIComponent(PASSWORD), "a database's password"],
  [RPC_KEY, "the key of a node"],
  [QUERY_KEY, "the key of a node"],
  [OWNER_TOKEN, "the owner's token"],
  [BEARER, "a stranger's token"],
  [SHIP_TO.name, "a buyer's name"],
  ["Verborgene Gasse", "a buyer's street"],
  [SHIP_TO.city, "a buyer's city"],
]);
const hide = (what: string, ...values: readonly string[]) => {
  for (const value of values) secrets.set(value, what);
};

let gateway: RpcGateway;
let federation: Federation;
let anna: ShopProcess;
let ben: ShopProcess;

beforeAll(async () => {
  for (const owner of [5, 7, BUYER]) hide("a wallet's key", developmentKey(owner).slice(2));
  let known = false;
  federation = await startFederation(
    [
      { code: "ANNA", owner: 5 },
      { code: "BEN", owner: 7 },
    ],
    { HANSE_LOG_LEVEL: "trace" },
    {
      async database(url) {
        if (!known) await query(url, `create role ${USER} superuser login password '${PASSWORD}'`);
        known = true;
        return Object.assign(new URL(url), { username: USER, password: PASSWORD }).href;
      },
      async rpc(url) {
        gateway = await startRpcGateway(url);
        return gateway.url;
      },
    },
  );
  [anna, ben] = federation.shops as [ShopProcess, ShopProcess];
  for (const file of ["ANNA/shop.key", "BEN/shop.key", "hub/hub.key"]) {
    const seed = (await readFile(join(federation.directory, file), "utf8")).trim();
    hide("a shop's or hub service's key", seed.replace(/^0x/, ""));
  }
  await federation.chain.fund(BUYER);
}, 240_000);
afterAll(async () => {
  await federation?.stop();
  gateway?.stop();
});

function expectNoSecret(what: string, text: string): void {
  for (const [secret, name] of secrets) {
    const at = text.indexOf(secret);
    expect(at, `${what} shows ${name}: ${text.slice(Math.max(at - 200, 0), at + 60)}`).toBe(-1);
  }
}

/** What may come back only to who may have it. */
async function post(url: string, body: unknown, token: string = BEARER) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const told = JSON.stringify([...response.headers]) + text;
  if (response.status >= 400) expectNoSecret(`${url}, which answers ${response.status},`, told);
  return { status: response.status, json: JSON.parse(text) as Record<string, string> };
}

/** Each path without a secret of its own: well, and by whom it is refused. */
async function lookAround(): Promise<void> {
  const { url } = federation.hubProcess;
  for (const base of [url, anna.endpoint, ben.endpoint]) {
    for (const path of ["/healthz", "/readyz", "/metrics", "/docs", "/docs/openapi.json", "/v1/nothing"]) {
      const response = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${BEARER}` } });
      expectNoSecret(`${base}${path}`, JSON.stringify([...response.headers]) + (await response.text()));
    }
  }
}

/** Logs in, as wallets do and as they should not. */
async function logInAndErr(): Promise<void> {
  const { url } = federation.hubProcess;
  const wallet = testAccount(5);
  const newLogIn = async () => {
    const {
      nonce = "",
      domain = "",
      uri = "",
      chainId,
      statement = "",
    } = (await post(`${url}/v1/auth/nonce`, {})).json;
    hide("the nonce of a log-in", nonce);
    const now = Date.now();
    const message = createLogInMessage({
      ...{ domain, uri, statement, nonce, address: wallet.address, chainId: Number(chainId) },
      ...{ issuedAt: new Date(now), expirationTime: new Date(now + 60_000) },
    });
    const signature = await wallet.signMessage({ message });
    hide("the signature of a log-in", signature.slice(2));
    return { message, signature };
  };
  const logIn = await newLogIn();
  const session = await post(`${url}/v1/auth/sign-in`, logIn);
  expect(session.status).toBe(200);
  const { accessToken = "", refreshToken = "" } = session.json;
  hide("a token of a session", accessToken, refreshToken);
  expect((await post(`${url}/v1/auth/sign-in`, logIn)).status, "twice").toBe(401);
  const other = await newLogIn();
  const wrong = [
    { ...other, signature: logIn.signature },
    { ...other, message: `${other.message}\n` },
    { ...other, signature: 7 },
    `{"message":${JSON.stringify(other.message)}, "signature": "${other.signature}"`,
  ];
  for (const body of wrong) expect((await post(`${url}/v1/auth/sign-in`, body)).status).toBeGreaterThan(399);
  const join = { code: "OTHER", key: `0x${"1".repeat(64)}`, endpoint: "http://127.0.0.1:9", profile: "" };
  for (const token of [accessToken, refreshToken, `${accessToken}x`]) {
    expect((await post(`${url}/v1/shops/join`, join, token)).status).toBeGreaterThan(399);
  }
  const { json: next } = await post(`${url}/v1/auth/refresh`, { refreshToken });
  hide("a token of a session", next.accessToken ?? "", next.refreshToken ?? "");
  for (const token of [refreshToken, next.refreshToken, `${refreshToken}x`]) {
    expect((await post(`${url}/v1/auth/refresh`, { refreshToken: token })).status).toBeGreaterThan(399);
  }
}

/** Buys at Ben what Anna has, and errs on the way. */
async function buyAndErr(): Promise<void> {
  const { chain } = federation;
  const wallet = testAccount(BUYER);
  const customer = createCustomer(
    ben,
    wallet,
    { chainId: chain.chain.chainId, receipt: chain.deployment.contracts.receipt },
    SHIP_TO,
  );
  const wish = { buyer: wallet.address, lines: [{ product: "ANNA:HAT", quantity: 1 }], shipTo: SHIP_TO };
  const wrong = [
    { ...wish, lines: [{ product: "ANNA:HAT", quantity: 1_000 }] },
    { ...wish, lines: [{ product: "ANNA:NONE", quantity: 1 }] },
    { ...wish, shipTo: { ...SHIP_TO, country: SHIP_TO.city } },
    { ...wish, shipTo: [SHIP_TO.name, SHIP_TO.lines] },
    { ...wish, buyer: SHIP_TO.name },
    `${JSON.stringify(wish).slice(0, -1)},`,
  ];
  for (const body of wrong) {
    expect((await post(`${ben.endpoint}/v1/checkouts`, body)).status).toBeGreaterThan(399);
  }
  const checkout = await customer.begin([["ANNA:HAT", 1]]);
  expect((await customer.pay(checkout)).state).toBe("sealed");
  const path = `${ben.endpoint}/v1/checkouts/${checkout.id}`;
  for (const body of [{ signatures: [] }, { signatures: [SHIP_TO.name] }, { shipTo: SHIP_TO }]) {
    expect((await post(`${path}/signatures`, body)).status).toBeGreaterThan(399);
  }
  // Anna can read it, and nobody but her owner is told.
  const { sales } = (await anna.ask("/v1/owner/sales")) as { sales: { id: string }[] };
  const shipTo = `/v1/owner/sales/${sales[0]?.id}/ship-to`;
  await expect
    .poll(
      () =>
        anna.ask(shipTo).then(
          ({ city }) => city,
          () => undefined,
        ),
      { timeout: 30_000 },
    )
    .toBe(SHIP_TO.city);
  const refused = await fetch(`${anna.endpoint}${shipTo}`, {
    headers: { authorization: `Bearer ${BEARER}` },
  });
  expect(refused.status).toBe(401);
  expectNoSecret(shipTo, await refused.text());
  expect((await post(`${anna.endpoint}/v1/owner/sales/x/ship`, { tracking: SHIP_TO })).status).toBe(401);
}

it("hub service and shops show none while they serve, and while their node fails", async () => {
  await lookAround();
  await logInAndErr();
  await becomePartners(anna, ben, ["share-inventory", "sell"]);
  await anna.ask("/v1/owner/products/import", {
    ...{ format: "csv", content: "sku,name,price,quantity\nHAT,A hat,5.00,30\n" },
  });
  await buyAndErr();
  gateway.answers = "refuses";
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  await lookAround();
  gateway.answers = "well";
  const outputs = { hub: federation.hubProcess.output(), ANNA: anna.output(), BEN: ben.output() };
  for (const [name, output] of Object.entries(outputs)) {
    expect(output.length, name).toBeGreaterThan(100);
    expectNoSecret(`the log of ${name}`, output);
  }
  // The node did fail, and they said so.
  expect(Object.values(outputs).join()).toContain("HANSE_RPC_UNAVAILABLE");
}, 300_000);
