import { type Address, zeroAddress } from "viem";
import { contributionHash } from "../../panel/task.ts";
import { HANSE, type World } from "../world.ts";
import { call, type Step } from "./step.ts";

/** Operators come, change and go. */
export function operatorStep(world: World): Step {
  const { random, law, head } = world;
  const caller = random.pick([...world.owners, ...world.requesters, ...world.workers]);
  const key: Address = random.weighted<Address>([
    [90, random.pick(world.operators)],
    [4, caller],
    [3, zeroAddress],
    [3, world.anybody()],
  ]);
  const grant = {
    powers: random.weighted([
      [75, 127],
      [15, random.below(128)],
      [10, 0],
    ]),
    limit: BigInt(random.pick([0, 20, 100, 100, 10_000, 10_000])) * HANSE,
    validUntil: random.weighted<bigint>([
      [70, 2n ** 40n - 1n],
      [20, head.time + BigInt(random.below(400))],
      [10, head.time - 1n],
    ]),
  };
  return call(caller, "keyring", "setOperator", [key, grant], () =>
    law.clerk.keyring.setOperator(caller, key, grant),
  );
}

/** Orders, sponsorships and seals are presigned where they are made; this one is never used. */
export function idlePresignStep(world: World): Step {
  const caller = world.anybody();
  const hash = contributionHash(`0x${"11".repeat(32)}`, 1, `0x${"22".repeat(32)}`);
  const digest = world.signing.digestOf("poco", hash);
  const signed = world.random.chance(70);
  return call(caller, "keyring", "presign", [digest, signed], (law) =>
    law.clerk.keyring.presign(caller, "poco", hash, signed),
  );
}
