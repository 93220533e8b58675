import { createHash } from "node:crypto";

/** Fills targets with one stream that depends on the seed alone: SHA-256(seed, counter as 8 bytes big endian), block by block. */
export function createSeededRandom(seed: Uint8Array): (target: Uint8Array) => void {
  let counter = 0n;
  let block = new Uint8Array(0);
  return (target) => {
    for (let at = 0; at < target.length; ) {
      if (block.length === 0) {
        const count = Buffer.alloc(8);
        count.writeBigUInt64BE(counter++);
        block = createHash("sha256").update(seed).update(count).digest();
      }
      const part = block.subarray(0, target.length - at);
      target.set(part, at);
      block = block.subarray(part.length);
      at += part.length;
    }
  };
}
