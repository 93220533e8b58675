import type { Address } from "viem";
import type { Logger } from "#src/kernel/logger.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { type ChainToExamine, examineChain } from "./chain.ts";
import { examineDatabase, examineEmbeddedPostgres, type KnownSchema } from "./database.ts";
import { examined, type Finding, ok } from "./finding.ts";
import { examineDisk, examineNode, examineNpm } from "./machine.ts";
import { examinePeer, type PeerToExamine } from "./peers.ts";
import { examinePort } from "./ports.ts";
import { examineFunds, examineSeat, examineWallet, type WalletToExamine } from "./wallet.ts";

export interface Installation {
  readonly stateDir: string;
  /** What is to listen where on this machine. */
  readonly ports: Readonly<Record<string, number>>;
  readonly databaseUrl: string | undefined;
  readonly schemas: readonly KnownSchema[];
  readonly chain: ChainToExamine;
  readonly peers: readonly PeerToExamine[];
  /**
   * @param chainId of the chain that was found
   * @throws HANSE_WALLET_*, HANSE_KEYSTORE_INVALID, HANSE_CONFIG_INVALID, HANSE_DEVELOPMENT_KEY_REFUSED
   */
  readonly findWallet: (chainId: number | undefined) => Promise<WalletToExamine>;
  /** The pool whose seat a worker looks for. */
  readonly pool: AssetId | undefined;
  /** @throws HANSE_RUNNER_BROKEN */
  readonly runProgram: () => Promise<void>;
}

/** Looks at everything there is to look at; never throws. */
export async function examineInstallation(
  deps: { readonly logger: Logger; readonly progress: (text: string) => void },
  asked: Installation,
): Promise<readonly Finding[]> {
  const { progress } = deps;
  progress("looking at this machine");
  const machine = await Promise.all([
    examined("node", async () => examineNode()),
    examined("npm", examineNpm),
    examined("disk-space", () => examineDisk(asked.stateDir)),
    examined("runner", async () => {
      await asked.runProgram();
      return ok("runner", "programs of the pool run here");
    }),
    ...Object.entries(asked.ports).map(([what, port]) =>
      examined(`port-${what}`, () => examinePort(what, port)),
    ),
  ]);
  progress("looking at PostgreSQL");
  const database = await Promise.all([
    examined("postgres-embedded", examineEmbeddedPostgres),
    examined("database", () => examineDatabase(deps, asked.databaseUrl, asked.schemas)),
  ]);
  progress("looking at the chain");
  const { findings, chain, deployment } = await examineChain(asked.chain);
  progress("looking at services");
  const peers = await Promise.all(
    asked.peers.map((peer) => examined(peer.name, () => examinePeer(peer, { chain, deployment }))),
  );
  progress("looking at the wallet");
  let owner: Address | undefined;
  const wallet = await examined("wallet", async () => {
    const found = await asked.findWallet(chain?.chainId);
    owner = found.type === "none" ? undefined : found.address;
    return await examineWallet(found);
  });
  const money: (readonly Finding[])[] = [];
  if (chain !== undefined && deployment !== undefined && owner !== undefined) {
    const [account, { pool }] = [owner, asked];
    money.push(await examined("account", () => examineFunds(chain, deployment, account)));
    if (pool !== undefined)
      money.push(await examined("seat", () => examineSeat(chain, deployment, pool, account)));
  }
  return [...machine, ...database, findings, ...peers, wallet, ...money].flat();
}
