import { createHash } from "node:crypto";

/** Node takes less than 2 GiB at once. */
const PART_BYTES = 1 << 30;

/**
 * SHA-256 over a program's final memory: its length in bytes (8 bytes, big endian), then its bytes. Machines have instructions
 * for it, and a hash of all of a task's memory is a good part of what a short task costs.
 */
export function hashMemory(memory: Uint8Array): `0x${string}` {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(memory.length));
  const hash = createHash("sha256").update(length);
  for (let at = 0; at < memory.length; at += PART_BYTES) hash.update(memory.subarray(at, at + PART_BYTES));
  return `0x${hash.digest("hex")}`;
}
