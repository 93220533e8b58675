import {
  createCipheriv,
  createDecipheriv,
  pbkdf2,
  randomBytes,
  randomUUID,
  scrypt,
  timingSafeEqual,
} from "node:crypto";
import { promisify } from "node:util";
import { scrypt as scryptInWasm } from "hash-wasm";
import { type Address, bytesToHex, getAddress, type Hex, hexToBytes, keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";
import { HanseError } from "#src/kernel/errors.ts";

/** How hard a password is made to guess: scrypt's parameters. */
export interface KeystoreCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** What geth uses: 256 MiB of memory, about a second. */
export const STANDARD_COST: KeystoreCost = { n: 2 ** 18, r: 8, p: 1 };
/** geth's `--lightkdf`: 4 MiB, for small machines and strong passwords. */
export const LIGHT_COST: KeystoreCost = { n: 2 ** 12, r: 8, p: 6 };

/** A file may come from a stranger: it must not make us use all memory, or compute for hours. */
const MOST_MEMORY = 2 ** 30;
const MOST_WORK = 2 ** 27;
const MOST_ITERATIONS = 10_000_000;

const bytes = (length?: number) =>
  z
    .string()
    .regex(/^(0x)?([0-9a-fA-F]{2})+$/, "not hex")
    .transform((text) => Buffer.from(text.replace(/^0x/, ""), "hex"))
    .refine((value) => length === undefined || value.length === length, `not ${length} bytes`);

const count = z.number().int().min(1);
const scryptSchema = z.object({
  kdf: z.literal("scrypt"),
  kdfparams: z.object({ n: count, r: count, p: count, dklen: z.literal(32), salt: bytes() }),
});
const pbkdf2Schema = z.object({
  kdf: z.literal("pbkdf2"),
  kdfparams: z.object({ c: count, prf: z.literal("hmac-sha256"), dklen: z.literal(32), salt: bytes() }),
});
const cipherSchema = z.object({
  cipher: z.literal("aes-128-ctr"),
  cipherparams: z.object({ iv: bytes(16) }),
  ciphertext: bytes(32),
  mac: bytes(32),
});

/** Web3 Secret Storage, version 3; ethers writes `Crypto`, geth `crypto`. */
const keystoreSchema = z.preprocess(
  (value) => {
    const file = value as { crypto?: unknown; Crypto?: unknown } | null;
    return typeof file === "object" && file !== null ? { ...file, crypto: file.crypto ?? file.Crypto } : file;
  },
  z.object({
    version: z.literal(3),
    address: bytes(20).optional(),
    crypto: z.intersection(cipherSchema, z.union([scryptSchema, pbkdf2Schema])),
  }),
);
type Keystore = z.output<typeof keystoreSchema>;

/**
 * Encrypts a key as geth and ethers do.
 * @returns the text of the file
 */
export async function encryptKey(
  privateKey: Hex,
  password: string,
  cost: KeystoreCost = STANDARD_COST,
): Promise<string> {
  const [salt, iv] = [randomBytes(32), randomBytes(16)];
  const derived = await deriveByScrypt(password, salt, cost);
  const cipher = createCipheriv("aes-128-ctr", derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(hexToBytes(privateKey)), cipher.final()]);
  const file = {
    version: 3,
    id: randomUUID(),
    address: privateKeyToAccount(privateKey).address.slice(2).toLowerCase(),
    crypto: {
      cipher: "aes-128-ctr",
      cipherparams: { iv: iv.toString("hex") },
      ciphertext: ciphertext.toString("hex"),
      kdf: "scrypt",
      kdfparams: { ...cost, dklen: 32, salt: salt.toString("hex") },
      mac: macOf(derived, ciphertext).toString("hex"),
    },
  };
  return `${JSON.stringify(file)}\n`;
}

/**
 * The key in a keystore.
 * @throws HANSE_KEYSTORE_INVALID, HANSE_WALLET_PASSWORD_WRONG
 */
export async function decryptKey(text: string, password: string): Promise<Hex> {
  const { crypto, address } = parse(text);
  const derived =
    crypto.kdf === "scrypt"
      ? await deriveByScrypt(password, crypto.kdfparams.salt, crypto.kdfparams)
      : await deriveByPbkdf2(password, crypto.kdfparams.salt, crypto.kdfparams.c);
  if (!timingSafeEqual(macOf(derived, crypto.ciphertext), crypto.mac)) {
    throw new HanseError("HANSE_WALLET_PASSWORD_WRONG", "the password does not open this keystore");
  }
  const decipher = createDecipheriv("aes-128-ctr", derived.subarray(0, 16), crypto.cipherparams.iv);
  const key = bytesToHex(Buffer.concat([decipher.update(crypto.ciphertext), decipher.final()]));
  const found = addressOf(key);
  if (address !== undefined && found.toLowerCase() !== bytesToHex(address)) {
    throw invalid("its key is not that of the address it names");
  }
  return key;
}

/**
 * The address a keystore names, without opening it; undefined where it names none.
 * @throws HANSE_KEYSTORE_INVALID
 */
export function keystoreAddress(text: string): Address | undefined {
  const { address } = parse(text);
  return address === undefined ? undefined : getAddress(bytesToHex(address));
}

function parse(text: string): Keystore {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid("it is no JSON");
  }
  const parsed = keystoreSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(`${issue?.path.join(".") || "it"}: ${issue?.message}`);
}

async function deriveByScrypt(password: string, salt: Uint8Array, { n, r, p }: KeystoreCost) {
  const memory = 128 * n * r;
  if (n < 2 || (n & (n - 1)) !== 0 || memory > MOST_MEMORY || n * r * p > MOST_WORK) {
    throw invalid(`scrypt with n=${n}, r=${r}, p=${p} is not computed here`);
  }
  // OpenSSL holds to the RFC, which wants n below 2^(16r); what Python's wallets write is beyond it.
  if (r === 1 && n >= 2 ** 16) {
    const cost = { costFactor: n, blockSize: r, parallelism: p, hashLength: 32 };
    const options = { password: normalized(password), salt, ...cost, outputType: "binary" } as const;
    return Buffer.from(await scryptInWasm(options));
  }
  const limit = memory + 128 * r * p + 2 ** 20;
  return await new Promise<Buffer>((resolve, reject) => {
    scrypt(normalized(password), salt, 32, { N: n, r, p, maxmem: limit }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

async function deriveByPbkdf2(password: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
  if (iterations > MOST_ITERATIONS) throw invalid(`${iterations} iterations are not computed here`);
  return await promisify(pbkdf2)(normalized(password), salt, iterations, 32, "sha256");
}

/** As ethers does; what geth takes as it is typed is mostly in this form already. */
function normalized(password: string): Buffer {
  return Buffer.from(password.normalize("NFKC"), "utf8");
}

function macOf(derived: Buffer, ciphertext: Buffer): Buffer {
  return Buffer.from(keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext]), "bytes"));
}

function addressOf(key: Hex): Address {
  try {
    return privateKeyToAccount(key).address;
  } catch {
    throw invalid("what is in it is no key");
  }
}

function invalid(reason: string): HanseError {
  return new HanseError("HANSE_KEYSTORE_INVALID", `this is no keystore that can be read: ${reason}`);
}
