import type { FastifyRequest } from "fastify";
import type { Counter } from "prom-client";
import { z } from "zod";
import {
  nonceSchema,
  refreshPostSchema,
  type Session,
  sessionSchema,
  signInPostSchema,
} from "#src/client/hub-schema.ts";
import { refusalsOf } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import { type ExpectedLogIn, verifyLogIn } from "#src/identity/siwe.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type AccessTokens, type Caller, unauthorized } from "./access-tokens.ts";
import type { HubChain } from "./hub-chain.ts";
import type { OpenedSession, Sessions } from "./sessions.ts";

export interface AuthDeps {
  readonly sessions: Sessions;
  readonly tokens: AccessTokens;
  readonly chain: Pick<HubChain, "isContractSignature">;
  /** What a log-in has to name. */
  readonly expected: ExpectedLogIn;
  /** Counts log-ins by `result`: ok, or the code of the refusal. */
  readonly signIns: Counter<"result">;
  readonly clock?: Clock;
}

/** For how many requests in a minute one address may try to log in. */
const AUTH_LIMIT = 30;

/** Finds out who sent a request. @throws HANSE_UNAUTHORIZED */
export type FindCaller = (request: FastifyRequest) => Promise<Caller>;

export function createFindCaller({ tokens, sessions }: Pick<AuthDeps, "tokens" | "sessions">): FindCaller {
  return async (request) => {
    const caller = await tokens.verify(request.headers.authorization);
    // A session that ended ends its access tokens with it.
    if (!(await sessions.isOpen(caller.session))) throw unauthorized();
    return caller;
  };
}

export function registerAuthRoutes(
  server: HttpServer,
  deps: AuthDeps,
  { limit = AUTH_LIMIT }: { readonly limit?: number } = {},
): void {
  const { sessions, tokens, chain, expected, signIns, clock = systemClock } = deps;
  const config = { rateLimit: { max: limit, timeWindow: 60_000 } };
  const refusals = refusalsOf(400, 401, 429, 503);

  const answer = (session: OpenedSession): Session => {
    const { account, id, refreshToken, expiresAt } = session;
    const access = tokens.issue({ account, session: id });
    return {
      account,
      accessToken: access.token,
      accessExpiresAt: access.expiresAt.toISOString(),
      refreshToken,
      refreshExpiresAt: expiresAt.toISOString(),
    };
  };

  server.post(
    "/v1/auth/nonce",
    {
      config,
      schema: { summary: "What a log-in message has to hold", response: { 200: nonceSchema, ...refusals } },
    },
    async () => {
      const { nonce, expiresAt } = await sessions.nonce();
      return { nonce, expiresAt: expiresAt.toISOString(), ...expected };
    },
  );

  server.post(
    "/v1/auth/sign-in",
    {
      config,
      schema: {
        summary: "Log a wallet in by a message it signed (EIP-4361)",
        body: signInPostSchema,
        response: { 200: sessionSchema, ...refusals },
      },
    },
    async ({ body: { message, signature } }) => {
      try {
        const { isContractSignature } = chain;
        const logIn = await verifyLogIn(message, signature, expected, { clock, isContractSignature });
        // Last: what is refused for anything else uses no nonce up.
        await sessions.takeNonce(logIn.nonce);
        signIns.inc({ result: "ok" });
        return answer(await sessions.open(logIn.address));
      } catch (error) {
        signIns.inc({ result: error instanceof HanseError ? error.code : "HANSE_INTERNAL" });
        throw error;
      }
    },
  );

  server.post(
    "/v1/auth/refresh",
    {
      config,
      schema: {
        summary: "New tokens for a session; a refresh token is good once",
        body: refreshPostSchema,
        response: { 200: sessionSchema, ...refusals },
      },
    },
    async ({ body }) => answer(await sessions.rotate(body.refreshToken)),
  );

  server.post(
    "/v1/auth/sign-out",
    {
      config,
      schema: {
        summary: "End a session",
        body: refreshPostSchema,
        response: { 200: z.object({ ended: z.literal(true) }), ...refusals },
      },
    },
    async ({ body }) => {
      await sessions.close(body.refreshToken);
      return { ended: true as const };
    },
  );
}
