import { createKeccak, type IHasher } from "hash-wasm";
import { bytesToHex, type Hex, hexToBytes } from "viem";

/** Keccak-256 of bytes; some nine times as fast as the wallet library's. */
export type Keccak = (data: Uint8Array | Hex) => Hex;

let hasher: IHasher | undefined;

/** Loads the WebAssembly hasher once; what it returns is synchronous and shared. */
export async function loadKeccak(): Promise<Keccak> {
  hasher ??= await createKeccak(256);
  const loaded = hasher;
  return (data) => {
    const bytes = typeof data === "string" ? hexToBytes(data) : data;
    return bytesToHex(loaded.init().update(bytes).digest("binary"));
  };
}
