import { concatHex, type Hex, keccak256, numberToHex, padHex, stringToHex } from "viem";

/** One member of an EIP-712 type. */
export interface Member {
  readonly name: string;
  readonly type: string;
}
export type Types = Readonly<Record<string, readonly Member[]>>;

const typeHashes = new WeakMap<Types, Map<string, Hex>>();

/**
 * EIP-712 `hashStruct` for the few member types that orders use: `address`, `uintN`, `bytes32`, `bytes`, and structs of
 * these. The wallet library's general one agrees with it (`test/vectors/orders.json`) and is some ten times slower.
 */
export function structHash(types: Types, primary: string, value: object): Hex {
  const words: Hex[] = [typeHash(types, primary)];
  for (const member of membersOf(types, primary)) {
    words.push(encodeMember(types, member.type, (value as Record<string, unknown>)[member.name]));
  }
  return keccak256(concatHex(words));
}

function encodeMember(types: Types, type: string, value: unknown): Hex {
  if (type === "bytes32") return value as Hex;
  if (type === "bytes") return keccak256(value as Hex);
  if (type === "address") return padHex((value as Hex).toLowerCase() as Hex, { size: 32 });
  if (type.startsWith("uint")) return numberToHex(value as bigint | number, { size: 32 });
  return structHash(types, type, value as object);
}

function typeHash(types: Types, primary: string): Hex {
  let known = typeHashes.get(types);
  if (known === undefined) {
    known = new Map();
    typeHashes.set(types, known);
  }
  let hash = known.get(primary);
  if (hash === undefined) {
    hash = keccak256(stringToHex(encodedType(types, primary)));
    known.set(primary, hash);
  }
  return hash;
}

/** EIP-712 `encodeType`: the primary type, then all it refers to in the order of their names. */
export function encodedType(types: Types, primary: string): string {
  const others = referenced(types, primary).filter((name) => name !== primary);
  return [primary, ...others.sort()].map((name) => encodeType(types, name)).join("");
}

function encodeType(types: Types, name: string): string {
  return `${name}(${membersOf(types, name)
    .map((member) => `${member.type} ${member.name}`)
    .join(",")})`;
}

function referenced(types: Types, name: string, found = new Set<string>()): string[] {
  if (!found.has(name)) {
    found.add(name);
    for (const member of membersOf(types, name)) {
      // Of an array the element's type.
      const [element = ""] = member.type.split("[");
      if (types[element]) referenced(types, element, found);
    }
  }
  return [...found];
}

function membersOf(types: Types, name: string): readonly Member[] {
  const members = types[name];
  if (members === undefined) throw new TypeError(`no EIP-712 type ${name}`);
  return members;
}
