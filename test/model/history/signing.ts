import secp256k1 from "secp256k1";
import {
  type Address,
  bytesToHex,
  concatHex,
  domainSeparator,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  slice,
  stringToHex,
  zeroHash,
} from "viem";
import { ORDER_TYPED_DATA } from "#src/protocol/order-types.ts";
import type { Mark, Power } from "../clerk/keyring.ts";

/** 65 bytes over a digest, by a raw private key. */
export function signDigest(privateKey: Hex, digest: Hex): Hex {
  const { signature, recid } = secp256k1.ecdsaSign(hexToBytes(digest), hexToBytes(privateKey));
  return concatHex([bytesToHex(signature), numberToHex(27 + recid, { size: 1 })]);
}

/** The contracts that take signatures of their own, and by what name. */
const DOMAINS = {
  ...{ clerk: "Hanse Clerk", poco: "Hanse Poco", jury: "Hanse Jury", token: "Hanse" },
} as const;
export type DomainName = keyof typeof DOMAINS;

/** Makes the bytes of what the model calls a mark. */
export class Signing {
  readonly #keys: ReadonlyMap<Address, Hex>;
  readonly #separators: Readonly<Record<DomainName, Hex>>;

  constructor(
    keys: ReadonlyMap<Address, Hex>,
    chainId: number,
    contracts: Readonly<Record<DomainName, Address>>,
  ) {
    this.#keys = keys;
    const separator = (contract: DomainName) =>
      domainSeparator({
        domain: { name: DOMAINS[contract], version: "1", chainId, verifyingContract: contracts[contract] },
      });
    this.#separators = {
      ...{ clerk: separator("clerk"), poco: separator("poco") },
      ...{ jury: separator("jury"), token: separator("token") },
    };
  }

  digestOf(domain: DomainName, structHash: Hex): Hex {
    return keccak256(concatHex(["0x1901", this.#separators[domain], structHash]));
  }

  bytesOf(mark: Mark, domain: DomainName): Hex {
    switch (mark.type) {
      case "none":
        return "0x";
      case "junk":
        return concatHex([keccak256("0x01"), keccak256("0x02"), "0x1b"]);
      case "key":
        return this.#sign(mark.key, this.digestOf(domain, mark.over));
      case "bulk":
        return this.#bulk(mark);
    }
  }

  /** As two words (EIP-2098), both zero where there is none. */
  wordsOf(mark: Mark, domain: DomainName): { readonly r: Hex; readonly vs: Hex } {
    const bytes = this.bytesOf(mark, domain);
    if (bytes === "0x") return { r: zeroHash, vs: zeroHash };
    const parity = slice(bytes, 64) === "0x1c" ? 1n << 255n : 0n;
    return { r: slice(bytes, 0, 32), vs: numberToHex(BigInt(slice(bytes, 32, 64)) | parity, { size: 32 }) };
  }

  /** As Ethereum's precompile takes them, all zero where there is no signature. */
  partsOf(mark: Mark, domain: DomainName): { readonly v: number; readonly r: Hex; readonly s: Hex } {
    const bytes = this.bytesOf(mark, domain);
    if (bytes === "0x") return { v: 0, r: zeroHash, s: zeroHash };
    return { v: Number(slice(bytes, 64)), r: slice(bytes, 0, 32), s: slice(bytes, 32, 64) };
  }

  /** `signature ‖ proof ‖ index ‖ number of proof words ‖ "bulk"`, as `IKeyring` says. */
  #bulk({ key, power, leaves, index }: Extract<Mark, { type: "bulk" }>): Hex {
    const proof: Hex[] = [];
    let level = [...leaves];
    for (let at = index; level.length > 1; at >>= 1) {
      proof.push(level[at ^ 1] as Hex);
      level = level.flatMap((left, i) =>
        i % 2 === 0 ? [keccak256(concatHex([left, level[i + 1] as Hex]))] : [],
      );
    }
    const tree = keccak256(concatHex([bulkTypeHash(power, proof.length), level[0] as Hex]));
    return concatHex([
      this.#sign(key, this.digestOf("clerk", tree)),
      ...proof,
      numberToHex(index, { size: 2 }),
      numberToHex(proof.length, { size: 1 }),
      stringToHex("bulk"),
    ]);
  }

  #sign(key: Address, digest: Hex): Hex {
    const privateKey = this.#keys.get(key);
    if (privateKey === undefined) throw new Error(`no key of ${key}`);
    return signDigest(privateKey, digest);
  }
}

const KINDS: Readonly<Partial<Record<Power, keyof typeof ORDER_TYPED_DATA>>> = {
  ...{ app: "AppOrder", dataset: "DatasetOrder", pool: "PoolOrder", request: "RequestOrder" },
};

/** Of `BulkOrder(<Kind>Order[2]…[2] tree)`. */
function bulkTypeHash(power: Power, height: number): Hex {
  const kind = KINDS[power];
  if (kind === undefined) throw new TypeError(`no tree of ${power} orders`);
  const encode = (name: keyof typeof ORDER_TYPED_DATA): string =>
    `${name}(${ORDER_TYPED_DATA[name].map(({ type, name: member }) => `${type} ${member}`).join(",")})`;
  const types = [encode(kind), encode("Conditions")].sort().join("");
  return keccak256(stringToHex(`BulkOrder(${kind}${"[2]".repeat(height)} tree)${types}`));
}
