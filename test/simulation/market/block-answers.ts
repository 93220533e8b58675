/** What a node tells of the mined chain: the same until a block comes or goes. */
const OF_MINED = new Set([
  ...["eth_chainId", "eth_blockNumber", "eth_getBlockByNumber", "eth_getBlockByHash", "eth_getLogs"],
  ...["eth_call", "eth_getCode", "eth_getBalance", "eth_getTransactionCount", "eth_getTransactionReceipt"],
  ...["eth_maxPriorityFeePerGas", "eth_gasPrice"],
]);

type Rpc = <T>(method: string, ...params: unknown[]) => Promise<T>;

/** A node that computes an answer once, however many ask, and remembers it until it is told to forget. */
export interface BlockAnswers {
  readonly rpc: Rpc;
  /** A block came, or was taken back. */
  forget(): void;
}

/** Eight services ask the same questions about each block: in one process that would be most of what a seed costs. */
export function createBlockAnswers(node: Rpc): BlockAnswers {
  const answers = new Map<string, Promise<unknown>>();
  return {
    rpc: <T>(method: string, ...params: unknown[]) => {
      if (!OF_MINED.has(method) || params.includes("pending")) return node<T>(method, ...params);
      const question = `${method} ${JSON.stringify(params)}`;
      let answer = answers.get(question);
      if (answer === undefined) {
        answer = node(method, ...params);
        answers.set(question, answer);
      }
      return answer as Promise<T>;
    },
    forget: () => answers.clear(),
  };
}
