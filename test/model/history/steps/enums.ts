import { readFileSync } from "node:fs";
import type { Leg } from "../../clerk/batch.ts";

const source = readFileSync(new URL("../../../../contracts/types/Refusals.sol", import.meta.url), "utf8");

/** The members of a Solidity enum, in its order. */
function membersOf(name: string): string[] {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(source)?.[1] ?? "";
  return body
    .replace(/\/\/.*$/gm, "")
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
}

/** By their numbers in events. */
export const REFUSALS = membersOf("Refusal");
export const LEGS = membersOf("Leg").map((leg) => leg.toLowerCase()) as Leg[];
