import { type Hex, zeroAddress } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHubClient } from "#src/client/hub-client.ts";
import type { NonceAnswer, Session } from "#src/client/hub-schema.ts";
import { signCompact } from "#src/identity/compact-jws.ts";
import { generateShopKey } from "#src/identity/shop-key.ts";
import { createLogInMessage, type LogIn } from "#src/identity/siwe.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { startTestPostgres } from "../store/test-database.ts";
import { type HubChainFixture, startHubChain } from "./support/hub-chain.ts";
import { startTestHub, type TestHub } from "./support/test-hub.ts";

let chain: HubChainFixture;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let hub: TestHub;
const wallet = testAccount(1);

beforeAll(async () => {
  [chain, postgres] = await Promise.all([startHubChain([]), startTestPostgres()]);
  hub = await startTestHub(chain, await postgres.fresh());
}, 120_000);
afterAll(async () => {
  await hub?.stop();
  await postgres?.stop();
  await chain?.stop();
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${hub.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as Record<string, string> & { code: string } };
}

async function newLogIn(change: Partial<LogIn> = {}): Promise<LogIn> {
  const { body } = await post("/v1/auth/nonce", {});
  const { nonce, domain, uri, chainId, statement } = body as unknown as NonceAnswer;
  const now = Date.now();
  return {
    ...{ nonce, domain, uri, chainId, statement, address: wallet.address },
    ...{ issuedAt: new Date(now), expirationTime: new Date(now + 60_000), ...change },
  };
}

async function signIn(logIn: LogIn, signature?: Hex) {
  const message = createLogInMessage(logIn);
  return await post("/v1/auth/sign-in", {
    message,
    signature: signature ?? (await wallet.signMessage({ message })),
  });
}

const leave = (token: string) => post("/v1/shops/NOBODY/leave", {}, { authorization: `Bearer ${token}` });

describe("a log-in is refused", () => {
  it.each<[string, Partial<LogIn>, string]>([
    ["another domain", { domain: "evil.example" }, "HANSE_LOGIN_MISMATCH"],
    ["another service", { uri: "https://evil.example" }, "HANSE_LOGIN_MISMATCH"],
    ["another chain", { chainId: 1 }, "HANSE_LOGIN_MISMATCH"],
    ["another purpose", { statement: "Give everything away." }, "HANSE_LOGIN_MISMATCH"],
    ["a nonce that was not given out", { nonce: "0123456789abcdef" }, "HANSE_LOGIN_NONCE_UNKNOWN"],
    ["another wallet", { address: zeroAddress }, "HANSE_LOGIN_SIGNATURE_INVALID"],
    [
      "a time that is over",
      { issuedAt: new Date(Date.now() - 60_000), expirationTime: new Date(Date.now() - 1_000) },
      "HANSE_LOGIN_EXPIRED",
    ],
  ])("that names %s", async (_, change, code) => {
    const { status, body } = await signIn(await newLogIn(change));
    expect({ status, code: body.code }).toEqual({ status: 401, code });
  });

  it("the second time, also of two at once", async () => {
    const logIn = await newLogIn();
    const outcomes = await Promise.all([signIn(logIn), signIn(logIn), signIn(logIn)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect((await signIn(logIn)).body.code).toBe("HANSE_LOGIN_NONCE_UNKNOWN");
  });

  it("with a nonce that is too old", async () => {
    const logIn = await newLogIn();
    await hub.database.kysely
      .updateTable("log_in_nonces")
      .set({ expires_at: new Date(0) })
      .execute();
    expect((await signIn(logIn)).body.code).toBe("HANSE_LOGIN_NONCE_UNKNOWN");
  });

  it("of an address whose contract does not take the signature, or that has none", async () => {
    // The Clerk is a contract, and no wallet.
    for (const address of [chain.clerk, testAccount(5).address]) {
      const { body } = await signIn(await newLogIn({ address }), "0x1234");
      expect(body.code).toBe("HANSE_LOGIN_SIGNATURE_INVALID");
    }
  });

  it("and its nonce is as good as before", async () => {
    const logIn = await newLogIn();
    expect((await signIn(logIn, "0x1234")).status).toBe(401);
    expect((await signIn(logIn)).status).toBe(200);
  });
});

describe("an access token is refused", () => {
  it("that nobody signed, or somebody else", async () => {
    const session = await hub.client.signIn(wallet);
    const [header, payload, signature] = session.accessToken.split(".");
    const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString());
    const none = Buffer.from('{"alg":"none","typ":"hanse-access+jwt"}').toString("base64url");
    const forged = signCompact(generateShopKey().key, { typ: "hanse-access+jwt" }, claims);
    const mixed = Buffer.from(JSON.stringify({ ...claims, sub: zeroAddress })).toString("base64url");
    for (const token of [
      "",
      "x",
      forged,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${header}.${mixed}.${signature}`,
    ]) {
      expect(await leave(token)).toMatchObject({ status: 401, body: { code: "HANSE_UNAUTHORIZED" } });
    }
  });

  it("that is over, for another service, or signed as something else", async () => {
    const session = await hub.client.signIn(wallet);
    const claims = JSON.parse(Buffer.from(session.accessToken.split(".")[1] ?? "", "base64url").toString());
    const sign = (change: object, typ = "hanse-access+jwt") =>
      signCompact(hub.key, { typ }, { ...claims, ...change });
    for (const token of [
      sign({ exp: Math.floor(Date.now() / 1000) - 1 }),
      sign({ aud: "https://other.example" }),
      sign({ iss: "https://other.example" }),
      sign({}, "hanse-grant+jwt"),
      sign({ sid: "00000000-0000-4000-8000-000000000000" }),
    ]) {
      expect((await leave(token)).status).toBe(401);
    }
    expect((await leave(sign({}))).status).toBe(404);
  });

  it("whose session has ended", async () => {
    const session = await hub.client.signIn(wallet);
    expect((await leave(session.accessToken)).status).toBe(404);
    await hub.client.signOut(session.refreshToken);
    expect((await leave(session.accessToken)).status).toBe(401);
    await expect(hub.client.refresh(session.refreshToken)).rejects.toMatchObject({
      code: "HANSE_SESSION_REVOKED",
    });
  });
});

describe("a refresh token", () => {
  it("that nobody was given opens nothing", async () => {
    await expect(hub.client.refresh("A".repeat(43))).rejects.toMatchObject({ code: "HANSE_SESSION_UNKNOWN" });
  });

  it("that was used ends its family, whoever shows it", async () => {
    const first = await hub.client.signIn(wallet);
    const second = await hub.client.refresh(first.refreshToken);
    expect((await leave(second.accessToken)).status).toBe(404);
    await expect(hub.client.refresh(first.refreshToken)).rejects.toMatchObject({
      code: "HANSE_SESSION_REVOKED",
    });
    await expect(hub.client.refresh(second.refreshToken)).rejects.toMatchObject({
      code: "HANSE_SESSION_REVOKED",
    });
    expect((await leave(second.accessToken)).status).toBe(401);
    // Another session of the same wallet is another matter.
    await hub.client.refresh((await hub.client.signIn(wallet)).refreshToken);
  });

  it("is good for one of many who show it at once, and then for none", async () => {
    const { refreshToken } = await hub.client.signIn(wallet);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => hub.client.refresh(refreshToken)),
    );
    const sessions = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value as Session] : []));
    expect(sessions).toHaveLength(1);
    await expect(hub.client.refresh(sessions[0]?.refreshToken ?? "")).rejects.toMatchObject({
      code: "HANSE_SESSION_REVOKED",
    });
  });

  it("that is too old opens nothing", async () => {
    const { refreshToken } = await hub.client.signIn(wallet);
    await hub.database.kysely
      .updateTable("families")
      .set({ expires_at: new Date(0) })
      .execute();
    await expect(hub.client.refresh(refreshToken)).rejects.toMatchObject({ code: "HANSE_SESSION_UNKNOWN" });
  });

  it("is not in the database", async () => {
    const { refreshToken } = await hub.client.signIn(wallet);
    const rows = await hub.database.kysely.selectFrom("refresh_tokens").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(refreshToken);
  });
});

describe("a log-in", () => {
  it("is counted", async () => {
    await hub.client.signIn(wallet);
    expect(await hub.metrics.getSingleMetricAsString("hub_sign_ins_total")).toContain('result="ok"');
  });

  it("is not signed by a client that was sent elsewhere", async () => {
    const elsewhere = createHubClient({}, { baseUrl: hub.url.replace("127.0.0.1", "localhost"), retries: 0 });
    await expect(elsewhere.signIn(wallet)).rejects.toMatchObject({ code: "HANSE_LOGIN_MISMATCH" });
  });

  it("is taken of a wallet that is a contract, by its contract's word", async () => {
    const address = "0x00000000000000000000000000000000000c0de1";
    // Answers 0x1626ba7e, whatever it is asked.
    await chain.command("anvil_setCode", [address, "0x631626ba7e60e01b5f5260205ff3"]);
    const { status, body } = await signIn(await newLogIn({ address }), "0x1234");
    expect({ status, account: body.account?.toLowerCase() }).toEqual({ status: 200, account: address });
  });
});
