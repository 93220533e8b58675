import { runDevelopmentChain } from "#src/bin/development-chain.ts";
import { type ChainClient, connectChain } from "#src/chain/chain-client.ts";
import { freePort } from "#src/store/free-port.ts";

export interface TestChain {
  readonly rpcUrl: string;
  readonly chain: ChainClient;
  /** A method of anvil's own, such as `anvil_reorg`. */
  command(method: string, params?: unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** A real development chain for one suite. Blocks come every `blockTime` seconds. */
export async function startTestChain({
  blockTime = 0.2,
  stateFile,
}: {
  blockTime?: number;
  stateFile?: string;
} = {}): Promise<TestChain> {
  const port = await freePort();
  const controller = new AbortController();
  const ended = runDevelopmentChain({ port, blockTime, stateFile }, controller.signal);
  const rpcUrl = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    try {
      const chain = await connectChain(rpcUrl, { pollMs: 50 });
      return {
        rpcUrl,
        chain,
        command: (method, params = []) => chain.viem.request({ method, params } as never),
        stop: async () => {
          controller.abort();
          await ended;
        },
      };
    } catch (error) {
      if (attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
