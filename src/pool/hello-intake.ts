import { type Address, hashTypedData } from "viem";
import { HELLO_TYPED_DATA, type Hello, type HelloAnswer } from "#src/client/pool-schema.ts";
import { recoverSigner } from "#src/crypto/recover.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { pocoDomain } from "#src/protocol/contributions.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type { PocoChain } from "./poco-chain.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

export interface HelloIntakeDeps {
  readonly chain: PocoChain;
  readonly workers: WorkerRegistry;
  readonly clock?: Clock;
}

export interface HelloIntakeOptions {
  readonly pool: AssetId;
  /** Who may be named where nobody is drawn; whoever has a seat unless told. A closed pool has no seats: it has to tell. */
  readonly trusted?: readonly Address[];
}

/** A hello is good for at most so long, so that one overheard does not connect a worker for ever. */
const LONGEST_SECONDS = 900;

/** Marks a worker as connected. @throws HANSE_CONTRIBUTION_INVALID on a signature or an expiry that is not good */
export function createHelloIntake(
  { chain, workers, clock = systemClock }: HelloIntakeDeps,
  { pool, trusted }: HelloIntakeOptions,
): (hello: Hello) => Promise<HelloAnswer> {
  const domain = pocoDomain(chain.chainId, chain.poco);

  return async ({ worker, slots, expiresAt, signature }) => {
    const now = Math.floor(clock.now() / 1000);
    if (expiresAt <= now || expiresAt > now + LONGEST_SECONDS) {
      throw invalid(`the hello has to expire within ${LONGEST_SECONDS} s from now`, { expiresAt, now });
    }
    const message = { pool, worker, slots, expiresAt: BigInt(expiresAt) };
    const digest = hashTypedData({ domain, types: HELLO_TYPED_DATA, primaryType: "Hello", message });
    if (recoverSigner(digest, signature) !== worker)
      throw invalid(`the signature is not that of ${worker}`, { worker });
    // Who stakes nothing is named only where the owner vouches for it.
    const seat = (await chain.seatOf(pool, worker)) ?? null;
    const unreplicated = trusted === undefined ? seat !== null : trusted.includes(worker);
    // Strangers have any number of keys to say hello with: of them nothing is kept.
    if (seat !== null || unreplicated) await workers.seen({ address: worker, slots, unreplicated });
    return { seat, unreplicated };
  };
}

function invalid(message: string, details: Record<string, unknown>): HanseError {
  return new HanseError("HANSE_CONTRIBUTION_INVALID", message, { details });
}
