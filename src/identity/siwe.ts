import { type Address, getAddress, type Hex, hashMessage, isAddressEqual, isHex } from "viem";
import { createSiweMessage, parseSiweMessage, type SiweMessage } from "viem/siwe";
import { recoverSigner } from "#src/crypto/recover.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";

/** What a wallet signs to log in (EIP-4361), and nothing else: no request id, no resources, no times before which. */
export interface LogIn {
  /** Authority of the service, such as `hub.example`. */
  readonly domain: string;
  /** Base URL of the service. */
  readonly uri: string;
  readonly chainId: number;
  readonly address: Address;
  readonly nonce: string;
  readonly issuedAt: Date;
  readonly expirationTime: Date;
  /** What people read. */
  readonly statement: string;
}

/** What the service knows of itself; each is compared. */
export type ExpectedLogIn = Pick<LogIn, "domain" | "uri" | "chainId" | "statement">;

/** Asks a contract whether it takes a signature as its own (ERC-1271). */
export type ContractSignatureCheck = (address: Address, hash: Hex, signature: Hex) => Promise<boolean>;

/** The longest (seconds) a log-in message may be good for. */
const LONGEST_LIFETIME_S = 900;
/** By how much (seconds) the wallet's clock may be ahead. */
const SKEW_S = 60;

/** @throws HANSE_LOGIN_MALFORMED where a field cannot stand in such a message */
export function createLogInMessage(logIn: LogIn): string {
  try {
    return createSiweMessage({ ...logIn, version: "1" });
  } catch (error) {
    throw malformed("one of its fields cannot stand there", error);
  }
}

/**
 * Reads a message as {@link createLogInMessage} writes it, and no other: a wallet shows text, and what it shows has to be
 * all there is.
 * @throws HANSE_LOGIN_MALFORMED
 */
export function parseLogInMessage(message: string): LogIn {
  const parsed = parseSiweMessage(message);
  const { domain, uri, chainId, address, nonce, issuedAt, expirationTime, statement } = parsed;
  const fields = { domain, uri, chainId, address, nonce, issuedAt, expirationTime, statement };
  const missing = Object.entries(fields).find(([, value]) => value === undefined);
  if (missing !== undefined) throw malformed(`it has no ${missing[0]}`);
  const logIn = fields as LogIn;
  if (written(parsed as SiweMessage) !== message) throw malformed("it is not written the one way");
  if (parsed.notBefore || parsed.requestId || parsed.resources || parsed.scheme) {
    throw malformed("it says more than a log-in does");
  }
  return { ...logIn, address: getAddress(logIn.address) };
}

/**
 * Verifies that a wallet signed this message for this service. The nonce is the caller's to take afterwards: it has to be
 * one that was given out, and is good once.
 * @throws HANSE_LOGIN_MALFORMED, HANSE_LOGIN_MISMATCH (`details.field`), HANSE_LOGIN_NOT_YET_VALID, HANSE_LOGIN_EXPIRED,
 * HANSE_LOGIN_SIGNATURE_INVALID
 */
export async function verifyLogIn(
  message: string,
  signature: Hex,
  expected: ExpectedLogIn,
  deps: { readonly clock: Pick<Clock, "now">; readonly isContractSignature?: ContractSignatureCheck },
): Promise<LogIn> {
  const logIn = parseLogInMessage(message);
  for (const field of ["domain", "uri", "chainId", "statement"] as const) {
    if (logIn[field] === expected[field]) continue;
    throw new HanseError("HANSE_LOGIN_MISMATCH", `The log-in is for another ${field}`, {
      details: { field, signed: logIn[field], expected: expected[field] },
    });
  }
  checkTimes(logIn, deps.clock.now());
  if (!(await isSignedBy(logIn.address, message, signature, deps.isContractSignature))) {
    throw new HanseError("HANSE_LOGIN_SIGNATURE_INVALID", `${logIn.address} did not sign this log-in`);
  }
  return logIn;
}

function checkTimes({ issuedAt, expirationTime }: LogIn, now: number): void {
  const [issued, expires] = [issuedAt.getTime(), expirationTime.getTime()];
  const details = { issuedAt: issuedAt.toISOString(), expirationTime: expirationTime.toISOString() };
  if (expires <= issued || expires - issued > LONGEST_LIFETIME_S * 1000) {
    throw malformed(`it is not good for up to ${LONGEST_LIFETIME_S} seconds`);
  }
  if (issued > now + SKEW_S * 1000) {
    throw new HanseError("HANSE_LOGIN_NOT_YET_VALID", "The log-in is from the future", { details });
  }
  if (expires <= now) throw new HanseError("HANSE_LOGIN_EXPIRED", "The log-in is good no more", { details });
}

/** Keys first: they cost no call. */
async function isSignedBy(
  address: Address,
  message: string,
  signature: Hex,
  isContractSignature: ContractSignatureCheck | undefined,
): Promise<boolean> {
  if (!isHex(signature) || signature.length % 2 !== 0) return false;
  const hash = hashMessage(message);
  const signer = recoverSigner(hash, signature);
  if (signer !== undefined && isAddressEqual(signer, address)) return true;
  return isContractSignature !== undefined && (await isContractSignature(address, hash, signature));
}

function written(message: SiweMessage): string | undefined {
  try {
    return createSiweMessage(message);
  } catch {
    return undefined;
  }
}

function malformed(reason: string, cause?: unknown): HanseError {
  return new HanseError(
    "HANSE_LOGIN_MALFORMED",
    `This is no log-in message: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
