import { pbkdf2Sync } from "node:crypto";
import { type Address, bytesToHex, type Hex } from "viem";
import { HDKey, privateKeyToAccount } from "viem/accounts";
import { HanseError } from "#src/kernel/errors.ts";

/** The chain id of development chains; nothing of value may live there. */
export const DEVELOPMENT_CHAIN_ID = 31_337;

/** DEVELOPMENT ONLY: everybody knows these words and so every key made of them. */
const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";

/** How many keys a development chain funds. */
export const DEVELOPMENT_KEYS = 20;

const wellKnown = new Map<Address, Hex>();

/** DEVELOPMENT ONLY: the key of a number below {@link DEVELOPMENT_KEYS}, the same on every machine. */
export function developmentKey(index: number): Hex {
  const key = [...keys().values()][index];
  if (key === undefined) throw new RangeError(`there is no development key ${index}`);
  return key;
}

/**
 * The account of a private key.
 * @throws HANSE_DEVELOPMENT_KEY_REFUSED for a development key on any chain but a development chain
 */
export function accountOfKey(privateKey: Hex, chainId: number) {
  const account = privateKeyToAccount(privateKey);
  if (chainId !== DEVELOPMENT_CHAIN_ID && keys().has(account.address)) {
    throw new HanseError(
      "HANSE_DEVELOPMENT_KEY_REFUSED",
      `${account.address} is a development account, and chain ${chainId} is no development chain`,
      { details: { address: account.address, chainId } },
    );
  }
  return account;
}

function keys(): ReadonlyMap<Address, Hex> {
  if (wellKnown.size > 0) return wellKnown;
  // The seed of BIP-39, by the platform: in JavaScript it takes most of a second in every process.
  const seed = pbkdf2Sync(DEVELOPMENT_MNEMONIC, "mnemonic", 2_048, 64, "sha512");
  const parent = HDKey.fromMasterSeed(seed).derive("m/44'/60'/0'/0");
  for (let index = 0; index < DEVELOPMENT_KEYS; index++) {
    const { privateKey } = parent.deriveChild(index);
    if (privateKey === null) continue;
    const key = bytesToHex(privateKey);
    wellKnown.set(privateKeyToAccount(key).address, key);
  }
  return wellKnown;
}
