import type { Address, Hex } from "viem";
import { LEGS } from "#src/protocol/refusals.ts";
import type { Leg } from "../../clerk/batch.ts";
import type { DomainName } from "../signing.ts";
import type { World } from "../world.ts";
import { ANY, type Observation, rowsOf, view } from "./observation.ts";

/** What is taken of orders, and what has become of the deals they made. */
export function ofOrders({ law }: World, whole: boolean): Observation[] {
  const { fills, spent, sponsored, deals } = law.clerk;
  const taken = rowsOf(fills.taken, whole);
  const cancelled = rowsOf(fills.cancelled, whole);
  return [
    ...[...taken, ...cancelled].map(({ key }) => {
      const [leg, signer, salt] = key as unknown as [Leg, Address, Hex];
      // Only requests are counted by another name than their salt.
      const words = [BigInt(fills.filled(leg, signer, salt, salt))];
      return view(
        `filled ${leg} ${signer} ${salt}`,
        "clerk",
        "filled",
        [LEGS.indexOf(leg), signer, salt],
        words,
      );
    }),
    ...rowsOf(spent, whole).map(({ key, value }) =>
      view(`spent by ${key[1]} for ${key[0]}`, "clerk", "spentBy", key, [value]),
    ),
    ...rowsOf(sponsored, whole).map(({ key, value }) =>
      view(`sponsored by ${key[0]}`, "clerk", "sponsored", key, [value]),
    ),
    ...rowsOf(deals, whole).flatMap(({ key: [id], value }) => {
      if (value === undefined) return [];
      // What is taken of a request stands in its first deal, and is told by `filled`.
      const words = [BigInt(value.openUnits), value.deal.firstTask === 0 ? ANY : 0n, ANY];
      return [view(`deal ${id}`, "clerk", "dealState", [id], words)];
    }),
  ];
}

/** Who signs for whom, who owns what, and who certifies. */
export function ofRights({ law, signing }: World, whole: boolean): Observation[] {
  const { keyring, owners, registered } = law.clerk;
  return [
    ...rowsOf(keyring.operators, whole).map(({ key, value: { powers, limit, validUntil } }) =>
      view(`operator ${key[1]} of ${key[0]}`, "keyring", "operatorOf", key, [
        BigInt(powers),
        limit,
        validUntil,
      ]),
    ),
    ...rowsOf(keyring.presigned, whole).map(({ key, value }) => {
      const [account, domain, hash] = key as [Address, DomainName, Hex];
      const digest = signing.digestOf(domain, hash);
      return view(`presigned by ${account}`, "keyring", "isPresigned", [account, digest], [BigInt(value)]);
    }),
    ...rowsOf(owners, whole).map(({ key: [id], value }) =>
      view(`owner of ${id}`, "registry", "ownerOrZero", [BigInt(id ?? 0)], [BigInt(value)]),
    ),
    ...rowsOf(registered, whole).map(({ key, value }) =>
      view(`certifier ${key[0]}`, "clerk", "isCertifier", key, [BigInt(value)]),
    ),
  ];
}
