import { Interface } from "ethers";
import { type Address, concatHex, getContractAddress, type Hex, numberToHex } from "viem";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import {
  BlockhashSeedSource__factory,
  Clerk__factory,
  Jury__factory,
  Keyring__factory,
  Poco__factory,
  Registry__factory,
  Token__factory,
} from "#typechain";
import { network } from "../../support/hardhat-network.ts";
import { askMany } from "./ask-many.ts";
import { STRANGE_CODES, STRANGERS } from "./strangers.ts";

/** Also the genesis block's, so that a history has the same blocks whenever it is played. */
const START = 2_000_000_000n;
/** Enough for any step, and below the cap of one transaction. */
const GAS = "0xf00000";

const FACTORIES = {
  ...{ token: Token__factory, registry: Registry__factory, keyring: Keyring__factory },
  ...{ seeds: BlockhashSeedSource__factory, clerk: Clerk__factory, poco: Poco__factory },
  ...{ jury: Jury__factory },
} as const;
export type ContractName = keyof typeof FACTORIES;
const NAMES = Object.keys(FACTORIES) as ContractName[];

/** A question to a contract that changes nothing. */
export interface View {
  readonly to: ContractName;
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface Log {
  readonly contract: ContractName | "other";
  readonly name: string;
  readonly args: Record<string, unknown>;
}

export interface Sent {
  readonly block: bigint;
  readonly time: bigint;
  /** The error's name; absent: accepted. */
  readonly refusal?: string;
  readonly logs: readonly Log[];
}

export interface Actor {
  readonly address: Address;
  readonly privateKey: Hex;
}

interface RpcBlock {
  readonly number: Hex;
  readonly timestamp: Hex;
  readonly hash: Hex;
}

/** The real contracts on Hardhat's network, spoken to in the fewest words, since a history is long. */
export async function createMarketChain(actorCount: number) {
  const connection = await network.create({ override: { initialDate: new Date(Number(START) * 1000) } });
  const { provider } = connection;
  const rpc = async <T>(method: string, ...params: unknown[]) =>
    (await provider.request({ method, params })) as T;

  const actors = Array.from({ length: actorCount }, (_, number): Actor => {
    const privateKey = developmentKey(number);
    const { address } = accountOfKey(privateKey, DEVELOPMENT_CHAIN_ID);
    return { address: address.toLowerCase() as Address, privateKey };
  });
  const governance = (actors[0] as Actor).address;
  const treasury = (actors[1] as Actor).address;

  let time = START;
  const interfaces = Object.fromEntries(
    NAMES.map((name) => [name, new Interface(FACTORIES[name].abi)]),
  ) as Record<ContractName, Interface>;
  const errors = new Map(
    NAMES.flatMap((name) =>
      interfaces[name].fragments.flatMap((fragment) => {
        const error = fragment.type === "error" ? interfaces[name].getError(fragment.format()) : null;
        return error === null ? [] : [[error.selector, error.name] as const];
      }),
    ),
  );

  async function transact(from: Address, to: Address | undefined, data: Hex, wait = 1n) {
    time += wait;
    await rpc("evm_setNextBlockTimestamp", numberToHex(time));
    const transaction = { from, data, gas: GAS, ...(to === undefined ? {} : { to }) };
    let refusal: string | undefined;
    let hash: Hex | undefined;
    try {
      hash = await rpc<Hex>("eth_sendTransaction", transaction);
    } catch (error) {
      refusal = nameOf(error, errors);
    }
    return { hash, refusal };
  }

  async function deploy(name: ContractName, ...args: unknown[]): Promise<Address> {
    const nonce = await rpc<Hex>("eth_getTransactionCount", governance, "latest");
    const data = concatHex([FACTORIES[name].bytecode as Hex, interfaces[name].encodeDeploy(args) as Hex]);
    const { refusal } = await transact(governance, undefined, data);
    if (refusal !== undefined) throw new Error(`${name} is not deployed: ${refusal}`);
    return getContractAddress({ from: governance, nonce: BigInt(nonce) }).toLowerCase() as Address;
  }

  const token = await deploy("token", governance);
  const registry = await deploy("registry");
  const keyring = await deploy("keyring");
  const seeds = await deploy("seeds");
  const clerk = await deploy("clerk", token, registry, keyring, governance);
  const poco = await deploy("poco", clerk, registry, seeds, treasury, governance);
  const jury = await deploy("jury", clerk, registry, seeds, treasury, governance);
  const contracts: Record<ContractName, Address> = { token, registry, keyring, seeds, clerk, poco, jury };

  for (const { address, code } of STRANGE_CODES) {
    await rpc("hardhat_setCode", address, code);
    await rpc("hardhat_impersonateAccount", address);
    await rpc("hardhat_setBalance", address, numberToHex(10n ** 24n));
  }

  const byAddress = new Map(NAMES.map((name) => [contracts[name], name]));
  async function logsOf(hash: Hex): Promise<Log[]> {
    const receipt = await rpc<{ logs: Array<{ address: Address; topics: Hex[]; data: Hex }> }>(
      "eth_getTransactionReceipt",
      hash,
    );
    return receipt.logs.map(({ address, topics, data }) => {
      const contract = byAddress.get(address.toLowerCase() as Address);
      const parsed = contract === undefined ? null : interfaces[contract].parseLog({ topics, data });
      if (contract === undefined || parsed === null) return { contract: "other", name: "", args: {} };
      return { contract, name: parsed.name, args: parsed.args.toObject() };
    });
  }

  const head = () => rpc<RpcBlock>("eth_getBlockByNumber", "latest", false);
  const calls = new Map<string, Hex>();

  return {
    ...{ actors, governance, treasury, contracts },
    chainId: Number(await rpc<Hex>("eth_chainId")),
    till: `0x${(await rpc<Hex>("eth_call", { to: clerk, data: interfaces.clerk.encodeFunctionData("TILL") }, "latest")).slice(-40)}` as Address,

    /** Sends a call. A refused one takes a block too. */
    async send(
      from: Address,
      to: ContractName,
      method: string,
      args: readonly unknown[],
      wait = 1n,
    ): Promise<Sent> {
      const data = interfaces[to].encodeFunctionData(method, args) as Hex;
      const { hash, refusal } = await transact(from, contracts[to], data, wait);
      const { number, timestamp } = await head();
      time = BigInt(timestamp);
      const at = { block: BigInt(number), time };
      return hash === undefined
        ? { ...at, refusal: refusal ?? "", logs: [] }
        : { ...at, logs: await logsOf(hash) };
    },

    encode: (to: ContractName, method: string, args: readonly unknown[]) =>
      interfaces[to].encodeFunctionData(method, args) as Hex,

    /** What views return, each in words; asked in one go. Throws where one of them reverts. */
    async read(views: readonly View[]): Promise<bigint[][]> {
      const questions = views.map(({ to, method, args }) => {
        const key = `${to}.${method}(${args.join(",")})`;
        const data = calls.get(key) ?? (interfaces[to].encodeFunctionData(method, args) as Hex);
        calls.set(key, data);
        return { to: contracts[to], data };
      });
      return await askMany(questions, (data) =>
        rpc<Hex>("eth_call", { to: STRANGERS.reader, data }, "latest"),
      );
    },

    async ask(from: Address, to: ContractName, method: string, args: readonly unknown[]) {
      const data = interfaces[to].encodeFunctionData(method, args) as Hex;
      try {
        const answer = await rpc<Hex>("eth_call", { from, to: contracts[to], data, gas: GAS }, "latest");
        return interfaces[to].decodeFunctionResult(method, answer);
      } catch (error) {
        return nameOf(error, errors);
      }
    },

    async mine(blocks: number): Promise<void> {
      await rpc("hardhat_mine", numberToHex(blocks));
      time = BigInt((await head()).timestamp);
    },

    async head(): Promise<{ block: bigint; time: bigint }> {
      const { number, timestamp } = await head();
      return { block: BigInt(number), time: BigInt(timestamp) };
    },

    async hashOf(block: bigint): Promise<Hex> {
      return (await rpc<RpcBlock>("eth_getBlockByNumber", numberToHex(block), false)).hash;
    },

    /** Remembers the chain as it is. @returns a way back, good once */
    async remember(): Promise<() => Promise<void>> {
      const then = time;
      const id = await rpc<Hex>("evm_snapshot");
      return async () => {
        await rpc("evm_revert", id);
        time = then;
      };
    },

    close: () => connection.close(),
  };
}

export type MarketChain = Awaited<ReturnType<typeof createMarketChain>>;

/** The name of the contract's error in what the node says of a failed call. */
function nameOf(error: unknown, errors: ReadonlyMap<string, string>): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { data } = at as { data?: unknown };
    const hex = typeof data === "string" ? data : (data as { data?: unknown } | undefined)?.data;
    if (typeof hex === "string" && hex.length >= 10) return errors.get(hex.slice(0, 10)) ?? hex;
  }
  return error instanceof Error ? error.message : String(error);
}
