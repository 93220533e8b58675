import { PANELS, type PanelName, type World } from "./world.ts";

/** What does not hold, though it should at every moment, whatever happened. */
export function brokenLaws(world: World): string[] {
  const { law } = world;
  const broken: string[] = [];
  const { accounts } = law.clerk.money;
  const { wallets, stranded, places } = law.clerk.token;
  const owed = accounts.rows().reduce((sum, { value: { free, locked } }) => sum + free + locked, 0n);
  if (owed + stranded.get(places.till) !== wallets.get(places.till)) broken.push("accounts and Till differ");
  return [...broken, ...PANELS.flatMap((name) => brokenBy(world, name))];
}

function brokenBy({ law, chain }: World, name: PanelName): string[] {
  const broken: string[] = [];
  const { accounts, bonds } = law.clerk.money;
  const certifier = chain.contracts[name];
  const seats = law[name].seats.seats.rows().flatMap(({ value }) => (value === undefined ? [] : [value]));
  const stakes = seats.reduce((sum, { stake }) => sum + stake, 0n);
  const bonded = bonds
    .rows()
    .filter(({ key }) => key[1] === certifier)
    .reduce((sum, { value }) => sum + value.bonded, 0n);
  if (stakes !== bonded) broken.push(`stakes of ${stakes}, bonds of ${bonded} in ${name}`);
  const earned = seats.reduce((sum, seat) => sum + seat.earned, 0n);
  if (accounts.get(certifier).free < earned) broken.push(`earnings are not covered in ${name}`);
  return broken;
}
