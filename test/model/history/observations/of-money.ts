import type { World } from "../world.ts";
import { type Observation, rowsOf, view } from "./observation.ts";

/** All accounts each time: whoever's money moved by mistake is not among those that the model touched. */
export function ofMoney(world: World, whole: boolean): Observation[] {
  const { law, holders } = world;
  const { money } = law.clerk;
  const bonded = rowsOf(money.bonds, false).map(({ key }) => key);
  const pairs = holders.flatMap((holder) => world.certifiers.map((certifier) => [holder, certifier]));
  return [
    ...holders.map((holder): Observation => {
      const { free, locked, epoch } = money.accounts.get(holder);
      return view(`account of ${holder}`, "clerk", "account", [holder], [free, locked, epoch]);
    }),
    ...(whole ? pairs : bonded).map((pair) => {
      const { allowance, bonded: amount } = money.bonds.get(...pair);
      return view(`bond of ${pair[0]} with ${pair[1]}`, "clerk", "bondOf", pair, [allowance, amount]);
    }),
    ...ofTokens(world, whole),
  ];
}

function ofTokens({ law, holders, chain }: World, whole: boolean): Observation[] {
  const { wallets, approvals, nonces, places } = law.clerk.token;
  const touched = rowsOf(wallets, false).map(({ key: [owner] }) => owner ?? "");
  const owners = new Set([...(whole ? holders : touched), chain.till, places.clerk]);
  return [
    ...[...owners].map((owner) =>
      view(`tokens of ${owner}`, "token", "balanceOf", [owner], [wallets.get(owner)]),
    ),
    ...rowsOf(approvals, whole).map(({ key: [owner], value }) =>
      view(`approval of ${owner}`, "token", "allowance", [owner, places.clerk], [value]),
    ),
    ...rowsOf(nonces, whole).map(({ key: [owner], value }) =>
      view(`permits of ${owner}`, "token", "nonces", [owner], [value]),
    ),
  ];
}
