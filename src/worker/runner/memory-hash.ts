import { createKeccak } from "hash-wasm";

/** Parts of 1 MiB: hash-wasm copies what it is given. */
const PART_BYTES = 1 << 20;

/**
 * Readies the hash of a program's final memory: keccak-256 over its length in bytes (8 bytes, big endian), then its bytes.
 * Asynchronous only to begin with: the memory itself is hashed in one go.
 */
export async function createMemoryHash(): Promise<(memory: Uint8Array) => `0x${string}`> {
  const keccak = await createKeccak(256);
  return (memory) => {
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(memory.length));
    keccak.init().update(length);
    for (let at = 0; at < memory.length; at += PART_BYTES)
      keccak.update(memory.subarray(at, at + PART_BYTES));
    return `0x${keccak.digest("hex")}`;
  };
}
